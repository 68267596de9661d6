"""Fewer mappings of libraries: a fork copies each of them, and an exit undoes each."""

from __future__ import annotations

import ctypes
import re
from contextlib import suppress
from itertools import pairwise

from fumehood.kernel.libc import LIBC, check

_READ, _WRITE, _EXECUTE = 1, 2, 4
_PART = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) (r--p|r-xp|rw-p) [0-9a-f]+ [0-9a-f:]+ [0-9]+ +(/.*)$", re.MULTILINE)


def merge(maps: str) -> None:
    """In a text of `/proc/self/maps`, let what is only read of a library be one with the part beside it.

    That part is its code, or its data. It keeps others from nothing: whoever would misuse that owns the process. Only
    speed is lost where it fails.
    """
    for (begin, middle, kind, file), (again, end, other, same) in pairwise(_PART.findall(maps)):
        if (middle, file) != (again, same):
            continue
        if (kind, other) == ("r-xp", "r--p"):
            _allow(again, end, _EXECUTE)
        elif kind == "r--p" != other:
            _allow(begin, middle, _EXECUTE if other == "r-xp" else _WRITE)


def _allow(begin: str, end: str, more: int) -> None:
    first, last = int(begin, 16), int(end, 16)
    with suppress(OSError):
        check(LIBC.mprotect(ctypes.c_void_p(first), ctypes.c_size_t(last - first), _READ | more), "mprotect")
