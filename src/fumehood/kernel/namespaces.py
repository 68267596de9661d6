"""unshare(2), setns(2), user_namespaces(7)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fumehood.kernel.libc import AT_FDCWD, LIBC, check
from fumehood.kernel.sequence import GROUP_TEXT, USER_TEXT

if TYPE_CHECKING:
    from fumehood.kernel.sequence import Writer

FLAGS = {
    "time": 0x00000080,
    "mount": 0x00020000,
    "cgroup": 0x02000000,
    "uts": 0x04000000,
    "ipc": 0x08000000,
    "user": 0x10000000,
    "pid": 0x20000000,
    "net": 0x40000000,
}


def unshare(*kinds: str) -> None:
    """Leave the caller's namespaces of these kinds for new ones; "pid" takes effect in the next child."""
    check(LIBC.unshare(flags(*kinds)), f"unshare({', '.join(kinds)})")


def flags(*kinds: str) -> int:
    """What unshare(2) takes for them."""
    return sum(FLAGS[kind] for kind in kinds)


def rejoin(descriptor: int, kind: str) -> None:
    """Enter the namespace behind an open `/proc/*/ns/*` descriptor."""
    check(LIBC.setns(descriptor, FLAGS[kind]), f"setns({kind})")


def map_identity(inside: int, uid: int, gid: int) -> None:
    """After `unshare("user")`: make `inside` in here stand for the outer `uid` and `gid`, and nobody else exist.

    setgroups is given up first, which the kernel demands of a mapping written without privilege.
    """
    for path, line in _map(inside, b"%d" % uid, b"%d" % gid):
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)


def write_identity(writer: Writer, inside: int) -> None:
    """Write down the same, for the user and group of the one who signs."""
    for path, line in _map(inside, USER_TEXT, GROUP_TEXT):
        what = f"write {path.decode()}"
        descriptor = writer.open("openat", AT_FDCWD, path, os.O_WRONLY | os.O_CLOEXEC, what=what)
        writer.call("write", descriptor, line, len(line), answer=len(line), what=what)
        writer.close(descriptor)


def _map(inside: int, uid: bytes, gid: bytes) -> tuple[tuple[bytes, bytes], ...]:
    return (
        (b"/proc/self/setgroups", b"deny"),
        (b"/proc/self/uid_map", b"%d %b 1" % (inside, uid)),
        (b"/proc/self/gid_map", b"%d %b 1" % (inside, gid)),
    )
