"""Names of the system calls that a denial tells by number."""

from __future__ import annotations

from fumehood.kernel.libc import MACHINE
from fumehood.kernel.syscalls import numbers


def names() -> dict[int, str]:
    """Number to name on this machine."""
    return {number: name for name, number in numbers(MACHINE).items()}
