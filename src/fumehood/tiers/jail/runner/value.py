"""What the last expression of a program gave: as data where it is plain, and as text."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fumehood.tiers.jail.wire import Message

VALUE_LIMIT = 1024 * 1024
TEXT_LIMIT = 64 * 1024
NAME_LIMIT = 200
_DEPTH_LIMIT = 50
#: As JSON a character of a `repr` takes this many at most: plain data whose `repr` was not cut is within its limit.
_MOST_LONGER = 12
assert TEXT_LIMIT * _MOST_LONGER <= VALUE_LIMIT  # noqa: S101 -- `describe` relies on it


class _NotPlain(Exception):
    """There is something in it that JSON can't hold as it is."""


def describe(value: object) -> Message:
    """The value as JSON where it is plain data of bounded size, and its bounded `repr`."""
    if value is None:
        return {}
    described: Message = {"value_text": represent(value)}
    try:
        plain = _plain(value, _DEPTH_LIMIT)
    except Exception:  # noqa: BLE001 -- not plain, or of a class that raises when it is looked at
        return described
    if len(described["value_text"]) <= TEXT_LIMIT or len(json.dumps(plain)) <= VALUE_LIMIT:
        described["value"] = plain
    return described


def represent(value: object) -> str:
    """Its `repr`, cut; a failing one is told."""
    try:
        text = repr(value)
    except BaseException as error:  # noqa: BLE001 -- a failing __repr__ is told, not raised
        return f"<{name(value)} whose repr raised {name(error)}>"
    return text if len(text) <= TEXT_LIMIT else f"{text[:TEXT_LIMIT]}… [{len(text) - TEXT_LIMIT} more characters]"


def name(value: object) -> str:
    """The name of its class, which a metaclass can't hide."""
    called: str = type.__dict__["__name__"].__get__(type(value))
    return called[:NAME_LIMIT]


def _plain(value: Any, depth: int) -> Any:
    """A copy that survives JSON: exact types, finite numbers, text keys, not too deep; numpy's numbers as Python's.

    Raises:
        _NotPlain: It does not.
    """
    kind: type[object] = type(value)  # pyright: ignore[reportUnknownVariableType]
    if value is None or kind is bool or kind is str:
        return value
    if kind is float and value - value == 0:  # neither infinite nor NaN
        return value
    if kind is int and abs(value) < 1 << 1024:
        return value
    if kind in {list, tuple} and depth > 0:
        return [_plain(item, depth - 1) for item in value]
    if kind is dict and depth > 0 and all(type(key) is str for key in value):
        return {key: _plain(item, depth - 1) for key, item in value.items()}
    if depth > 0 and "numpy" in sys.modules:
        return _plain(_scalar(value), 0)
    raise _NotPlain


def _scalar(value: Any) -> object:
    """A number, truth or text of numpy as Python's own, which is the same or, of long doubles and times, another class.

    Raises:
        _NotPlain: It is none of numpy's.
    """
    if not isinstance(value, sys.modules["numpy"].generic):
        raise _NotPlain
    return value.item()
