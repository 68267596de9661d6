"""A tool's result as plain data: what JSON can hold, of bounded size."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import json
import math
import pathlib
import uuid
from typing import Any, Final, NoReturn, cast

from fumehood.errors import Error
from fumehood.execution import strict

__all__ = ["ResultRefused", "plain"]

_MOST_BYTES: Final = 4 * 1024 * 1024
_DEEPEST: Final = 40
_WRITTEN: Final = (decimal.Decimal, uuid.UUID, pathlib.PurePath)


class ResultRefused(Error, TypeError):
    """A tool's result is no data, or too large to be handed to a sandbox."""


def plain(value: object, tool: str) -> Any:
    """Return the value as dicts, lists, texts, finite numbers, truth values and None.

    Raises:
        ResultRefused: It can't be.
    """
    data = strict(_plain(value, tool, _DEEPEST))
    size = len(json.dumps(data, allow_nan=False))
    if size > _MOST_BYTES:
        told = f"the result of {tool} has {size:,} bytes, more than {_MOST_BYTES:,}"
        raise ResultRefused(told, remedy="Let the tool answer in parts: a page, a range, a filter.")
    return data


def _plain(value: Any, tool: str, depth: int) -> Any:
    if depth == 0:
        _refuse(tool, f"nests deeper than {_DEEPEST} levels")
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, enum.Enum):
        return _plain(value.value, tool, depth - 1)
    if isinstance(value, int | float):
        return _number(value, tool)
    if isinstance(value, dict):
        entries = cast("dict[object, object]", value)
        return {str(_plain(key, tool, 1)): _plain(each, tool, depth - 1) for key, each in entries.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = cast("list[Any]", value)
        named = getattr(items, "_asdict", None)
        return _plain(named(), tool, depth) if named else [_plain(each, tool, depth - 1) for each in items]
    return _plain(_opened(value, tool), tool, depth - 1)


def _number(value: float, tool: str) -> float:
    if not math.isfinite(value):
        _refuse(tool, f"holds {value}, which JSON has no number for")
    return value


def _opened(value: Any, tool: str) -> Any:
    """What an object of the usual kinds holds."""
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, _WRITTEN):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
    dump = getattr(value, "model_dump", None)
    if not callable(dump):
        _refuse(tool, f"holds {type(value).__name__}, which is no data")
    return dump(mode="json")


def _refuse(tool: str, why: str) -> NoReturn:
    told = f"the result of {tool} {why}"
    raise ResultRefused(told, remedy="Return dicts, lists, texts and numbers, or a dataclass or model of them.")
