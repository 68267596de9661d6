"""Libraries that carry a language of their own: SQL, pandas' expressions, templates, TeX."""

from __future__ import annotations

import re
from typing import Final

from fumehood.check.python.effects import exert, told
from fumehood.check.python.fold.concrete import concrete
from fumehood.check.python.fold.functions import template as fill
from fumehood.check.python.fold.text import compute
from fumehood.check.python.machine import Args, Machine, method, model
from fumehood.check.python.nested import run_code
from fumehood.check.python.values import UNKNOWN, Const, Object, Value

ATTACH: Final = re.compile(r"\b(?:attach(?:\s+database)?|vacuum\s+into|detach)\s+['\"]([^'\"]+)['\"]", re.IGNORECASE)
SQL_FILES: Final = re.compile(
    r"(?:read_csv(?:_auto)?|read_parquet|read_text|read_blob|read_json(?:_auto)?|readfile|load_file|glob|read_file)\s*\(\s*['\"]([^'\"]+)['\"]",
    re.IGNORECASE,
)
SQL_QUOTED: Final = re.compile(
    r"\bfrom\s+'([^']+)'|\bcopy\b[^;]*?\b(?:to|from)\s+'([^']+)'|\boutfile\s+'([^']+)'|writefile\s*\(\s*'([^']+)'",
    re.IGNORECASE,
)
MAX_STATEMENT: Final = 100_000  # longer ones are dumps
HUGE_ARRAY: Final = 64 << 30
SQL_NATIVE: Final = re.compile(
    r"\bload_extension\s*\(|\binstall\s+\w+|\bload\s+'|\bcopy\b[^;]*\bprogram\b", re.IGNORECASE
)


@model("sqlite3.connect", "duckdb.connect", "apsw.Connection", "aiosqlite.connect")
def connection(machine: Machine, args: Args) -> Value:
    for text, how in told(args.get(0, "database")):
        if text is None or text == ":memory:" or "mode=memory" in text:
            continue
        path = text.removeprefix("file://").removeprefix("file:").partition("?")[0]
        machine.need("fs.write" if "mode=ro" not in text else "fs.read", args.node, value=path, how=how)
    return Object("sqlite3.Connection")


@method("sqlite3.Connection.cursor", "sqlite3.Connection.__enter__")
def cursor(machine: Machine, owner: Value, args: Args) -> Value:
    del machine, owner, args
    return Object("sqlite3.Connection")


@method(".execute", ".executescript", ".executemany", ".sql", ".read_sql", ".exec_driver_sql", ".exec")
def statement(machine: Machine, owner: Value, args: Args) -> Value:
    sql(machine, args.get(0, "sql", "query") or UNKNOWN, args)
    if isinstance(owner, Object) and owner.path == "concurrent.interpreters.Interpreter":
        run_code(machine, args.get(0) or UNKNOWN, args.node, how=("exec",))
    return owner if isinstance(owner, Object) else UNKNOWN


@model(
    "pandas.read_sql",
    "pandas.read_sql_query",
    "duckdb.sql",
    "duckdb.query",
    "duckdb.execute",
    "polars.sql",
    "pandasql.sqldf",
)
def queried(machine: Machine, args: Args) -> Value:
    sql(machine, args.get(0, "sql", "query") or UNKNOWN, args)
    return Object("pandas.DataFrame")


def sql(machine: Machine, value: Value, args: Args) -> None:
    """Note the files and extensions that a statement reaches."""
    for text, how in told(value):
        if text is None or len(text) > MAX_STATEMENT:
            continue
        for path in ATTACH.findall(text):
            if path != ":memory:":
                target = path.removeprefix("file:").partition("?")[0]
                machine.need("fs.write", args.node, value=target, how=how)
        quoted = [path for groups in SQL_QUOTED.findall(text) for path in groups if "/" in path or "." in path]
        for path in [*SQL_FILES.findall(text), *quoted]:
            exert(machine, "pandas.read_csv", Args([Const(path)], node=args.node))
        if SQL_NATIVE.search(text):
            machine.need("code.native", args.node, value="a database extension", how=how)


@model("pandas.eval")
def evaluated(machine: Machine, args: Args) -> Value:
    expression(machine, args.get(0, "expr") or UNKNOWN, args)
    return UNKNOWN


