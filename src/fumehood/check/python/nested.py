"""Code within code: what `exec`, `eval`, `compile` and their relatives are given is read like the program itself."""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING

from fumehood.check.need import ParseError
from fumehood.check.python.fold.concrete import concrete
from fumehood.check.python.functions import enter_remaining
from fumehood.check.python.machine import Anchor, spoken
from fumehood.check.python.scope import Scope
from fumehood.check.python.values import UNKNOWN, Const, Object, Text, Union, Value

if TYPE_CHECKING:
    from fumehood.check.python.machine import Machine, Node

MAX_CODE = 200_000
SUSPICIOUS = frozenset({"decoded", "network", "hidden", "foreign", "assembled"})


def parse(text: str) -> ast.Module | ParseError:
    """Parse code, or say why it is none: no input makes this raise."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in read code is not ours to warn of
            return ast.parse(text, filename="")  # of a faulty program the parser opens the file of that name
    except SyntaxError as error:
        return ParseError(error.msg or "invalid syntax", max(error.lineno or 1, 1), max((error.offset or 1) - 1, 0))
    except ValueError as error:
        return ParseError(str(error), 1, 0)
    except (RecursionError, MemoryError):
        return ParseError("nested too deeply to be read", 1, 0)


def run_code(  # noqa: C901, PLR0911 - one way for each kind
    machine: Machine, code: Value, node: Node, *, how: tuple[str, ...], names: dict[str, Value] | None = None
) -> Value:
    """Read code that the program runs at `node`; answers the value of a single expression."""
    if isinstance(code, Union):
        found: Value = UNKNOWN
        for option in code.options:
            found = run_code(machine, option, node, how=how, names=names)
        return found
    if isinstance(code, Object) and "code" in code.data:
        return run_code(machine, code.data["code"], node, how=("compile", *how), names=names)
    text = _text(code)
    if text is None:
        unresolved(machine, code, node)
        return UNKNOWN
    if machine.budget.nesting <= 0 or len(text) > MAX_CODE:
        machine.complete = False
        return UNKNOWN
    tree = parse(text.strip(" \t\n\f") if len(text) < MAX_CODE else text)
    if isinstance(tree, ParseError):
        return UNKNOWN
    machine.budget.nesting -= 1
    machine.budget.step(len(text) // 40)
    told = spoken(code.how) if isinstance(code, Const) else []
    machine.anchors.append(Anchor(node, (*how, *told)))
    outer, flow = machine.scope, machine.flow
    if names is not None:
        machine.scope = Scope(outer.module(), names)
    machine.flow = ""
    try:
        if len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
            return machine.eval(tree.body[0].value)
        machine.run(tree.body)
        return Const(None)
    finally:
        # Functions defined there may be called later, from outside: they are read here and now.
        enter_remaining(machine)
        machine.anchors.pop()
        machine.scope, machine.flow = outer, flow
        machine.budget.nesting += 1


def _text(code: Value) -> str | None:
    data = concrete(code)
    if isinstance(data, bytes | bytearray):
        return bytes(data).decode("utf-8", "replace")
    return data if isinstance(data, str) else None


def unresolved(machine: Machine, code: Value, node: Node) -> None:
    """Note code that can't be read; what was decoded or fetched on its way here is worse than unknown."""
    hidden = code.origin & SUSPICIOUS
    if hidden:
        machine.need("code.opaque", node, value=", ".join(sorted(hidden)), confidence="unknown")
    else:
        machine.need("code.dynamic", node, confidence="unknown")
    if isinstance(code, Text):
        machine.remember(code.prefix)
        machine.remember(code.suffix)
    machine.unresolved.append(node)
