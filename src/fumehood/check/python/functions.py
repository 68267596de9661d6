"""Functions of the program: entered with what is known of their arguments, a bounded number of times each."""

from __future__ import annotations

import ast
from typing import Final

from fumehood.check.python.machine import Args, Machine, calling
from fumehood.check.python.scope import Names, Scope
from fumehood.check.python.values import NONE, UNKNOWN, Func, Instance, Map, Seq, Unknown, Value, join, unknown

MAX_ACTIVE: Final = 14
MAX_SAME: Final = 5
MAX_CALLS: Final = 12
MAX_KEEN_CALLS: Final = 150


@calling(Func)
def enter(machine: Machine, func: Func, args: Args) -> Value:
    """Answer what the function may return for these arguments."""
    node = func.node
    machine.entered.add(node)
    limit = MAX_KEEN_CALLS if machine.keen and _told(args) else MAX_CALLS
    count = machine.calls.get(node, 0)
    if count >= limit or len(machine.active) >= MAX_ACTIVE or machine.active.count(node) >= MAX_SAME:
        return machine.results.get(node, UNKNOWN)
    machine.calls[node] = count + 1
    if func.receiver is not None:
        args = args.shifted(func.receiver)
    scope = Scope(func.closure, _bound(func, args))
    result = _body(machine, func, scope)
    known = machine.results.get(node)
    machine.results[node] = result if known is None else join(known, result)
    return result


def _told(args: Args) -> bool:
    return any(not isinstance(value, Unknown) for value in args.positional) or bool(args.keywords)


def _body(machine: Machine, func: Func, scope: Scope) -> Value:
    node = func.node
    outer, flow, vague, repeat = machine.scope, machine.flow, machine.vague, machine.repeat
    machine.scope, machine.flow = scope, ""
    machine.active.append(node)
    try:
        if isinstance(node, ast.Lambda):
            result = machine.eval(node.body)
            return Seq("iter", scope.yielded, exact=False) if scope.yielded else result
        machine.run(node.body)
    finally:
        machine.active.pop()
        machine.scope, machine.flow, machine.vague, machine.repeat = outer, flow, vague, repeat
    if scope.yielded:
        return Seq("iter", scope.yielded, exact=not machine.vague)
    found: Value | None = None
    for value in scope.returned:
        found = value if found is None else join(found, value)
    return found or NONE


def _bound(func: Func, args: Args) -> Names:
    """Give the parameters their arguments."""
    spec = func.node.args
    ordered = [*spec.posonlyargs, *spec.args]
    names: Names = {}
    defaults = dict(
        zip([argument.arg for argument in ordered[len(ordered) - len(func.defaults) :]], func.defaults, strict=False)
    )
    for index, parameter in enumerate(ordered):
        given = args.get(index, parameter.arg)
        names[parameter.arg] = (
            given if given is not None else defaults.get(parameter.arg, unknown(frozenset({"parameter"})))
        )
    for parameter in spec.kwonlyargs:
        given = args.keywords.get(parameter.arg)
        names[parameter.arg] = given or func.keyword_defaults.get(parameter.arg, unknown(frozenset({"parameter"})))
    if spec.vararg is not None:
        names[spec.vararg.arg] = Seq("tuple", [*args.positional[len(ordered) :], *args.loose], exact=not args.loose)
    if spec.kwarg is not None:
        taken = {parameter.arg for parameter in [*ordered, *spec.kwonlyargs]}
        rest = {name: value for name, value in args.keywords.items() if name not in taken}
        names[spec.kwarg.arg] = Map(dict(rest), UNKNOWN if args.loose else None, exact=not args.loose)
    return names


def enter_remaining(machine: Machine) -> None:
    """Enter what nothing called, once, with nothing known: what a function could do counts, called or not."""
    for _ in range(4):
        remaining = [func for node, func in machine.functions.items() if node not in machine.entered]
        if not remaining:
            return
        for func in remaining:
            if func.node not in machine.entered:
                enter(machine, func, Args(_unknown_arguments(func), node=func.node))


def _unknown_arguments(func: Func) -> list[Value]:
    spec = func.node.args
    count = len(spec.posonlyargs) + len(spec.args) - len(func.defaults)
    if func.owner is not None and count and func.receiver is None:
        return [_receiver(func)]
    return []


def _receiver(func: Func) -> Value:
    return UNKNOWN if func.owner is None else Instance(func.owner)
