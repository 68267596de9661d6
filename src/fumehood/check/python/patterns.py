"""What the patterns of `match` take out of their subject."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, Final

from fumehood.check.python import subscripts
from fumehood.check.python.iteration import items_of
from fumehood.check.python.values import Seq, Value, from_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from fumehood.check.python.machine import Machine


def capture(machine: Machine, pattern: ast.pattern, subject: Value) -> None:
    """Bind the names of a pattern to the parts of the subject that they would stand for."""
    machine.budget.step()
    way = WAYS.get(type(pattern))
    if way is not None:
        way(machine, pattern, subject)


def _name(machine: Machine, pattern: ast.MatchAs, subject: Value) -> None:
    if pattern.pattern is not None:
        capture(machine, pattern.pattern, subject)
    _bind(machine, pattern.name, subject)


def _choice(machine: Machine, pattern: ast.MatchOr, subject: Value) -> None:
    for choice in pattern.patterns:
        capture(machine, choice, subject)


def _mapping(machine: Machine, pattern: ast.MatchMapping, subject: Value) -> None:
    for key, inner in zip(pattern.keys, pattern.patterns, strict=True):
        capture(machine, inner, subscripts.get(machine, subject, machine.eval(key), node=key))
    _bind(machine, pattern.rest, subject)


def _class(machine: Machine, pattern: ast.MatchClass, subject: Value) -> None:
    for inner in pattern.patterns:
        capture(machine, inner, subject)
    for name, inner in zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True):
        capture(machine, inner, machine.reference(machine.attribute(subject, name, pattern), pattern))


def _bind(machine: Machine, name: str | None, value: Value) -> None:
    if name is not None:
        machine.scope.bind(name, value)


def _sequence(machine: Machine, pattern: ast.MatchSequence, subject: Value) -> None:
    items, exact = items_of(machine, subject)
    star = next((n for n, part in enumerate(pattern.patterns) if isinstance(part, ast.MatchStar)), None)
    spare = subscripts.any_of(items) if items else from_values(subject)
    if star is not None and exact:
        after = len(pattern.patterns) - star - 1
        items = [*items[:star], Seq("list", items[star : len(items) - after]), *items[len(items) - after :]]
    for index, inner in enumerate(pattern.patterns):
        capture(machine, inner, items[index] if exact and index < len(items) else spare)


WAYS: Final[dict[type[ast.pattern], Callable[[Machine, Any, Value], None]]] = {
    ast.MatchAs: _name,
    ast.MatchStar: lambda machine, pattern, subject: _bind(machine, pattern.name, subject),
    ast.MatchOr: _choice,
    ast.MatchSequence: _sequence,
    ast.MatchMapping: _mapping,
    ast.MatchClass: _class,
}
