r"""Backslash escapes: `$'…'`, `echo -e` and `printf` share them but for a few."""

from __future__ import annotations

import re

_ESCAPE = re.compile(
    r"\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|(0?[0-7]{1,3})|c(.)|(.))",
    re.DOTALL,
)
_NAMED = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "v": "\v"}
_KEPT = frozenset("\\'\"?")
_LAST_CHARACTER = 0x10FFFF


def _number(text: str, base: int) -> str:
    value = int(text, base)
    return chr(value) if value <= _LAST_CHARACTER else ""


def _one(match: re.Match[str]) -> str:
    hexadecimal, short, long, octal, control, other = match.groups()
    if octal is not None:
        return _number(octal, 8)
    for digits in (hexadecimal, short, long):
        if digits is not None:
            return _number(digits, 16)
    if control is not None:
        return chr(ord(control.upper()) & 0x1F)
    return _NAMED.get(other, other if other in _KEPT else "\\" + other)


def ansi_c(text: str) -> str:
    r"""Resolve the escapes of `$'…'`, `echo -e` and `printf`: `\x41`, `\101`, `\u0041`, `\n`."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(_one, text)
