"""Classes and descriptors: type, super, property, and what objects say of themselves."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# What is folded are values of any type: the kinds are told apart at run time.

from __future__ import annotations

from fumehood.check.python.attributes import any_member
from fumehood.check.python.fold.concrete import concrete
from fumehood.check.python.machine import Args, Machine, method, model
from fumehood.check.python.values import (
    NONE,
    UNKNOWN,
    Bound,
    Class,
    Const,
    Func,
    Instance,
    Map,
    Object,
    Partial,
    Ref,
    Seq,
    Union,
    Value,
    Wrapped,
    from_values,
    unknown,
)


@model("builtins.type", "types.new_class", "builtins.type.__new__", "builtins.type.__call__", "abc.ABCMeta")
def type_of(machine: Machine, args: Args) -> Value:  # noqa: C901, PLR0911 - one way for each kind
    del machine
    positional = args.positional
    if positional and isinstance(positional[0], Class) and len(positional) > 3:  # noqa: PLR2004 - with the metaclass before them
        positional = positional[1:]
    if len(positional) >= 3:  # noqa: PLR2004 - name, bases, attributes
        name, bases, body = concrete(positional[0]), positional[1], positional[2]
        attributes = (
            {key: value for key, value in body.items.items() if isinstance(key, str)} if isinstance(body, Map) else {}
        )
        cls = Class(name if isinstance(name, str) else "?", bases.items if isinstance(bases, Seq) else [], attributes)
        for value in attributes.values():
            if isinstance(value, Func):
                value.owner = cls
        return cls
    first = args.get(0) or UNKNOWN
    if isinstance(first, Instance):
        return first.cls
    if isinstance(first, Func):
        return Ref("types.FunctionType")
    if isinstance(first, Object) and first.path == "builtins.compile":
        return Ref("types.CodeType")
    if isinstance(first, Ref) and "." not in first.path:
        return Ref("types.ModuleType")
    if isinstance(first, Const):
        return Ref(f"builtins.{type(first.value).__name__}")
    if isinstance(first, Seq | Map):
        return Ref(f"builtins.{'dict' if isinstance(first, Map) else 'list'}")
    return Object("builtins.type", first.origin)


@model("builtins.super")
def parent(machine: Machine, args: Args) -> Value:
    owner = args.get(1) or machine.scope.find("self") or machine.scope.find("cls") or UNKNOWN
    if isinstance(owner, Instance):
        bases = Class("super", owner.cls.bases, {})
        return Instance(bases, owner.attributes)
    if isinstance(owner, Class):
        return Class("super", owner.bases, {}, None)
    return UNKNOWN


@model(
    "builtins.property",
    "functools.cached_property",
    "builtins.staticmethod",
    "builtins.classmethod",
    "abc.abstractproperty",
    "types.DynamicClassAttribute",
)
def wrap(machine: Machine, args: Args) -> Value:
    del machine
    label = getattr(
        args.node, "id", getattr(args.node, "attr", getattr(getattr(args.node, "func", None), "id", "property"))
    )
    func = args.get(0, "fget") or UNKNOWN
    return Wrapped({"cached_property": "property"}.get(label, label), func)


@model("builtins.object.__new__", "builtins.object", "builtins.super.__new__")
def bare(machine: Machine, args: Args) -> Value:
    del machine
    first = args.get(0)
    return Instance(first) if isinstance(first, Class) else Object("builtins.object")


@method("class.__new__", "instance.__new__", "class.__call__")
def new_instance(machine: Machine, owner: Value, args: Args) -> Value:
    del machine
    first = args.get(0)
    if isinstance(first, Class) and isinstance(owner, Class) and not len(args.positional) > 2:  # noqa: PLR2004 - standard streams
        return Instance(first)
    if len(args.positional) >= 4:  # noqa: PLR2004 - with the metaclass before them
        return type_of(_NO_MACHINE, Args(args.positional[1:], node=args.node))
    return UNKNOWN


_NO_MACHINE: Machine = None  # type: ignore[assignment]  # type() of three arguments asks nothing of the machine


@method("class.mro", "class.__subclasses__", "class.__init__", "instance.__init__")
def harmless(machine: Machine, owner: Value, args: Args) -> Value:
    del machine, args
    return Seq("list", [owner], exact=False)


@method("class.__getattribute__", "instance.__getattribute__", "instance.__getattr__")
def plain_lookup(machine: Machine, owner: Value, args: Args) -> Value:
    """`object.__getattribute__` on an object of the program, past its own override."""
    del machine
    name = concrete(args.get(0))
    if isinstance(owner, Instance) and isinstance(name, str):
        found = owner.attributes.get(name) or owner.cls.find(name)
        return found.bind(owner) if isinstance(found, Func) else found or UNKNOWN
    return any_member(owner)


@model("builtins.callable", "builtins.isinstance", "builtins.issubclass", "builtins.hasattr", "builtins.id")
def asked(machine: Machine, args: Args) -> Value:
    del machine, args
    return UNKNOWN


@method("function.__call__", "function.__get__")
def called(machine: Machine, owner: Value, args: Args) -> Value:
    if getattr(getattr(args.node, "func", None), "attr", "") == "__get__" and isinstance(owner, Func):
        return owner.bind(args.get(0) or UNKNOWN)
    return machine.call(owner, args)


@model("types.MethodType")
def bound_method(machine: Machine, args: Args) -> Value:
    del machine
    return Partial(args.get(0) or UNKNOWN, tuple(args.positional[1:2]), {})


@model("builtins.input", "builtins.raw_input")
def typed(machine: Machine, args: Args) -> Value:
    del machine, args
    return unknown(frozenset({"input"}))


@model("builtins.breakpoint", "pdb.set_trace", "builtins.help", "builtins.exit", "builtins.quit")
def interactive(machine: Machine, args: Args) -> Value:
    del machine, args
    return NONE


@model("collections.namedtuple", "typing.NamedTuple", "dataclasses.make_dataclass", "enum.Enum")
def record(machine: Machine, args: Args) -> Value:
    del machine
    return Object("record", data={"fields": args.get(1) or UNKNOWN})


@method("record.__call__")
def make_record(machine: Machine, owner: Value, args: Args) -> Value:
    fields = concrete(owner.data["fields"]) if isinstance(owner, Object) else None
    names = fields.replace(",", " ").split() if isinstance(fields, str) else fields if isinstance(fields, list) else []
    del machine
    values: dict[str, Value] = {f".{name}": value for name, value in zip(names, args.positional, strict=False)}
    values |= {f".{name}": value for name, value in args.keywords.items()}
    values["item"] = from_values(*args.all()) if not args.positional else args.positional[0]
    return Object("record", data=values)


__all__ = ["Bound", "Union"]
