"""What is known of a JavaScript value before the program runs.

Texts are `str` with marks for what is unknown (`check.bash.values`), numbers are `float` or `int`, and `None` is null.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias, Union

from fumehood.check.bash.values import HOLE, is_known

if TYPE_CHECKING:
    from fumehood.check.javascript.grammar import Node
    from fumehood.check.javascript.scope import Scope

MAX_ALTERNATIVES = 4


class Special(Enum):
    """Values without content."""

    UNDEFINED = "undefined"
    UNKNOWN = "unknown"


UNDEFINED = Special.UNDEFINED
UNKNOWN = Special.UNKNOWN


@dataclass(frozen=True, slots=True)
class Native:
    """Something that the engine or a module provides, by its dotted path: `fs.readFile`, `process.env`.

    `owner` is the value that a method belongs to; `bound` are arguments already given to it.
    """

    path: str
    owner: Value = UNDEFINED
    bound: tuple[Value, ...] = ()


@dataclass(slots=True, eq=False)
class Closure:
    """A function of the program, with the scope that it was made in."""

    node: Node
    scope: Scope
    this: Value = UNDEFINED
    bound: tuple[Value, ...] = ()
    members: dict[str, Value] = field(default_factory=dict[str, "Value"])


@dataclass(slots=True, eq=False)
class Array:
    """An array; `open` where more may follow than is known."""

    items: list[Value]
    open: bool = False


@dataclass(slots=True, eq=False)
class Object:
    """An object of the program, or an instance of one of its classes."""

    members: dict[str, Value] = field(default_factory=dict[str, "Value"])
    base: Value = UNDEFINED


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of several values: which, depends on the run."""

    values: tuple[Value, ...]


Value: TypeAlias = Union[str, float, bool, Special, Native, Closure, Array, Object, OneOf, None]  # noqa: UP007 - forward names


def one_of(*values: Value) -> Value:
    """Answer the alternatives as one value; equal ones are one."""
    found: list[Value] = []
    for value in values:
        for single in alternatives(value):
            if not any(single is known or (type(single) is type(known) and single == known) for known in found):
                found.append(single)
    return found[0] if len(found) == 1 else OneOf(tuple(found[:MAX_ALTERNATIVES])) if found else UNDEFINED


def alternatives(value: Value) -> tuple[Value, ...]:
    """Answer the values that a value may be."""
    return value.values if isinstance(value, OneOf) else (value,)


def text_of(value: Value) -> str:  # noqa: PLR0911 - one way for each kind
    """Answer a value as JavaScript makes text of it, a mark where it is not known."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case None:
            return "null"
        case int() | float():
            return number_text(value)
        case Special.UNDEFINED:
            return "undefined"
        case Array(items=items, open=False):
            return ",".join("" if item is None or item is UNDEFINED else text_of(item) for item in items)
        case OneOf(values=values):
            return text_of(values[0])
        case _:
            return _described(value)


def _described(value: Value) -> str:
    if isinstance(value, Closure):
        return value.node.text
    if isinstance(value, Native) and "()" not in value.path and value.path[:1].islower():
        return f"function {value.path.rpartition('.')[2]}() {{ [native code] }}"
    return "[object Object]" if isinstance(value, Object) and "toString" not in value.members else HOLE


def number_text(value: float) -> str:
    """Write a number as JavaScript does."""
    if math.isnan(value):
        return "NaN"
    if value in {float("inf"), float("-inf")}:
        return "Infinity" if value > 0 else "-Infinity"
    return str(int(value)) if value == int(value) and abs(value) < 1e21 else repr(value)  # noqa: PLR2004 - as the language writes numbers


def number_of(value: Value) -> float | None:
    """Answer a value as a number, None where it is not known."""
    match value:
        case bool() | int() | float():
            return value
        case None:
            return 0
        case Special.UNDEFINED:
            return float("nan")
        case Special.UNKNOWN | OneOf() | Native() | Closure() | Object():
            return None
        case Array():
            return _parsed(text_of(value))
        case str():
            return _parsed(value)


def _parsed(text: str) -> float | None:
    if not is_known(text):
        return None
    text = text.strip().replace("_", "x")
    try:
        if text[:2].lower() in {"0x", "0b", "0o"}:
            return int(text, 0)
        return float(text) if text else 0
    except ValueError:
        return float("nan")


def truth(value: Value) -> bool | None:
    """Say whether a value counts as true, None where it is not known."""
    match value:
        case bool():
            return value
        case None | Special.UNDEFINED:
            return False
        case int() | float():
            return bool(value) and not math.isnan(value)
        case str():
            return bool(value) if is_known(value) else None
        case Special.UNKNOWN | OneOf():
            return None
        case _:
            return True
