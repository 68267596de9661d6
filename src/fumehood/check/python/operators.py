"""Operators: folded on constants, looked up as special methods on the program's own objects."""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Any, Final, cast

from fumehood.check.python.fold import functions
from fumehood.check.python.fold.concrete import MISSING, concrete
from fumehood.check.python.fold.text import compute
from fumehood.check.python.machine import Args
from fumehood.check.python.values import (
    MAX_OPTIONS,
    UNKNOWN,
    Class,
    Const,
    Func,
    Instance,
    Map,
    Object,
    Ref,
    Seq,
    Text,
    Union,
    Unknown,
    Value,
    from_values,
    join,
    merged_origin,
    options,
)

if TYPE_CHECKING:
    from fumehood.check.python.machine import Machine


def _operator(name: str) -> functions.Pure:
    """Answer an operator without its overloads, which tell nothing here."""
    return cast("functions.Pure", getattr(operator, name))


def _within(item: Any, whole: Any) -> bool:
    return item in whole


def _without(item: Any, whole: Any) -> bool:
    return item not in whole


BINARY: Final[dict[type[ast.AST], tuple[str, functions.Pure]]] = {
    ast.Add: ("add", _operator("add")),
    ast.Sub: ("sub", _operator("sub")),
    ast.Mult: ("mul", functions.times),
    ast.Div: ("truediv", _operator("truediv")),
    ast.FloorDiv: ("floordiv", _operator("floordiv")),
    ast.Mod: ("mod", functions.modulo),
    ast.Pow: ("pow", functions.power),
    ast.LShift: ("lshift", functions.shift),
    ast.RShift: ("rshift", _operator("rshift")),
    ast.BitOr: ("or", _operator("or_")),
    ast.BitXor: ("xor", _operator("xor")),
    ast.BitAnd: ("and", _operator("and_")),
    ast.MatMult: ("matmul", _operator("matmul")),
}  # fmt: skip - a table
COMPARE: Final[dict[type[ast.AST], tuple[str, functions.Pure]]] = {
    ast.Eq: ("eq", _operator("eq")),
    ast.NotEq: ("ne", _operator("ne")),
    ast.Lt: ("lt", _operator("lt")),
    ast.LtE: ("le", _operator("le")),
    ast.Gt: ("gt", _operator("gt")),
    ast.GtE: ("ge", _operator("ge")),
    ast.Is: ("is", _operator("is_")),
    ast.IsNot: ("is_not", _operator("is_not")),
    ast.In: ("contains", _within),
    ast.NotIn: ("contains", _without),
}  # fmt: skip - a table
UNARY: Final[dict[type[ast.AST], tuple[str, functions.Pure]]] = {
    ast.USub: ("neg", _operator("neg")),
    ast.UAdd: ("pos", _operator("pos")),
    ast.Invert: ("invert", _operator("invert")),
    ast.Not: ("bool", _operator("not_")),
}  # fmt: skip - a table
HUGE_POWER: Final = 10_000_000  # bits: beyond what a computation of ordinary code makes
MAX_REPEATED: Final = 4096  # items: enough for any text in disguise
HUGE_REPEAT: Final = 4_000_000_000  # items: 32 GB of references


def truth(value: Value) -> bool | None:
    """Answer whether a value is true; None where that is not known."""
    if isinstance(value, Const):
        return bool(value.value)
    if isinstance(value, Seq) and value.exact:
        return bool(value.items)
    if isinstance(value, Map) and value.exact:
        return bool(value.items)
    if isinstance(value, Func | Class | Ref):
        return True
    return None


def binary(machine: Machine, node: ast.BinOp | ast.AugAssign, left: Value, *, right: Value) -> Value:  # noqa: C901, PLR0911, PLR0912 - one way for each kind
    """Answer `left <op> right`."""
    name = BINARY[type(node.op)][0]
    if isinstance(left, Const) and isinstance(right, Const):
        return _constants(machine, node, left, right=right)
    if isinstance(left, Union) or isinstance(right, Union):
        return _each(machine, node, left, right=right)
    if name == "add" and (isinstance(left, Text | Const) or isinstance(right, Text | Const)):
        return concatenate(machine, left, right)
    if isinstance(left, Seq) or isinstance(right, Seq):
        found = _sequences(machine, node, left, right=right)
        if found is not None:
            return found
    if (
        name == "truediv"
        and isinstance(left, Object | Const | Text)
        and isinstance(right, Object | Const | Text | Unknown)
    ):
        found = _path(machine, left, right, node=node)
        if found is not None:
            return found
    if name == "or" and isinstance(left, Map) and isinstance(right, Map):
        return Map({**left.items, **right.items}, exact=left.exact and right.exact)
    if name == "mod" and isinstance(left, Const) and isinstance(left.value, str | bytes):
        return _percent(machine, left, right)
    for owner, other, prefix in ((left, right, "__"), (right, left, "__r")):
        found = special(machine, owner, f"{prefix}{name}__", args=Args([other], node=node))
        if found is not None:
            return found
    return from_values(left, right)


