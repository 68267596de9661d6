"""timerfd(2): an alarm that two processes can hold, which wakes whoever watches it and costs its setter one call."""

from __future__ import annotations

import math
import os
import struct

from fumehood.kernel.libc import LIBC, check

_MONOTONIC, _ABSOLUTE = 1, 1


#: struct itimerspec: an interval that stays zero, and the time of the alarm.
_SPEC = struct.Struct("@16xll")


def create() -> int:
    """A descriptor that can be read once the alarm has rung; non-blocking, closed on exec."""
    return check(LIBC.timerfd_create(_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC), "timerfd_create")


def ring(timer: int, at: float) -> None:
    """Let it ring once at this time of the monotonic clock, in seconds, instead of when it was to ring before."""
    part, whole = math.modf(at)
    spec = _SPEC.pack(int(whole), int(part * 1e9) or 1)
    check(LIBC.timerfd_settime(timer, _ABSOLUTE, spec, None), "timerfd_settime")


def hear(timer: int) -> None:
    """It rang: let it be readable no more until it rings again."""
    try:
        os.read(timer, 8)
    except BlockingIOError:
        return  # it was set anew meanwhile
