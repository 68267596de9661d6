"""Items: read, written, deleted."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from fumehood.check.python.fold.concrete import MISSING, concrete, size_of
from fumehood.check.python.machine import Args
from fumehood.check.python.operators import special
from fumehood.check.python.powers.names import CARRIED
from fumehood.check.python.values import (
    UNKNOWN,
    Class,
    Const,
    Instance,
    Map,
    Namespace,
    Object,
    Partial,
    Ref,
    Seq,
    Text,
    Union,
    Unknown,
    Value,
    from_values,
    join,
    union_of,
    unknown,
)

if TYPE_CHECKING:
    from fumehood.check.python.machine import Machine, Node

# A loop that keeps copies of a constant this large, so much in all, fills memory; computed arrays may well be results.
PIECE = 32 << 10
FILLER = 8 << 20
RESULTS = 512 << 20


def get(machine: Machine, owner: Value, key: Value, *, node: Node) -> Value:  # noqa: C901, PLR0911 - one way for each kind
    """Answer `owner[key]`."""
    if isinstance(owner, Const):
        return _letter(machine, owner, key)
    if isinstance(owner, Seq):
        return _item(machine, owner, key)
    if isinstance(owner, Map):
        return _entry(owner, key)
    if isinstance(owner, Namespace):
        return member(machine, owner, key, node=node)
    if isinstance(owner, Union):
        return union_of([get(machine, option, key, node=node) for option in owner.options])
    if isinstance(owner, Instance | Class):
        return _own(machine, owner, key, node=node)
    if isinstance(owner, Ref):
        if owner.path in {"os.environ", "builtins"}:
            return machine.call(machine.attribute(owner, "__getitem__", node), Args([key], node=node))
        return owner if owner.path.startswith(("typing.", "builtins.", "collections.")) else from_values(owner)
    if isinstance(owner, Object):
        item = owner.data.get("item")
        return (
            item
            if item is not None
            else machine.call(machine.attribute(owner, "__getitem__", node), Args([key], node=node))
        )
    if isinstance(owner, Text) and isinstance(key, Const):
        return Text("", "", owner.source)
    return unknown(owner.origin | key.origin) if isinstance(owner, Unknown) else from_values(owner, key)


def _letter(machine: Machine, owner: Const, key: Value) -> Value:
    index = concrete(key)
    if index is MISSING or not isinstance(index, int | slice):
        return from_values(owner, key)
    try:
        result = owner.value[index]
    except (IndexError, TypeError, ValueError, KeyError, OverflowError):
        return UNKNOWN
    if isinstance(result, str | bytes) and isinstance(index, slice):
        return machine.fold("slice", result, owner)
    return Const(result, owner.how)


def _item(machine: Machine, owner: Seq, key: Value) -> Value:
    index = concrete(key)
    if isinstance(index, int) and owner.exact and -len(owner.items) <= index < len(owner.items):
        return owner.items[index]
    if isinstance(index, slice):
        try:
            items = owner.items[index]
        except (TypeError, ValueError):
            return UNKNOWN
        machine.budget.step(len(items) // 8)
        return Seq(owner.kind, items, owner.exact)
    return any_of(owner.items if machine.keen else owner.items[:3])


def any_of(items: list[Value]) -> Value:
    """Answer the value that may be any of the items."""
    return union_of(items[:64])


def _entry(owner: Map, key: Value) -> Value:
    plain = hashable(key)
    if plain is not MISSING and plain in owner.items:
        return owner.items[plain]
    found = owner.rest or UNKNOWN
    if plain is MISSING and owner.items:
        return join(any_of(list(owner.items.values())), found)
    return found


def hashable(key: Value) -> Any:
    """Answer a key's Python value, `MISSING` where it is unknown or no key."""
    plain = concrete(key)
    if isinstance(key, Ref):
        return f"<{key.path}>"
    if plain is MISSING or isinstance(plain, list | dict | set | slice):
        return MISSING
    try:
        hash(plain)
    except TypeError:
        return MISSING
    return plain


def member(machine: Machine, owner: Namespace, key: Value, *, node: Node) -> Value:
    """Answer a name of a module or scope, looked up as an item."""
    name = concrete(key)
    if owner.names is not None:
        if isinstance(name, str):
            if name == "__builtins__":
                return Ref("builtins")
            return owner.names.get(name) or UNKNOWN
        return any_of(list(owner.names.values()))
    if isinstance(name, str):
        if owner.path == "":
            return Ref(name, key.how if isinstance(key, Const) else ())
        return machine.attribute(Ref(owner.path or "", key.how if isinstance(key, Const) else ()), name, node)
    return hidden(machine, owner.path or "sys.modules", node)


