"""The environment's variables, the interpreter's own settings, notebook forms."""

from __future__ import annotations

import shlex
from typing import Any

from fumehood.check.python.effects import exert, told
from fumehood.check.python.fold.concrete import concrete
from fumehood.check.python.machine import Args, Machine, method, model
from fumehood.check.python.nested import run_code
from fumehood.check.python.powers.words import words
from fumehood.check.python.values import NONE, UNKNOWN, Const, Map, Object, Ref, Value, unknown

ENVIRONMENT = frozenset({"environment"})
MAX_RECURSION = 1_000_000
# What variables hold wherever a program runs, as the other tables write it.
KNOWN: dict[Any, Value] = {"HOME": Const("~"), "PWD": Const("/workspace"), "TMPDIR": Const("/tmp")}  # noqa: S108 - inside


def read_variable(machine: Machine, args: Args) -> Value:
    """Note the variable that is read."""
    for text, how in told(args.get(0, "key")):
        machine.need("env.read", args.node, value=text, how=how)
    return args.get(1, "default") or unknown(ENVIRONMENT)


@model(
    "os.environ.get",
    "os.environ.__getitem__",
    "os.environ.pop",
    "os.environ.setdefault",
    "os.getenv",
    "os.environ.__contains__",
)
def variable(machine: Machine, args: Args) -> Value:
    read_variable(machine, args)
    name = args.get(0, "key")
    return KNOWN.get(name.value, unknown(ENVIRONMENT)) if isinstance(name, Const) else unknown(ENVIRONMENT)


@model("os.environ.__setitem__", "os.putenv", "os.unsetenv", "os.environ.__delitem__")
def set_variable(machine: Machine, args: Args) -> Value:
    for text, how in told(args.get(0, "key", "name")):
        machine.need("env.write", args.node, value=text, how=how)
    return NONE


@model(
    "os.environ.items",
    "os.environ.keys",
    "os.environ.values",
    "os.environ.copy",
    "os.environ.__iter__",
    "os.environ.__dict__",
    "os.environ._data",
    "os.environ.__str__",
    "os.environ.__repr__",
)
def all_variables(machine: Machine, args: Args) -> Value:
    machine.need("env.read", args.node, value="*")
    return unknown(ENVIRONMENT)


@model("os.environ.update")
def update_variables(machine: Machine, args: Args) -> Value:
    given = args.get(0)
    names = [*args.keywords, *(given.items if isinstance(given, Map) else ())]
    for name in names:
        if isinstance(name, str):
            machine.need("env.write", args.node, value=name)
    return NONE


@model("sys.setrecursionlimit")
def recursion(machine: Machine, args: Args) -> Value:
    limit = concrete(args.get(0, "limit"))
    if isinstance(limit, int) and limit > MAX_RECURSION:
        machine.need("resource.exhaust", args.node, value=f"a recursion limit of {limit}")
    return NONE


@model("builtins.__shell__")
def shell(machine: Machine, args: Args) -> Value:
    """`!command` in a notebook."""
    for text, how in told(args.get(0)):
        machine.need("process.spawn", args.node, value=text, how=how)
    return UNKNOWN


@model("builtins.__magic__")
def magic(machine: Machine, args: Args) -> Value:
    """`%name rest` in a notebook."""
    line = concrete(args.get(0))
    name, _, rest = line.partition(" ") if isinstance(line, str) else ("", "", "")
    body = concrete(args.get(1))
    if name in PYTHONS and isinstance(body, str):
        machine.need("process.spawn", args.node, value=name)
        run_code(machine, Const(body), args.node, how=(f"%%{name}",), names={})
    elif name in SHELLS:
        machine.need("process.spawn", args.node, value=_command(name, rest, body))
    elif name in {"time", "timeit", "prun", "capture", "memit", "lprun", "mprun", "python3_"}:
        run_code(machine, Const(body if isinstance(body, str) else _statement(rest)), args.node, how=(f"%{name}",))
    elif name in {"cd", "run", "load", "loadpy", "pycat", "cat", "more", "less"} and rest:
        path = Const(rest.split()[0 if name == "run" else -1])
        exert(machine, "pandas.read_csv", Args([path], node=args.node))  # a path or a URL
        if name in {"run", "load", "loadpy"}:
            machine.call(Ref("runpy.run_path"), Args([path], node=args.node))
    elif name in {"writefile", "file", "save", "notebook"} and rest:
        machine.need("fs.write", args.node, value=rest.split()[-1])
    elif name in {"env", "set_env"}:
        machine.need(
            "env.read" if "=" not in rest else "env.write", args.node, value=rest.partition("=")[0].strip() or "*"
        )
    return UNKNOWN


SHELLS = words("bash sh script system sx perl ruby cmd powershell zsh cp mv rm mkdir rmdir man") - {
    "ls",
    "html_",
    "js",
    "javascript",
}


PYTHONS = words("python python2 python3 pypy")
INLINE = {"perl": "-e", "ruby": "-e", "powershell": "-c"}


def _command(name: str, rest: str, body: object) -> str:
    """Answer what a magic of a shell starts, as the command line that it stands for."""
    if name == "script":
        name, _, rest = rest.partition(" ")
    if name in {"system", "sx"}:
        return rest
    if not isinstance(body, str):
        return f"{name} {rest}".strip()
    return shlex.join([name, *rest.split(), INLINE.get(name, "-c"), body])


def _statement(rest: str) -> str:
    """Drop the options of a magic that times a statement."""
    words = rest.split(" ")
    while words and words[0].startswith("-"):
        words = words[2 if len(words[0]) == 2 and words[0][1] in "nrtp" else 1 :]  # noqa: PLR2004 - a pair
    return " ".join(words)


@model("builtins.get_ipython")
def interpreter(machine: Machine, args: Args) -> Value:
    del machine, args
    return Object("builtins.get_ipython")


@method(
    "builtins.get_ipython.system",
    "builtins.get_ipython.getoutput",
    "builtins.get_ipython.system_raw",
    "builtins.get_ipython.system_piped",
)
def shell_method(machine: Machine, owner: Value, args: Args) -> Value:
    del owner
    return shell(machine, args)


@method("builtins.get_ipython.run_line_magic", "builtins.get_ipython.run_cell_magic", "builtins.get_ipython.magic")
def magic_method(machine: Machine, owner: Value, args: Args) -> Value:
    del owner
    first, rest = concrete(args.get(0)), concrete(args.get(1))
    line = f"{first} {rest}" if isinstance(rest, str) else first
    return (
        magic(machine, Args([Const(line), *args.positional[2:]], node=args.node)) if isinstance(line, str) else UNKNOWN
    )


@method(
    "builtins.get_ipython.run_cell",
    "builtins.get_ipython.ex",
    "builtins.get_ipython.ev",
    "builtins.get_ipython.run_cell_async",
)
def cell_method(machine: Machine, owner: Value, args: Args) -> Value:
    del owner
    return run_code(machine, args.get(0) or UNKNOWN, args.node, how=("run_cell",))
