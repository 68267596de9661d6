"""What the operators of JavaScript make of two values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from fumehood.check.bash.values import is_known
from fumehood.check.javascript.calls import uses_whole
from fumehood.check.javascript.values import UNDEFINED, UNKNOWN, OneOf, Value, alternatives, number_of, one_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from fumehood.check.javascript.machine import Machine

_INTEGER = 0xFFFFFFFF
_EXACT = 1 << 53
_MAX_TEXT = 200_000


def combined(machine: Machine, sign: str, left: Value, right: Value) -> Value:  # noqa: PLR0917 - the shape that its siblings have too
    """Answer what an operator makes of two values."""
    if isinstance(left, OneOf) or isinstance(right, OneOf):
        pairs = [(one, two) for one in alternatives(left) for two in alternatives(right)]
        return one_of(*(combined(machine, sign, one, two) for one, two in pairs[:4]))
    if sign == "+":
        return _sum(machine, left, right)
    if sign in _COMPARISONS:
        return _compared(sign, left, right)
    one, two = number_of(left), number_of(right)
    if one is None or two is None or sign not in _OPERATIONS:
        return UNKNOWN
    try:
        return _float_if_large(_OPERATIONS[sign](one, two))
    except (ArithmeticError, ValueError):
        return UNKNOWN


def _float_if_large(number: float) -> float:
    """Hold numbers as the language does: beyond 53 bits an integer is a float, so that none grows without bound."""
    return float(number) if abs(number) > _EXACT else number


def _sum(machine: Machine, left: Value, right: Value) -> Value:
    simple = (bool, int, float, type(None))
    if (isinstance(left, simple) or left is UNDEFINED) and (isinstance(right, simple) or right is UNDEFINED):
        one, two = number_of(left), number_of(right)
        return UNKNOWN if one is None or two is None else _float_if_large(one + two)
    if left is UNKNOWN and not isinstance(right, str):
        return UNKNOWN
    if right is UNKNOWN and not isinstance(left, str):
        return UNKNOWN
    for value in (left, right):
        uses_whole(machine, value)
    text = machine.text(left) + machine.text(right)
    machine.notes.budget.produce(len(text) // 8)
    return text[:_MAX_TEXT]


def _compared(sign: str, left: Value, right: Value) -> Value:
    if sign in {"===", "==", "!==", "!="}:
        known = isinstance(left, (str, int, float, bool, type(None))) and isinstance(
            right, (str, int, float, bool, type(None))
        )
        if (
            not known
            or (isinstance(left, str) and not is_known(left))
            or (isinstance(right, str) and not is_known(right))
        ):
            return UNKNOWN
        return (left == right) == (sign in {"===", "=="})
    if isinstance(left, str) and isinstance(right, str) and is_known(left) and is_known(right):
        return _ORDERS[sign](left, right) if sign in _ORDERS else UNKNOWN
    one, two = number_of(left), number_of(right)
    return UNKNOWN if one is None or two is None or sign not in _ORDERS else _ORDERS[sign](one, two)


def _bits(action: Callable[[int, int], int]) -> Callable[[float, float], float]:
    def run(one: float, two: float) -> float:
        result = action(_integer(one), _integer(two)) & _INTEGER
        return result - (1 << 32) if result >> 31 else result

    return run


def _integer(number: float) -> int:
    return 0 if math.isnan(number) or math.isinf(number) else int(number) & _INTEGER


def signed(number: float) -> int:
    value = _integer(number)
    return value - (1 << 32) if value >> 31 else value


_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}
_COMPARISONS = frozenset(_ORDERS) | {"===", "==", "!==", "!=", "in", "instanceof"}
_OPERATIONS: dict[str, Callable[[float, float], float]] = {
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "%": math.fmod,
    "**": lambda a, b: float(a) ** b if abs(b) < 1024 else math.inf,  # noqa: PLR2004 - beyond it is infinite anyway
    "^": _bits(lambda a, b: a ^ b),
    "|": _bits(lambda a, b: a | b),
    "&": _bits(lambda a, b: a & b),
    "<<": _bits(lambda a, b: a << (b & 31)),
    ">>": lambda a, b: signed(a) >> (_integer(b) & 31),
    ">>>": lambda a, b: _integer(a) >> (_integer(b) & 31),
}
