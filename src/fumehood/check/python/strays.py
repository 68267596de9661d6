"""Text that could be the code which could not be resolved.

Where a program runs code that can't be read, any text it holds may be that code: each is read on its own, and counts
if it
needs something grave. This catches ways of dispatch that the interpreter does not follow, without knowing them.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from fumehood.check.need import ParseError
from fumehood.check.python.effects import exert
from fumehood.check.python.machine import GRAVE
from fumehood.check.python.nested import parse, run_code
from fumehood.check.python.values import Const

if TYPE_CHECKING:
    from fumehood.check.python.machine import Machine

MAX_STRAYS: Final = 60
MIN_CODE: Final = 8


def read_strays(machine: Machine, tree: ast.Module) -> None:
    """Read every text of a program with unreadable code as code, and keep what is grave."""
    _strange_calls(machine)
    if not machine.unresolved:
        return
    place = machine.unresolved[0]
    for text in _texts(machine, tree):
        before = len(machine.needs)
        run_code(machine, Const(text), place, how=("text that may be the code run here",), names={})
        machine.needs[before:] = [need for need in machine.needs[before:] if need.capability in GRAVE]


def _strange_calls(machine: Machine) -> None:
    """A function on files that was handed on may be what is called where the callee could not be resolved."""
    for path in list(machine.passed)[:8]:
        for args in machine.strangers:
            exert(machine, path, args, how=("may be what is called here",))


def _texts(machine: Machine, tree: ast.Module) -> list[str]:
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
            found[text] = None
    found.update(machine.strings)
    return [text for text in found if _like_code(text)][:MAX_STRAYS]


def _like_code(text: str) -> bool:
    if not MIN_CODE <= len(text) <= 20_000 or not ("(" in text or "import" in text):  # noqa: PLR2004 - longer is data
        return False
    return not isinstance(parse(text.strip()), ParseError)
