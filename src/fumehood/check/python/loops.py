"""Loops and comprehensions: followed item by item while that pays, else once with everything they change widened."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from fumehood.check.python.binding import bind
from fumehood.check.python.iteration import items_of
from fumehood.check.python.machine import Machine, statement
from fumehood.check.python.operators import truth
from fumehood.check.python.scope import Scope, forget, joined
from fumehood.check.python.values import Const, Seq, Value, union_of

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_ROUNDS: Final = 4000
MAX_LOOP_STEPS: Final = 22_000
IDLE_ROUNDS: Final = 6
ENDLESS: Final = 1 << 40


def _affordable(machine: Machine, rounds: int, begun: int) -> bool:
    """Tell whether another round is worth it: programs with nothing to hide behind loops get few."""
    spent = machine.loop_steps + max(begun - machine.budget.steps, 0)
    return rounds < (MAX_ROUNDS if machine.keen else IDLE_ROUNDS) and spent < MAX_LOOP_STEPS


@statement(ast.For, ast.AsyncFor)
def for_loop(machine: Machine, node: ast.For | ast.AsyncFor) -> None:
    source = machine.eval(node.iter)
    items, exact, length = _items(machine, source)
    begun = machine.budget.steps
    rounds = 0
    maybe, machine.maybe = machine.maybe, False
    repeat = machine.repeat
    machine.repeat = min(repeat * max(length, 1), ENDLESS) if exact else repeat
    for item in items if exact else ():
        if machine.maybe or not _affordable(machine, rounds, begun):
            break
        rounds += 1  # noqa: SIM113 -- the rounds that were begun are read after the loop
        bind(machine, node.target, item)
        if _round(machine, node.body):
            break
    else:
        if exact and len(items) == length:
            machine.repeat = repeat
            _leave(machine, node.orelse, begun, maybe=maybe)
            return
    machine.repeat = repeat
    if machine.flow not in {"return", "raise"} and not (exact and machine.flow == "break"):
        _widened(machine, node, _any(items), count=length if exact else _count(machine, node))
    _leave(machine, node.orelse, begun, maybe=maybe)


def _items(machine: Machine, source: Value) -> tuple[list[Value], bool, int]:
    """Answer the items worth following, whether they are what the loop begins with, and how many there are in all."""
    if isinstance(source, Const) and isinstance(source.value, str | bytes | range):
        length = min(_length(source.value), ENDLESS)
        head = source.value[: MAX_ROUNDS if machine.keen else IDLE_ROUNDS]
        return [Const(item, source.how) for item in head], True, length
    items, exact = items_of(machine, source)
    return items, exact, len(items)


def _length(data: str | bytes | range) -> int:
    """Answer the length of data; a range may have more items than `len` can say."""
    if isinstance(data, range):
        return max(0, (data.stop - data.start + data.step - (1 if data.step > 0 else -1)) // data.step)
    return len(data)


def _any(items: list[Value]) -> Value | None:
    return union_of(items[:64]) if items else None


def _count(machine: Machine, node: ast.For | ast.AsyncFor) -> int:
    if isinstance(node.iter, ast.Call) and isinstance(node.iter.func, ast.Name):
        if node.iter.func.id == "range" and node.iter.args:
            last = machine.eval(node.iter.args[-1 if len(node.iter.args) == 1 else 1])
            if isinstance(last, Const) and isinstance(last.value, int):
                return max(last.value, 1)
        if node.iter.func.id in {"iter", "count", "cycle", "repeat"}:
            return ENDLESS
    return 1


def _round(machine: Machine, body: list[ast.stmt]) -> bool:
    """Run the body once; True where the loop ends with it."""
    machine.run(body)
    if machine.flow == "continue":
        machine.flow = ""
    return machine.flow != ""


def _widened(machine: Machine, node: ast.For | ast.AsyncFor | ast.While, item: Value | None, *, count: int) -> None:
    """Run the body once for all the rounds that are not followed."""
    machine.flow = ""
    names = machine.scope.names
    before = dict(names)
    forget(names, changed(node))
    repeat = machine.repeat
    machine.repeat = min(repeat * max(count, 1), ENDLESS)
    machine.vague += 1
    if item is not None and isinstance(node, ast.For | ast.AsyncFor):
        bind(machine, node.target, item)
    machine.run(node.body)
    machine.vague -= 1
    machine.repeat = repeat
    if machine.flow in {"return", "raise"}:
        machine.flow = ""
    names.update(joined(before, names))


def _leave(machine: Machine, orelse: list[ast.stmt], begun: int, *, maybe: bool) -> None:
    machine.maybe = maybe
    machine.loop_steps += max(begun - machine.budget.steps, 0)
    if machine.flow in {"break", "continue"}:
        machine.flow = ""
    elif orelse and not machine.flow:
        machine.run(orelse)


@statement(ast.While)
def while_loop(machine: Machine, node: ast.While) -> None:
    begun, rounds = machine.budget.steps, 0
    maybe, machine.maybe = machine.maybe, False
    known = truth(machine.eval(node.test))
    endless = isinstance(node.test, ast.Constant)
    while known and not machine.maybe and _affordable(machine, rounds, begun):
        rounds += 1
        if _round(machine, node.body):
            break
        known = truth(machine.eval(node.test))
        if endless and rounds >= IDLE_ROUNDS and not _leaves(node):
            break
    if known is False and not rounds:
        machine.dead.append((machine.scope, node.body))
    elif known is not False and machine.flow == "":
        _widened(machine, node, None, count=ENDLESS if endless and not _leaves(node) else 1)
    _leave(machine, node.orelse, begun, maybe=maybe)


@lru_cache(maxsize=256)
def _leaves(node: ast.While) -> bool:
    """Tell whether anything in an endless loop can end it."""
    return any(
        isinstance(part, ast.Break | ast.Return | ast.Raise | ast.Yield | ast.Await) for part in ast.walk(node)
    ) or any(isinstance(part, ast.Name) and part.id in {"exit", "quit"} for part in ast.walk(node))


@lru_cache(maxsize=512)
def changed(node: ast.AST) -> frozenset[str]:
    """Answer the names that code assigns to."""
    found: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
            found.add(part.id)
    return frozenset(found)


def comprehend(
    machine: Machine, generators: list[ast.comprehension], produce: Callable[[], Value]
) -> tuple[list[Value], bool]:
    """Answer the items that a comprehension makes, and whether they are exactly those."""
    outer = machine.scope
    machine.scope = Scope(outer)
    begun = machine.budget.steps
    found: list[Value] = []
    try:
        exact = _nested(machine, generators, produce, found=found)
    finally:
        machine.scope = outer
    machine.loop_steps += max(begun - machine.budget.steps, 0)
    return found, exact


def _nested(
    machine: Machine, generators: list[ast.comprehension], produce: Callable[[], Value], *, found: list[Value]
) -> bool:
    if not generators:
        found.append(produce())
        return True
    first, rest = generators[0], generators[1:]
    items, exact, length = _items(machine, machine.eval(first.iter))
    exact = exact and length == len(items)
    begun = machine.budget.steps
    for rounds, item in enumerate(items):
        if not _affordable(machine, rounds, begun):
            exact = False
            break
        bind(machine, first.target, item)
        passed = _passes(machine, first.ifs)
        if passed is False:
            continue
        exact = _nested(machine, rest, produce, found=found) and exact and passed is True
    if not items and not exact:
        bind(machine, first.target, Seq("tuple", [], exact=False))
    return exact


def _passes(machine: Machine, tests: list[ast.expr]) -> bool | None:
    verdict: bool | None = True
    for test in tests:
        known = truth(machine.eval(test))
        if known is False:
            return False
        if known is None:
            verdict = None
    return verdict