def hidden(machine: Machine, path: str, node: Node) -> Value:
    """Answer a member taken by a name that can't be read: in a module that can act, that is a need by itself."""
    if path.split(".", maxsplit=1)[0] in CARRIED - {"threading", "codecs", "warnings", "inspect", "fnmatch", "asyncio"}:
        machine.need("code.hidden", node, value=path, confidence="unknown")
        return unknown(frozenset({"hidden"}))
    return UNKNOWN


def _own(machine: Machine, owner: Instance | Class, key: Value, *, node: Node) -> Value:
    found = special(machine, owner, "__getitem__", args=Args([key], node=node))
    if found is None and isinstance(owner, Class):
        method = owner.find("__class_getitem__")
        found = machine.call(Partial(method, (owner,), {}), Args([key], node=node)) if method is not None else owner
    if found is None and isinstance(owner, Instance):
        missing = special(machine, owner, "__missing__", args=Args([key], node=node))
        items = owner.attributes.get("<items>")
        found = missing if missing is not None else (_entry(items, key) if isinstance(items, Map) else UNKNOWN)
    return found or UNKNOWN


def put(machine: Machine, owner: Value, key: Value, *, value: Value, node: Node | None = None) -> None:  # noqa: C901, PLR0912 - one way for each kind
    """Do `owner[key] = value`."""
    place = node or ast.Pass()
    if isinstance(owner, Map):
        grow(machine, value, place)
        plain = hashable(key)
        if plain is MISSING:
            owner.exact = False
            owner.rest = value if owner.rest is None else join(owner.rest, value)
        else:
            old = owner.items.get(plain) if machine.vague else None
            owner.items[plain] = value if old is None else join(old, value)
    elif isinstance(owner, Seq):
        index = concrete(key)
        if isinstance(index, int) and -len(owner.items) <= index < len(owner.items):
            owner.items[index] = join(owner.items[index], value) if machine.vague else value
        else:
            owner.items.append(value)
            owner.exact = False
    elif isinstance(owner, Namespace):
        _name(machine, owner, key, value=value, node=place)
    elif isinstance(owner, Instance | Class):
        if special(machine, owner, "__setitem__", args=Args([key, value], node=place)) is None and isinstance(
            owner, Instance
        ):
            put(machine, owner.attributes.setdefault("<items>", Map({})), key, value=value, node=place)
    elif isinstance(owner, Ref | Object):
        machine.call(machine.attribute(owner, "__setitem__", place), Args([key, value], node=place))
    elif isinstance(owner, Union):
        for option in owner.options:
            put(machine, option, key, value=value, node=place)


def _name(machine: Machine, owner: Namespace, key: Value, *, value: Value, node: Node) -> None:
    name = concrete(key)
    if owner.names is not None:
        if isinstance(name, str):
            owner.names[name] = value
    else:
        path = f"{owner.path}.{name}" if owner.path else f"sys.modules[{name!r}]"
        machine.need("runner.tamper", node, value=path)


def delete(machine: Machine, owner: Value, key: Value, *, node: Node) -> None:
    """Do `del owner[key]`."""
    plain = hashable(key)
    if isinstance(owner, Map) and plain is not MISSING:
        owner.items.pop(plain, None)
    elif isinstance(owner, Seq):
        owner.exact = False
    elif isinstance(owner, Namespace) and owner.path is not None and owner.path != "":
        machine.need("runner.tamper", node, value=owner.path)
    else:
        special(machine, owner, "__delitem__", args=Args([key], node=node))


def update(machine: Machine, owner: Map, value: Value) -> None:
    """Do `owner.update(value)`."""
    if isinstance(value, Map):
        owner.items.update(value.items)
        owner.exact = owner.exact and value.exact
        if value.rest is not None:
            owner.rest = value.rest if owner.rest is None else join(owner.rest, value.rest)
    elif isinstance(value, Seq):
        for pair in value.items:
            if isinstance(pair, Seq) and len(pair.items) == 2:  # noqa: PLR2004 - a pair
                put(machine, owner, pair.items[0], value=pair.items[1])
    elif isinstance(value, Namespace) and value.names is not None:
        owner.items.update(value.names)
    elif not isinstance(value, Const) or value.value is not None:
        owner.exact = False
        owner.rest = from_values(value) if owner.rest is None else owner.rest


def grow(machine: Machine, value: Value, node: Node) -> None:
    """Note a loop that keeps many copies of something large: filler, not data."""
    size = size_of(value)
    computed = isinstance(value, Object) and not value.path.startswith("builtins.")
    if size >= PIECE and size * machine.repeat >= (RESULTS if computed else FILLER):
        machine.need("resource.exhaust", node, value=f"{size * machine.repeat >> 20} MiB kept")
