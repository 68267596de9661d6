"""What is known of a text before it runs: ordinary characters, and marks for what can't be known.

A text is a `str`. Where a part of it depends on something outside the program, a mark from the private use area stands
for it, so folding goes on around it: `/etc/` + unknown is still a path below `/etc`.
"""

from __future__ import annotations

import re

HOLE = "\ue000"
"""Something that only the run will tell."""
UNSET = "\ue001"
"""A variable that nothing in the program sets: empty, unless the environment has it."""
OWN = "\ue002"
"""The number of a process that the program itself started."""
FOREIGN = "\ue003"
"""The number of a process that it found by looking."""
SEALED = "\ue004"
"""What a decoder makes of text that can't be followed here."""

MARKS = HOLE + UNSET + OWN + FOREIGN + SEALED
_MARK = re.compile(f"[{MARKS}]")
_UNKNOWN = re.compile(f"[{HOLE}{OWN}{FOREIGN}{SEALED}]")
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_RUN_OF_MARKS = re.compile(f"[{MARKS}]+")

HOME = "/home/user"
"""What `$HOME` and `~` fold to; written as `~` again when it is reported."""
WORKSPACE = "/workspace"
"""What `$PWD` folds to at the start; left out again when it is reported."""


def plain(text: str) -> str:
    """Replace marks by nothing in source that is to be read, so that no program can write a mark itself."""
    return _MARK.sub("?", text)


def is_known(text: str) -> bool:
    """Say whether nothing of `text` is left to the run, unset variables taken as empty."""
    return _UNKNOWN.search(text) is None


def settled(text: str) -> str:
    """Answer `text` with unset variables taken as empty."""
    return text.replace(UNSET, "")


def whole(text: str) -> int | None:
    """Answer the integer that a text writes in at most 18 digits, None where it writes none."""
    return int(text) if _WHOLE.fullmatch(text) else None


def unknown(*sources: str) -> str:
    """Answer a text that is not known, but made from `sources`: what is found or decoded stays so through filters."""
    return HOLE + "".join(mark for mark in (FOREIGN, SEALED) if any(mark in source for source in sources))


def shown(text: str) -> str:
    """Write `text` for people and patterns: what is unknown as `*`."""
    return _RUN_OF_MARKS.sub("*", settled(text))
