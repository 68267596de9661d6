"""The arguments of a call, held strictly to the types of a function's signature.

What sandboxed code hands over is JSON made by a stranger: nothing is converted, nothing is guessed, and a type that
can't be held exactly is refused when the tool is declared.
"""

from __future__ import annotations

import inspect
import math
import types
import typing
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Union, cast

from fumehood.errors import Error, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["ArgumentsRefused", "Parameter", "Schema"]

_MOST_TEXT: Final = 1 << 20
_MOST_ITEMS: Final = 10_000
_MOST_INTEGER: Final = 1 << 63
_SCALARS: Final[Mapping[object, tuple[str, tuple[type, ...]]]] = {
    str: ("string", (str,)),
    bool: ("boolean", (bool,)),
    int: ("integer", (int,)),
    float: ("number", (int, float)),
    type(None): ("null", (type(None),)),
}
_MISSING: Final = inspect.Parameter.empty


class ArgumentsRefused(Error, TypeError):
    """A call's arguments are not what the tool's signature says."""


class Parameter(NamedTuple):
    """One parameter: its type, and its default where it has one."""

    name: str
    kind: Any
    default: Any = _MISSING

    @property
    def required(self) -> bool:
        """Whether a call must give it."""
        return self.default is _MISSING


class Schema:
    """The parameters of a function, in order."""

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        """Read the signature.

        Raises:
            UsageError: It has a parameter that no call from a sandbox could be held to.
        """
        self.name = name
        hints = _hints(function, name)
        self.parameters = tuple(
            self._parameter(each, hints) for each in inspect.signature(function).parameters.values()
        )

    def _parameter(self, each: inspect.Parameter, hints: Mapping[str, Any]) -> Parameter:
        where = f"parameter {each.name!r} of tool {self.name!r}"
        if each.kind not in {each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY}:
            told = f"{where} is not one that can be given by name"
            raise UsageError(told, remedy="Give a tool plain named parameters; no *args, **kwargs or `/`.")
        kind = _known(hints.get(each.name, Any), where)
        return Parameter(each.name, kind, each.default)

    def validate(self, arguments: object) -> dict[str, Any]:
        """Return the arguments, in the order of the signature, with the author's defaults left out.

        Raises:
            ArgumentsRefused: They are not what the signature says; the message names the argument.
        """
        if type(arguments) is not dict:
            self._refuse("the arguments are no object")
        given = cast("dict[str, Any]", arguments)
        known = {each.name for each in self.parameters}
        for name in given:
            if name not in known:
                self._refuse(f"there is no parameter {_shown(name)}")
        for each in self.parameters:
            if each.required and each.name not in given:
                self._refuse(f"argument {each.name!r} is missing")
        ordered = {each.name: given[each.name] for each in self.parameters if each.name in given}
        for each in self.parameters:
            if each.name in ordered and (fault := _fault(ordered[each.name], each.kind)):
                self._refuse(f"argument {each.name!r} {fault}")
        return ordered

    def _refuse(self, why: str) -> typing.NoReturn:
        told = f"{self.name}: {why}"
        raise ArgumentsRefused(told, remedy=f"Call it as {self.signature()}.")

    def signature(self) -> str:
        """Return the call as a reader of Python knows it."""
        return f"{self.name}({', '.join(_declared(each) for each in self.parameters)})"

    def to_json(self) -> dict[str, Any]:
        """Return the JSON Schema of the arguments."""
        return {
            "type": "object",
            "properties": {each.name: _json(each.kind) for each in self.parameters},
            "required": [each.name for each in self.parameters if each.required],
            "additionalProperties": False,
        }


def _hints(function: Callable[..., Any], name: str) -> Mapping[str, Any]:
    try:
        return typing.get_type_hints(function)
    except NameError as error:
        told = f"a type in the signature of tool {name!r} can't be resolved: {error}"
        raise UsageError(told, remedy="Import the types of a tool's signature at run time.") from None


