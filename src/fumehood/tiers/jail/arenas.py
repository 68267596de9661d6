"""Python's own memory in one piece, for huge pages to hold: of those a fork copies one entry where it copies 512.

Python takes memory by the mebibyte, wherever there is room: among libraries, as they are loaded.
"""

from __future__ import annotations

import sys

_MIB = 1 << 20
#: The largest objects that share what is taken, and how many of them a mebibyte holds at least.
_LARGEST, _EACH = 512, 1900


class Reserve:
    """Memory for whatever is made from now on, taken beforehand and in one piece."""

    def __init__(self, size: int) -> None:
        """Take so many bytes."""
        made = [b""] * (size // _MIB * _EACH)  # as long as it will be: a list that grows takes memory in between
        for place in range(len(made)):
            made[place] = bytes(_LARGEST - sys.getsizeof(b""))
        self._kept = made[::_EACH]  # one in each mebibyte keeps that from being given back

    def release(self) -> None:
        """Give back what was not needed."""
        self._kept.clear()