@method(".query", ".eval")
def frame_query(machine: Machine, owner: Value, args: Args) -> Value:
    if args.positional:
        expression(machine, args.positional[0], args)
    return owner


def expression(machine: Machine, value: Value, args: Args) -> None:
    """Read an expression of pandas: Python, with `@` before the program's own names."""
    text = concrete(value)
    if isinstance(text, str) and ("@" in text or "__" in text or "(" in text):
        run_code(
            machine,
            Const(text.replace("@", "").replace("`", ""), value.how if isinstance(value, Const) else ()),
            args.node,
            how=("expression",),
        )


@model(
    "numpy.zeros",
    "numpy.ones",
    "numpy.empty",
    "numpy.full",
    "numpy.random.rand",
    "numpy.random.randn",
    "numpy.random.random",
    "numpy.arange",
    "torch.zeros",
    "torch.ones",
    "torch.rand",
    "torch.randn",
)
def array_made(machine: Machine, args: Args) -> Value:
    """An array of a known shape has a known size."""
    size = 8
    for value in args.positional[:4]:
        plain = concrete(value)
        for part in plain if isinstance(plain, tuple | list) else [plain]:  # pyright: ignore[reportUnknownVariableType]
            size *= max(part, 1) if isinstance(part, int) else 1
    if size > HUGE_ARRAY:
        machine.need("resource.exhaust", args.node, value=f"an array of {size >> 30} GiB")
    return Object("numpy.ndarray", size=min(size, 1 << 50))


@model("numpy.load")
def array_loaded(machine: Machine, args: Args) -> Value:
    del machine, args
    return UNKNOWN


@model(
    "jinja2.Template",
    "jinja2.Environment.from_string",
    "mako.template.Template",
    "string.Template",
    "flask.render_template_string",
    "tornado.template.Template",
    "django.template.Template",
)
def template(machine: Machine, args: Args) -> Value:
    """Templates run expressions of their own: those that reach for internals are read as what they are."""
    text = concrete(args.get(0, "source", "text", "template"))
    if isinstance(text, str):
        for name in re.findall(r"__(?:globals|subclasses|builtins|import|class|mro|base)__", text):
            if name != "__class__" or "{{" in text or "<%" in text:
                machine.need("escape.introspection", args.node, value=name)
        for code in re.findall(r"<%!?(.*?)%>", text, re.DOTALL)[:20]:
            run_code(machine, Const(code.strip()), args.node, how=("template",))
        for code in re.findall(r"\$\{(.*?)\}", text)[:20]:
            if "(" in code:
                run_code(machine, Const(code), args.node, how=("template",))
    return Object("string.Template", data={"text": args.get(0) or UNKNOWN})


@method("string.Template.substitute", "string.Template.safe_substitute")
def substituted(machine: Machine, owner: Value, args: Args) -> Value:
    text = owner.data.get("text", UNKNOWN) if isinstance(owner, Object) else UNKNOWN
    return (
        compute(machine, "substitute", fill, args=Args([text, *args.positional], args.keywords, args.loose, args.node))
        or UNKNOWN
    )


@model("matplotlib.rc", "matplotlib.pyplot.rc")
def settings(machine: Machine, args: Args) -> Value:
    if concrete(args.keywords.get("usetex")) is True or concrete(args.keywords.get("text.usetex")) is True:
        machine.need("process.spawn", args.node, value="latex")
    return UNKNOWN


@method("matplotlib.rcParams.__setitem__", "matplotlib.pyplot.rcParams.__setitem__")
def setting(machine: Machine, owner: Value, args: Args) -> Value:
    del owner
    return rc_setting(machine, args)


@model("matplotlib.rcParams.__setitem__", "matplotlib.pyplot.rcParams.__setitem__")
def rc_setting(machine: Machine, args: Args) -> Value:
    key, value = concrete(args.get(0)), concrete(args.get(1))
    if key == "text.usetex" and value is True:
        machine.need("process.spawn", args.node, value="latex")
    if isinstance(key, str) and key.startswith("animation.") and key.endswith("_path"):
        machine.need("process.spawn", args.node, value=str(value))
    return UNKNOWN
