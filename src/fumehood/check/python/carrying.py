"""What one reading hands to the next: a copy, so that a reading never changes what an earlier one left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from fumehood.check.python.scope import Names, Scope
from fumehood.check.python.values import (
    Bound,
    Class,
    Func,
    Instance,
    Map,
    Namespace,
    Object,
    Partial,
    Seq,
    Union,
    Value,
    Wrapped,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_COPIED: Final = 20_000


class Carrier:
    """Copies values with all they refer to; equal references stay equal, immutable values are shared."""

    def __init__(self, before: Names, module: Scope) -> None:
        """Copy from a program whose module held `before` into one that begins with `module`."""
        self.before = before
        self.module = module
        self.seen: dict[int, Any] = {id(before): module.names}
        self.left = MAX_COPIED

    def fill(self) -> None:
        """Fill the new module's names."""
        for name, value in self.before.items():
            self.module.names[name] = self.value(value)

    def value(self, value: Value) -> Value:
        """Answer the copy of a value; past a bound on size the value itself."""
        if id(value) in self.seen:
            return cast("Value", self.seen[id(value)])
        copy = COPIES.get(type(value))
        self.left -= 1
        return value if copy is None or self.left < 0 else copy(self, value)

    def names(self, names: dict[Any, Value]) -> dict[Any, Value]:
        """Answer the copy of a dict of values."""
        if id(names) not in self.seen:
            made: dict[Any, Value] = {}
            self.seen[id(names)] = made
            made.update({name: self.value(value) for name, value in names.items()})
        return cast("dict[Any, Value]", self.seen[id(names)])

    def scope(self, scope: Scope | None) -> Scope | None:
        """Answer the copy of a scope; the old module's is the new module."""
        if scope is None:
            return None
        if scope.outer is None and scope.names is self.before:
            return self.module
        if id(scope) not in self.seen:
            made = self.seen[id(scope)] = Scope(is_class=scope.is_class)
            made.outer, made.names = self.scope(scope.outer), self.names(scope.names)
            made.global_names, made.nonlocal_names = scope.global_names, scope.nonlocal_names
        return cast("Scope", self.seen[id(scope)])

    def keep(self, old: Value, new: Value) -> Value:
        """Remember the copy before what it refers to is copied: values may refer to themselves."""
        self.seen[id(old)] = new
        return new


def _sequence(carrier: Carrier, old: Seq) -> Value:
    new = Seq(old.kind, [], old.exact)
    carrier.keep(old, new)
    new.items = [carrier.value(item) for item in old.items]
    return new


def _map(carrier: Carrier, old: Map) -> Value:
    new = Map({}, None, old.exact)
    carrier.keep(old, new)
    new.items = {key: carrier.value(item) for key, item in old.items.items()}
    new.rest = None if old.rest is None else carrier.value(old.rest)
    return new


def _instance(carrier: Carrier, old: Instance) -> Value:
    new = Instance(old.cls)
    carrier.keep(old, new)
    cls = carrier.value(old.cls)
    new.cls = cls if isinstance(cls, Class) else old.cls
    new.attributes = carrier.names(old.attributes)
    return new


def _class(carrier: Carrier, old: Class) -> Value:
    new = Class(old.name, [], {})
    carrier.keep(old, new)
    new.bases = [carrier.value(base) for base in old.bases]
    new.attributes = carrier.names(old.attributes)
    new.metaclass = None if old.metaclass is None else carrier.value(old.metaclass)
    return new


def _function(carrier: Carrier, old: Func) -> Value:
    new = Func(old.node, None)
    carrier.keep(old, new)
    new.defaults = tuple([carrier.value(default) for default in old.defaults])
    new.keyword_defaults = carrier.names(old.keyword_defaults)
    new.closure = carrier.scope(old.closure)
    new.receiver = None if old.receiver is None else carrier.value(old.receiver)
    owner = None if old.owner is None else carrier.value(old.owner)
    new.owner = owner if isinstance(owner, Class) else None
    return new


def _object(carrier: Carrier, old: Object) -> Value:
    new = Object(old.path, old.source, {}, old.size)
    carrier.keep(old, new)
    new.data = carrier.names(old.data)
    return new


def _namespace(carrier: Carrier, old: Namespace) -> Value:
    new = Namespace(old.path)
    carrier.keep(old, new)
    new.names = None if old.names is None else carrier.names(old.names)
    return new


COPIES: Final[dict[type[Value], Callable[[Carrier, Any], Value]]] = {
    Seq: _sequence,
    Map: _map,
    Instance: _instance,
    Class: _class,
    Func: _function,
    Object: _object,
    Namespace: _namespace,
    Union: lambda carrier, old: Union([carrier.value(option) for option in old.options]),
    Bound: lambda carrier, old: Bound(carrier.value(old.owner), old.name),
    Wrapped: lambda carrier, old: Wrapped(old.kind, carrier.value(old.func)),
    Partial: lambda carrier, old: Partial(
        carrier.value(old.func),
        tuple(carrier.value(value) for value in old.args),
        {name: carrier.value(value) for name, value in old.keywords.items()},
    ),
}
