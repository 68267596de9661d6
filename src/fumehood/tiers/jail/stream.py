"""What the code writes to standard output and error, taken in by the broker."""

from __future__ import annotations

import fcntl
import os
import struct
import termios
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: What an ordinary pipe holds; a larger buffer would be mapped anew for each read.
CHUNK = 1 << 16
_COUNT = struct.Struct("=i")


def there(descriptor: int) -> int:
    """How many bytes of a pipe or stream can be read now; 1 where there are none, for that is how its end is heard.

    What is read goes into a buffer of its own length: one for any length is cut off behind what came, which leaves a
    gap, and with gaps the heap of each thread grows.
    """
    count: int = _COUNT.unpack(fcntl.ioctl(descriptor, termios.FIONREAD, bytes(_COUNT.size)))[0]
    return max(count, 1)


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

        No more than that, however fast the code goes on writing: one that never stops holds up nobody.
        """
        left = there(self.descriptor)
        while left > 0:
            try:
                data = os.read(self.descriptor, min(left, CHUNK))
            except BlockingIOError:
                return True
            if not data:
                return False
            fits = data[: max(self.cap - len(self.kept), 0)]
            self.kept += fits
            self.dropped += len(data) - len(fits)
            if fits and self.listener is not None:
                self.listener(fits)
            left -= CHUNK
        return True
