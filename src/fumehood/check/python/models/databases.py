"""Libraries that carry a language of their own: SQL, pandas' expressions, templates, TeX."""

from __future__ import annotations

import re
from typing import Final

from fumehood.check.python.effects import exert, host_port, told
from fumehood.check.python.fold.concrete import concrete
from fumehood.check.python.fold.functions import template as fill
from fumehood.check.python.fold.text import compute
from fumehood.check.python.machine import Args, Machine, method, model
from fumehood.check.python.nested import run_code
from fumehood.check.python.values import UNKNOWN, Const, Map, Object, Ref, Value, from_values

# Compiled by `re` when a statement is first looked at: most programs have none.
ATTACH: Final = r"\b(?:attach(?:\s+database)?|vacuum\s+into|detach)\s+['\"]([^'\"]+)['\"]"
SQL_FILES: Final = (
    r"(?:read_csv(?:_auto)?|read_parquet|read_text|read_blob|read_json(?:_auto)?|readfile|load_file|glob|read_file)"
    r"\s*\(\s*['\"]([^'\"]+)['\"]"
)
SQL_QUOTED: Final = (
    r"\bfrom\s+'([^']+)'|\bcopy\b[^;]*?\b(?:to|from)\s+'([^']+)'|\boutfile\s+'([^']+)'|writefile\s*\(\s*'([^']+)'"
)
MAX_STATEMENT: Final = 100_000  # longer ones are dumps
HUGE_ARRAY: Final = 64 << 30
SQL_NATIVE: Final = r"\bload_extension\s*\(|\binstall\s+\w+|\bload\s+'|\bcopy\b[^;]*\bprogram\b"


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
    if isinstance(concrete(args.get(1, "con")), str):
        database(machine, args.get(1, "con"), args)
    return Object("pandas.DataFrame")


def sql(machine: Machine, value: Value, args: Args) -> None:
    """Note the files and extensions that a statement reaches."""
    for text, how in told(value):
        if text is None or len(text) > MAX_STATEMENT:
            continue
        for path in re.findall(ATTACH, text, re.IGNORECASE):
            if path != ":memory:":
                target = path.removeprefix("file:").partition("?")[0]
                machine.need("fs.write", args.node, value=target, how=how)
        quoted = [
            path
            for groups in re.findall(SQL_QUOTED, text, re.IGNORECASE)
            for path in groups
            if "/" in path or "." in path
        ]
        for path in [*re.findall(SQL_FILES, text, re.IGNORECASE), *quoted]:
            exert(machine, "pandas.read_csv", Args([Const(path)], node=args.node))
        if re.search(SQL_NATIVE, text, re.IGNORECASE):
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
    if concrete(args.get(2, "allow_pickle")) is True:
        return machine.call(Ref("pickle.load"), args)
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


@model(
    "sympy.sympify",
    "sympy.S",
    "sympy.parse_expr",
    "sympy.parsing.sympy_parser.parse_expr",
    "sympy.parsing.parse_expr",
    "sympy.core.sympify.sympify",
    "numexpr.evaluate",
    "numexpr.NumExpr",
    "PIL.ImageMath.eval",
    "PIL.ImageMath.unsafe_eval",
    "simpleeval.simple_eval",
    "asteval.Interpreter.eval",
)
def evaluated_text(machine: Machine, args: Args) -> Value:
    """Formulas that a library evaluates as Python."""
    text = args.get(0, "a", "s", "ex", "expression") or UNKNOWN
    if isinstance(concrete(text), str):
        run_code(machine, text, args.node, how=("formula",), names={})
    else:
        machine.need("code.dynamic", args.node, confidence="unknown")
    return Object("sympy.Expr", from_values(*args.all()).origin)


@model("typing.get_type_hints", "inspect.get_annotations", "typing_extensions.get_type_hints")
def annotations_run(machine: Machine, args: Args) -> Value:
    """Annotations written as text are code that is run here: any text of the program may be one."""
    machine.unresolved.append(args.node)
    return UNKNOWN


XML_ENTITY: Final = r"<!(?:ENTITY|DOCTYPE)\s[^>\[]*?\b(?:SYSTEM|PUBLIC\s+[\"'][^\"']*[\"'])\s+[\"']([^\"']+)[\"']"


