"""Methods of text, bytes and numbers on constants."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# What is folded are values of any type: the kinds are told apart at run time.

from __future__ import annotations

import binascii
import lzma
import struct
import zlib
from typing import TYPE_CHECKING, Any

from fumehood.check.python.fold import functions, sizes
from fumehood.check.python.fold.concrete import MAX_ITEMS, MISSING, concrete, lift
from fumehood.check.python.values import Const, Map, Seq, Text, Value, from_values

if TYPE_CHECKING:
    from fumehood.check.python.machine import Args, Machine

FAILURES = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    ZeroDivisionError,
    LookupError,
    MemoryError,
    EOFError,
    SyntaxError,
    ArithmeticError,
    RecursionError,
    AssertionError,
    OSError,
    BufferError,
)  # fmt: skip - what folding foreign data may raise; each means only that nothing is known


def known_errors() -> tuple[type[Exception], ...]:
    """Answer the errors that mean «not computable», those of C decoders included."""
    return (*FAILURES, binascii.Error, struct.error, zlib.error, lzma.LZMAError)


ERRORS = known_errors()


def compute(machine: Machine, step: str, function: functions.Pure, *, args: Args) -> Value | None:
    """Apply a pure function to constant arguments; None where one is not constant or it fails."""
    if args.loose:
        return None
    plain: list[Any] = [concrete(value) for value in args.positional]
    named = {name: concrete(value) for name, value in args.keywords.items()}
    if any(value is MISSING for value in plain) or any(value is MISSING for value in named.values()):
        return None
    if any(isinstance(value, range) and len(value) > MAX_ITEMS for value in plain):
        return None
    if not sizes.is_reasonable(step, getattr(function, "__self__", None), plain=plain, named=named):
        return None
    try:
        result = function(*plain, **named)
    except ERRORS:
        return None
    return given(machine, step, result, sources=args.all())


def given(machine: Machine, step: str, result: Any, *, sources: list[Value]) -> Value:
    """Answer a computed result, paid for and with its history."""
    if isinstance(result, str | bytes | bytearray | memoryview):
        data = bytes(result) if isinstance(result, bytearray | memoryview) else result
        return machine.fold(step, data, *sources)
    if isinstance(result, int | float | bool) or result is None:
        return Const(result)
    if isinstance(result, list | tuple | dict | set):
        machine.budget.step(min(len(result) // 8, 2000))
    return lift(result, machine.fold(step, "", *sources).how)


def method(machine: Machine, owner: Const, name: str, *, args: Args) -> Value:
    """Answer what a method of a constant gives."""
    if name in functions.TEXT_METHODS:
        if not affordable(owner.value, name, args.all()):
            return from_values(owner)
        found = compute(machine, name, getattr(owner.value, name, _absent), args=args)
        if found is not None:
            return found
    return partly(owner, name, args)


def affordable(owner: Any, name: str, values: list[Value]) -> bool:
    """Tell whether a method's result is of a size worth making: some multiply what they are given."""
    if name in functions.WIDTHS and any(_wide(value) for value in values):
        return False
    if name in {"format", "format_map", "__format__"} and isinstance(owner, str):
        return _narrow(owner) and all(_narrow(str(value.value)) for value in values if isinstance(value, Const))
    if name in {"replace", "translate", "join"} and isinstance(owner, str | bytes):
        longest = max((_length(value) for value in values), default=0)
        return len(owner) * longest <= functions.LIMIT
    return True


def _narrow(template: str) -> bool:
    try:
        functions.guard_widths(template)
    except functions.TooBig:
        return ":" not in template and not template.lstrip("<>^=+- #0_,").isdigit()
    return True


def _length(value: Value) -> int:
    if isinstance(value, Const):
        return len(value.value) if isinstance(value.value, str | bytes) else 1
    if isinstance(value, Map):
        return max((_length(item) for item in value.items.values()), default=1)
    return len(value.items) if isinstance(value, Seq) else 1


def _wide(value: Value) -> bool:
    return isinstance(value, Const) and isinstance(value.value, int) and abs(value.value) > functions.LIMIT // 8


def _absent(*_: object, **__: object) -> object:
    raise AttributeError


def partly(owner: Const, name: str, args: Args) -> Value:
    """Answer what can be said of a method's result when an argument is not known."""
    origin = from_values(*args.all()).origin
    if name in {"format", "format_map"} and isinstance(owner.value, str):
        text = owner.value
        start, end = text.find("{"), text.rfind("}")
        if start >= 0:
            return Text(text[:start], text[end + 1 :], origin)
    if name in {"decode", "fromhex", "translate"}:
        origin |= {"decoded"}
    return from_values(*args.all()) if not origin else Text("", "", origin)
