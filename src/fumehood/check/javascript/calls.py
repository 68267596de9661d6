"""What a call does: a function of the program is entered, one of the engine's is looked up in the tables."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from fumehood.check.bash.values import is_known
from fumehood.check.javascript import members, methods, natives, needs
from fumehood.check.javascript.powers import WHOLE, known_module, power
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
    one_of,
    text_of,
)

if TYPE_CHECKING:
    from fumehood.check.javascript.grammar import Node
    from fumehood.check.javascript.machine import Machine

_LOADS = re.compile(r"(?:^|\.)(?:require|_load|getBuiltinModule|createRequire\(\)|importModule)$")
_MAKERS = re.compile(r"(?:^|\.)(?:Function|AsyncFunction|GeneratorFunction)$")
_TIMERS = frozenset({"setTimeout", "setInterval", "setImmediate", "queueMicrotask", "process.nextTick"})
_REFLECTS = {"Reflect.get": 0, "Reflect.apply": 0, "Reflect.construct": 0, "Reflect.ownKeys": 0}
_HOST = frozenset({"process", "globalThis", "require", "module"})
_MAX_PATH = 120
_SOURCE = frozenset({"", ".js", ".mjs", ".cjs", ".json", ".ts"})
_DATA_URL = re.compile(r"data:(?:text|application)/javascript[^,]*,(.*)", re.DOTALL)
_COUNTED = frozenset(
    {"process.spawn", "net.connect", "net.url", "net.dgram", "code.native", "privilege", "process.signal"}
)


def reference(machine: Machine, value: Native) -> None:
    """Note a powerful function that is named without being called: what becomes of it can't be seen."""
    found = power(value.path)
    if value.path == "process.env" or found is None or found.capability not in _COUNTED:
        return
    capability = {"net.url": "net.connect", "net.dgram": "net.connect"}.get(found.capability, found.capability)
    machine.notes.need(capability, None if capability == "net.connect" else value.path, "referenced")


def uses_whole(machine: Machine, value: Value) -> None:
    """Note a powerful object that is handed on whole: the environment, or a module."""
    for single in alternatives(value):
        if not isinstance(single, Native):
            continue
        if single.path == "process.env":
            machine.notes.need("env.read", "*", "referenced")
        elif single.path in WHOLE:
            entry = power(f"{single.path}.connect") or power(f"{single.path}.get")
            capability = "net.connect" if single.path != "child_process" else "process.spawn"
            machine.notes.need(
                entry.capability if entry and entry.capability in _COUNTED - {"net.url"} else capability,
                single.path,
                "referenced",
            )


def call(machine: Machine, callee: Value, arguments: list[Value], *, this: Value, node: Node | None) -> Value:
    """Call a value with arguments; answer what comes back."""
    if isinstance(callee, OneOf):
        return one_of(*(call(machine, single, arguments, this=this, node=node) for single in callee.values))
    if isinstance(callee, Closure):
        return machine.enter(callee, [*callee.bound, *arguments], callee.this if callee.this is not UNDEFINED else this)
    if isinstance(callee, Native):
        return _native(machine, callee, [*callee.bound, *arguments], this)
    for argument in arguments:
        _hand_on(machine, argument)
    return UNKNOWN


def _hand_on(machine: Machine, value: Value) -> None:
    """Give a value to something unknown: functions are called by it, powerful objects used."""
    uses_whole(machine, value)
    for single in alternatives(value):
        if isinstance(single, Closure):
            with machine.perhaps(surely=False):
                machine.enter(single, [UNKNOWN] * 3, UNDEFINED)


def _native(machine: Machine, callee: Native, arguments: list[Value], this: Value) -> Value:  # noqa: C901, PLR0911, PLR0912, PLR0917 - one way for each kind
    path = callee.path
    if path in {"call", "apply", "bind"} and isinstance(callee.owner, (Native, Closure)):
        return _indirect(machine, callee.owner, path, arguments)
    if path == "then":
        return one_of(*(machine.call(action, [callee.owner]) for action in arguments[:1]))
    if _LOADS.search(path):
        return load(machine, arguments[0] if arguments else UNDEFINED)
    if _MAKERS.search(path):
        return _made_function(machine, path, arguments)
    if path in _TIMERS:
        return _timer(machine, path, arguments)
    if path in _REFLECTS and arguments:
        return _reflect(machine, path, arguments)
    if path.startswith("prototype") or path == "Class":
        return UNKNOWN
    found = power(path)
    if found is not None:
        return needs.note(machine, path, found, arguments)
    if not isinstance(callee.owner, Native) and callee.owner is not UNDEFINED and "." not in path:
        return methods.call(machine, callee.owner, path, arguments)
    if action := natives.FUNCTIONS.get(path):
        return action(machine, arguments)
    for argument in arguments:
        _hand_on(machine, argument)
    del this
    return Native(f"{path}()") if len(path) < _MAX_PATH else UNKNOWN


