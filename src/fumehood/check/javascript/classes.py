"""Classes: their constructor, their methods, what they extend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fumehood.check.javascript.binding import property_key
from fumehood.check.javascript.calls import uses_whole
from fumehood.check.javascript.grammar import NOTHING, Node
from fumehood.check.javascript.scope import Scope
from fumehood.check.javascript.values import UNDEFINED, Closure, Native, Object, Value

if TYPE_CHECKING:
    from fumehood.check.javascript.machine import Machine


def make_class(machine: Machine, node: Node, scope: Scope) -> Value:
    """Answer a class as its constructor, with the methods in its `prototype`."""
    heritage = next((part for part in node.children if part.kind == "class_heritage"), NOTHING)
    base = machine.evaluate(heritage.children[0], scope) if heritage.children else UNDEFINED
    uses_whole(machine, base)
    inner = Scope(scope)
    prototype = Object()
    body = node.get("body")
    methods = [part for part in body.children if part.kind == "method_definition"]
    maker = next((part for part in methods if part.get("name").text == "constructor"), None)
    made = machine.make(maker, inner) if maker else Closure(node, inner)
    made.members["prototype"] = prototype
    prototype.base = base if isinstance(base, (Closure, Native)) else UNDEFINED
    if named := node.get("name").text:
        inner.declare(named, made)
        scope.declare(named, made)
    for part in methods:
        if part is not maker:
            key = property_key(machine, part.get("name"), inner)
            holder = made.members if part.text.startswith("static") else prototype.members
            holder[key] = machine.make(part, inner)
    _fields(machine, body, inner, made)
    return made


def _fields(machine: Machine, body: Node, scope: Scope, made: Closure) -> None:  # noqa: PLR0917 - the shape that its siblings have too
    for part in body.children:
        if part.kind == "class_static_block":
            machine.execute(part.get("body"), Scope(scope, made))
        elif part.kind == "field_definition" and part.get("value"):
            value = machine.evaluate(part.get("value"), Scope(scope, made))
            key = property_key(machine, part.get("property"), scope)
            prototype = made.members["prototype"]
            if part.text.startswith("static"):
                made.members[key] = value
            elif isinstance(prototype, Object):
                prototype.members[key] = value
