"""Whether a program left what it found, so that what was read after the one holds after the other.

Two states are alike if no program can tell them apart: the same values in the same order under the same names, and
what is one object in the one is one in the other.
"""

from __future__ import annotations

import ast
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from fumehood.check.python.scope import Scope
from fumehood.check.python.values import Const, Ref, Text, Unknown, Value

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_COMPARED: Final = 20_000
#: Compared as Python does.
PLAIN: Final = frozenset({str, bytes, int, bool, type(None), type(...), set, frozenset})
#: Nothing changes these, so that one reading hands them on to the next as they are; equal ones are never told apart.
STEADY: Final = frozenset({Const, Text, Unknown, Ref, float, complex, range, *PLAIN})
PARTS: Final[dict[type, Callable[[Any], tuple[Any, ...]]]] = {
    tuple: lambda items: items,
    list: tuple,
    dict: lambda entries: (*entries, *entries.values()),
    Scope: attrgetter("outer", "names", "is_class", "global_names", "nonlocal_names"),  # what is carried of one
    range: attrgetter("start", "stop", "step"),
    float: lambda number: (repr(number),),  # 0.0 equals -0.0
    complex: lambda number: (repr(number),),
}


class _Twins:
    """Which object of the one state stands where which of the other does."""

    def __init__(self) -> None:
        """Know of none."""
        self._twin: dict[int, int] = {}
        self._taken: set[int] = set()

    def are(self, one: object, other: object) -> bool | None:
        """Tell whether they are; None of two that were not met before, and are from now on.

        What still is the same object may have changed all the same; only code does not.
        """
        if id(one) in self._twin or id(other) in self._taken:
            return self._twin.get(id(one)) == id(other)
        self._twin[id(one)] = id(other)
        self._taken.add(id(other))
        return None if one is not other else isinstance(one, ast.AST)


def alike(was: object, now: object) -> bool:
    """Tell whether two states are alike, part by part; what is too much to compare is not."""
    twins, left = _Twins(), MAX_COMPARED
    waiting = [(was, now)]
    while waiting:
        one, other = waiting.pop()
        kind: type[object] = type(one)
        if kind is not type(other):
            return False
        same: bool | None = None
        if kind in PLAIN:
            same = one == other
        elif kind is not tuple and kind not in STEADY:
            same = twins.are(one, other)
        if same is None:
            parts, others = _parts(one), _parts(other)
            waiting += [
                two for two in zip(parts, others, strict=False) if two[0] is not two[1] or type(two[0]) not in STEADY
            ]
            left -= len(parts)
            same = len(parts) == len(others) and left > 0
        if not same:
            return False
    return True


def _parts(thing: object) -> tuple[object, ...]:
    """All that makes a thing what it is; what is of no known kind is like nothing but itself."""
    kind: type[object] = type(thing)
    if kind in PARTS:
        return PARTS[kind](thing)
    if isinstance(thing, Value):
        slots: tuple[str, ...] = thing.__slots__
        return tuple([getattr(thing, slot) for slot in slots])
    return (vars(thing),) if isinstance(thing, ast.AST) else (id(thing),)