def _constants(machine: Machine, node: ast.BinOp | ast.AugAssign, left: Const, *, right: Const) -> Value:
    name, function = BINARY[type(node.op)]
    first, second = left.value, right.value
    try:
        result = function(first, second)
    except functions.TooBig:
        return _enormous(machine, node, name, first=first, second=second)
    except (TypeError, ValueError, ArithmeticError, KeyError, IndexError, MemoryError):
        return from_values(left, right)
    if isinstance(result, str | bytes):
        return machine.fold(name, result, left, right)
    return Const(result) if isinstance(result, int | float | complex | bool) else UNKNOWN


def _enormous(machine: Machine, node: ast.AST, name: str, *, first: Any, second: Any) -> Value:
    """Note results that no machine could hold; the merely large ones are the sandbox's business."""
    if (
        name == "pow"
        and isinstance(first, int)
        and isinstance(second, int)
        and first.bit_length() * second > HUGE_POWER * 100
    ):
        machine.need(
            "resource.exhaust", node, value=f"a number of about {first.bit_length()} × {str(second)[:12]} bits"
        )
    if name == "mul":
        count = max((value for value in (first, second) if isinstance(value, int)), default=0)
        if count > HUGE_REPEAT // 4:
            machine.need("resource.exhaust", node, value=f"{str(count)[:20]} copies")
        unit = max((len(value) for value in (first, second) if isinstance(value, str | bytes)), default=0)
        return Unknown(size=min(count * unit, 1 << 50))
    return UNKNOWN


def _each(machine: Machine, node: ast.BinOp | ast.AugAssign, left: Value, *, right: Value) -> Value:
    lefts, rights = options(left), options(right)
    if len(lefts) * len(rights) > MAX_OPTIONS:
        return from_values(left, right)
    found: Value | None = None
    for one in lefts:
        for other in rights:
            value = binary(machine, node, one, right=other)
            found = value if found is None else join(found, value)
    return found or UNKNOWN


def concatenate(machine: Machine, left: Value, right: Value) -> Value:
    """Answer two texts put together, one of which may be known in part only."""
    if isinstance(left, Const) and isinstance(right, Const):
        if isinstance(left.value, str) and isinstance(right.value, str):
            return machine.fold("concatenated", left.value + right.value, left, right)
        return from_values(left, right)
    if any(isinstance(value, Const) and not isinstance(value.value, str) for value in (left, right)):
        return from_values(left, right)
    prefix, first = _edges(left)
    suffix_start, last = _edges(right)
    whole_left = isinstance(left, Const)
    whole_right = isinstance(right, Const)
    machine.budget.produce(len(prefix) + len(last))
    return Text(
        prefix + suffix_start if whole_left else prefix,
        first + last if whole_right else last,
        merged_origin([left, right]),
    )


def _edges(value: Value) -> tuple[str, str]:
    if isinstance(value, Const):
        return value.value, value.value
    return (value.prefix, value.suffix) if isinstance(value, Text) else ("", "")


