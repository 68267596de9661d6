"""The ground of the attacks: canaries planted in the caller and on its host, and the questions asked of them afterwards."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from fumehood.environments.definition import interpreter
from fumehood.kernel.libc import syscall
from fumehood.plan import Environment

if TYPE_CHECKING:
    from collections.abc import Iterator

_DAY = 86_400
_IPC_CREATE, _IPC_REMOVE = 0o1000 | 0o666, 0
_SESSION = -3
_PACKAGE = "CANARY = 'before'\n"
_DATA, _NAMES = "a,b\n1,2\n", {"fifo", "in.csv", "inner", "link", "socket", "up"}


class Ground:
    """Everything that an attack could find outside. Made by the process that calls fumehood, as a caller would.

    `words` holds, by name, the secrets and the places that `@name@` in an attack's code stands for.
    """

    def __init__(self, folder: Path) -> None:
        """Plant the canaries in `folder`, which is the caller's own."""
        self.folder = folder
        self.words: dict[str, str] = {"folder": str(folder), "pid": str(os.getpid()), "parent": str(os.getppid())}
        self.words["package"] = str(Path(str(sys.modules["fumehood"].__file__)).parent.parent)
        self.listeners: dict[str, socket.socket] = {}
        self._plant_files()
        self._plant_caller()
        self._plant_listeners()
        self._plant_kernel_objects()
        self.victim = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(3600)", self._secret("argument")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.words["victim"] = str(self.victim.pid)

    def _secret(self, name: str) -> str:
        self.words[name] = f"canary-{name}-{secrets.token_hex(8)}"
        return self.words[name]

    def _file(self, path: Path, content: str, mode: int = 0o644) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="ascii")
        path.chmod(mode)
        return path

    def _plant_files(self) -> None:
        self.secret = self._file(self.folder / "secret.txt", self._secret("file"))
        self.words["secret"] = str(self.secret)
        self._file(self.folder / "home/.ssh/id_canary", self._secret("home"))
        self._file(self.folder / "writable/there.txt", "before")
        (self.folder / "writable").chmod(0o777)
        self.data = self.folder / "data-given"
        self._file(self.data / "in.csv", _DATA)
        (self.data / "inner").mkdir()
        (self.data / "link").symlink_to(self.secret)
        (self.data / "up").symlink_to("..")
        os.mkfifo(self.data / "fifo", 0o666)
        (self.data / "fifo").chmod(0o666)
        self.environment = self._package()
        self.fifo = os.open(self.data / "fifo", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self.shared = self._file(Path(f"/dev/shm/{self._secret('shm-name')}"), self._secret("shm"))  # noqa: S108 -- the host's own is what is tried

    def _package(self) -> Environment:
        """A package of which each user of the host may change everything, as an environment to run code in."""
        self.package = self._file(self.folder / "site/canary_package/__init__.py", _PACKAGE, 0o666)
        os.utime(self.package, (_DAY, _DAY))
        for folder in (self.package.parent, self.package.parents[1]):
            folder.chmod(0o777)
        site = str(self.package.parents[1])
        return Environment("given", secrets.token_hex(8), interpreter(), site, imports=("canary_package",))

    def is_package_changed(self) -> bool:
        """Whether its content, its mode or time, or what lies beside it is another."""
        names = [*os.listdir(self.package.parent), *os.listdir(self.package.parents[1])]
        if names != ["__init__.py", "canary_package"]:
            return True
        about = self.package.stat()
        same = about.st_mode & 0o7777 == 0o666 and about.st_mtime == _DAY
        return not same or self.package.read_text(encoding="ascii") != _PACKAGE

    def mend(self) -> None:
        """Make the data folder and the package what they were, after an attack that won."""
        shutil.rmtree(self.folder / "site")
        self.environment = self._package()
        for name in set(os.listdir(self.data)) - _NAMES | {"in.csv"}:
            path = self.data / name
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)
        self._file(self.data / "in.csv", _DATA)

    def _plant_caller(self) -> None:
        os.environ["FUMEHOOD_TEST_CANARY"] = self._secret("environment")
        os.environ["HOME"] = str(self.folder / "home")
        self.memory = self._secret("memory").encode() * 3
        descriptor = os.memfd_create("canary")
        os.write(descriptor, self._secret("descriptor").encode())
        os.dup2(descriptor, 100, inheritable=True)
        folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        os.dup2(folder, 101, inheritable=True)
        here = self.folder / self._secret("cwd")
        here.mkdir()
        os.chdir(here)

    def _plant_listeners(self) -> None:
        for name, family, kind, address in (
            ("tcp", socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            ("tcp6", socket.AF_INET6, socket.SOCK_STREAM, ("::1", 0)),
            ("udp", socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            ("path", socket.AF_UNIX, socket.SOCK_STREAM, str(self.folder / "data-given/socket")),
            ("path-datagram", socket.AF_UNIX, socket.SOCK_DGRAM, str(self.folder / "writable/datagram")),
            ("abstract", socket.AF_UNIX, socket.SOCK_STREAM, f"\0fumehood-canary-{os.getpid()}"),
            ("abstract-datagram", socket.AF_UNIX, socket.SOCK_DGRAM, f"\0fumehood-canary-datagram-{os.getpid()}"),
        ):
            listener = socket.socket(family, kind)
            try:
                listener.bind(address)
            except OSError:  # a machine without IPv6
                listener.close()
                continue
            if kind == socket.SOCK_STREAM:
                listener.listen(64)
            listener.setblocking(False)  # noqa: FBT003 -- the standard library's signature
            self.listeners[name] = listener
            if isinstance(address, tuple):
                self.words[name] = str(listener.getsockname()[1])
        (self.data / "socket").chmod(0o777)
        (self.folder / "writable/datagram").chmod(0o777)

    def _plant_kernel_objects(self) -> None:
        """Shared memory, a queue and a key that any process of this user could reach by their numbers."""
        key = int.from_bytes(secrets.token_bytes(3), "little")
        self.words["key"] = str(key)
        self.segment = syscall("shmget", key, 4096, _IPC_CREATE)
        self.queue = syscall("msgget", key, _IPC_CREATE)
        syscall("keyctl", 1, None)
        payload = self._secret("keyring").encode()
        with suppress(OSError):  # a machine without keyrings has nothing to leak
            syscall("add_key", b"user", b"fumehood-canary", payload, len(payload), _SESSION)

    def heard(self, name: str) -> bool:
        """Whether anything arrived at a listener of the host since it was last asked."""
        listener = self.listeners[name]
        heard = False
        while select.select([listener], [], [], 0)[0]:
            heard = True
            if listener.type == socket.SOCK_DGRAM:
                listener.recv(4096)
            else:
                listener.accept()[0].close()
        return heard

    def heard_on_fifo(self) -> bool:
        """Whether anything was written to the named pipe in the data folder."""
        try:
            return bool(os.read(self.fifo, 4096))
        except BlockingIOError:
            return False

    def victim_lives(self) -> bool:
        """Whether the caller's other process is still there, unharmed and at its own priority."""
        return self.victim.poll() is None and os.getpriority(os.PRIO_PROCESS, self.victim.pid) == os.getpriority(
            os.PRIO_PROCESS, 0
        )

    def queue_is_empty(self) -> bool:
        """Whether nobody sent a message to the caller's System V queue."""
        try:
            syscall("msgrcv", self.queue, b"\0" * 64, 32, 0, 0o4000)
        except OSError as error:
            return error.errno == errno.ENOMSG
        return False

    def is_locked(self) -> bool:
        """Whether a program of the host that locks its own file would have to wait."""
        with (self.data / "in.csv").open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def can_write(self, path: Path) -> bool:
        """Whether the host's owner can open a file of its own for writing, at once."""
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC))
        except BlockingIOError:
            return False
        return True

    def fill(self, code: str) -> str:
        """Put the planted words into an attack's code."""
        for name, word in self.words.items():
            code = code.replace(f"@{name}@", word)
        return code

    def close(self) -> None:
        """Take away what does not go by itself with the folder and this process."""
        self.victim.send_signal(signal.SIGKILL)
        self.victim.wait()
        syscall("shmctl", self.segment, _IPC_REMOVE, None)
        syscall("msgctl", self.queue, _IPC_REMOVE, None)
        self.shared.unlink(missing_ok=True)
        for listener in self.listeners.values():
            listener.close()
        os.close(self.fifo)


def descendants(pid: int) -> Iterator[int]:
    """Every process below `pid`, as this machine's /proc tells."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return
    for child in map(int, children):
        yield child
        yield from descendants(child)
