"""Text from untrusted programs, made fit for a terminal, and the one door through which it is written."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

from fumehood.errors import UsageError

if TYPE_CHECKING:
    from typing import TextIO

# C0 but tab and newline, DEL, C1, bidirectional overrides: what can move the cursor, set a title or hide text.
_STEERING = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"


def write(stream: TextIO, text: str) -> None:
    """Write and flush; what the stream's encoding does not know is written as escapes.

    Raises:
        UsageError: Nobody reads it any more, or it has no room.
    """
    encoding = stream.encoding or "utf-8"
    try:
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except OSError as error:
        raise lost(stream, error) from None


def lost(stream: TextIO, error: OSError) -> UsageError:
    """Write no more to a stream that has failed; the error that says so."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())  # what is still in the buffer would be flushed into it at exit, and fail again
    os.close(null)
    name = "standard error" if stream is sys.stderr else "standard output"
    if isinstance(error, BrokenPipeError):
        told = f"{name} was closed before all was written"
        return UsageError(told, remedy="Read all of it, or write it to a file.")
    told = f"{name} could not be written: {error.strerror}"
    return UsageError(told, remedy="Send it where there is room for all of it; what is there now is cut off.")


def printable(text: str) -> str:
    """The text with everything that could steer a terminal shown as an escape; carriage returns end their line."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(_STEERING, lambda found: f"\\x{ord(found[0]):02x}", text)
