"""Where Python's objects lie: a fork copies an entry for each page, or for each huge page, and then what is written.

Python takes memory by the mebibyte, wherever there is room: among libraries, as they are loaded. Objects of one size
share pools in it; a new one is put where an old one was.
"""

from __future__ import annotations

import sys

_MIB = 1 << 20
#: The largest objects that share what is taken, and how many of them a mebibyte holds at least.
_LARGEST, _EACH = 512, 1900
#: Objects of one size share so many bytes.
_POOL = 1 << 14


class Reserve:
    """Memory for whatever is made from now on, taken beforehand and in one piece, for huge pages to hold."""

    def __init__(self, size: int) -> None:
        """Take so many bytes."""
        made = [b""] * (size // _MIB * _EACH)  # as long as it will be: a list that grows takes memory in between
        for place in range(len(made)):
            made[place] = bytes(_LARGEST - sys.getsizeof(b""))
        self._kept = made[::_EACH]  # one in each mebibyte keeps that from being given back

    def release(self) -> None:
        """Give back what was not needed."""
        self._kept.clear()


def fill() -> list[object]:
    """Leave no gaps among what is there: what is made from now on lies on fewer pages, and next to what is like it.

    Returns:
        What is in the gaps.
    """
    filling: list[object] = [None] * _EACH
    for size in range(16, _LARGEST + 1, 16):
        held: dict[int, int] = {}  # of each pool, how many are ours
        for _ in range(_MIB // size):
            filling.append(_made(size))
            pool = id(filling[-1]) // _POOL
            held[pool] = held.get(pool, 0) + 1
            if held[pool] * size > _POOL * 0.9:  # next to nothing was in that one: there are no gaps any more
                filling[:] = [each for each in filling if id(each) // _POOL != pool]
                break
    return filling


def _made(size: int) -> object:
    """A new object that takes so many bytes."""
    if size < 32:  # noqa: PLR2004 -- floats take 24, and bytes begin behind 33
        return object()
    return float(size) if size < 48 else bytes(size - sys.getsizeof(b""))  # noqa: PLR2004 -- as above
