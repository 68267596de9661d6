"""Text from untrusted programs, made fit for a terminal."""

from __future__ import annotations

import re

# C0 but tab and newline, DEL, C1, bidirectional overrides: what can move the cursor, set a title or hide text.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """The text with everything that could steer a terminal shown as an escape; carriage returns end their line."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _STEERING.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
