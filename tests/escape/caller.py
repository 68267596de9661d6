"""Attacks on the caller's secrets and on what is left on its host."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.escape.attack import Attack, learns, says, unrecorded
from tests.escape.ground import descendants

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.escape.attack import Seen
    from tests.escape.ground import Ground

_SECRETS: Final = ("environment", "argv", "memory", "descriptor", "file", "home", "keyring", "argument", "shm", "cwd")
#: Everything in this process's memory that looks like a canary. A page that is not there makes write() fail, not crash.
_MEMORY: Final = r"""
import re
found, size, ends = set(), 1 << 16, os.pipe()
os.set_blocking(ends[0], False)
def look(start, pages):
    for address in range(start, start + pages * size, size):
        for page in range(address, address + size, 4096):
            if LIBC.write(ends[1], ctypes.c_void_p(page), ctypes.c_size_t(4096)) == 4096:
                found.update(re.findall(rb"canary-[a-z-]+-[0-9a-f]{16}|tests.escape.batter[y]", os.read(ends[0], 4096)))
stack = ctypes.cast(ctypes.c_void_p.in_dll(LIBC, "environ").value, ctypes.c_void_p).value
look((stack & ~0xffff) - (4 << 16), 16)
look((id(sys) & ~0xffff) - (64 << 16), 128)
look((id(found) & ~0xffff) - (64 << 16), 128)
print(found)
"""
_SPAWN: Final = {"code.spawn": True}
#: So many looks in a row that find nothing say that nothing is there.
_LOOKS: Final = 5
_PROC: Final = r"""
import re, subprocess
for folder, _, names in os.walk("/proc"):
    for name in names:
        if name not in ("mem", "clear_refs", "pagemap", "kmsg"):
            try:
                d = os.open(f"{folder}/{name}", os.O_RDONLY | os.O_NONBLOCK)
                print(re.findall(rb"canary-[a-z-]+-[0-9a-f]{16}", os.read(d, 1 << 16)))
                os.close(d)
            except OSError: pass
    for name in ("cwd", "exe", "root"):
        try: print(os.readlink(f"{folder}/{name}"))
        except OSError: pass
print(subprocess.run(["/usr/bin/env"], capture_output=True).stdout)
"""


def _in_jail(what: Callable[[Ground, Path], bool]) -> Callable[[Ground, Seen], bool]:
    """Whether a process of the jail has something of the caller's."""

    def found(ground: Ground, _: Seen) -> bool:
        processes = [Path(f"/proc/{pid}") for pid in descendants(os.getpid()) if pid != ground.victim.pid]
        return any(_had(what, ground, process) for process in processes)

    return found


def _had(what: Callable[[Ground, Path], bool], ground: Ground, process: Path) -> bool:
    try:
        return what(ground, process)
    except OSError:  # it ended meanwhile, or is sealed off even from its caller
        return False


def _words(ground: Ground, process: Path) -> bool:
    told = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
    return any(ground.words[name].encode() in told for name in ("environment", "argv"))


def _open_files(ground: Ground, process: Path) -> bool:
    links = [str(path.readlink()) for path in (process / "fd").iterdir()]
    return any(link.startswith(("/memfd:canary", str(ground.folder))) for link in links)


def _folder(ground: Ground, process: Path) -> bool:
    return str((process / "cwd").readlink()).startswith(str(ground.folder))


def _lives_on(_: Ground, __: Seen) -> bool:
    """What the code named canary-daemon still runs on this machine a while after its sandbox was closed.

    One look that misses it tells nothing: the kernel's list of children passes some over while others of them end.
    """
    end, missed = time.monotonic() + 10, 0
    while missed < _LOOKS:
        missed = 0 if any(_name(pid) == "canary-daemon" for pid in descendants(os.getpid())) else missed + 1
        if not missed and time.monotonic() > end:
            return True
        time.sleep(0.02)
    return False


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _left_on_host(ground: Ground, _: Seen) -> bool:
    places = (Path("/tmp"), Path("/dev/shm"), Path("/var/tmp"), ground.folder, ground.folder / "writable", ground.data)  # noqa: S108 -- the host's own
    return any((place / "canary-left").exists() for place in places)


