"""Text without what could steer a terminal."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["incomplete", "is_plain", "strip", "unfold"]

#: CSI; OSC, DCS, APC, PM and SOS to their end, or to the end of the line where they have none; any other escape.
_ESCAPES: Final = (
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
_CONTROLS: Final = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
#: The same, with a group where one may go on behind the end. It takes them one after the other: to look for such an end
#: from each beginning would take as many steps as the square of what nothing ends.
_ENDINGS: Final = (
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*(?:[@-~]|(\Z))?"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c|(\x1b?\Z))?"
    r"|\x1b[ -/]*(?:[0-~]|(\Z))?"
)

#: What nothing is taken out of, as UTF-8: all but controls, and the byte that those of C1 begin with, and some signs.
_PLAIN: Final = bytes({*b"\t\n\r", *range(0x20, 0x7F), *range(0x80, 0x100)} - {0xC2})

#: As much is looked at in one go as a processor keeps at hand: the copy is made anew for each.
_PIECE: Final = 1 << 16


def strip(text: str) -> str:
    r"""Take out escape sequences and controls; \n, \t and \r stay."""
    return text if is_plain(text) else re.sub(_CONTROLS, "", re.sub(_ESCAPES, "", text))


def unfold(text: str) -> str:
    r"""Make a line of each state that a lone \r writes over: in a text that is kept, it would hide what was there."""
    return re.sub(r"\r(?!\n)", "\n", text) if "\r" in text else text


def incomplete(text: str) -> int:
    """Where a sequence begins that may go on in the next piece; the length of the text where there is none."""
    return next((found.start() for found in re.finditer(_ENDINGS, text) if found.lastindex), len(text))


def is_plain(text: str) -> bool:
    """Whether there is nothing to take out, told without a regular expression, which most texts never need."""
    if text.isascii() and text.isprintable():  # as most values
        return True
    return all(_is_plain(text[at : at + _PIECE]) for at in range(0, len(text), _PIECE))


def _is_plain(text: str) -> bool:
    others = text.encode("utf-8", "surrogatepass").translate(None, _PLAIN)
    return not others or (not others.strip(b"\xc2") and not re.search(r"[\x80-\x9f]", text))
