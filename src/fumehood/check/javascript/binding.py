"""Destructuring: giving names to what a pattern takes out of a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fumehood.check.javascript import members
from fumehood.check.javascript.decoding import unescaped
from fumehood.check.javascript.values import UNDEFINED, UNKNOWN, Array, Value, one_of, text_of

if TYPE_CHECKING:
    from fumehood.check.javascript.grammar import Node
    from fumehood.check.javascript.machine import Machine
    from fumehood.check.javascript.scope import Scope

_NAMES = frozenset({"identifier", "shorthand_property_identifier_pattern", "property_identifier"})


def bind(machine: Machine, pattern: Node, value: Value, scope: Scope, *, declares: bool = True) -> None:  # noqa: PLR0917 - the shape that its siblings have too
    """Give the names in `pattern` their part of `value`: new names where it `declares`, else names that exist."""
    machine.notes.budget.step()
    kind = pattern.kind
    if kind in _NAMES:
        name = unescaped(pattern.text)
        if declares:
            scope.declare(name, value)
        else:
            scope.assign(name, value, surely=machine.certain)
    elif kind in {"assignment_pattern", "object_assignment_pattern"}:
        default = machine.evaluate(pattern.get("right"), scope)
        chosen = default if value is UNDEFINED else one_of(default, UNKNOWN) if value is UNKNOWN else value
        bind(machine, pattern.get("left"), chosen, scope, declares=declares)
    elif kind in {"object_pattern", "object"}:
        _bind_object(machine, pattern, value, scope, declares=declares)
    elif kind in {"array_pattern", "array"}:
        _bind_array(machine, pattern, value, scope, declares=declares)
    elif kind in {"member_expression", "subscript_expression"}:
        owner = machine.evaluate(pattern.get("object"), scope)
        members.put(machine, owner, key_of(machine, pattern, scope), value)


def _bind_object(machine: Machine, pattern: Node, value: Value, scope: Scope, *, declares: bool) -> None:  # noqa: PLR0917 - the shape that its siblings have too
    for part in pattern.children:
        if part.kind in {"rest_pattern", "spread_element"}:
            bind(machine, part.children[0], value, scope, declares=declares)
            continue
        if part.kind in {"pair_pattern", "pair"}:
            key, inner = property_key(machine, part.get("key"), scope), part.get("value")
        else:
            named = part.get("left") if part.kind == "object_assignment_pattern" else part
            key, inner = unescaped(named.text), part
        bind(machine, inner, members.get(machine, value, key), scope, declares=declares)


def _bind_array(machine: Machine, pattern: Node, value: Value, scope: Scope, *, declares: bool) -> None:  # noqa: PLR0917 - the shape that its siblings have too
    for place, part in enumerate(pattern.children):
        if part.kind in {"rest_pattern", "spread_element"}:
            rest = Array(value.items[place:]) if isinstance(value, Array) else UNKNOWN
            bind(machine, part.children[0], rest, scope, declares=declares)
        else:
            bind(machine, part, members.get(machine, value, str(place)), scope, declares=declares)


def property_key(machine: Machine, node: Node, scope: Scope) -> str:
    """Answer the name of a property in an object or a pattern."""
    if node.kind == "computed_property_name":
        return text_of(machine.evaluate(node.children[0], scope))
    if node.kind in {"string", "number"}:
        return text_of(machine.evaluate(node, scope))
    return unescaped(node.text)


def key_of(machine: Machine, node: Node, scope: Scope) -> str:
    """Answer the name of the member that `a.b` or `a[b]` speaks of, a mark where it is not known."""
    if node.kind == "subscript_expression":
        return text_of(machine.evaluate(node.get("index"), scope))
    return unescaped(node.get("property").text)
