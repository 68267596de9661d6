"""Text without what could steer a terminal."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["incomplete", "strip", "unfold"]

#: CSI; OSC, DCS, APC, PM and SOS to their end, or to the end of the line where they have none; any other escape.
_ESCAPES: Final = (
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
_CONTROLS: Final = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
_UNFINISHED: Final = (
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*\Z"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*\x1b?\Z"
    r"|\x1b[ -/]*\Z"
)


def strip(text: str) -> str:
    r"""Take out escape sequences and controls; \n, \t and \r stay."""
    return text if _is_plain(text) else re.sub(_CONTROLS, "", re.sub(_ESCAPES, "", text))


def unfold(text: str) -> str:
    r"""Make a line of each state that a lone \r writes over: in a text that is kept, it would hide what was there."""
    return re.sub(r"\r(?!\n)", "\n", text) if "\r" in text else text


def incomplete(text: str) -> int:
    """Where a sequence begins that may go on in the next piece; the length of the text where there is none."""
    found = None if _is_plain(text) else re.search(_UNFINISHED, text)
    return found.start() if found else len(text)


def _is_plain(text: str) -> bool:
    """Whether there is nothing to take out, told without a regular expression, which most texts never need."""
    return text.replace("\n", "").replace("\t", "").isprintable()
