"""What calling a value does when it is no function of the program."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from fumehood.check.python import operators, subscripts
from fumehood.check.python.attributes import OF_PATHS
from fumehood.check.python.effects import exert
from fumehood.check.python.escapes import inspect_template
from fumehood.check.python.fold import functions, text
from fumehood.check.python.fold.concrete import size_of
from fumehood.check.python.machine import METHODS, MODELS, Args, Machine, calling
from fumehood.check.python.powers.modules import known
from fumehood.check.python.powers.names import canonical
from fumehood.check.python.powers.words import words
from fumehood.check.python.values import (
    UNKNOWN,
    Bound,
    Class,
    Const,
    Func,
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
    Wrapped,
    from_values,
    join,
    merged_origin,
    union_of,
    unknown,
)

if TYPE_CHECKING:
    from fumehood.check.python.values import Origin

# Where what a library's function gives comes from, by the beginning of its name.
ORIGINS: dict[str, Origin] = {
    name: frozenset({origin})
    for origin, names in {
        "assembled": "ast.Call ast.Import ast.ImportFrom",  # code that is put together node by node
        "network": "requests httpx urllib.request http.client aiohttp urllib3 socket ftplib telnetlib websocket xmlrpc",
        "decoded": "base64 binascii zlib gzip bz2 lzma codecs marshal cryptography Crypto nacl fernet pyaes quopri",
    }.items()
    for name in names.split()
}


# Text made letter by letter: as data it is nothing special, as code it is hidden.
MAKING_TEXT = words(
    "builtins.chr builtins.bytes builtins.bytearray builtins.bytes.fromhex builtins.int.to_bytes builtins.unichr"
)
TABLES = words("pandas.DataFrame polars.DataFrame pyarrow.table")  # hold what they are made of
MAX_STRANGERS = 64
MAX_DOTS = 6
CARRIERS = words(
    "queue contextvars collections asyncio multiprocessing threading weakref types shelve concurrent cachetools heapq"
)
EXCEPTIONS = frozenset(
    name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, BaseException)
)


@calling(Ref)
def call_library(machine: Machine, func: Ref, args: Args) -> Value:
    path = canonical(func.path)
    exert(machine, path, args, how=func.how)
    verb = MODELS.get(path)
    if verb is not None:
        return verb(machine, args)
    own = path.removeprefix("builtins.")
    pure = functions.LIBRARY.get(own) or (functions.BUILTINS.get(own) if own is not path else None)
    if pure is not None:
        found = text.compute(machine, path.rpartition(".")[2], pure, args=args)
        if found is not None:
            return found
    if args.positional and (path in METHODS or (own is not path and "." in own)):  # a method called through its class
        rest = Args(args.positional[1:], args.keywords, args.loose, args.node)
        way = METHODS.get(path)
        return (
            machine.call(Bound(args.positional[0], own.rpartition(".")[2]), rest)
            if way is None
            else way(machine, args.positional[0], rest)
        )
    call_back(machine, args)
    made = Object(path, _origin(path) | merged_origin(args.all()), size=size_of(args.get(0)) if path in TABLES else 0)
    if own in EXCEPTIONS:
        made.data[".args"] = Seq("tuple", [*args.positional, *args.loose], exact=not args.loose)
        made.data[".value"] = args.get(0) or UNKNOWN
    return made


def _origin(path: str) -> Origin:
    top = path.partition(".")[0]
    if path in MAKING_TEXT:
        return frozenset({"decoded"})
    found = ORIGINS.get(path) or ORIGINS.get(path.rpartition(".")[0]) or ORIGINS.get(top)
    if found is not None:
        return found
    return frozenset() if known(top) or top == "builtins" else frozenset({"foreign"})


def call_back(machine: Machine, args: Args) -> None:
    """A library may call what it is given: functions among the arguments are entered with nothing known."""
    for value in args.all():
        for option in value.options if isinstance(value, Union) else (value,):
            if isinstance(option, Func) and option.node not in machine.entered:
                machine.call(option, Args(node=args.node))


@calling(Bound)
def call_method(machine: Machine, func: Bound, args: Args) -> Value:  # noqa: PLR0911 - one way for each kind
    owner, name = func.owner, func.name
    if isinstance(owner, Const):
        return _method_of_constant(machine, owner, name, args=args)
    verb = METHODS.get(f"{_kind(owner)}.{name}") or METHODS.get(f".{name}")
    if verb is not None:
        return verb(machine, owner, args)
    if isinstance(owner, Object):
        path = f"{owner.path}.{name}"
        exert(machine, path, args)
        if path in MODELS:
            return MODELS[path](machine, args)
        call_back(machine, args)
        if owner.path.partition(".")[0] in CARRIERS:
            return _carried(owner, args)
        return Object(
            f"{owner.path}.{name}" if owner.path.count(".") < MAX_DOTS else owner.path,
            owner.source | merged_origin(args.all()),
        )
    if name in OF_PATHS and isinstance(owner, Unknown):
        return machine.call(Bound(Object("pathlib.Path", owner.source), name), args)
    call_back(machine, args)
    return from_values(owner, *args.all())


def _carried(owner: Object, args: Args) -> Value:
    """What is put into a queue or a context variable may come out of it again, by whatever method."""
    for value in args.all():
        if not isinstance(value, Unknown | Text) and not (
            isinstance(value, Const) and not isinstance(value.value, str)
        ):
            owner.data["item"] = join(owner.data["item"], value) if "item" in owner.data else value
    return owner.data.get("item") or Object(owner.path, owner.source)


def _kind(owner: Value) -> str:
    if isinstance(owner, Object):
        return owner.path
    if isinstance(owner, Seq):
        return owner.kind if owner.kind in {"list", "set", "tuple"} else "list"
    kinds: dict[type[Value], str] = {
        Map: "dict",
        Namespace: "namespace",
        Text: "text",
        Class: "class",
        Func: "function",
        Instance: "instance",
    }
    return kinds.get(type(owner), "")


def _method_of_constant(machine: Machine, owner: Const, name: str, *, args: Args) -> Value:
    if name in {"format", "format_map"} and isinstance(owner.value, str):
        inspect_template(machine, owner.value, args.node)
        for value in args.all():
            operators.special(machine, value, "__format__", args=Args([UNKNOWN], node=args.node))
    return text.method(machine, owner, name, args=args)


@calling(Partial)
def call_partial(machine: Machine, func: Partial, args: Args) -> Value:
    return machine.call(
        func.func, Args([*func.args, *args.positional], {**func.keywords, **args.keywords}, args.loose, args.node)
    )


@calling(Wrapped)
def call_wrapped(machine: Machine, func: Wrapped, args: Args) -> Value:
    return machine.call(func.func, args)


@calling(Union)
def call_any(machine: Machine, func: Union, args: Args) -> Value:
    return union_of([machine.call(option, args) for option in func.options])


@calling(Unknown)
def call_unknown(machine: Machine, func: Unknown, args: Args) -> Value:
    if "hidden" in func.source:
        machine.need("code.hidden", args.node, value="a function taken by an unreadable name", confidence="unknown")
    for value in args.positional:
        if isinstance(value, Const) and isinstance(value.value, str | bytes):
            machine.remember(value.value)
            if len(machine.strangers) < MAX_STRANGERS:
                machine.strangers.append(args)
    call_back(machine, args)
    return from_values(func, *args.all())


@calling(Object)
def call_object(machine: Machine, func: Object, args: Args) -> Value:
    found = func.data.get("call")
    if found is not None:
        return machine.call(found, args)
    verb = METHODS.get(f"{func.path}.__call__")
    if verb is not None:
        return verb(machine, func, args)
    exert(machine, f"{func.path}.__call__", args)
    call_back(machine, args)
    return Object(func.path, func.source)


@calling(Class)
def make(machine: Machine, cls: Class, args: Args) -> Value:
    if isinstance(cls.metaclass, Class):
        caller = cls.metaclass.find("__call__")
        if caller is not None:
            return machine.call(Partial(caller, (cls,), {}), args)
    maker = cls.find("__new__")
    if isinstance(maker, Func):
        machine.call(maker, args.shifted(cls))
    made = Instance(cls)
    starter = cls.find("__init__")
    if isinstance(starter, Func):
        machine.call(starter.bind(made), args)
    else:
        _fields(cls, made, args)
    after = cls.find("__post_init__")
    if isinstance(after, Func):
        machine.call(after.bind(made), Args(node=args.node))
    _inherit(machine, cls, made, args=args)
    return made


def _inherit(machine: Machine, cls: Class, made: Instance, *, args: Args) -> None:
    """Do what making an object of a library's class does, where the program's class is one."""
    base = cls.library_base()
    if base is None:
        return
    exert(machine, canonical(base.path), args, how=base.how)
    if base.path.endswith("Unpickler"):  # whatever its own lookup answers, the data names what is called
        machine.call(base, args)
    if canonical(base.path) == "threading.Thread" and isinstance(cls.find("run"), Func):
        made.attributes["<thread>"] = UNKNOWN


def _fields(cls: Class, made: Instance, args: Args) -> None:
    """Give a dataclass or named tuple its fields."""
    names = list(cls.attributes)
    for name, value in zip(names, args.positional, strict=False):
        made.attributes[name] = value
    made.attributes.update(args.keywords)


@calling(Instance)
def call_instance(machine: Machine, owner: Instance, args: Args) -> Value:
    found = operators.special(machine, owner, "__call__", args=args)
    if found is None:
        base = owner.cls.library_base()
        return UNKNOWN if base is None else machine.call(Object(base.path), args)
    return found


@calling(Namespace)
def call_namespace(machine: Machine, owner: Namespace, args: Args) -> Value:
    del machine, owner
    return from_values(*args.all())


__all__ = ["subscripts", "unknown"]
