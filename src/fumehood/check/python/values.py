"""What an expression may evaluate to, as far as reading can tell.

Values are shared and mutable where Python's own are (`Seq`, `Map`, `Instance`), so that aliases see each other's changes.
`how` is the way a value was resolved, newest step first; `origin` says where an unresolved one comes from:
decoded, network, file, input, parameter, module, environment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ast

    from fumehood.check.python.scope import Scope

Origin = frozenset[str]
NOWHERE: Origin = frozenset()
MAX_OPTIONS = 8
MAX_STEPS_TOLD = 8


@dataclass(slots=True, eq=False)
class Value:
    """The root of all values; by itself never made."""

    @property
    def origin(self) -> Origin:
        """Where it comes from, when that is no literal."""
        return NOWHERE


@dataclass(slots=True, eq=False)
class Unknown(Value):
    """Nothing is known but, perhaps, where it comes from. `size` is an estimate in bytes, 0 when there is none."""

    source: Origin = NOWHERE
    size: int = 0

    @property
    def origin(self) -> Origin:
        return self.source


@dataclass(slots=True, eq=False)
class Const(Value):
    """A constant that Python itself would compute: text, bytes, number, None, Ellipsis, slice-free."""

    value: Any
    how: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Text(Value):
    """Text of which the beginning and the end are known, such as `f"https://host/{name}.csv"`."""

    prefix: str
    suffix: str
    source: Origin = NOWHERE

    @property
    def origin(self) -> Origin:
        return self.source


@dataclass(slots=True, eq=False)
class Seq(Value):
    """A list, tuple, set, deque or exhausted-in-order iterator. Not `exact`: more items, or another order, may be."""

    kind: str
    items: list[Value]
    exact: bool = True

    @property
    def origin(self) -> Origin:
        return merged_origin(self.items[:MAX_OPTIONS])


@dataclass(slots=True, eq=False)
class Map(Value):
    """A dict, by constant key. `rest` stands for what was stored under keys that could not be resolved."""

    items: dict[Any, Value]
    rest: Value | None = None
    exact: bool = True


@dataclass(slots=True, eq=False)
class Ref(Value):
    """A module, or something in one, by its dotted name: `os`, `os.system`, `builtins.open`."""

    path: str
    how: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Namespace(Value):
    """The names of a module (`vars(os)`, of all modules: `sys.modules` has the path "") or of a scope (`globals()`)."""

    path: str | None
    names: dict[str, Value] | None = None


@dataclass(slots=True, eq=False)
class Object(Value):
    """What calling `path` gave: an object of a library, with what the models remember about it in `data`."""

    path: str
    source: Origin = NOWHERE
    data: dict[str, Value] = field(default_factory=dict)
    size: int = 0

    @property
    def origin(self) -> Origin:
        return self.source


@dataclass(slots=True, eq=False)
class Bound(Value):
    """A method looked up on a value that is no user-defined instance."""

    owner: Value
    name: str


@dataclass(slots=True, eq=False)
class Func(Value):
    """A function or lambda of the program, with the scopes it closes over."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    closure: Scope | None
    defaults: tuple[Value, ...] = ()
    keyword_defaults: dict[str, Value] = field(default_factory=dict)
    receiver: Value | None = None
    owner: Class | None = None
    generator: bool = False

    def bind(self, receiver: Value) -> Func:
        """Answer the same function as a method of `receiver`."""
        return Func(self.node, self.closure, self.defaults, self.keyword_defaults, receiver, self.owner, self.generator)

    @property
    def name(self) -> str:
        """The name it was defined under."""
        return getattr(self.node, "name", "<lambda>")


@dataclass(slots=True, eq=False)
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


@dataclass(slots=True, eq=False)
class Instance(Value):
    """An instance of a class of the program."""

    cls: Class
    attributes: dict[str, Value] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Partial(Value):
    """A callable with some arguments already given; `before` is False where they follow the caller's (methodcaller)."""

    func: Value
    args: tuple[Value, ...]
    keywords: dict[str, Value]


@dataclass(slots=True, eq=False)
class Wrapped(Value):
    """A method or class attribute with a protocol around it: property, staticmethod, classmethod."""

    kind: str
    func: Value


@dataclass(slots=True, eq=False)
class Union(Value):
    """One of several values: what branches leave behind."""

    options: list[Value]

    @property
    def origin(self) -> Origin:
        return merged_origin(self.options)


UNKNOWN = Unknown()
NONE = Const(None)
_BY_ORIGIN: dict[Origin, Unknown] = {NOWHERE: UNKNOWN}


def unknown(origin: Origin = NOWHERE) -> Unknown:
    """Answer the shared unknown value of an origin."""
    found = _BY_ORIGIN.get(origin)
    if found is None:
        found = Unknown(origin)
        if len(_BY_ORIGIN) < 256:  # noqa: PLR2004 - a bound on memory: the tags are few, their sets are not
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
    if first is second:
        return first
    found: list[Value] = []
    for value in [*options(first), *options(second)]:
        if not any(_same(value, other) for other in found):
            found.append(value)
    if len(found) == 1:
        return found[0]
    return Union(_pruned(found))


def _pruned(found: list[Value]) -> list[Value]:
    """Keep what can act (callables, modules) before what can't when there are too many."""
    if len(found) <= MAX_OPTIONS:
        return found
    acting = [value for value in found if not isinstance(value, Const | Unknown | Text)]
    passive = [value for value in found if isinstance(value, Const | Text)]
    return [*acting, *passive][: MAX_OPTIONS - 1] + [unknown(merged_origin(found))]


def _same(first: Value, second: Value) -> bool:
    if first is second:
        return True
    if isinstance(first, Const) and isinstance(second, Const):
        return type(first.value) is type(second.value) and first.value == second.value
    if isinstance(first, Ref) and isinstance(second, Ref):
        return first.path == second.path
    return isinstance(first, Unknown) and isinstance(second, Unknown) and first.source == second.source
