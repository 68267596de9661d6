"""Calling libc and raw system calls; a failure is an `OSError` that names the call."""

from __future__ import annotations

import ctypes
import errno
import os

from fumehood.kernel.syscalls import numbers

LIBC = ctypes.CDLL(None, use_errno=True)
MACHINE = os.uname().machine
AT_FDCWD = -100

_NUMBERS = numbers(MACHINE)


def number(name: str) -> int:
    """The system call's number on this machine; `OSError(ENOSYS)` on a machine fumehood has no table for."""
    if name not in _NUMBERS:
        raise OSError(errno.ENOSYS, f"no number for {name} on {MACHINE}")
    return _NUMBERS[name]


def check(result: int, what: str) -> int:
    """Turn libc's -1 into the `OSError` of errno."""
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def syscall(name: str, *arguments: object) -> int:
    """Make a raw system call. Integers are passed as C longs so that flags above 31 bits survive."""
    widened = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return check(LIBC.syscall(ctypes.c_long(number(name)), *widened), name)


def close_from(first: int) -> None:
    """Close every descriptor from `first` up."""
    syscall("close_range", first, 0xFFFFFFFF, 0)
