"""Attacks between sandboxes of one caller: at once and one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.escape.attack import Attack, says

if TYPE_CHECKING:
    from tests.escape.attack import Seen
    from tests.escape.ground import Ground

_LEAVE: Final = "for place in ('/tmp', '/dev/shm', '/workspace', '/var/tmp', '/opt', '/run', '/'):\n attempt(open, place + '/canary', 'w')"
_LOOK: Final = (
    "for place in ('/tmp', '/dev/shm', '/workspace', '/var/tmp', '/opt', '/run', '/'):\n"
    " if os.path.lexists(place + '/canary'): won(place)"
)
_OWN: Final = ("landlock", "seccomp", "privileges")
_CHANCE: Final = "import random, tempfile, uuid\nprint(random.random(), next(tempfile._get_candidate_names()), uuid.uuid4(), os.urandom(8).hex())"


def _same(_: Ground, seen: Seen) -> bool:
    """Both said the same."""
    return seen.neighbour is not None and seen.neighbour.stdout == seen.result.stdout != ""


def _same_chance(_: Ground, seen: Seen) -> bool:
    """At least one of the numbers drawn by chance was drawn by both."""
    ours, theirs = (result.stdout.split() for result in (seen.result, seen.neighbour) if result is not None)
    return any(one == other for one, other in zip(ours, theirs, strict=True))


def _neighbour_died(_: Ground, seen: Seen) -> bool:
    return not seen.lives


ATTACKS: Final = (
    Attack("sibling-files", "Files of a sandbox beside this one.", _LOOK, says, ("own files",), neighbour=_LEAVE, beside=True),
    Attack("sibling-files-left", "Files of a sandbox that is gone.", _LOOK, says, ("own files",), neighbour=_LEAVE),
    Attack("sibling-abstract", "An abstract socket that another sandbox listens on.",
           "s = attempt(socket.socket, socket.AF_UNIX)\nif s and attempt(lambda: s.connect('\\0canary') or True): won()", says,
           ("landlock", "net", "seccomp"), beside=True,
           neighbour="s = attempt(socket.socket, socket.AF_UNIX)\nif s: s.bind('\\0canary'); s.listen(); kept.append(s)"),
    Attack("sibling-shared-memory", "A System V segment by its key, also after its maker's end.",
           "if call('shmget', 777, 4096, 0) >= 0: won()", says, ("ipc", "seccomp"), neighbour="print(call('shmget', 777, 4096, 0o1666))"),
    Attack("sibling-queue", "A message queue by its key.", "if call('msgget', 777, 0) >= 0: won()", says, ("ipc", "seccomp"),
           neighbour="print(call('msgget', 777, 0o1666))"),
    Attack("sibling-host-name", "The host's name as a letter box.", "if socket.gethostname() == 'canary': won()", says,
           ("uts", *_OWN), root=True, neighbour="print(attempt(socket.sethostname, 'canary'))"),
    Attack("sibling-keyring", "A key in the session's keyring, which all of one zygote share.",
           "if call('keyctl', 10, -3, b'user', b'canary', 0) >= 0: won()", says, ("call add_key", "call keyctl"),
           neighbour="print(call('add_key', b'user', b'canary', b'x', 1, -3))"),
    Attack("sibling-kill", "Kill everything that can be seen.",
           "for pid in range(2, 3000):\n if pid not in (os.getpid(), os.getppid()): call('kill', pid, 9)",
           _neighbour_died, ("pids", *_OWN), neighbour="1", beside=True),
    Attack("sibling-processes", "See others' processes in /proc.",
           "others = {int(name) for name in os.listdir('/proc') if name.isdigit()} - {1, os.getpid(), os.getppid()}\nif others: won(others)",
           says, ("pids",), neighbour="1", beside=True),
    Attack("sibling-chance", "Draw the same random numbers, names and identifiers as another sandbox.",
           _CHANCE, _same_chance, ("own chance",), neighbour=_CHANCE),
    Attack("sibling-hash-seed", "Know another sandbox's hash seed, and so which keys collide in its dictionaries.",
           "print(hash('canary'))", _same, neighbour="print(hash('canary'))",
           known="sandboxes forked from one zygote share its hash seed until it is replaced"),
    Attack("sibling-layout", "Know another sandbox's addresses, and so where to aim in its interpreter.",
           "print(id(sys), ctypes.addressof(ctypes.c_int.in_dll(LIBC, 'environ')))", _same,
           neighbour="print(id(sys), ctypes.addressof(ctypes.c_int.in_dll(LIBC, 'environ')))",
           known="sandboxes forked from one zygote share its address layout until it is replaced"),
    Attack("sibling-locks", "A lock on a program of the host, seen by another sandbox: a bit at a time passes over.",
           "import fcntl\nd = os.open('/usr/bin/env', os.O_RDONLY)\n"
           "if attempt(lambda: fcntl.flock(d, fcntl.LOCK_EX | fcntl.LOCK_NB) or True) is None: won()", says, beside=True,
           neighbour="import fcntl\nkept.append(os.open('/usr/bin/env', os.O_RDONLY)); fcntl.flock(kept[-1], fcntl.LOCK_EX)",
           known="an advisory lock on a file that is shared read-only is seen by whoever locks the same file"),
    Attack("sibling-machine", "What the machine is and does: its kernel, memory, load and hours.",
           "data = ctypes.create_string_buffer(128)\nif call('sysinfo', data) == 0 and os.uname().release: won(data.raw[:16])", says,
           known="the kernel's release, the machine's memory, load and uptime can be read: sysinfo, uname, clocks"),
)  # fmt: skip
