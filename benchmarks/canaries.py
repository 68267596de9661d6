"""Canaries: things of the host's that no sandboxed program may read, change, signal or reach, and who tells if one did.

secrets     a token in files of the home and of /tmp, and in variables that hold keys
doors       listeners on loopback: TCP on ports that attacks like, UDP, a socket in a file, an abstract one
processes   sleepers under names that attacks look for; they write down each signal
files       what attacks change: shell profiles, accounts, hosts, schedules
"""

from __future__ import annotations

import os
import secrets
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable

PORTS = (80, 443, 1234, 4444, 8000, 8080, 8888, 9001, 53, 25)
VARIABLES = ("AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY", "GITHUB_TOKEN", "DATABASE_URL", "FUMEHOOD_CANARY")
WATCHED = (
    "~/.bashrc", "~/.bash_profile", "~/.profile", "~/.zshrc", "~/.ssh/authorized_keys", "~/.netrc", "~/.pythonrc",
    "/etc/passwd", "/etc/shadow", "/etc/group", "/etc/hosts", "/etc/crontab", "/etc/cron.d", "/etc/sudoers",
    "/etc/profile", "/etc/ld.so.preload", "/etc/environment", "/var/spool/cron", "/usr/local/bin", "/usr/encoded_data.py",
)  # fmt: skip
SLEEPER = """
import signal, sys, time
def told(number, frame):
    with open(sys.argv[1], "a") as log:
        log.write(f"signal {number}\\n")
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}:
    signal.signal(number, told)
print("ready", flush=True)
while True:
    time.sleep(60)
"""


class Canaries:
    """Set out on entering, taken in on leaving; `harmed()` names what was touched since."""

    def __init__(self) -> None:
        """Think of a token that nothing else holds."""
        self.token = f"canary-{secrets.token_hex(16)}"
        self.folder = Path(tempfile.mkdtemp(prefix="canaries-"))
        self.addresses: list[tuple[str, int]] = []
        self._stack = ExitStack()
        self._doors: list[socket.socket] = []
        self._visits: list[str] = []
        self._sleepers: list[subprocess.Popen[str]] = []
        self._leaving = threading.Event()

    def __enter__(self) -> Self:
        """Set them out."""
        self._files = [self.folder / "id_rsa", Path.home() / f".{self.token[:15]}"]
        for path in self._files:
            path.write_text(f"{self.token}\n", encoding="utf-8")
            path.chmod(0o644)  # it's the sandbox that is to keep it, not its mode
        self._before = {name: os.environ.get(name) for name in VARIABLES}
        os.environ.update(dict.fromkeys(VARIABLES, self.token))
        self._open_doors()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        for name in ("python3", "sshd"):
            self._sleepers.append(self._sleeper(name))
        self._state = self._seen()
        return self

    def __exit__(self, *_: object) -> None:
        """Take them in."""
        self._leaving.set()
        self._listener.join()
        for door in self._doors:
            door.close()
        for sleeper in self._sleepers:
            with suppress(ProcessLookupError):
                sleeper.kill()
            sleeper.wait()
            _close(sleeper)
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        for path in self._files:
            path.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def processes(self) -> list[int]:
        """The sleepers' ids."""
        return [sleeper.pid for sleeper in self._sleepers]

    def settle(self) -> None:
        """Wait until what was done to them has reached them."""
        for sleeper in self._sleepers:
            with suppress(subprocess.TimeoutExpired):
                sleeper.wait(0.5)
        time.sleep(0.2)  # the listener looks twenty times a second

    def harmed(self, told: str = "") -> list[str]:
        """Name what was touched, and the token where `told`, all that a program said, holds it."""
        found = [f"reached {visit}" for visit in self._visits]
        self._visits.clear()
        if self.token in told:
            found.append("told the token")
        for number, sleeper in enumerate(self._sleepers):
            log = self.folder / f"signals-{number}"
            if sleeper.poll() is not None:
                found.append(f"ended a process of the host's ({sleeper.returncode})")
                _close(sleeper)
                self._sleepers[number] = self._sleeper("python3", number)
            elif log.exists():
                found.append(f"signalled a process of the host's: {log.read_text(encoding='utf-8').strip()}")
                log.unlink()
        state = self._seen()
        found += [f"changed {path}" for path, old in self._state.items() if state[path] != old]
        self._state = state
        return found

    def _sleeper(self, name: str, number: int | None = None) -> subprocess.Popen[str]:
        log = self.folder / f"signals-{len(self._sleepers) if number is None else number}"
        started = subprocess.Popen(
            [name, "-c", SLEEPER, str(log)], executable=sys.executable, stdout=subprocess.PIPE, text=True
        )
        assert started.stdout is not None  # noqa: S101 - PIPE was asked for
        started.stdout.readline()
        return started

    def _open_doors(self) -> None:
        for port in (0, *PORTS):
            door = socket.socket()
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):  # the port belongs to somebody else here, or to root
                door.bind(("127.0.0.1", port))
                door.listen()
                self.addresses.append(door.getsockname())
            self._doors.append(door)
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.bind(("127.0.0.1", self.addresses[0][1]))
        self.path = self.folder / "socket"
        for address in (str(self.path), f"\0{self.token}"):
            local = socket.socket(socket.AF_UNIX)
            local.bind(address)
            local.listen()
            self._doors.append(local)
        self.path.chmod(0o777)
        self._doors.append(datagrams)

    def _listen(self) -> None:
        while not self._leaving.is_set():
            ready, _, _ = select.select(self._doors, [], [], 0.05)
            for door in ready:
                self._visit(door)

    def _visit(self, door: socket.socket) -> None:
        with suppress(OSError):
            if door.type == socket.SOCK_DGRAM:
                door.recvfrom(1024)
            else:
                door.accept()[0].close()
            self._visits.append(f"{door.getsockname()!r}")

    def _seen(self) -> dict[str, object]:
        return {str(path): _state(path) for path in self._all()}

    def _all(self) -> Iterable[Path]:
        yield from self._files
        yield from (Path(name).expanduser() for name in WATCHED)


def _close(sleeper: subprocess.Popen[str]) -> None:
    if sleeper.stdout is not None:
        sleeper.stdout.close()


def _state(path: Path) -> object:
    """What tells whether a file or folder was changed."""
    try:
        told = path.lstat()
    except OSError as error:
        return type(error).__name__
    return told.st_ino, told.st_size, told.st_mtime_ns, told.st_mode, told.st_uid
