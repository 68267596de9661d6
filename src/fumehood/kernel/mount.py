"""mount(2), umount2(2), pivot_root(2), open_tree(2), move_mount(2), mount_setattr(2)."""

from __future__ import annotations

import ctypes
import os

from fumehood.kernel.libc import AT_FDCWD, LIBC, check, syscall

RDONLY, NOSUID, NODEV, NOEXEC = 1, 2, 4, 8
#: For umount2(2) and move_mount(2).
DETACH, FROM_DESCRIPTOR = 2, 4
REMOUNT, BIND, MOVE, REC, PRIVATE = 32, 4096, 8192, 16384, 1 << 18

_OPEN_TREE_CLONE = 1
_AT_EMPTY_PATH = 0x1000
_AT_RECURSIVE = 0x8000
_AT_SYMLINK_NOFOLLOW = 0x100
_ATTR_IDMAP = 0x00100000


class _MountAttr(ctypes.Structure):
    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


def mount(  # noqa: PLR0917 -- the system call's own order
    source: str | None, target: str, kind: str | None, flags: int, options: str | None = None
) -> None:
    """Mount a file system, bind a tree, or change a mount's flags."""
    encoded = [os.fsencode(text) if text is not None else None for text in (source, target, kind, options)]
    check(LIBC.mount(*encoded[:3], ctypes.c_ulong(flags), encoded[3]), f"mount {target}")


def unmount(target: str) -> None:
    """Detach a mount and all that is mounted below it."""
    check(LIBC.umount2(os.fsencode(target), DETACH), f"umount {target}")


def pivot(root: str) -> None:
    """Make `root`, a mount point, the root of this mount namespace and let go of the old one."""
    os.chdir(root)
    syscall("pivot_root", b".", b".")
    unmount(".")
    os.chdir("/")


def clone_tree(path: str, *, at: int = AT_FDCWD) -> int:
    """A detached copy of the mount tree at `path` (or at the descriptor `at` when path is empty), as a descriptor.

    Recursive, because a copy in a user namespace may not uncover what the host mounted over.
    """
    flags = _OPEN_TREE_CLONE | os.O_CLOEXEC | _AT_RECURSIVE | _AT_SYMLINK_NOFOLLOW
    if not path:
        flags |= _AT_EMPTY_PATH
    return syscall("open_tree", at, os.fsencode(path), flags)


def restrict_tree(tree: int, flags: int, *, idmap: int | None = None) -> None:
    """Set RDONLY, NOSUID, NODEV, NOEXEC on a whole detached tree; with `idmap`, a user namespace, show its owners."""
    attributes = _MountAttr(flags | (_ATTR_IDMAP if idmap is not None else 0), 0, 0, idmap or 0)
    syscall(
        "mount_setattr",
        tree,
        b"",
        _AT_EMPTY_PATH | _AT_RECURSIVE,
        ctypes.byref(attributes),
        ctypes.sizeof(attributes),
    )


def attach_tree(tree: int, target: str) -> None:
    """Mount a detached tree at `target`."""
    syscall("move_mount", tree, b"", AT_FDCWD, os.fsencode(target), FROM_DESCRIPTOR)
