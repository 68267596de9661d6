"""What the code writes to standard output and error, taken in by the broker."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: What an ordinary pipe holds; a larger buffer would be mapped anew for each read.
_CHUNK = 1 << 16


class Stream:
    """Standard output or error of the code: keeps what fits under the cap, counts the rest, reads it all."""

    def __init__(self, descriptor: int, cap: int) -> None:
        """Take the pipe's reading end."""
        self.descriptor = descriptor
        self.cap = cap
        self.kept = bytearray()
        self.dropped = 0
        self.listener: Callable[[bytes], None] | None = None

    def begin(self, listener: Callable[[bytes], None] | None) -> None:
        """A run begins: forget the last one's output."""
        self.kept, self.dropped, self.listener = bytearray(), 0, listener

    def take(self) -> bytearray:
        """What was kept, handed over rather than copied; what comes later is nobody's."""
        kept, self.kept, self.listener = self.kept, bytearray(), None
        return kept

    def drain(self) -> bool:
        """Read what is there now; False at the end of the stream.

        At most what the pipe holds, however large the code made it: one that never stops writing holds up nobody.
        """
        for _ in range(-(-fcntl.fcntl(self.descriptor, fcntl.F_GETPIPE_SZ) // _CHUNK)):
            try:
                data = os.read(self.descriptor, _CHUNK)
            except BlockingIOError:
                return True
            if not data:
                return False
            fits = data[: max(self.cap - len(self.kept), 0)]
            self.kept += fits
            self.dropped += len(data) - len(fits)
            if fits and self.listener is not None:
                self.listener(fits)
            if len(data) < _CHUNK:
                break
        return True