@model(
    "lxml.etree.fromstring",
    "lxml.etree.XML",
    "lxml.etree.parse",
    "lxml.etree.iterparse",
    "lxml.etree.fromstringlist",
    "lxml.objectify.fromstring",
    "lxml.objectify.parse",
    "lxml.html.fromstring",
    "xml.sax.parse",
    "xml.sax.parseString",
    "xml.sax.make_parser.parse",
    "xml.sax.make_parser.feed",
    "xml.dom.pulldom.parse",
    "xml.dom.pulldom.parseString",
    "xml.dom.minidom.parse",
    "xml.dom.minidom.parseString",
    "xml.etree.ElementTree.fromstring",
    "xml.etree.ElementTree.XML",
    "xml.etree.ElementTree.parse",
    "xmltodict.parse",
)
def document(machine: Machine, args: Args) -> Value:
    """XML may name files and hosts that its parser is to fetch."""
    source = args.get(0, "text", "source", "string", "stream") or UNKNOWN
    content = source.data.get("content") if isinstance(source, Object) else source
    data = concrete(content)
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    if isinstance(text, str) and "<!" in text:
        for path in re.findall(XML_ENTITY, text[:MAX_STATEMENT], re.IGNORECASE):
            exert(machine, "pandas.read_csv", Args([Const(path)], node=args.node))
    return Object("xml.Element", from_values(*args.all()).origin)


DATABASE_PORTS: Final = {
    "postgresql": 5432,
    "postgres": 5432,
    "mysql": 3306,
    "mariadb": 3306,
    "mssql": 1433,
    "oracle": 1521,
    "mongodb": 27017,
    "redis": 6379,
}


@model(
    "sqlalchemy.create_engine",
    "sqlalchemy.ext.asyncio.create_async_engine",
    "sqlmodel.create_engine",
    "databases.Database",
    "dataset.connect",
)
def engine(machine: Machine, args: Args) -> Value:
    database(machine, args.get(0, "url", "name_or_url"), args)
    return Object("sqlalchemy.Engine")


def database(machine: Machine, url: Value | None, args: Args) -> None:
    """Note the file or the host that a database's URL names."""
    for text, how in told(url):
        scheme, mark, rest = (text or "").partition("://")
        kind = scheme.partition("+")[0]
        if kind in {"sqlite", "duckdb"}:
            path = rest.removeprefix("/").partition("?")[0]
            if path and path != ":memory:":
                machine.need("fs.write", args.node, value=path, how=how)
        elif mark:
            host = host_port(f"{kind}://{rest}")
            machine.need("net.connect", args.node, value=_on(kind, host), how=how)


def _on(kind: str, host: str | None) -> str | None:
    """Answer an address with the port that this kind of database has, where none was said."""
    if host is None or kind not in DATABASE_PORTS or not host.endswith(":443"):
        return host
    return f"{host.removesuffix(':443')}:{DATABASE_PORTS[kind]}"


@method(".to_sql", ".to_gbq")
def stored(machine: Machine, owner: Value, args: Args) -> Value:
    database(machine, args.get(1, "con"), args)
    return owner


@model("matplotlib.rc", "matplotlib.pyplot.rc", "matplotlib.rc_context", "matplotlib.pyplot.rc_context")
def settings(machine: Machine, args: Args) -> Value:
    given = args.get(0, "rc")
    if isinstance(given, Map):
        changed(machine, UNKNOWN, args)
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
    if (key == "text.usetex" and value is True) or (key == "text.latex.preamble" and value):
        machine.need("process.spawn", args.node, value="latex")
    if isinstance(key, str) and key.startswith("animation.") and key.endswith("_path"):
        machine.need("process.spawn", args.node, value=str(value))
    return UNKNOWN


@method("matplotlib.rcParams.update", "matplotlib.pyplot.rcParams.update", "matplotlib.style.use")
def changed(machine: Machine, owner: Value, args: Args) -> Value:
    del owner
    given = args.get(0, "rc")
    for key, value in given.items.items() if isinstance(given, Map) else ():
        rc_setting(machine, Args([Const(key), value], node=args.node))
    return UNKNOWN


@model(
    "matplotlib.rcParams.update",
    "matplotlib.pyplot.rcParams.update",
    "matplotlib.style.use",
    "matplotlib.pyplot.style.use",
)
def changed_by_function(machine: Machine, args: Args) -> Value:
    return changed(machine, UNKNOWN, args)