def _indirect(machine: Machine, target: Native | Closure, how: str, arguments: list[Value]) -> Value:  # noqa: PLR0917 - the shape that its siblings have too
    """Call through `call`, `apply` or `bind`."""
    this = arguments[0] if arguments else UNDEFINED
    rest = arguments[1:]
    if how == "apply":
        unknown: list[Value] = [UNKNOWN] if rest else []
        rest = list(rest[0].items) if rest and isinstance(rest[0], Array) else unknown
    if (
        isinstance(target, Native)
        and target.path in {"call", "apply", "bind"}
        and not isinstance(target.owner, Closure)
    ):
        inner = target.owner
        if not (isinstance(inner, Native) and inner.path in {"prototype", "Function.prototype"}):
            return _indirect(machine, inner, target.path, rest) if isinstance(inner, Native) else UNKNOWN
        if isinstance(this, (Native, Closure)):
            return _indirect(machine, this, target.path, rest)
        return UNKNOWN
    if how == "bind":
        if isinstance(target, Native):
            return Native(target.path, target.owner, (*target.bound, *rest))
        return Closure(target.node, target.scope, this, (*target.bound, *rest))
    if isinstance(target, Native) and isinstance(target.owner, Native) and target.owner.path.startswith("prototype"):
        target = Native(target.path, this, target.bound)
    return call(machine, target, rest, this=this, node=None)


def load(machine: Machine, value: Value) -> Value:
    """Load a module by its name."""
    results: list[Value] = []
    for single in alternatives(value):
        name = machine.text(single).removeprefix("node:")
        if not is_known(name):
            machine.notes.need("module.unknown", None, "unknown")
            results.append(UNKNOWN)
        elif match := _DATA_URL.match(name):
            results.append(machine.source(natives.data_text(name, match[1]), "import of a data: URL"))
        else:
            results.append(_module(machine, name))
    return one_of(*results)


def _module(machine: Machine, name: str) -> Value:
    if name.startswith((".", "/", "file:")):
        if name.endswith(".node"):
            machine.notes.need("code.native", name)
        if not name.startswith(".") or posixpath.splitext(name)[1] not in _SOURCE:
            machine.notes.path("fs.read", name)
        return UNKNOWN
    package = "/".join(name.split("/")[: 2 if name.startswith("@") else 1])
    machine.notes.imports.add(package)
    if not known_module(name) and not known_module(package):
        machine.notes.need("module.unknown", package, "unknown")
        return Native(package)
    return Native(
        {"fs-extra": "fs", "graceful-fs": "fs"}.get(package, name.replace("/posix", "").replace("/win32", ""))
    )


def _made_function(machine: Machine, path: str, arguments: list[Value]) -> Value:
    """Make a function of text; reaching its maker through `constructor` is a way out of a sandbox, never ordinary."""
    if path.startswith("constructor"):
        machine.notes.need("escape.introspection", "constructor", "resolved")
    if not arguments:
        return UNKNOWN
    body = text_of(arguments[-1])
    parameters = ",".join(text_of(argument) for argument in arguments[:-1])
    made = (
        machine.source(f"(function anonymous({parameters}) {{\n{body}\n}})", "Function") if is_known(body) else UNKNOWN
    )
    if not is_known(body):
        machine.notes.need("code.dynamic", None, "unknown", why="Function")
    return made


def _timer(machine: Machine, path: str, arguments: list[Value]) -> Value:
    first = arguments[0] if arguments else UNDEFINED
    if isinstance(first, str):
        machine.notes.need(
            "code.concealed", first[:80] if is_known(first) else None, why=f"{path} is given text to run"
        )
        machine.source(first, path)
        return UNKNOWN
    for argument in arguments:
        _hand_on(machine, argument)
    if isinstance(first, Native):
        call(machine, first, arguments[2:], this=UNDEFINED, node=None)
    return UNKNOWN


def _reflect(machine: Machine, path: str, arguments: list[Value]) -> Value:
    """Do what `Reflect` does; used on what the engine provides, it is a way around names."""
    target = arguments[0]
    if isinstance(target, Native) and target.path in _HOST and path in {"Reflect.get", "Reflect.ownKeys"}:
        machine.notes.need("escape.introspection", f"{path} on {target.path}", "resolved")
    if path == "Reflect.get" and len(arguments) > 1:
        return members.get(machine, target, text_of(arguments[1]))
    if path == "Reflect.apply" and isinstance(target, (Native, Closure)):
        return _indirect(machine, target, "apply", arguments[1:])
    if path == "Reflect.construct":
        rest = arguments[1].items if len(arguments) > 1 and isinstance(arguments[1], Array) else [UNKNOWN]
        return call(machine, target, list(rest), this=UNDEFINED, node=None)
    return Object() if path != "Reflect.ownKeys" else UNKNOWN