def _known(kind: Any, where: str) -> Any:
    """The type if calls can be held to it; its parts too."""
    if kind is Any or kind is object or kind in _SCALARS or kind is None:
        return type(None) if kind is None else kind
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if kind in {list, dict, tuple}:
        origin, parts = kind, ()
    if origin is Literal and all(type(each) in {str, int, bool, type(None)} for each in parts):
        return kind
    inner = [each for each in parts if each is not ...]
    fits = origin in {Union, types.UnionType, list, tuple} or (origin is dict and parts[:1] in {(), (str,)})
    if not fits or (origin is tuple and (len(parts) != 2 or parts[1] is not ...) and parts):  # noqa: PLR2004 -- T, ...
        told = f"{where} has the type {kind!r}, to which a call can't be held"
        raise UsageError(
            told, remedy="Use str, int, float, bool, None, list, dict[str, …], Literal, or unions of them."
        )
    for each in inner:
        _known(each, where)
    return kind


def _fault(value: Any, kind: Any) -> str:
    """What is wrong with a value of this type, or nothing."""
    if kind is Any or kind is object:
        return _fault(value, _PLAIN)
    origin, parts = typing.get_origin(kind) or kind, typing.get_args(kind)
    if origin in _SCALARS:
        return _scalar_fault(value, origin)
    if origin is Literal:
        same = any(type(value) is type(each) and value == each for each in parts)
        return "" if same else f"is not one of {', '.join(map(repr, parts))}"
    if origin in {Union, types.UnionType}:
        faults = [_fault(value, each) for each in parts]
        return "" if "" in faults else " and ".join(dict.fromkeys(faults))
    return _many_fault(value, dict if origin is dict else list, parts)


def _scalar_fault(value: Any, kind: Any) -> str:
    word, exact = _SCALARS[kind]
    if type(value) not in exact:
        return f"is {type(value).__name__}, not {word}"
    if isinstance(value, str) and len(value) > _MOST_TEXT:
        return f"has {len(value):,} characters, more than {_MOST_TEXT:,}"
    if isinstance(value, int) and abs(value) >= _MOST_INTEGER:
        return "is an integer of more than 64 bits"
    if isinstance(value, float) and not math.isfinite(value):
        return "is not a finite number"
    return ""


def _many_fault(value: Any, kind: type[Any], parts: tuple[Any, ...]) -> str:
    if type(value) is not kind:
        return f"is {type(value).__name__}, not {'an object' if kind is dict else 'a list'}"
    if len(value) > _MOST_ITEMS:
        return f"has {len(value):,} entries, more than {_MOST_ITEMS:,}"
    if kind is dict:
        keys, inner = list(value), (parts[1] if parts else Any)
        faults = [*(_fault(key, str) for key in keys), *(_fault(each, inner) for each in value.values())]
    else:
        faults = [_fault(each, parts[0] if parts else Any) for each in value]
    return next((f"holds an entry that {fault}" for fault in faults if fault), "")


_PLAIN: Final = Union[str, int, float, bool, None, list[Any], dict[str, Any]]  # noqa: UP007 -- a value, not an annotation


def _json(kind: Any) -> dict[str, Any]:
    if kind is Any or kind is object:
        return {}
    origin, parts = typing.get_origin(kind) or kind, typing.get_args(kind)
    if origin in _SCALARS:
        return {"type": _SCALARS[origin][0]}
    if origin is Literal:
        return {"enum": list(parts)}
    if origin in {Union, types.UnionType}:
        return {"anyOf": [_json(each) for each in parts]}
    if origin is dict:
        return {"type": "object"} | ({"additionalProperties": _json(parts[1])} if parts else {})
    return {"type": "array"} | ({"items": _json(parts[0])} if parts else {})


def _declared(each: Parameter) -> str:
    kind = "" if each.kind is Any else f": {_written(each.kind)}"
    if each.required:
        return f"{each.name}{kind}"
    return f"{each.name}{kind}{' = ' if kind else '='}{each.default!r}"


def _written(kind: Any) -> str:
    if kind is type(None):
        return "None"
    if typing.get_origin(kind) in {Union, types.UnionType}:
        return " | ".join(_written(each) for each in typing.get_args(kind))
    return kind.__name__ if isinstance(kind, type) and not typing.get_args(kind) else str(kind).replace("typing.", "")


def _shown(name: str) -> str:
    return repr(name if len(name) <= 40 else name[:40] + "…")  # noqa: PLR2004 -- what fits a line
