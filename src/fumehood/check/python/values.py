"""What an expression may evaluate to, as far as reading can tell.

Values are shared and mutable where Python's own are (`Seq`, `Map`, `Instance`), so that aliases see each other's
changes.
`how` is the way a value was resolved, newest step first; `origin` says where an unresolved one comes from:
decoded, network, file, input, parameter, module, environment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from fumehood.check.python.scope import Scope

Origin = frozenset[str]
NOWHERE: Origin = frozenset()
MAX_OPTIONS = 8
MAX_ORIGINS = 256  # sets of tags that are shared; a bound on memory


class Value:
    """The root of all values; by itself never made."""

    __slots__ = ()

    @property
    def origin(self) -> Origin:
        """Where it comes from, when that is no literal."""
        return NOWHERE


class Unknown(Value):
    """Nothing is known but, perhaps, where it comes from. `size` is an estimate in bytes, 0 when there is none."""

    __slots__ = ("size", "source")

    def __init__(self, source: Origin = NOWHERE, size: int = 0) -> None:
        self.source = source
        self.size = size

    @property
    def origin(self) -> Origin:
        return self.source


class Const(Value):
    """A constant that Python itself would compute: text, bytes, number, None, Ellipsis, slice-free."""

    __slots__ = ("how", "value")

    def __init__(self, value: Any, how: tuple[str | int, ...] = ()) -> None:
        self.value = value
        self.how = how


class Text(Value):
    """Text of which the beginning and the end are known, such as `f"https://host/{name}.csv"`."""

    __slots__ = ("prefix", "source", "suffix")

    def __init__(self, prefix: str, suffix: str, source: Origin = NOWHERE) -> None:
        self.prefix = prefix
        self.suffix = suffix
        self.source = source

    @property
    def origin(self) -> Origin:
        return self.source


@dataclass(slots=True, eq=False, repr=False)
class Seq(Value):
    """A list, tuple, set, deque or exhausted-in-order iterator. Not `exact`: more items, or another order, may be."""

    kind: str
    items: list[Value]
    exact: bool = True

    @property
    def origin(self) -> Origin:
        return merged_origin([item for item in self.items[:MAX_OPTIONS] if not isinstance(item, Seq | Union)])


@dataclass(slots=True, eq=False, repr=False)
class Map(Value):
    """A dict, by constant key. `rest` stands for what was stored under keys that could not be resolved."""

    items: dict[Any, Value]
    rest: Value | None = None
    exact: bool = True


class Ref(Value):
    """A module, or something in one, by its dotted name: `os`, `os.system`, `builtins.open`."""

    __slots__ = ("how", "path")

    def __init__(self, path: str, how: tuple[str | int, ...] = ()) -> None:
        self.path = path
        self.how = how


class Namespace(Value):
    """The names of a module (`vars(os)`, of all modules: `sys.modules` has the path "") or of a scope (`globals()`)."""

    __slots__ = ("names", "path")

    def __init__(self, path: str | None, names: dict[str, Value] | None = None) -> None:
        self.path = path
        self.names = names


@dataclass(slots=True, eq=False, repr=False)
class Object(Value):
    """What calling `path` gave: an object of a library, with what the models remember about it in `data`."""

    path: str
    source: Origin = NOWHERE
    data: dict[str, Value] = field(default_factory=dict[str, Value])
    size: int = 0

    @property
    def origin(self) -> Origin:
        return self.source


class Bound(Value):
    """A method looked up on a value that is no user-defined instance."""

    __slots__ = ("name", "owner")

    def __init__(self, owner: Value, name: str) -> None:
        self.owner = owner
        self.name = name


@dataclass(slots=True, eq=False, repr=False)
class Func(Value):
    """A function or lambda of the program, with the scopes it closes over."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    closure: Scope | None
    defaults: tuple[Value, ...] = ()
    keyword_defaults: dict[str, Value] = field(default_factory=dict[str, Value])
    receiver: Value | None = None
    owner: Class | None = None

    def bind(self, receiver: Value) -> Func:
        """Answer the same function as a method of `receiver`."""
        return Func(self.node, self.closure, self.defaults, self.keyword_defaults, receiver, self.owner)

    @property
    def name(self) -> str:
        """The name it was defined under."""
        return getattr(self.node, "name", "<lambda>")


