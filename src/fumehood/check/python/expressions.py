"""What expressions evaluate to."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, Final

from fumehood.check.python import names, operators, subscripts
from fumehood.check.python.fold import functions
from fumehood.check.python.fold.concrete import concrete
from fumehood.check.python.iteration import items_of
from fumehood.check.python.loops import comprehend
from fumehood.check.python.machine import Args, Machine, expression
from fumehood.check.python.names import callee
from fumehood.check.python.values import (
    NONE,
    UNKNOWN,
    Const,
    Func,
    Map,
    Object,
    Ref,
    Seq,
    Text,
    Unknown,
    Value,
    join,
    merged_origin,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_SPEC: Final = 40
CONVERSIONS: Final[dict[str, Callable[[Any], str]]] = {"s": str, "r": repr, "a": ascii}


@expression(ast.Constant)
def constant(machine: Machine, node: ast.Constant) -> Value:
    value = node.value
    if isinstance(value, str | bytes):
        machine.budget.produce(len(value) // 16)
        return Const(value, (node.lineno,) if not machine.anchors else ())
    return Const(value)


@expression(ast.Name)
def name(machine: Machine, node: ast.Name) -> Value:
    return machine.reference(names.find(machine, node.id), node)


@expression(ast.Attribute)
def attribute(machine: Machine, node: ast.Attribute) -> Value:
    return machine.reference(machine.attribute(callee(machine, node.value), node.attr, node), node)


@expression(ast.Call)
def call(machine: Machine, node: ast.Call) -> Value:
    func = callee(machine, node.func)
    args = Args(node=node)
    for argument in node.args:
        if isinstance(argument, ast.Starred):
            _spread(machine, args, machine.eval(argument.value))
        elif args.loose:
            args.loose.append(machine.eval(argument))
        else:
            args.positional.append(machine.eval(argument))
    for keyword in node.keywords:
        value = machine.eval(keyword.value)
        if keyword.arg is not None:
            args.keywords[keyword.arg] = value
        elif isinstance(value, Map) and value.exact:
            args.keywords.update({key: item for key, item in value.items.items() if isinstance(key, str)})
        else:
            args.loose.append(value)
    return machine.call(func, args)


def _spread(machine: Machine, args: Args, value: Value) -> None:
    """Give the items of `*value` as arguments."""
    items, exact = items_of(machine, value)
    if exact and not args.loose:
        args.positional.extend(items)
    else:
        args.loose.extend(items or [value])


@expression(ast.BinOp)
def binary(machine: Machine, node: ast.BinOp) -> Value:
    chain: list[ast.BinOp] = []
    left: ast.expr = node
    while isinstance(left, ast.BinOp):
        chain.append(left)
        left = left.left
    value = machine.eval(left)
    for part in reversed(chain):
        machine.budget.step()
        value = operators.binary(machine, part, value, right=machine.eval(part.right))
    return value


@expression(ast.UnaryOp)
def unary(machine: Machine, node: ast.UnaryOp) -> Value:
    return operators.unary(machine, node, machine.eval(node.operand))


@expression(ast.BoolOp)
def boolean(machine: Machine, node: ast.BoolOp) -> Value:
    found: Value | None = None
    value: Value = UNKNOWN
    for operand in node.values:
        value = machine.eval(operand)
        truth = operators.truth(value)
        if truth is not None and truth == isinstance(node.op, ast.Or):
            break
        if truth is None:
            found = value if found is None else join(found, value)
    return value if found is None else join(found, value)


@expression(ast.Compare)
def compare(machine: Machine, node: ast.Compare) -> Value:
    left = machine.eval(node.left)
    result: Value = UNKNOWN
    for operator, right_node in zip(node.ops, node.comparators, strict=True):
        right = callee(machine, right_node) if isinstance(operator, ast.In | ast.NotIn) else machine.eval(right_node)
        if isinstance(right, Ref):  # `name in os.environ` asks for one name
            continue
        result = operators.compare(machine, operator, left, right=right)
        if operators.truth(result) is not True:
            return result
        left = right
    return result


@expression(ast.IfExp)
def choice(machine: Machine, node: ast.IfExp) -> Value:
    truth = operators.truth(machine.eval(node.test))
    if truth is not None:
        taken, other = (node.body, node.orelse) if truth else (node.orelse, node.body)
        value = machine.eval(taken)
        if not machine.loop_steps:
            machine.eval(other)
        return value
    return join(machine.eval(node.body), machine.eval(node.orelse))


@expression(ast.Subscript)
def subscript(machine: Machine, node: ast.Subscript) -> Value:
    owner = callee(machine, node.value)
    found = subscripts.get(machine, owner, machine.eval(node.slice), node=node)
    return machine.reference(found, node)


@expression(ast.Slice)
def section(machine: Machine, node: ast.Slice) -> Value:
    bounds = [NONE if part is None else machine.eval(part) for part in (node.lower, node.upper, node.step)]
    plain = [bound.value if isinstance(bound, Const) else ... for bound in bounds]
    return UNKNOWN if ... in plain else Const(slice(*plain))


@expression(ast.List, ast.Tuple, ast.Set)
def display(machine: Machine, node: ast.List | ast.Tuple | ast.Set) -> Value:
    items: list[Value] = []
    exact = True
    for element in node.elts:
        if isinstance(element, ast.Starred):
            more, known = items_of(machine, machine.eval(element.value))
            items.extend(more)
            exact = exact and known
        else:
            items.append(machine.eval(element))
    return Seq(type(node).__name__.lower(), items, exact)


@expression(ast.Dict)
def mapping(machine: Machine, node: ast.Dict) -> Value:
    found = Map({})
    for key_node, value_node in zip(node.keys, node.values, strict=True):
        value = machine.eval(value_node)
        if key_node is None:
            subscripts.update(machine, found, value)
        else:
            subscripts.put(machine, found, machine.eval(key_node), value=value)
    return found


@expression(ast.Lambda)
def function(machine: Machine, node: ast.Lambda) -> Value:
    defaults = tuple(machine.eval(default) for default in node.args.defaults)
    named = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    keyword = {argument.arg: machine.eval(default) for argument, default in named if default is not None}
    func = Func(node, machine.scope, defaults, keyword)
    machine.functions[node] = func
    return func


@expression(ast.JoinedStr)
def formatted(machine: Machine, node: ast.JoinedStr) -> Value:
    whole: Value = Const("")
    for part in node.values:
        piece = machine.eval(part)
        if not (isinstance(piece, Const) and isinstance(piece.value, str)) and not isinstance(piece, Text):
            piece = Text("", "", piece.origin)
        whole = operators.concatenate(machine, whole, piece)
    return whole


@expression(ast.FormattedValue)
def replacement(machine: Machine, node: ast.FormattedValue) -> Value:
    value = machine.eval(node.value)
    spec = machine.eval(node.format_spec) if node.format_spec is not None else Const("")
    plain, width = concrete(value), concrete(spec)
    if isinstance(value, Text) and node.format_spec is None:
        return value
    if (
        isinstance(plain, str | int | float | bytes)
        and isinstance(width, str)
        and node.conversion in {-1, 115, 114, 97}
    ):
        return _convert(machine, node, plain, width=width) or UNKNOWN
    if isinstance(value, Object) and "path" in value.data:
        return value.data["path"]
    operators.special(machine, value, "__format__", args=Args([spec], node=node))
    return Unknown(merged_origin([value, spec]))


def _convert(machine: Machine, node: ast.FormattedValue, plain: Any, *, width: str) -> Value | None:
    if sum(char.isdigit() for char in width) > functions.MAX_DIGITS or len(width) > MAX_SPEC:
        return None
    convert = CONVERSIONS.get(chr(max(node.conversion, 0)))
    shown = plain if convert is None else convert(plain)
    try:
        return machine.fold("f-string", format(shown, width))
    except (ValueError, TypeError, OverflowError):
        return None


@expression(ast.Await, ast.Starred)
def passed_on(machine: Machine, node: ast.Await | ast.Starred) -> Value:
    return machine.eval(node.value)


@expression(ast.Yield)
def produced(machine: Machine, node: ast.Yield) -> Value:
    machine.scope.yielded.append(NONE if node.value is None else machine.eval(node.value))
    return UNKNOWN


@expression(ast.YieldFrom)
def produced_from(machine: Machine, node: ast.YieldFrom) -> Value:
    items, _ = items_of(machine, machine.eval(node.value))
    machine.scope.yielded.extend(items)
    return UNKNOWN


@expression(ast.NamedExpr)
def named(machine: Machine, node: ast.NamedExpr) -> Value:
    value = machine.eval(node.value)
    scope = machine.scope
    scope.bind(node.target.id, value)
    return value


@expression(ast.ListComp, ast.SetComp, ast.GeneratorExp)
def comprehension(machine: Machine, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Value:
    kind = "list" if isinstance(node, ast.ListComp) else "set" if isinstance(node, ast.SetComp) else "iter"
    found, exact = comprehend(machine, node.generators, lambda: machine.eval(node.elt))
    return Seq(kind, found, exact)


@expression(ast.DictComp)
def table(machine: Machine, node: ast.DictComp) -> Value:
    whole = Map({})

    def entry() -> Value:
        subscripts.put(machine, whole, machine.eval(node.key), value=machine.eval(node.value))
        return NONE

    _, exact = comprehend(machine, node.generators, entry)
    whole.exact = whole.exact and exact
    return whole
