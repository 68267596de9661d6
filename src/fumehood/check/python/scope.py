"""Where names live: one `Scope` for the module, one for each call and each class body."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fumehood.check.python.values import UNKNOWN, Value, join

if TYPE_CHECKING:
    from collections.abc import Iterable

Names = dict[str, Value]


class Scope:
    """The names of one block and the scope around it."""

    __slots__ = ("global_names", "is_class", "names", "nonlocal_names", "outer", "returned", "yielded")

    def __init__(self, outer: Scope | None = None, names: Names | None = None, *, is_class: bool = False) -> None:
        """Begin with `names`, inside `outer`; the module's scope has none around it."""
        self.outer = outer
        self.names: Names = {} if names is None else names
        self.is_class = is_class
        self.global_names: set[str] = set()
        self.nonlocal_names: set[str] = set()
        self.yielded: list[Value] = []
        self.returned: list[Value] = []

    def module(self) -> Scope:
        """Answer the outermost scope."""
        scope = self
        while scope.outer is not None:
            scope = scope.outer
        return scope

    def find(self, name: str) -> Value | None:
        """Look a name up as Python does: a class body's names are seen from that body alone."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names and (scope is self or not scope.is_class):
                return scope.names[name]
            scope = scope.outer
        return None

    def bind(self, name: str, value: Value) -> None:
        """Give a name a value where `global` and `nonlocal` say it lives."""
        self.home(name).names[name] = value

    def home(self, name: str) -> Scope:
        """Answer the scope that an assignment to `name` changes."""
        if name in self.global_names:
            return self.module()
        if name in self.nonlocal_names:
            scope = self.outer
            while scope is not None:
                if name in scope.names and not scope.is_class:
                    return scope
                scope = scope.outer
        return self


def joined(first: Names, second: Names) -> Names:
    """Answer the names after either of two branches; a name that only one has keeps that value."""
    if first is second:
        return first
    found = dict(first)
    for name, value in second.items():
        other = found.get(name)
        if other is None:
            found[name] = value
        elif other is not value:
            found[name] = join(other, value)
    return found


def forget(names: Names, changed: Iterable[str]) -> None:
    """Widen names that a loop changes: what they were stays possible, anything else becomes so."""
    for name in changed:
        if name in names:
            names[name] = join(names[name], UNKNOWN)