@dataclass(slots=True, eq=False, repr=False)
class Class(Value):
    """A class of the program."""

    name: str
    bases: list[Value]
    attributes: dict[str, Value]
    metaclass: Value | None = None

    def find(self, name: str, depth: int = 0) -> Value | None:
        """Look `name` up here and in the bases that are classes of the program."""
        if name in self.attributes:
            return self.attributes[name]
        if depth > MAX_OPTIONS:
            return None
        for base in self.bases:
            found = base.find(name, depth + 1) if isinstance(base, Class) else None
            if found is not None:
                return found
        return None

    def library_base(self, depth: int = 0) -> Ref | None:
        """Answer the first base that belongs to a library."""
        for base in self.bases:
            if isinstance(base, Ref):
                return base
            found = base.library_base(depth + 1) if isinstance(base, Class) and depth < MAX_OPTIONS else None
            if found is not None:
                return found
        return None


class Instance(Value):
    """An instance of a class of the program."""

    __slots__ = ("attributes", "cls")

    def __init__(self, cls: Class, attributes: dict[str, Value] | None = None) -> None:
        self.cls = cls
        self.attributes: dict[str, Value] = {} if attributes is None else attributes


class Partial(Value):
    """A callable with some arguments already given; `before` is False where they follow the caller's (methodcaller)."""

    __slots__ = ("args", "func", "keywords")

    def __init__(self, func: Value, args: tuple[Value, ...], keywords: dict[str, Value]) -> None:
        self.func = func
        self.args = args
        self.keywords = keywords


class Wrapped(Value):
    """A method or class attribute with a protocol around it: property, staticmethod, classmethod."""

    __slots__ = ("func", "kind")

    def __init__(self, kind: str, func: Value) -> None:
        self.kind = kind
        self.func = func


class Union(Value):
    """One of several values: what branches leave behind."""

    __slots__ = ("options",)

    def __init__(self, options: list[Value]) -> None:
        self.options = options

    @property
    def origin(self) -> Origin:
        return merged_origin(self.options)


PAIR: Final = 2
PLAIN: Final = frozenset({Const, Unknown, Text})
UNKNOWN = Unknown()
NONE = Const(None)
TELLING: Final = (str, bytes, int, range, type(None), type(...))
_BY_ORIGIN: dict[Origin, Unknown] = {NOWHERE: UNKNOWN}


def unknown(origin: Origin = NOWHERE) -> Unknown:
    """Answer the shared unknown value of an origin."""
    found = _BY_ORIGIN.get(origin)
    if found is None:
        found = Unknown(origin)
        if len(_BY_ORIGIN) < MAX_ORIGINS:
            _BY_ORIGIN[origin] = found
    return found


def merged_origin(values: list[Value] | tuple[Value, ...]) -> Origin:
    """Answer where any of the values comes from."""
    found: Origin = NOWHERE
    for value in values:
        origin = value.origin
        if origin and origin is not found:
            found = found | origin if found else origin
    return found


def from_values(*values: Value) -> Value:
    """Answer an unknown made from `values`."""
    return unknown(merged_origin(values))


def options(value: Value) -> list[Value]:
    """Answer what a value may be, one by one."""
    return value.options if isinstance(value, Union) else [value]


def join(first: Value, second: Value) -> Value:
    """Answer the value that is the one or the other."""
    return first if first is second else union_of([first, second])


def union_of(values: list[Value]) -> Value:
    """Answer the value that is any of `values`; of too many, callables and modules are kept before plain data."""
    acting: dict[Any, Value] = {}
    passive: dict[Any, Value] = {}
    spare: Origin = NOWHERE  # where the plain data comes from that is not looked at: there is too much of it already
    for option in _each(values):
        if type(option) not in PLAIN:
            if len(acting) <= MAX_OPTIONS:
                acting.setdefault(_identity(option), option)
        elif len(passive) <= MAX_OPTIONS:
            passive.setdefault(_identity(option), option)
        else:
            spare |= option.origin
    if len(acting) + len(passive) == 1:
        return next(iter((acting or passive).values()))
    found = [*acting.values(), *passive.values()]
    if len(found) <= MAX_OPTIONS:
        return Union(found) if found else UNKNOWN
    return Union([*found[: MAX_OPTIONS - 1], unknown(spare | merged_origin(list(passive.values())))])


def _each(values: list[Value]) -> Iterator[Value]:
    """Go through all options of values, and through each value once: items of a list are often the same one."""
    for value in values if len(values) <= PAIR else {id(value): value for value in values}.values():
        if type(value) is Union:
            yield from value.options
        else:
            yield value


def _identity(value: Value) -> Any:
    """Answer what two values share when they are the same; what nothing changes is, by what it says."""
    if isinstance(value, Const):
        data = value.value
        if isinstance(data, float | complex):
            return type(data), repr(data)
        return (type(data), data) if isinstance(data, TELLING) else id(value)
    if isinstance(value, Ref):
        return value.path
    if isinstance(value, Text):
        return value.prefix, value.suffix, value.source
    return value.source if isinstance(value, Unknown) else id(value)