def _sequences(machine: Machine, node: ast.BinOp | ast.AugAssign, left: Value, *, right: Value) -> Value | None:
    name = BINARY[type(node.op)][0]
    if name == "add" and isinstance(left, Seq):
        more = right.items if isinstance(right, Seq) else []
        machine.budget.step((len(left.items) + len(more)) // 8)
        return Seq(left.kind, [*left.items, *more], left.exact and isinstance(right, Seq) and right.exact)
    if name == "mul":
        whole, count = (left, right) if isinstance(left, Seq) else (right, left)
        if isinstance(whole, Seq) and isinstance(count, Const) and isinstance(count.value, int):
            return _repeated(machine, node, whole, count=count.value)
        return Seq(whole.kind, list(whole.items), exact=False) if isinstance(whole, Seq) else None
    if name in {"or", "and", "sub", "xor"} and isinstance(left, Seq) and isinstance(right, Seq):
        plain = concrete(left), concrete(right)
        if MISSING not in plain and all(isinstance(part, set) for part in plain):
            return compute(machine, name, BINARY[type(node.op)][1], args=Args([left, right]))
        return Seq("set", [*left.items, *right.items], exact=False)
    return None


def _repeated(machine: Machine, node: ast.AST, whole: Seq, *, count: int) -> Value:
    total = len(whole.items) * max(count, 0)
    if total > MAX_REPEATED:
        if total > HUGE_REPEAT:
            machine.need("resource.exhaust", node, value=f"a list of {str(total)[:20]} items")
        return Object("builtins.list", size=8 * total)
    machine.budget.step(total // 8)
    return Seq(whole.kind, whole.items * max(count, 0), whole.exact)


def _path(machine: Machine, left: Value, right: Value, *, node: ast.AST) -> Value | None:
    """Join paths with `/`."""
    for one in (left, right):
        if isinstance(one, Object) and "path" in one.data:
            return machine.call(Ref("pathlib.Path"), Args([left, right], node=node))
    return None


def _percent(machine: Machine, left: Const, right: Value) -> Value:
    plain = concrete(right)
    if plain is not MISSING:
        try:
            return machine.fold("%", functions.modulo(left.value, plain), left, right)
        except (TypeError, ValueError, KeyError, OverflowError, IndexError):
            return from_values(right)
    if isinstance(left.value, str):
        text = left.value
        if text.count("%") == 1 and isinstance(right, Seq | Text):
            inner = right.items[0] if isinstance(right, Seq) and right.items else right
            start = text.find("%")
            return concatenate(machine, concatenate(machine, Const(text[:start]), inner), Const(text[start + 2 :]))
        return Text(text[: max(text.find("%"), 0)], text[text.rfind("%") + 2 :], right.origin)
    return from_values(right)


def unary(machine: Machine, node: ast.UnaryOp, value: Value) -> Value:
    """Answer `<op> value`."""
    name, function = UNARY[type(node.op)]
    if isinstance(value, Const):
        found = compute(machine, name, function, args=Args([value]))
        return UNKNOWN if found is None else found
    known = truth(value)
    if isinstance(node.op, ast.Not):
        special(machine, value, "__bool__", args=Args(node=node))
        return UNKNOWN if known is None else Const(not known)
    found = special(machine, value, f"__{name}__", args=Args(node=node))
    return from_values(value) if found is None else found


def compare(machine: Machine, op: ast.cmpop, left: Value, *, right: Value) -> Value:
    """Answer `left <op> right`."""
    name, function = COMPARE[type(op)]
    plain, other = concrete(left), concrete(right)
    if plain is not MISSING and other is not MISSING and name not in {"is", "is_not"}:
        try:
            return Const(bool(function(plain, other)))
        except (TypeError, ValueError):
            return UNKNOWN
    if (
        name in {"is", "is_not"}
        and isinstance(left, Const)
        and isinstance(right, Const)
        and (left.value is None or right.value is None)
    ):
        return Const(function(left.value, right.value))
    owner, item = (right, left) if name == "contains" else (left, right)
    for value, argument, spelled in (
        (owner, item, name),
        (right, left, {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}.get(name, name)),
    ):
        special(machine, value, f"__{spelled}__", args=Args([argument]))
    return UNKNOWN


def special(machine: Machine, owner: Value, name: str, *, args: Args) -> Value | None:
    """Call a special method that the program itself defines; None where it defines none."""
    if isinstance(owner, Instance):
        method = owner.cls.find(name)
        return None if method is None else machine.call(bound(method, owner), args)
    if isinstance(owner, Class) and isinstance(owner.metaclass, Class):
        method = owner.metaclass.find(name)
        return None if method is None else machine.call(bound(method, owner), args)
    if isinstance(owner, Union):
        found = [special(machine, option, name, args=args) for option in owner.options]
        known = [value for value in found if value is not None]
        return None if not known else known[0]
    return None


def bound(method: Value, receiver: Value) -> Value:
    """Answer a function as the method of `receiver`; anything else as it is."""
    return method.bind(receiver) if isinstance(method, Func) else cast("Value", getattr(method, "func", method))
