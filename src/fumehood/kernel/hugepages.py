"""Huge pages for what a process has written: a fork copies one entry where it would copy five hundred."""

from __future__ import annotations

import ctypes
import re
from contextlib import suppress

from fumehood.kernel.libc import LIBC, check

_COLLAPSE = 25
_HUGE = 1 << 21
_PRIVATE = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) rw-p 00000000 00:00 0 +(?:\[heap\]|\[anon:[^\]]*\])?$", re.MULTILINE)


def collapse(maps: str) -> int:
    """Collapse the anonymous memory in a text of `/proc/self/maps`; bytes that are in huge pages now.

    Only speed is lost where that fails: EINVAL before Linux 6.1 or without huge pages, ENOMEM or EAGAIN where none is
    free or a range has nothing in it.
    """
    done = 0
    for begin, end in _PRIVATE.findall(maps):
        first, last = -(-int(begin, 16) // _HUGE) * _HUGE, int(end, 16) // _HUGE * _HUGE
        for address in range(first, last, _HUGE):
            with suppress(OSError):
                check(LIBC.madvise(ctypes.c_void_p(address), ctypes.c_size_t(_HUGE), _COLLAPSE), "madvise")
                done += _HUGE
    return done
