"""Modules: imported by statement or by call, from the library, or written by the program itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fumehood.check.python.nested import run_code
from fumehood.check.python.powers import powers_of
from fumehood.check.python.powers.modules import known
from fumehood.check.python.values import UNKNOWN, Const, Namespace, Ref, Value, options, unknown

if TYPE_CHECKING:
    from fumehood.check.python.machine import Machine, Node

ACTING_ON_IMPORT = frozenset(
    {"antigravity", "idlelib.idle", "turtledemo", "ensurepip.__main__", "pip.__main__", "this_is_not"}
)


def load(machine: Machine, name: str, node: Node, *, how: tuple[str | int, ...] = ()) -> Value:  # noqa: C901 - one way for each kind
    """Import a module by its dotted name and answer it; a relative one is the program's own."""
    if name.startswith("."):
        return UNKNOWN
    top = name.partition(".")[0]
    if not top.isidentifier():
        return UNKNOWN
    for path in (
        f"{name.replace('.', '/')}.py",
        f"{name.replace('.', '/')}/__init__.py",
        f"{name.rpartition('.')[2]}.py",
    ):
        written = machine.files.get(path)
        if written is not None:
            names: dict[str, Value] = {}
            texts = [option for option in options(written) if isinstance(option, Const)]
            for text in texts:
                run_code(machine, text, node, how=(f"import {name}", f"written to {path}"), names=names)
            return Namespace(None, names) if texts else unknown(written.origin)
    machine.imports.add(top)
    machine.need("module.import", node, value=name)
    if name in ACTING_ON_IMPORT:
        for power in powers_of(name + ".*"):
            machine.need(power.capability, node, value=name)
    if not known(top):
        machine.need("module.unknown", node, value=top, confidence="unknown")
    return Ref(name, how)


def module(machine: Machine, top: str) -> Value:
    """Answer a package of which a submodule was imported."""
    return machine.scope.find(top) or Ref(top)


def everything(machine: Machine, source: Value) -> None:
    """Do `from source import *`: library names are resolved when they are used."""
    if isinstance(source, Ref):
        machine.scope.module().names["*"] = source
    elif isinstance(source, Namespace) and source.names is not None:
        machine.scope.names.update(source.names)
