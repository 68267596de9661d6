"""Names and what they stand for, from the innermost block outwards."""

from __future__ import annotations

from fumehood.check.javascript.values import UNDEFINED, Value, one_of


class Scope:
    """The names of one block or function; `parent` is the one around it."""

    def __init__(self, parent: Scope | None = None, this: Value = UNDEFINED) -> None:
        """Begin without names."""
        self.parent = parent
        self.names: dict[str, Value] = {}
        self.this: Value = this if parent is None or this is not UNDEFINED else parent.this

    def declare(self, name: str, value: Value) -> None:
        """Make a name of this block."""
        self.names[name] = value

    def holder(self, name: str) -> Scope | None:
        """Answer the innermost scope that has a name."""
        scope: Scope | None = self
        while scope is not None and name not in scope.names:
            scope = scope.parent
        return scope

    def assign(self, name: str, value: Value, *, surely: bool) -> None:
        """Give a name another value; where that is not sure, it keeps the one it had as an alternative."""
        holder = self.holder(name) or self.outermost()
        before = holder.names.get(name, UNDEFINED)
        holder.names[name] = value if surely or before is UNDEFINED else one_of(value, before)

    def outermost(self) -> Scope:
        """Answer the program's own scope."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope
