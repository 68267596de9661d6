"""Reading Python: an abstract interpreter over the syntax tree that notes what a program would need.

    source      text -> tree: encodings, notebook forms, sizes
    machine     the state of one reading, and the registries of verbs
    values, scope                       what is known of values and names
    expressions, statements, loops, binding, operators, subscripts, iteration, functions, calling, attributes, names,
    imports
                                        how each kind of syntax and value behaves
    nested      code within code
    carrying, comparing
                what one reading hands to the next, and whether a program changed it
    effects     from a call to the needs it stands for, by the tables in `powers`
    escapes     attributes that lead out of a program's own objects
    fold        constants computed as Python would
    models      what particular library functions give

Nothing of the program is executed. The reading is total: it ends within its budget on any input.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fumehood.check.budget import Budget, Exhausted
from fumehood.check.need import ParseError, Reading
from fumehood.check.python import attributes, calling, expressions, functions, loops, models, statements
from fumehood.check.python.carrying import Carrier
from fumehood.check.python.comparing import alike
from fumehood.check.python.functions import enter_remaining
from fumehood.check.python.keenness import is_keen
from fumehood.check.python.machine import Machine
from fumehood.check.python.scope import Scope
from fumehood.check.python.source import tree_of
from fumehood.check.python.strays import read_strays
from fumehood.check.python.values import Value

if TYPE_CHECKING:
    import ast

__all__ = [
    "Names",
    "attributes",
    "calling",
    "expressions",
    "follow",
    "functions",
    "loops",
    "models",
    "read",
    "statements",
]


@dataclass(frozen=True, slots=True)
class Names:
    """What a reading leaves for the next one of the same sandbox: names, and the files it wrote."""

    names: dict[str, Value] = field(default_factory=dict[str, Value])
    files: dict[str, Value] = field(default_factory=dict[str, Value])

    def are_like(self, others: Names) -> bool:
        """Whether no program can tell these from the others, which were carried on from them."""
        return alike((self.names, self.files), (others.names, others.files))


def read(source: str, state: Names | None = None, budget: Budget | None = None) -> Reading:
    """Read a program and answer what it needs."""
    return follow(source, state, budget or Budget())[0]


def follow(source: str, state: Names | None, budget: Budget) -> tuple[Reading, Names]:
    """Read a program, beginning with what earlier ones left, and answer what it needs and what it leaves."""
    tree = tree_of(source)
    before = state or Names()
    if tree is None:
        return Reading(complete=False), before
    if isinstance(tree, ParseError):
        return Reading(error=tree), before
    module = Scope()
    carrier = Carrier(before.names, module)
    carrier.fill()
    names, files = module.names, carrier.names(before.files)
    machine = Machine(source.replace("\r\n", "\n").replace("\r", "\n").split("\n"), budget, module)
    machine.files = files
    machine.keen = is_keen(tree)
    try:
        _through(machine, tree)
    except (Exhausted, RecursionError):
        machine.complete = False
    reading = Reading(tuple(machine.needs), tuple(sorted(machine.imports)), machine.complete)
    return reading, Names(names, files)


def _through(machine: Machine, tree: ast.Module) -> None:
    """Run the program, then what it defines or keeps but does not reach."""
    machine.run(tree.body)
    machine.flow = ""
    for _ in range(3):
        enter_remaining(machine)
        if not machine.dead:
            break
        waiting, machine.dead = machine.dead, []
        for scope, body in waiting:
            machine.scope, machine.flow = scope, ""
            machine.vague += 1
            machine.run(body)
            machine.vague -= 1
    read_strays(machine, tree)
