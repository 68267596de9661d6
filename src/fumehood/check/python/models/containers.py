"""Containers: made, changed and read item by item."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# What is folded are values of any type: the kinds are told apart at run time.

from __future__ import annotations

from typing import Final, cast

from fumehood.check.python import subscripts
from fumehood.check.python.fold.concrete import concrete
from fumehood.check.python.iteration import items_of
from fumehood.check.python.machine import Args, Machine, method, model
from fumehood.check.python.values import (
    NONE,
    NOWHERE,
    UNKNOWN,
    Const,
    Map,
    Namespace,
    Object,
    Seq,
    Unknown,
    Value,
    from_values,
    join,
    union_of,
    unknown,
)

MAX_ZIP: Final = 20_000
HUGE: Final = 32 << 30  # no limit of a run is as large


def _kind(args: Args) -> str:
    func = getattr(args.node, "func", None)
    name = getattr(func, "id", getattr(func, "attr", "list"))
    return {"tuple": "tuple", "set": "set", "frozenset": "set", "list": "list", "deque": "list"}.get(name, "iter")


@model(
    "builtins.list",
    "builtins.tuple",
    "builtins.set",
    "builtins.frozenset",
    "builtins.iter",
    "collections.deque",
    "builtins.aiter",
    "collections.UserList",
)
def collected(machine: Machine, args: Args) -> Value:
    first = args.get(0)
    kind = _kind(args)
    if first is None:
        return Seq(kind, [])
    if len(args.positional) == 2 and kind == "iter":  # noqa: PLR2004 - a pair
        return Seq("iter", [machine.call(first, Args(node=args.node))], exact=False)
    if kind == "iter" and isinstance(first, Seq) and first.kind == "iter":
        return first
    items, exact = items_of(machine, first)
    return Seq(kind, items, exact)


@model("builtins.next", "builtins.anext")
def following(machine: Machine, args: Args) -> Value:
    source = args.get(0) or UNKNOWN
    if isinstance(source, Seq) and source.kind == "iter" and source.exact and source.items and not machine.vague:
        return source.items.pop(0)
    items, _ = items_of(machine, source)
    return subscripts.any_of(items) if items else args.get(1) or UNKNOWN


@model("builtins.reversed")
def backwards(machine: Machine, args: Args) -> Value:
    items, exact = items_of(machine, args.get(0) or UNKNOWN)
    return Seq("iter", items[::-1], exact)


@model("builtins.enumerate")
def numbered(machine: Machine, args: Args) -> Value:
    items, exact = items_of(machine, args.get(0) or UNKNOWN)
    start = concrete(args.get(1, "start") or Const(0))
    first = start if isinstance(start, int) else 0
    return Seq(
        "iter",
        [Seq("tuple", [Const(first + index) if exact else UNKNOWN, item]) for index, item in enumerate(items)],
        exact,
    )


@model("builtins.zip", "itertools.zip_longest", "itertools.product")
def zipped(machine: Machine, args: Args) -> Value:
    columns = [items_of(machine, value) for value in args.positional]
    exact = all(known for _, known in columns) and not args.loose
    rows = zip(*[items for items, _ in columns], strict=False)
    label = getattr(getattr(args.node, "func", None), "attr", "")
    return Seq("iter", [Seq("tuple", list(row)) for row in rows], exact and label != "product")


@model("itertools.chain", "itertools.chain.from_iterable")
def chained(machine: Machine, args: Args) -> Value:
    sources = args.positional
    if getattr(getattr(args.node, "func", None), "attr", "") == "from_iterable":
        sources = items_of(machine, args.get(0) or UNKNOWN)[0]
    whole: list[Value] = []
    exact = not args.loose
    for source in sources[:MAX_ZIP]:
        items, known = items_of(machine, source)
        whole.extend(items)
        exact = exact and known
    return Seq("iter", whole, exact)


@model("itertools.islice")
def sliced(machine: Machine, args: Args) -> Value:
    items, exact = items_of(machine, args.get(0) or UNKNOWN)
    bounds = [concrete(value) for value in args.positional[1:]]
    if exact and all(isinstance(bound, int) or bound is None for bound in bounds):
        return Seq("iter", items[slice(*bounds)])
    return Seq("iter", items, exact=False)


@model("builtins.sum")
def summed(machine: Machine, args: Args) -> Value:
    items, exact = items_of(machine, args.get(0) or UNKNOWN)
    start = args.get(1, "start")
    plain = [concrete(item) for item in items]
    if exact and all(isinstance(item, int | float) for item in plain):
        return Const(sum(plain))
    if isinstance(start, Seq) and exact:
        return Seq("list", [*start.items, *[part for item in items if isinstance(item, Seq) for part in item.items]])
    return UNKNOWN


@model(
    "builtins.dict",
    "collections.OrderedDict",
    "collections.defaultdict",
    "collections.Counter",
    "collections.UserDict",
    "types.SimpleNamespace",
    "types.MappingProxyType",
    "collections.ChainMap",
    "argparse.Namespace",
)
def table(machine: Machine, args: Args) -> Value:
    found = Map({})
    func = getattr(args.node, "func", None)
    label = getattr(func, "attr", getattr(func, "id", ""))
    if any(isinstance(value, Namespace) and value.names is None for value in args.positional):
        return union_of(args.positional)  # a module's names, in whichever dress
    for value in args.positional:
        if label == "defaultdict" and value is args.positional[0]:
            found.rest = machine.call(value, Args(node=args.node)) if not isinstance(value, Const) else None
        else:
            subscripts.update(machine, found, value)
    found.items.update(args.keywords)
    found.exact = found.exact and not args.loose and label not in {"Counter", "ChainMap"}
    if label in {"SimpleNamespace", "Namespace"}:
        return Object("types.SimpleNamespace", data={f".{key}": item for key, item in found.items.items()})
    return found


@model("builtins.dict.fromkeys")
def from_keys(machine: Machine, args: Args) -> Value:
    found = Map({})
    for key in items_of(machine, args.get(0) or UNKNOWN)[0]:
        subscripts.put(machine, found, key, value=args.get(1) or NONE)
    return found


@method("list.append", "set.add", "list.appendleft", "list.add", "tuple.append")
def append(machine: Machine, owner: Seq, args: Args) -> Value:
    value = args.get(0) or UNKNOWN
    subscripts.grow(machine, value, args.node)
    label = getattr(getattr(args.node, "func", None), "attr", "")
    if label == "appendleft":
        owner.items.insert(0, value)
    elif len(owner.items) < MAX_ZIP:
        owner.items.append(value)
    if machine.vague:
        owner.exact = False
    return NONE


@method("list.extend", "set.update", "list.extendleft", "list.__iadd__", "list.update")
def extend(machine: Machine, owner: Seq, args: Args) -> Value:
    for value in args.positional:
        items, exact = items_of(machine, value)
        for item in items[:8]:
            subscripts.grow(machine, item, args.node)
        owner.items.extend(items)
        owner.exact = owner.exact and exact and not machine.vague
    return NONE


@method("list.insert")
def insert(machine: Machine, owner: Seq, args: Args) -> Value:
    index = concrete(args.get(0))
    value = args.get(1) or UNKNOWN
    if isinstance(index, int):
        owner.items.insert(index, value)
    else:
        owner.items.append(value)
    owner.exact = owner.exact and isinstance(index, int) and not machine.vague
    return NONE


@method("list.pop", "list.popleft", "set.pop")
def take(machine: Machine, owner: Seq, args: Args) -> Value:
    label = getattr(getattr(args.node, "func", None), "attr", "")
    index = concrete(args.get(0) or Const(0 if label == "popleft" else -1))
    if owner.exact and not machine.vague and isinstance(index, int) and -len(owner.items) <= index < len(owner.items):
        return owner.items.pop(index)
    owner.exact = False
    return subscripts.any_of(owner.items)


@method(
    "list.reverse", "list.sort", "list.clear", "list.remove", "set.discard", "set.remove", "list.rotate", "set.clear"
)
def rearrange(machine: Machine, owner: Seq, args: Args) -> Value:
    label = getattr(getattr(args.node, "func", None), "attr", "")
    key = args.keywords.get("key")
    if key is not None:
        for item in owner.items[:4]:
            machine.call(key, Args([item], node=args.node))
    if machine.vague:
        owner.exact = False
    elif label == "reverse":
        owner.items.reverse()
    elif label == "clear":
        owner.items.clear()
    elif label == "sort" and key is None:
        _sort(owner, reverse=concrete(args.keywords.get("reverse")) is True)
    elif label == "rotate" and owner.items and isinstance(concrete(args.get(0) or Const(1)), int):
        by = concrete(args.get(0) or Const(1)) % len(owner.items)
        owner.items[:] = owner.items[-by:] + owner.items[:-by]
    else:
        owner.exact = False
    return NONE


def _sort(owner: Seq, *, reverse: bool) -> None:
    plain = [concrete(item) for item in owner.items]
    try:
        order = sorted(range(len(plain)), key=lambda index: plain[index], reverse=reverse)
    except TypeError:
        owner.exact = False
        return
    owner.items[:] = [owner.items[index] for index in order]


@method(
    "list.copy",
    "set.copy",
    "set.union",
    "set.intersection",
    "set.difference",
    "set.symmetric_difference",
    "list.__copy__",
)
def copied(machine: Machine, owner: Seq, args: Args) -> Value:
    more = [item for value in args.positional for item in items_of(machine, value)[0]]
    return Seq(owner.kind, [*owner.items, *more], owner.exact and not more)


@method("list.index", "list.count", "tuple.index", "tuple.count")
def position(machine: Machine, owner: Seq, args: Args) -> Value:
    del machine
    label = getattr(getattr(args.node, "func", None), "attr", "")
    plain, wanted = concrete(owner), concrete(args.get(0))
    if isinstance(plain, list | tuple) and wanted in plain:
        listed = cast("list[object]", [*plain])
        return Const(listed.index(wanted) if label == "index" else listed.count(wanted))
    return UNKNOWN


@method("list.__getitem__", "tuple.__getitem__", "dict.__getitem__", "set.__getitem__")
def item(machine: Machine, owner: Value, args: Args) -> Value:
    return subscripts.get(machine, owner, args.get(0) or UNKNOWN, node=args.node)


@method("list.__setitem__", "dict.__setitem__")
def set_item(machine: Machine, owner: Value, args: Args) -> Value:
    subscripts.put(machine, owner, args.get(0) or UNKNOWN, value=args.get(1) or UNKNOWN, node=args.node)
    return NONE


@method("list.__iter__", "tuple.__iter__", "dict.__iter__", "set.__iter__", "list.__reversed__")
def iterator(machine: Machine, owner: Value, args: Args) -> Value:
    del args
    items, exact = items_of(machine, owner)
    return Seq("iter", items, exact)


@method("list.__next__", "list.send", "tuple.__next__")
def advance(machine: Machine, owner: Value, args: Args) -> Value:
    return following(machine, args.shifted(owner))


@method("dict.get", "dict.pop", "dict.setdefault", "dict.__missing__")
def entry(machine: Machine, owner: Map, args: Args) -> Value:
    key, fallback = args.get(0) or UNKNOWN, args.get(1)
    found = subscripts.get(machine, owner, key, node=args.node)
    if isinstance(found, Unknown) and fallback is not None:
        if getattr(getattr(args.node, "func", None), "attr", "") == "setdefault":
            subscripts.put(machine, owner, key, value=fallback)
        return fallback
    return found if fallback is None or owner.exact else join(found, fallback)


@method("dict.items", "dict.keys", "dict.values", "dict.copy", "dict.popitem", "dict.most_common", "dict.elements")
def view(machine: Machine, owner: Map, args: Args) -> Value:
    del machine
    label = getattr(getattr(args.node, "func", None), "attr", "")
    if label == "copy":
        return Map(dict(owner.items), owner.rest, owner.exact)
    pairs: list[Value] = [Seq("tuple", [Const(key), value]) for key, value in owner.items.items()]
    if owner.rest is not None:
        pairs.append(Seq("tuple", [UNKNOWN, owner.rest]))
    if label in {"keys", "values"}:
        return Seq("list", [pair.items[label == "values"] for pair in pairs if isinstance(pair, Seq)], owner.exact)
    return subscripts.any_of(pairs) if label == "popitem" else Seq("list", pairs, owner.exact and label == "items")


@method("dict.update", "dict.__ior__", "dict.__or__", "dict.new_child")
def merge(machine: Machine, owner: Map, args: Args) -> Value:
    for value in args.positional:
        subscripts.update(machine, owner, value)
    for key, value in args.keywords.items():
        subscripts.put(machine, owner, Const(key), value=value)
    if args.loose:
        owner.exact = False
    return owner


@method(
    "text.encode",
    "text.decode",
    "text.strip",
    "text.rstrip",
    "text.lstrip",
    "text.__str__",
    "text.lower",
    "text.expandvars",
)
def same_text(machine: Machine, owner: Value, args: Args) -> Value:
    del machine, args
    return owner


@method("list.tobytes", "list.decode", "list.hex", "list.join")
def as_data(machine: Machine, owner: Seq, args: Args) -> Value:
    """`bytearray` and `array` are lists of numbers here, until they are asked for their bytes."""
    plain = concrete(owner)
    if isinstance(plain, list) and all(isinstance(part, int) and 0 <= part < 256 for part in plain):  # noqa: PLR2004 - a byte
        return machine.call(
            machine.attribute(Const(bytes(plain)), getattr(getattr(args.node, "func", None), "attr", "hex"), args.node),
            args,
        )
    return from_values(owner)


@model("array.array")
def array(machine: Machine, args: Args) -> Value:
    items, exact = items_of(machine, args.get(1, "initializer") or Seq("list", []))
    return Seq("list", items, exact)


@model("builtins.bytearray")
def byte_array(machine: Machine, args: Args) -> Value:
    first = args.get(0)
    if first is None:
        return Seq("list", [])
    plain = concrete(first)
    if isinstance(plain, int):
        if plain > HUGE:
            machine.need("resource.exhaust", args.node, value=f"{plain >> 30} GiB at once")
        return Object("builtins.bytearray", size=plain) if plain > 4096 else Seq("list", [Const(0)] * max(plain, 0))  # noqa: PLR2004 - large ones are told by their size
    if isinstance(plain, str):
        encoding = concrete(args.get(1, "encoding"))
        plain = plain.encode(encoding if isinstance(encoding, str) and len(encoding) < 20 else "utf-8", "replace")  # noqa: PLR2004 - no codec has a longer name
    if isinstance(plain, bytes) and len(plain) < MAX_ZIP:
        return Seq("list", [Const(byte) for byte in plain])
    items, exact = items_of(machine, first)
    return Seq("list", items, exact)


@model("numpy.array", "numpy.asarray", "pandas.Series", "pandas.array", "polars.Series", "torch.tensor", "pandas.Index")
def array_of(machine: Machine, args: Args) -> Value:
    """An array of library kind: what it holds is remembered as one, for those who go through it."""
    first = args.get(0, "data", "object")
    items = items_of(machine, first)[0] if isinstance(first, Seq) else []
    label = "pandas.Series" if getattr(getattr(args.node, "func", None), "attr", "") == "Series" else "numpy.ndarray"
    return Object(
        label, first.origin if first is not None else NOWHERE, {"item": subscripts.any_of(items)} if items else {}
    )


@model("argparse.ArgumentParser", "optparse.OptionParser")
def parser(machine: Machine, args: Args) -> Value:
    del machine, args
    return Object("argparse.ArgumentParser")


@method("argparse.ArgumentParser.add_argument", "argparse.ArgumentParser.add_option")
def option(machine: Machine, owner: Value, args: Args) -> Value:
    """A default is what an option is when nobody gives it."""
    del machine
    name = next(
        (
            value.value
            for value in reversed(args.positional)
            if isinstance(value, Const) and isinstance(value.value, str)
        ),
        None,
    )
    wanted = concrete(args.keywords.get("dest") or Const(name))
    default = args.keywords.get("default")
    if isinstance(owner, Object) and isinstance(wanted, str) and default is not None:
        owner.data[f".{wanted.lstrip('-').replace('-', '_')}"] = join(default, unknown(frozenset({"input"})))
    return UNKNOWN


@method("argparse.ArgumentParser.parse_args", "argparse.ArgumentParser.parse_known_args")
def parsed(machine: Machine, owner: Value, args: Args) -> Value:
    del machine, args
    return Object("argparse.Namespace", frozenset({"input"}), dict(owner.data) if isinstance(owner, Object) else {})


@model("copy.copy", "copy.deepcopy")
def duplicate(machine: Machine, args: Args) -> Value:
    first = args.get(0) or UNKNOWN
    if isinstance(first, Seq):
        return Seq(first.kind, list(first.items), first.exact)
    if isinstance(first, Map):
        return Map(dict(first.items), first.rest, first.exact)
    return machine.reference(first, args.node)
