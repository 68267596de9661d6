"""landlock(7): a second, path-based fence that holds also where a mount was set up wrong.

Access bits beyond what the running kernel's ABI knows are left out, so a ruleset is as strong as the kernel allows;
what that means for a guarantee is said by the plan.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

from fumehood.kernel import sequence
from fumehood.kernel.libc import AT_FDCWD, syscall

if TYPE_CHECKING:
    from fumehood.kernel.sequence import Writer

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


_RULESET, _BENEATH = struct.Struct("=3Q"), struct.Struct("=Qi")  # accesses to files, to the network, scopes; a rule


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


def restrict(writer: Writer, version: int, rules: list[tuple[str, int]]) -> None:
    """Write down what confines a process and all it starts to `rules`, (path, access bits) pairs, for good.

    TCP bind and connect (ABI 4) and signals and abstract sockets out of this domain (ABI 6) are refused outright.
    Needs no_new_privs. A path that is not there is an error: a plan names only what was mounted.
    """
    known = handled(version)
    attributes = _RULESET.pack(known, 0b11 if version >= ABI_TCP else 0, 0b11 if version >= ABI_SCOPE else 0)
    size = 24 if version >= ABI_SCOPE else 16 if version >= ABI_TCP else 8
    ruleset = writer.open("landlock_create_ruleset", attributes, size, 0)
    for path, access in rules:
        _add(writer, ruleset, (path, access & known))
    writer.call("landlock_restrict_self", ruleset, 0)
    writer.close(ruleset)


def _add(writer: Writer, ruleset: int, rule: tuple[str, int]) -> None:
    """Grant what goes for any file, then what goes for folders alone: the kernel refuses that for others."""
    path, access = rule
    what = f"landlock {path}"
    descriptor = writer.open("openat", AT_FDCWD, os.fsencode(path), os.O_PATH | os.O_CLOEXEC, what=what)
    for part, answer in ((access & _FILE_ACCESS, 0), (access & ~_FILE_ACCESS, sequence.ANY)):
        if part:
            beneath = _BENEATH.pack(part, descriptor)
            writer.call("landlock_add_rule", ruleset, _RULE_PATH_BENEATH, beneath, 0, answer=answer, what=what)
    writer.close(descriptor)
