"""A report as the JSON that the contract promises."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from fumehood.execution import Report


def to_json(report: Report) -> dict[str, Any]:
    """Answer a report as plain data: strict JSON, lone surrogates replaced."""
    return cast("dict[str, Any]", _plain(report))


def _plain(value: Any) -> Any:
    """Answer data that JSON has a form for; records, of either kind, become objects."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    names = cast("tuple[str, ...]", getattr(value, "_fields", ()))
    if names:
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("list[Any]", value)]
    return value
