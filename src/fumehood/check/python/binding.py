"""Assignment to names, attributes, items and patterns of them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from fumehood.check.python import subscripts
from fumehood.check.python.escapes import CODE_EDITS
from fumehood.check.python.iteration import items_of
from fumehood.check.python.machine import Args
from fumehood.check.python.names import callee
from fumehood.check.python.operators import special
from fumehood.check.python.powers.words import words
from fumehood.check.python.values import (
    Class,
    Const,
    Func,
    Instance,
    Namespace,
    Object,
    Ref,
    Seq,
    Union,
    Value,
    Wrapped,
    from_values,
    join,
)

if TYPE_CHECKING:
    from fumehood.check.python.machine import Machine, Node

# Attributes of modules that ordinary programs set.
SETTABLE: Final = words("""
sys.stdout sys.stderr sys.stdin sys.argv sys.path sys.dont_write_bytecode sys.tracebacklimit sys.ps1 sys.ps2
sys.displayhook
random.random decimal.getcontext tempfile.tempdir warnings.showwarning warnings.formatwarning logging.raiseExceptions
csv.field_size_limit ssl._create_default_https_context socket.timeout turtle.Screen sys.float_info locale.LC_ALL
logging.lastResort logging.logThreads logging.logProcesses logging.logMultiprocessing os.environ
""")
TAMPERED: Final = words("""
builtins sys os io importlib subprocess socket threading types gc inspect ast json pickle atexit signal codecs site
_thread
traceback warnings logging time posix __main__ abc functools typing ssl shutil pathlib marshal ctypes tempfile re
fumehood IPython ipykernel tokenize linecache encodings asyncio multiprocessing urllib http zipimport runpy random
hashlib
""")


def bind(machine: Machine, target: ast.expr, value: Value) -> None:
    """Do `target = value`."""
    if isinstance(target, ast.Name):
        machine.scope.bind(target.id, value)
    elif isinstance(target, ast.Tuple | ast.List):
        _unpack(machine, target, value)
    elif isinstance(target, ast.Starred):
        bind(machine, target.value, value)
    elif isinstance(target, ast.Attribute):
        set_attribute(machine, machine.eval(target.value), target.attr, value=value, node=target)
    elif isinstance(target, ast.Subscript):
        subscripts.put(machine, callee(machine, target.value), machine.eval(target.slice), value=value, node=target)


def _unpack(machine: Machine, target: ast.Tuple | ast.List, value: Value) -> None:
    items, exact = items_of(machine, value)
    stars = [index for index, element in enumerate(target.elts) if isinstance(element, ast.Starred)]
    if exact and stars:
        before, after = stars[0], len(target.elts) - stars[0] - 1
        middle = items[before : len(items) - after]
        items = [*items[:before], Seq("list", middle), *items[len(items) - after :]]
    spare = subscripts.any_of(items) if items else from_values(value)
    for index, element in enumerate(target.elts):
        bind(machine, element, items[index] if exact and index < len(items) else spare)


def set_attribute(machine: Machine, owner: Value, name: str, *, value: Value, node: Node) -> None:  # noqa: C901 - one way for each kind
    """Do `owner.name = value`."""
    if name in CODE_EDITS - {"__class__", "__defaults__", "__kwdefaults__"} or (
        name == "__class__" and isinstance(owner, Ref)
    ):
        machine.need("escape.introspection", node, value=f"{name} =")
    if isinstance(owner, Ref):
        path = f"{owner.path}.{name}"
        closed = isinstance(value, Const) and value.value is None and path in {"sys.stdout", "sys.stderr"}
        if closed or (owner.path.partition(".")[0] in TAMPERED and path not in SETTABLE):
            machine.need("runner.tamper", node, value=path)
    elif isinstance(owner, Instance):
        _set_on_instance(machine, owner, name, value=value, node=node)
    elif isinstance(owner, Class):
        if special(machine, owner, "__setattr__", args=Args([from_values(), value], node=node)) is None:
            old = owner.attributes.get(name) if machine.vague else None
            owner.attributes[name] = value if old is None else join(old, value)
    elif isinstance(owner, Object):
        owner.data[f".{name}"] = value
    elif isinstance(owner, Union):
        for option in owner.options:
            set_attribute(machine, option, name, value=value, node=node)
    elif isinstance(owner, Namespace) and owner.names is not None:
        owner.names[name] = value


def _set_on_instance(machine: Machine, owner: Instance, name: str, *, value: Value, node: Node) -> None:
    setter = owner.cls.find("__setattr__")
    if isinstance(setter, Func):
        machine.call(setter.bind(owner), Args([Const(name), value], node=node))
    found = owner.cls.find(name)
    if isinstance(found, Wrapped) and found.kind == "property" and "setter" in dir(found):
        pass
    if isinstance(found, Instance):
        special(machine, found, "__set__", args=Args([owner, value], node=node))
    old = owner.attributes.get(name) if machine.vague else None
    owner.attributes[name] = value if old is None else join(old, value)
