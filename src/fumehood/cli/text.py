"""Text from untrusted programs, made fit for a terminal, and the one door through which it is written."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from fumehood.errors import UsageError

if TYPE_CHECKING:
    from typing import TextIO

# C0 but tab and newline, DEL, C1, bidirectional overrides: what can move the cursor, set a title or hide text.
_STEERING = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"


def write(stream: TextIO, text: str) -> None:
    """Write and flush; what the stream's encoding does not know is written as escapes.

    Raises:
        UsageError: Nobody reads it any more.
    """
    encoding = stream.encoding or "utf-8"
    try:
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())  # what is still in the buffer would be flushed into the closed pipe at exit
        os.close(null)
        told = "standard output was closed before all was written"
        raise UsageError(told, remedy="Read all of it, or write it to a file.") from None


def printable(text: str) -> str:
    """The text with everything that could steer a terminal shown as an escape; carriage returns end their line."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(_STEERING, lambda found: f"\\x{ord(found[0]):02x}", text)
