"""Between abstract values and Python's own: only plain data crosses."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# What is folded are values of any type: the kinds are told apart at run time.

from __future__ import annotations

from typing import Any, Final, cast

from fumehood.check.python.values import UNKNOWN, Const, Map, Seq, Value

MISSING: Final = object()
MAX_ITEMS: Final = 20_000
MAX_DEPTH: Final = 8  # deeper data is no text in disguise
TEXT: Final = (str, bytes)
PLAIN = (str, bytes, bytearray, int, float, complex, bool, type(None), range, type(Ellipsis), slice)


def concrete(value: Value | None, depth: int = 0) -> Any:
    """Answer the Python value that `value` stands for; `MISSING` where any part is not known."""
    if isinstance(value, Const):
        return value.value
    if depth > MAX_DEPTH or value is None:
        return MISSING
    if isinstance(value, Seq):
        return _sequence(value, depth)
    if isinstance(value, Map) and value.exact:
        found: dict[Any, Any] = {}
        for key, item in value.items.items():
            found[key] = concrete(item, depth + 1)
            if found[key] is MISSING:
                return MISSING
        return found
    return MISSING


def _sequence(value: Seq, depth: int) -> Any:
    if not value.exact:
        return MISSING
    items: list[Any] = []
    for item in value.items:
        one = item.value if isinstance(item, Const) else concrete(item, depth + 1)
        if one is MISSING:
            return MISSING
        items.append(one)
    if value.kind == "tuple":
        return tuple(items)
    if value.kind == "set":
        try:
            return set(items)
        except TypeError:
            return MISSING
    return items


def lift(data: Any, how: tuple[Any, ...] = ()) -> Value:
    """Answer the value that stands for a Python value; the unknown for what is not plain data."""
    if isinstance(data, bytearray | memoryview):
        data = bytes(data)
    if isinstance(data, PLAIN):
        return Const(data, how)
    if isinstance(data, list | tuple | set | frozenset):
        items = list(cast("list[Any]", data))
        if len(items) > MAX_ITEMS:
            return UNKNOWN
        kind = "tuple" if isinstance(data, tuple) else "list" if isinstance(data, list) else "set"
        return Seq(kind, [lift(item, how) for item in items])
    if isinstance(data, dict):
        return Map({key: lift(item, how) for key, item in data.items()})
    return UNKNOWN


def size_of(value: Value | None) -> int:
    """Estimate the bytes that a value holds, 0 where nothing is known."""
    if isinstance(value, Const):
        return len(value.value) if isinstance(value.value, TEXT) else 0
    if isinstance(value, Seq):
        return sum(map(size_of, value.items[:64])) + 8 * len(value.items)
    if isinstance(value, Map):
        return sum(map(size_of, [*map(Const, value.items), *value.items.values()][:64]))
    attributes = getattr(value, "attributes", None)
    if isinstance(attributes, dict):
        held = cast("dict[str, Value]", attributes)
        return sum(size_of(item) for item in list(held.values())[:16] if not hasattr(item, "attributes"))
    return int(getattr(value, "size", 0))
