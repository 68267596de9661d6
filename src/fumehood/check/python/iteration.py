"""What a loop, a star or a container's constructor gets from a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fumehood.check.python.machine import Args
from fumehood.check.python.operators import special
from fumehood.check.python.powers.names import CARRIED
from fumehood.check.python.values import (
    Bound,
    Const,
    Func,
    Instance,
    Map,
    Namespace,
    Object,
    Ref,
    Seq,
    Text,
    Union,
    Unknown,
    Value,
    from_values,
    unknown,
)

if TYPE_CHECKING:
    from fumehood.check.python.machine import Machine

MAX_ITERATIONS: Final = 20_000
HIDDEN: Final = frozenset({"hidden"})


def items_of(machine: Machine, value: Value) -> tuple[list[Value], bool]:  # noqa: C901, PLR0911 - one way for each kind
    """Answer the items of a value in order, and whether these are all and exactly they."""
    if isinstance(value, Seq):
        return list(value.items), value.exact
    if isinstance(value, Map):
        keys: list[Value] = [Const(key) for key in value.items]
        return keys, value.exact
    if isinstance(value, Const):
        return _letters(machine, value)
    if isinstance(value, Instance):
        return _protocol(machine, value)
    if isinstance(value, Union):
        whole: list[Value] = []
        for option in value.options:
            whole.extend(items_of(machine, option)[0])
        return whole[:64], False
    if isinstance(value, Namespace):
        return _members(value), False
    if isinstance(value, Ref):
        machine.attribute(value, "__iter__", machine.active[-1] if machine.active else _NOWHERE)
        return [from_values(value)], False
    if isinstance(value, Object):
        return [value.data["item"]] if "item" in value.data else [unknown(value.source)], False
    if isinstance(value, Text | Unknown):
        return [from_values(value)], False
    return ([from_values(value)] if not isinstance(value, Func | Bound) else []), False


_NOWHERE = Args().node


def _letters(machine: Machine, value: Const) -> tuple[list[Value], bool]:
    data = value.value
    if isinstance(data, str | bytes | range):
        if len(data) > MAX_ITERATIONS:
            return [from_values(value)], False
        machine.budget.step(len(data) // 16)
        return [Const(item, value.how) for item in data], True
    return [], False


def _protocol(machine: Machine, value: Instance) -> tuple[list[Value], bool]:
    """Iterate over an object of the program: `__iter__`, else `__next__`, else `__getitem__`."""
    made = special(machine, value, "__iter__", args=Args())
    if made is not None and made is not value:
        return items_of(machine, made) if not isinstance(made, Instance) else _next(machine, made)
    if made is value:
        return _next(machine, value)
    item = special(machine, value, "__getitem__", args=Args([Const(0)]))
    return ([] if item is None else [item]), False


def _next(machine: Machine, value: Instance) -> tuple[list[Value], bool]:
    item = special(machine, value, "__next__", args=Args())
    return ([] if item is None else [item]), False


def _members(value: Namespace) -> list[Value]:
    """Going through all members of a module that carries powers may end at any of them."""
    if value.names is not None:
        return [Const(name) for name in value.names]
    top = (value.path or "sys").split(".")[0]
    return [unknown(HIDDEN if top in CARRIED else frozenset())]
