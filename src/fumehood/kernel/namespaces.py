"""unshare(2), setns(2), user_namespaces(7)."""

from __future__ import annotations

import os

from fumehood.kernel.libc import LIBC, check

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
    flags = 0
    for kind in kinds:
        flags |= FLAGS[kind]
    check(LIBC.unshare(flags), f"unshare({', '.join(kinds)})")


def rejoin(descriptor: int, kind: str) -> None:
    """Enter the namespace behind an open `/proc/*/ns/*` descriptor."""
    check(LIBC.setns(descriptor, FLAGS[kind]), f"setns({kind})")


def map_identity(inside: int, uid: int, gid: int) -> None:
    """After `unshare("user")`: make `inside` in here stand for the outer `uid` and `gid`, and nobody else exist.

    setgroups is given up first, which the kernel demands of a mapping written without privilege.
    """
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{inside} {uid} 1"),
        ("gid_map", f"{inside} {gid} 1"),
    ):
        descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)
