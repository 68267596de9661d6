"""What `owner.key` is: properties of the program's objects, methods of its texts and lists, the engine's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fumehood.check.bash.values import HOLE, HOME, WORKSPACE, is_known, whole
from fumehood.check.javascript.powers import GLOBALS, MODULES
from fumehood.check.javascript.values import (
    UNDEFINED,
    UNKNOWN,
    Array,
    Closure,
    Native,
    Object,
    OneOf,
    Special,
    Value,
    one_of,
)

if TYPE_CHECKING:
    from fumehood.check.javascript.machine import Machine

GLOBAL = frozenset({"globalThis", "global", "window", "self", "globalThis.global"})
_ALIASES = {
    "buffer.Buffer": "Buffer",
    "url.URL": "URL",
    "process.global": "globalThis",
    "timers.setTimeout": "setTimeout",
    "timers.setInterval": "setInterval",
    "timers.setImmediate": "setImmediate",
    "util.TextDecoder": "TextDecoder",
    "util.TextEncoder": "TextEncoder",
    "module.Module": "module",
    "module.default": "module",
    "module.constructor": "module",
    "require.main": "module",
    "process.mainModule": "module",
    "module.parent": "module",
    "module.children": "module",
    "module.exports": "exports",
    "path.posix": "path",
    "path.win32": "path",
    "document.defaultView": "globalThis",
    "globalThis.constructor": "Class",
}
_INVOKES = frozenset({"call", "apply", "bind"})
_RUNNER = frozenset({"process", "require", "module", "require.cache", "require.extensions"})
_OWN = frozenset({("module", "exports"), ("process", "exitCode"), ("process", "title")})
_MAX_PATH = 120
TRAP = "get of its proxy"
"""Under this name a proxy keeps the function that answers for its members."""
KNOWN_ENVIRONMENT = {
    "HOME": HOME,
    "PWD": WORKSPACE,
    "TMPDIR": "/tmp",  # noqa: S108 - what the run would find there, not a file that is made
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "USER": "user",
}


def get(machine: Machine, owner: Value, key: str) -> Value:  # noqa: C901, PLR0911, PLR0912 - one way for each kind
    """Answer a member; UNKNOWN where it can't be known, UNDEFINED where there is none."""
    if isinstance(owner, OneOf):
        return one_of(*(get(machine, value, key) for value in owner.values))
    if key == "then" and not (owner is UNKNOWN or (isinstance(owner, Object) and "then" in owner.members)):
        return Native("then", owner)
    if key in {"__proto__", "prototype"} and not isinstance(owner, (Object, Closure)):
        return Native("prototype", owner)
    if key == "constructor":
        return _constructor(owner)
    match owner:
        case Native():
            return _of_native(machine, owner, key)
        case str():
            return _of_text(owner, key)
        case Array():
            return _of_array(owner, key)
        case Object():
            return _of_object(machine, owner, key)
        case Closure():
            return _of_closure(owner, key)
        case Special.UNKNOWN:
            return UNKNOWN
        case Special.UNDEFINED | None:
            return UNDEFINED
        case _:
            return Native(key, owner)


def _constructor(owner: Value) -> Value:  # noqa: PLR0911 - one way for each kind
    """Answer what `.constructor` leads to: for anything callable the maker of functions."""
    match owner:
        case Closure():
            return Native("constructor.Function")
        case Native(path="prototype", owner=inner):
            return _constructor(inner)
        case Native(path=path):
            if path in {"module", "globalThis"}:
                return Native(_ALIASES.get(f"{path}.constructor", "Class"))
            is_object = path in MODULES or path in {"process", "console", "Math", "JSON", "Reflect", "exports"}
            return Native("Class") if is_object else Native("constructor.Function")
        case Object(members={"constructor": made}):
            return made
        case Object(base=Closure() as made):
            return made
        case Special():
            return UNKNOWN if owner is UNKNOWN else UNDEFINED
        case _:
            return Native("Class")


def _of_native(machine: Machine, owner: Native, key: str) -> Value:  # noqa: PLR0911 - one way for each kind
    if owner.path == "prototype":
        return get(machine, owner.owner, key) if owner.owner is not UNDEFINED else UNKNOWN
    if key in _INVOKES and owner.path not in MODULES and owner.path != "Reflect":
        return Native(key, owner)
    if owner.path in GLOBAL:
        return _global(machine, key)
    if owner.path == "process.env":
        machine.notes.need("env.read", key if is_known(key) else None, "resolved" if is_known(key) else "unknown")
        return KNOWN_ENVIRONMENT.get(key, UNKNOWN)
    if owner.path == "process.argv":
        return UNKNOWN
    if not is_known(key):
        return Native(f"{owner.path}.*", owner) if owner.path in _RUNNER else UNKNOWN
    path = f"{owner.path}.{key}"
    return Native(_ALIASES.get(path, path), owner) if len(path) < _MAX_PATH else UNKNOWN


