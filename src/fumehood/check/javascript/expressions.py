"""What each kind of expression is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fumehood.check.bash.values import HOLE, is_known, plain, whole
from fumehood.check.javascript import members
from fumehood.check.javascript.binding import bind, key_of, property_key
from fumehood.check.javascript.calls import reference, uses_whole
from fumehood.check.javascript.classes import make_class
from fumehood.check.javascript.decoding import unescaped
from fumehood.check.javascript.operators import combined, signed
from fumehood.check.javascript.powers import FREE, GLOBALS
from fumehood.check.javascript.scope import Scope
from fumehood.check.javascript.values import (
    UNDEFINED,
    UNKNOWN,
    Array,
    Closure,
    Native,
    Object,
    OneOf,
    Value,
    alternatives,
    number_of,
    one_of,
    truth,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from fumehood.check.javascript.grammar import Node
    from fumehood.check.javascript.machine import Machine

_MAX_TEXT = 200_000


def name(machine: Machine, node: Node, scope: Scope) -> Value:
    """Answer what a name stands for."""
    named = unescaped(node.text)
    if named == "undefined":
        return UNDEFINED
    holder = scope.holder(named)
    if holder is not None:
        return holder.names[named]
    if named in {"__dirname", "__filename"}:
        return members.folder(named)
    if named in {"NaN", "Infinity"}:
        return float(named.replace("Infinity", "inf").lower())
    if named in FREE:
        return Native(FREE[named])
    value: Value = members.get(machine, Native("globalThis"), named) if named in GLOBALS else UNKNOWN
    return value


def _value_of_name(machine: Machine, node: Node, scope: Scope) -> Value:
    value = name(machine, node, scope)
    if isinstance(value, Native):
        machine.stand(node)
        reference(machine, value)
    return value


def _string(_machine: Machine, node: Node, _scope: Scope) -> Value:
    return plain(unescaped(node.text[1:-1]))


def _template(machine: Machine, node: Node, scope: Scope) -> Value:
    pieces: list[str] = []
    for part in node.children:
        if part.kind == "template_substitution":
            value = machine.evaluate(part.children[0], scope) if part.children else ""
            uses_whole(machine, value)
            pieces.append(machine.text(value))
        else:
            pieces.append(plain(unescaped(part.text)))
    return "".join(pieces)[:_MAX_TEXT]


def _number(_machine: Machine, node: Node, _scope: Scope) -> Value:
    text = node.text.replace("_", "").rstrip("n").lower()
    try:
        if text[:2] in {"0x", "0b", "0o"}:
            return int(text, 0)
        return whole(text) if whole(text) is not None else float(text)
    except ValueError:
        return UNKNOWN


def _constant(value: Value) -> Callable[[Machine, Node, Scope], Value]:
    return lambda _machine, _node, _scope: value


def _array(machine: Machine, node: Node, scope: Scope) -> Value:
    items, is_open = elements(machine, node.children, scope)
    return Array(items, is_open)


def elements(machine: Machine, nodes: list[Node], scope: Scope) -> tuple[list[Value], bool]:
    """Answer the values of a list or of arguments, spread ones laid out, and whether more may follow."""
    items: list[Value] = []
    is_open = False
    for part in nodes:
        if part.kind != "spread_element":
            items.append(machine.evaluate(part, scope))
            continue
        inner = machine.evaluate(part.children[0], scope)
        uses_whole(machine, inner)
        if isinstance(inner, Array):
            items.extend(inner.items)
            is_open = is_open or inner.open
        elif isinstance(inner, str) and is_known(inner):
            items.extend(inner[:1000])
        else:
            items.append(UNKNOWN)
            is_open = True
    return items, is_open


def _object(machine: Machine, node: Node, scope: Scope) -> Value:
    made = Object()
    for part in node.children:
        if part.kind == "pair":
            made.members[property_key(machine, part.get("key"), scope)] = machine.evaluate(part.get("value"), scope)
        elif part.kind == "shorthand_property_identifier":
            made.members[part.text] = name(machine, part, scope)
        elif part.kind == "spread_element":
            inner = machine.evaluate(part.children[0], scope)
            uses_whole(machine, inner)
            made.members.update(inner.members if isinstance(inner, Object) else {})
        elif part.kind == "method_definition":
            function = machine.make(part, scope, made)
            is_getter = part.operator == "get"
            key = property_key(machine, part.get("name"), scope)
            made.members[key] = machine.enter(function, [], made) if is_getter else function
    return made


def _function(machine: Machine, node: Node, scope: Scope) -> Value:
    inner = Scope(scope)
    made = machine.make(node, inner)
    if named := node.get("name").text:
        inner.declare(named, made)
    return made


def _arrow(machine: Machine, node: Node, scope: Scope) -> Value:
    return machine.make(node, scope, scope.this)


def _member(machine: Machine, node: Node, scope: Scope) -> Value:
    value = member(machine, node, scope)
    for single in alternatives(value):
        if isinstance(single, Native):
            machine.stand(node)
            reference(machine, single)
    return value


def member(machine: Machine, node: Node, scope: Scope) -> Value:
    """Answer `a.b` or `a[b]` without counting it as a use."""
    target = node.get("object")
    owner = plain_value(machine, target, scope)
    machine.stand(node)
    return members.get(machine, owner, key_of(machine, node, scope))


def plain_value(machine: Machine, node: Node, scope: Scope) -> Value:
    """Answer an expression without counting a name or member as a use, as what it is used for says more."""
    if node.kind in {"member_expression", "subscript_expression"}:
        return member(machine, node, scope)
    if node.kind == "identifier":
        return name(machine, node, scope)
    if node.kind == "parenthesized_expression" and node.children:
        return plain_value(machine, node.children[0], scope)
    if node.kind == "sequence_expression":
        for part in node.children[:-1]:
            machine.evaluate(part, scope)
        return plain_value(machine, node.children[-1], scope)
    return machine.evaluate(node, scope)


def _call(machine: Machine, node: Node, scope: Scope) -> Value:
    target = node.get("function")
    given = node.get("arguments")
    this: Value = UNDEFINED
    if target.kind == "import":
        callee: Value = Native("require")
    elif target.kind == "super":
        callee = UNKNOWN
    elif target.kind in {"member_expression", "subscript_expression"}:
        this = plain_value(machine, target.get("object"), scope)
        machine.stand(target)
        callee = members.get(machine, this, key_of(machine, target, scope))
    else:
        callee = plain_value(machine, target, scope)
    arguments = _arguments(machine, given, scope)
    machine.stand(node)
    return machine.call(callee, arguments, this, node)


def _arguments(machine: Machine, given: Node, scope: Scope) -> list[Value]:
    if given.kind == "template_string":
        return [machine.evaluate(given, scope)]
    return elements(machine, given.children, scope)[0]


def _new(machine: Machine, node: Node, scope: Scope) -> Value:
    callee = plain_value(machine, node.get("constructor"), scope)
    arguments = _arguments(machine, node.get("arguments"), scope)
    machine.stand(node)
    results: list[Value] = []
    for single in alternatives(callee):
        if isinstance(single, Closure):
            made = Object(base=single)
            answer = (
                machine.enter(single, arguments, made)
                if single.node.get("body").kind == "statement_block"
                else UNDEFINED
            )
            results.append(answer if isinstance(answer, Object) else made)
        elif isinstance(single, Native):
            answer = machine.call(Native(single.path, single.owner, single.bound), arguments, UNDEFINED, node)
            results.append(
                Native(f"{single.path}#") if isinstance(answer, Native) and answer.path.endswith("()") else answer
            )
        else:
            results.append(machine.call(single, arguments, UNDEFINED, node))
    return one_of(*results)


def _assignment(machine: Machine, node: Node, scope: Scope) -> Value:
    value = machine.evaluate(node.get("right"), scope)
    bind(machine, node.get("left"), value, scope, declares=False)
    return value


def _augmented(machine: Machine, node: Node, scope: Scope) -> Value:
    left = node.get("left")
    before = plain_value(machine, left, scope)
    sign = node.operator[:-1]
    value = machine.evaluate(node.get("right"), scope)
    result = one_of(before, value) if sign in {"||", "&&", "??"} else combined(machine, sign, before, value)
    bind(machine, left, result, scope, declares=False)
    return result


def _update(machine: Machine, node: Node, scope: Scope) -> Value:
    target = node.get("argument")
    before = number_of(plain_value(machine, target, scope))
    after: Value = UNKNOWN if before is None else before + (1 if node.operator == "++" else -1)
    bind(machine, target, after, scope, declares=False)
    first = node.text.startswith(("+", "-"))
    return after if first or before is None else before


def _binary(machine: Machine, node: Node, scope: Scope) -> Value:
    sign = node.operator
    left = machine.evaluate(node.get("left"), scope)
    if sign in {"||", "&&", "??"}:
        return _logical(machine, node, left, scope)
    right = machine.evaluate(node.get("right"), scope)
    return combined(machine, sign, left, right)


def _is_given(value: Value) -> bool | None:
    """Say whether a value is neither null nor undefined, None where that is not known."""
    return None if value is UNKNOWN or isinstance(value, OneOf) else value is not None and value is not UNDEFINED


def _logical(machine: Machine, node: Node, left: Value, scope: Scope) -> Value:  # noqa: PLR0917 - the shape that its siblings have too
    sign = node.operator
    holds = truth(left) if sign != "??" else _is_given(left)
    takes_right = None if holds is None else holds == (sign == "&&")
    with machine.perhaps(surely=takes_right is True):
        other = machine.evaluate(node.get("right"), scope)
    if takes_right is None:
        return one_of(left, other) if left is not UNKNOWN else one_of(other, UNKNOWN)
    return other if takes_right else left


def _unary(machine: Machine, node: Node, scope: Scope) -> Value:
    sign = node.operator
    target = node.get("argument")
    value = plain_value(machine, target, scope) if sign in {"typeof", "delete"} else machine.evaluate(target, scope)
    match sign:
        case "!":
            holds = truth(value)
            return UNKNOWN if holds is None else not holds
        case "void":
            return UNDEFINED
        case "typeof":
            return _type(value)
        case "delete":
            return True
        case _:
            number = number_of(value)
            if number is None:
                return UNKNOWN
            return -number if sign == "-" else number if sign == "+" else ~signed(number)


def _type(value: Value) -> Value:
    match value:
        case bool():
            return "boolean"
        case str():
            return "string"
        case int() | float():
            return "number"
        case Closure():
            return "function"
        case Array() | Object() | None:
            return "object"
        case _:
            return "undefined" if value is UNDEFINED else UNKNOWN


def _ternary(machine: Machine, node: Node, scope: Scope) -> Value:
    holds = truth(machine.evaluate(node.get("condition"), scope))
    with machine.perhaps(surely=holds is True):
        first = machine.evaluate(node.get("consequence"), scope)
    with machine.perhaps(surely=holds is False):
        second = machine.evaluate(node.get("alternative"), scope)
    return one_of(first, second) if holds is None else first if holds else second


def _sequence(machine: Machine, node: Node, scope: Scope) -> Value:
    value: Value = UNDEFINED
    for part in node.children:
        value = machine.evaluate(part, scope)
    return value


def _yield(machine: Machine, node: Node, scope: Scope) -> Value:
    value = _sequence(machine, node, scope)
    inner = isinstance(value, Array) and node.text.startswith("yield*")
    machine.yielded.extend(value.items if inner and isinstance(value, Array) else [value])
    return UNKNOWN


def _class(machine: Machine, node: Node, scope: Scope) -> Value:
    return make_class(machine, node, scope)


def _this(_machine: Machine, _node: Node, scope: Scope) -> Value:
    return scope.this


def _meta(_machine: Machine, node: Node, _scope: Scope) -> Value:
    return Native("import.meta") if node.text.startswith("import") else UNKNOWN


EXPRESSIONS: dict[str, Callable[[Machine, Node, Scope], Value]] = {
    "identifier": _value_of_name,
    "shorthand_property_identifier": _value_of_name,
    "string": _string,
    "template_string": _template,
    "number": _number,
    "true": _constant(value=True),
    "false": _constant(value=False),
    "null": _constant(None),
    "undefined": _constant(UNDEFINED),
    "regex": lambda _machine, node, _scope: Object(
        {"source": node.get("pattern").text, "flags": node.get("flags").text}
    ),
    "array": _array,
    "object": _object,
    "function_expression": _function,
    "function": _function,
    "generator_function": _function,
    "arrow_function": _arrow,
    "class": _class,
    "member_expression": _member,
    "subscript_expression": _member,
    "call_expression": _call,
    "new_expression": _new,
    "assignment_expression": _assignment,
    "augmented_assignment_expression": _augmented,
    "update_expression": _update,
    "binary_expression": _binary,
    "unary_expression": _unary,
    "ternary_expression": _ternary,
    "sequence_expression": _sequence,
    "parenthesized_expression": _sequence,
    "await_expression": _sequence,
    "yield_expression": _yield,
    "this": _this,
    "meta_property": _meta,
    "property_identifier": lambda _machine, node, _scope: node.text,
    "string_fragment": lambda _machine, node, _scope: node.text or HOLE,
}
