"""What attributes values have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fumehood.check.python.escapes import inspect_attribute
from fumehood.check.python.fold.functions import CONSTANTS
from fumehood.check.python.machine import METHODS, Args, Machine, Member, looking_up
from fumehood.check.python.powers import powers_of
from fumehood.check.python.powers.names import canonical
from fumehood.check.python.powers.words import words
from fumehood.check.python.values import (
    NOWHERE,
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
    Unknown,
    Value,
    Wrapped,
    join,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

# Attribute names that only functions with power have: on an object nothing is known of, naming one counts.
TELLING = {
    "popen": "os.popen",
    "check_output": "subprocess.check_output",
    "check_call": "subprocess.check_call",
    "getoutput": "subprocess.getoutput",
    "getstatusoutput": "subprocess.getstatusoutput",
    "Popen": "subprocess.Popen",
    "execve": "os.execve",
    "execvp": "os.execvp",
    "execl": "os.execl",
    "execv": "os.execv",
    "execlp": "os.execlp",
    "forkpty": "os.forkpty",
    "posix_spawn": "os.posix_spawn",
    "posix_spawnp": "os.posix_spawnp",
    "spawnv": "os.spawnv",
    "spawnl": "os.spawnl",
    "spawnlp": "os.spawnlp",
    "spawnvp": "os.spawnvp",
    "killpg": "os.killpg",
    "urlopen": "urllib.request.urlopen",
    "urlretrieve": "urllib.request.urlretrieve",
    "create_connection": "socket.create_connection",
    "gethostbyname": "socket.gethostbyname",
    "getaddrinfo": "socket.getaddrinfo",
    "fork_exec": "_posixsubprocess.fork_exec",
    "CDLL": "ctypes.CDLL",
    "pythonapi": "ctypes.pythonapi",
    "enable_load_extension": "sqlite3.Connection.enable_load_extension",
    "load_extension": "sqlite3.Connection.load_extension",
    "startfile": "os.startfile",
    "create_subprocess_shell": "asyncio.create_subprocess_shell",
    "create_subprocess_exec": "asyncio.create_subprocess_exec",
    "subprocess_shell": "asyncio.create_subprocess_shell",
    "subprocess_exec": "asyncio.create_subprocess_exec",
}  # fmt: skip - a table
# Methods that only paths have, wherever the path came from.
OF_PATHS = words("read_text read_bytes write_text write_bytes iterdir rglob unlink symlink_to hardlink_to")
HIDDEN = frozenset({"hidden"})
PACKAGES = "/usr/lib/python3/dist-packages"  # stands for wherever a module's own files are


@looking_up(Ref)
def of_library(machine: Machine, owner: Ref, member: Member) -> Value:  # noqa: C901, PLR0911 - one way for each kind
    name = member.name
    if name == "__dict__":
        return Namespace(owner.path)
    if name in {"__self__", "__builtins__"} and owner.path.startswith("builtins"):
        return Ref("builtins")
    if name in {"__name__", "__qualname__"}:
        return Const(owner.path.rpartition(".")[2])
    if name in {"__func__", "__wrapped__", "__call__", "func"} and powers_of(owner.path):
        return owner
    if name in {"__file__", "__path__"}:
        folder = f"{PACKAGES}/{owner.path.replace('.', '/')}"
        return Const(f"{folder}/__init__.py") if name == "__file__" else Seq("list", [Const(folder)])
    inspect_attribute(machine, name, member.node)
    if name in {"__class__", "__base__", "__mro__", "__bases__", "__init__", "__new__"}:
        return Object(f"{owner.path}.{name}")
    path = canonical(f"{owner.path}.{name}")
    if path in CONSTANTS:
        return Const(CONSTANTS[path])
    if path == "sys.modules":
        return Namespace("")
    if owner.path == "sys" and name in {"argv", "path", "orig_argv"}:
        return Object(path, frozenset({"input"}))
    return Ref(path, owner.how)


@looking_up(Object)
def of_object(machine: Machine, owner: Object, member: Member) -> Value:
    name = member.name
    found = owner.data.get(f".{name}")
    if found is not None:
        return found
    verb = METHODS.get(f"{owner.path}:{name}")
    if verb is not None:
        return verb(machine, owner, Args(node=member.node))
    inspect_attribute(machine, name, member.node)
    return Bound(owner, name)


@looking_up(Const, Text, Seq, Map, Namespace, Bound, Partial)
def of_data(machine: Machine, owner: Value, member: Member) -> Value:
    inspect_attribute(machine, member.name, member.node)
    if isinstance(owner, Partial) and member.name == "func":
        return owner.func
    if isinstance(owner, Bound) and member.name == "__self__":
        return owner.owner
    if isinstance(owner, Const) and isinstance(owner.value, int | float) and member.name in {"real", "numerator"}:
        return owner
    if isinstance(owner, Const) and member.name in {"value", "_value_"}:  # a member of an enumeration is its value here
        return owner
    return Bound(owner, member.name)


@looking_up(Unknown)
def of_unknown(machine: Machine, owner: Unknown, member: Member) -> Value:
    inspect_attribute(machine, member.name, member.node)
    told = TELLING.get(member.name)
    if told is not None:
        return Ref(told)
    if owner.source >= HIDDEN:
        return unknown(HIDDEN)
    return Bound(owner, member.name)


@looking_up(Func)
def of_function(machine: Machine, owner: Func, member: Member) -> Value:  # noqa: PLR0911 - one way for each kind
    if member.name == "__globals__":
        machine.need("escape.introspection", member.node, value="__globals__")
        return Namespace(None, machine.scope.module().names)
    inspect_attribute(machine, member.name, member.node)
    if member.name in {"__name__", "__qualname__"}:
        return Const(owner.name)
    if member.name in {"__func__", "__wrapped__", "__call__", "__get__"}:
        return owner
    if member.name == "__defaults__":
        return Seq("tuple", list(owner.defaults))
    if member.name == "__doc__":
        return _docstring(owner)
    if member.name == "__annotations__":
        return machine.results.get(owner.node.args) or UNKNOWN
    return Bound(owner, member.name)


def _docstring(owner: Func) -> Value:
    body = owner.node.body
    first = body[0] if isinstance(body, list) and body else None
    text = getattr(getattr(first, "value", None), "value", None)
    return Const(text) if isinstance(text, str) else Const(None)


@looking_up(Class)
def of_class(machine: Machine, owner: Class, member: Member) -> Value:
    found = owner.find(member.name)
    if found is not None:
        return unwrapped(machine, found, owner, member=member)
    if isinstance(owner.metaclass, Class):
        found = owner.metaclass.find(member.name) or owner.metaclass.find("__getattr__")
        if found is not None:
            return _through(machine, found, owner, member=member)
    if member.name in {"__name__", "__qualname__"}:
        return Const(owner.name)
    if member.name == "__dict__":
        return Namespace(None, owner.attributes)
    if member.name != "__subclasses__":  # of a class of the program: its own subclasses
        inspect_attribute(machine, member.name, member.node)
    base = owner.library_base()
    return Bound(owner, member.name) if base is None else machine.attribute(base, member.name, member.node)


@looking_up(Instance)
def of_instance(machine: Machine, owner: Instance, member: Member) -> Value:  # noqa: PLR0911 - one way for each kind
    name = member.name
    method = owner.cls.find("__getattribute__")
    if method is not None and isinstance(method, Func) and machine.calls.get(method.node, 0) < 16:  # noqa: PLR2004 - enough to see what it gives
        return machine.call(method.bind(owner), Args([Const(name)], node=member.node))
    if name in owner.attributes:
        return owner.attributes[name]
    found = owner.cls.find(name)
    if found is not None:
        return unwrapped(machine, found, owner, member=member)
    if name == "__class__":
        return owner.cls
    if name == "__dict__":
        return Namespace(None, owner.attributes)
    inspect_attribute(machine, name, member.node)
    fallback = owner.cls.find("__getattr__")
    if fallback is not None:
        return _through(machine, fallback, owner, member=member)
    base = owner.cls.library_base()
    return Bound(owner, name) if base is None else Bound(Object(base.path), name)


def _through(machine: Machine, method: Value, owner: Value, *, member: Member) -> Value:
    """Answer a method, or what `__getattr__` gives."""
    if isinstance(method, Func):
        if method.name == "__getattr__":
            return machine.call(method.bind(owner), Args([Const(member.name)], node=member.node))
        return method.bind(owner)
    return method


def unwrapped(machine: Machine, found: Value, owner: Value, *, member: Member) -> Value:
    """Apply the descriptor protocol to an attribute found in a class."""
    if isinstance(found, Func):
        return found.bind(owner) if isinstance(owner, Instance) else found
    if isinstance(found, Wrapped):
        if found.kind == "property":
            return machine.call(Partial(found.func, (owner,), {}), Args(node=member.node))
        if found.kind == "classmethod":
            return Partial(found.func, (owner.cls if isinstance(owner, Instance) else owner,), {})
        return found.func
    if isinstance(found, Instance):
        getter = found.cls.find("__get__")
        if isinstance(getter, Func):
            return machine.call(getter.bind(found), Args([owner, UNKNOWN], node=member.node))
    return found


def members(owner: Value) -> Iterable[Value]:
    """Go through the functions of an instance or class of the program."""
    cls = owner.cls if isinstance(owner, Instance) else owner
    if isinstance(cls, Class):
        for value in cls.attributes.values():
            yield value.bind(owner) if isinstance(value, Func) and isinstance(owner, Instance) else value
    if isinstance(owner, Instance):
        yield from owner.attributes.values()


def any_member(owner: Value) -> Value:
    """Answer what `getattr(owner, name)` may be for a name that is not known."""
    found: Value | None = None
    for value in members(owner):
        if isinstance(value, Func | Ref | Partial):
            found = value if found is None else join(found, value)
    return found or unknown(owner.origin if not isinstance(owner, Unknown) else NOWHERE)
