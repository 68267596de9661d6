"""`[ … ]` and `[[ … ]]`, as far as they can be known before the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fumehood.check.bash.patterns import matches
from fumehood.check.bash.values import is_known, settled, whole

if TYPE_CHECKING:
    from collections.abc import Callable

_NUMBERS: dict[str, Callable[[int, int], bool]] = {
    "-eq": lambda a, b: a == b,
    "-ne": lambda a, b: a != b,
    "-lt": lambda a, b: a < b,
    "-le": lambda a, b: a <= b,
    "-gt": lambda a, b: a > b,
    "-ge": lambda a, b: a >= b,
}


def condition(words: list[str], *, patterns: bool = False) -> bool | None:  # noqa: PLR0911 - one way for each kind
    """Answer whether a test holds, None where only the run will tell; `patterns` for `[[ … ]]`.

    Only single comparisons and negation are followed; all else is left to the run.
    """
    if words[:1] == ["!"]:
        inner = condition(words[1:], patterns=patterns)
        return None if inner is None else not inner
    if not all(is_known(word) for word in words):
        return None
    words = [settled(word) for word in words]
    match words:
        case [text]:
            return bool(text)
        case ["-z", text]:
            return not text
        case ["-n", text]:
            return bool(text)
        case [left, operator, right] if operator in {"=", "==", "!="}:
            same = matches(left, right) if patterns else left == right
            return same == (operator != "!=")
        case [left, operator, right] if operator in _NUMBERS:
            return _compared(left, operator, right)
        case _:
            return None


def _compared(left: str, operator: str, right: str) -> bool | None:
    one, two = whole(left.strip()), whole(right.strip())
    return None if one is None or two is None else _NUMBERS[operator](one, two)
