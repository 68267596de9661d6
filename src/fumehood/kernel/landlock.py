"""landlock(7): a second, path-based fence that holds also where a mount was set up wrong.

Access bits beyond what the running kernel's ABI knows are left out, so a ruleset is as strong as the kernel allows;
what that means for a guarantee is said by the plan.
"""

from __future__ import annotations

import ctypes
import os

from fumehood.kernel.libc import syscall

_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_DIR, REMOVE_FILE = 1 << 4, 1 << 5
MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK, MAKE_SYM = (1 << bit for bit in range(6, 13))
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15

_FILE_ACCESS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
READ = READ_FILE | READ_DIR
WRITE = (
    WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SOCK | MAKE_FIFO | MAKE_SYM | REFER | TRUNCATE
)
_ABI_REFER, _ABI_TRUNCATE, ABI_TCP, _ABI_IOCTL, ABI_SCOPE = 2, 3, 4, 5, 6


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def abi() -> int:
    """The Landlock ABI of this kernel; 0 where it is not there or not enabled."""
    try:
        return syscall("landlock_create_ruleset", None, 0, _CREATE_RULESET_VERSION)
    except OSError:
        return 0


def handled(version: int) -> int:
    """All file accesses that an ABI of this version can refuse."""
    access = (1 << 13) - 1
    if version >= _ABI_REFER:
        access |= REFER
    if version >= _ABI_TRUNCATE:
        access |= TRUNCATE
    if version >= _ABI_IOCTL:
        access |= IOCTL_DEV
    return access


def restrict(version: int, rules: list[tuple[str, int]]) -> None:
    """Confine this process and all it starts to `rules`, (path, access bits) pairs, for good.

    TCP bind and connect (ABI 4) and signals and abstract sockets out of this domain (ABI 6) are refused outright.
    Needs no_new_privs. A path that is not there is an error: a plan names only what was mounted.
    """
    known = handled(version)
    attributes = _Ruleset(known, 0b11 if version >= ABI_TCP else 0, 0b11 if version >= ABI_SCOPE else 0)
    size = 24 if version >= ABI_SCOPE else 16 if version >= ABI_TCP else 8
    ruleset = syscall("landlock_create_ruleset", ctypes.byref(attributes), size, 0)
    try:
        for path, access in rules:
            _add(ruleset, path, access & known)
        syscall("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)


def _add(ruleset: int, path: str, access: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not os.path.isdir(descriptor):
            access &= _FILE_ACCESS
        if access:
            beneath = _PathBeneath(access, descriptor)
            syscall("landlock_add_rule", ruleset, _RULE_PATH_BENEATH, ctypes.byref(beneath), 0)
    finally:
        os.close(descriptor)