def _global(machine: Machine, key: str) -> Value:
    if key in machine.globals.names:
        return machine.globals.names[key]
    if key in GLOBAL:
        return Native("globalThis")
    if not is_known(key):
        machine.notes.need("code.dynamic", None, "unknown", why="a name of the engine that is put together")
        return UNKNOWN
    return Native(key) if key in GLOBALS else UNDEFINED


def _of_text(owner: str, key: str) -> Value:
    if key == "length":
        return len(owner) if is_known(owner) else UNKNOWN
    if (place := whole(key)) is not None and place >= 0:
        return (owner[place] if place < len(owner) else UNDEFINED) if is_known(owner) else HOLE
    if key in {"href", "pathname"} and ("://" in owner or owner.startswith("file:")):
        return owner if key == "href" else "/" + owner.split("://", 1)[1].partition("/")[2]
    return Native(key, owner) if is_known(key) else UNKNOWN


def _of_array(owner: Array, key: str) -> Value:
    if key == "length":
        return UNKNOWN if owner.open else len(owner.items)
    if (place := whole(key)) is not None:
        if 0 <= place < len(owner.items):
            return owner.items[place]
        return UNKNOWN if owner.open else UNDEFINED
    if not is_known(key):
        return one_of(*owner.items[:4]) if owner.items else UNKNOWN
    return Native(key, owner)


def _of_object(machine: Machine, owner: Object, key: str) -> Value:
    if not is_known(key):
        return one_of(*list(owner.members.values())[:4]) if owner.members else UNKNOWN
    seen = 0
    holder: Value = owner
    while isinstance(holder, Object) and seen < 10:  # noqa: PLR2004 - chains of prototypes are short
        if key in holder.members:
            return holder.members[key]
        base = holder.base
        holder = base.members.get("prototype", UNDEFINED) if isinstance(base, Closure) else base
        seen += 1
    if isinstance(holder, Native) and holder.path in {"buffer", "map"}:
        return Native(key, owner)
    if isinstance(trap := owner.members.get(TRAP), Closure):
        return machine.enter(trap, [owner.base, key, owner], owner)
    if isinstance(holder, Native):
        return Native(f"{holder.path}#.{key}", owner)
    return Native(key, owner) if key in {"hasOwnProperty", "toString", "valueOf"} else UNDEFINED


def _of_closure(owner: Closure, key: str) -> Value:
    if key in owner.members:
        return owner.members[key]
    if key == "name":
        return owner.node.get("name").text
    if key in _INVOKES:
        return Native(key, owner)
    if key in {"__proto__", "prototype"}:
        made = owner.members.setdefault("prototype", Object())
        return made if key == "prototype" else Native("prototype", owner)
    return Native(key, owner) if key == "toString" else UNDEFINED


def put(machine: Machine, owner: Value, key: str, value: Value) -> None:  # noqa: C901, PLR0917 - one way for each kind
    """Set a member; on a value that may not be set for sure, the old one stays as an alternative."""
    match owner:
        case Object(members=held) | Closure(members=held):
            before = held.get(key, UNDEFINED)
            held[key] = value if machine.certain or before is UNDEFINED else one_of(value, before)
        case Array(items=items):
            _put_item(owner, items, key, value)
        case Native(path=path) if path in GLOBAL:
            machine.globals.names[key] = value
        case OneOf(values=values):
            for single in values:
                put(machine, single, key, value)
        case Native(path="process.env") if is_known(key):
            machine.notes.need("env.write", key)
        case Native(path="prototype", owner=Native(path=path)) if path in _RUNNER:
            machine.notes.need("runner.tamper", f"{path}.prototype.{key}", "referenced")
        case Native(path=path):
            if (path in _RUNNER or path.startswith("require.cache")) and (path, key) not in _OWN:
                machine.notes.need("runner.tamper", f"{path}.{key}", "referenced")
        case _:
            return


def _put_item(owner: Array, items: list[Value], key: str, value: Value) -> None:  # noqa: PLR0917 - the shape that its siblings have too
    place = whole(key)
    if place is None or not 0 <= place <= len(items) + 1000:
        owner.open = owner.open or not is_known(key)
        return
    items.extend([UNDEFINED] * (place + 1 - len(items)))
    items[place] = value


def folder(path: str) -> Value:
    """Answer the values of the names that say where a program stands."""
    return {"__dirname": WORKSPACE, "__filename": f"{WORKSPACE}/script.js"}.get(path, UNDEFINED)