SECRETS: Final = (
    Attack("caller-environment", "The caller's variables: keys and tokens.",
           "print(dict(os.environ)); libc_environ = ctypes.POINTER(ctypes.c_char_p).in_dll(LIBC, 'environ')\n"
           "n = 0\nwhile libc_environ[n]: print(libc_environ[n]); n += 1", learns("environment"), ("environment",)),
    Attack("caller-arguments", "The caller's command line.", "print(sys.argv, sys.orig_argv)", learns("argv"), ("arguments",)),
    Attack("caller-memory", "The caller's secrets in memory that was forked or left on the stack.",
           _MEMORY, learns(*_SECRETS), ("environment", "arguments")),
    Attack("caller-descriptors", "Open files of the caller, launcher, warden or zygote.",
           "for number in range(4, 1024):\n"
           " try: won(number, os.fstat(number), os.pread(number, 99, 0))\n except OSError: pass", says, ("descriptors",)),
    Attack("caller-processes", "The jail's own processes carry something of the caller's.", "1", _in_jail(_words), ("environment",)),
    Attack("caller-processes-files", "The same of its open files.", "1", _in_jail(_open_files), ("launcher's descriptors",)),
    Attack("caller-processes-folder", "The same of its folder.", "1", _in_jail(_folder), ("launcher's folder",)),
    Attack("caller-proc", "Everything that can be read in /proc where programs may be started.",
           _PROC, learns(*_SECRETS), ("environment", "arguments"), policy=_SPAWN),
    Attack("caller-keyring", "The caller's session keyring.",
           "key = call('keyctl', 10, -3, b'user', b'fumehood-canary', 0)\nb = ctypes.create_string_buffer(99)\n"
           "if key >= 0 and call('keyctl', 11, key, b, 99) > 0: print(b.value)", learns("keyring"), ("keyring", "call keyctl")),
    Attack("caller-handle", "The channel's other end was made by the caller: ask for a handle on that process.",
           "b = ctypes.create_string_buffer(4)\nprint(LIBC.getsockopt(3, 1, 77, b, ctypes.byref(ctypes.c_int(4))), b.raw)",
           unrecorded("getsockopt"), ("call getsockopt",)),
    Attack("caller-handle-sent", "The same with each message that comes in.",
           "print(LIBC.setsockopt(3, 1, 76, struct.pack('i', 1), 4))", unrecorded("setsockopt"), ("call setsockopt",)),
    Attack("caller-core", "A core file holds the memory of the process that left it.",
           "os.chdir('out')\nif os.fork() == 0:\n import resource; print(resource.getrlimit(resource.RLIMIT_CORE)); os.abort()\nos.wait()",
           lambda _, seen: any("core" in file.path for file in seen.result.files), ("limit core", "dumpable")),
)  # fmt: skip

LEFT: Final = (
    Attack("residue-processes", "Processes that leave their family, ignore every signal and wait.",
           "named = os.pipe()\nif os.fork() == 0:\n os.setsid()\n if os.fork() == 0:\n  LIBC.prctl(15, b'canary-daemon', 0, 0, 0)\n"
           "  for n in range(1, 65): attempt(signal.signal, n, signal.SIG_IGN)\n"
           "  os.write(named[1], b'x'); os.closerange(0, 9)\n  time.sleep(600)\n os._exit(0)\nos.read(named[0], 1)",
           _lives_on, ("pids",), afterwards=True),
    Attack("residue-files", "Files in every place that a program knows.",
           "for place in ('/tmp', '/dev/shm', '/var/tmp', '@folder@', '@folder@/writable', 'data/data-given', '.', 'out'):\n"
           " attempt(open, place + '/canary-left', 'w')", _left_on_host, afterwards=True, grant={"files.write": ["@folder@/writable"]}),
    Attack("residue-lock", "Hold a lock on the caller's data, which its own programs wait for.",
           "import fcntl\nkept.append(open('data/data-given/in.csv')); fcntl.flock(kept[-1], fcntl.LOCK_EX)",
           lambda ground, _: ground.is_locked(),
           known="an advisory lock on a file that is shared read-only is seen by whoever locks the same file"),
)  # fmt: skip

ATTACKS: Final = (*SECRETS, *LEFT)
