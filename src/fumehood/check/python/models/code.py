"""Code made at run time, and modules and attributes found by name."""

from __future__ import annotations

import ast

from fumehood.check.python import imports, subscripts
from fumehood.check.python.attributes import TELLING, any_member
from fumehood.check.python.binding import set_attribute
from fumehood.check.python.effects import told
from fumehood.check.python.fold.concrete import concrete
from fumehood.check.python.machine import Args, Machine, method, model
from fumehood.check.python.nested import run_code
from fumehood.check.python.values import (
    NONE,
    UNKNOWN,
    Class,
    Const,
    Func,
    Instance,
    Map,
    Namespace,
    Object,
    Ref,
    Seq,
    Text,
    Unknown,
    Value,
    from_values,
    join,
    unknown,
)

MODULE_NAMES = frozenset(
    {"os", "sys", "subprocess", "builtins", "posix", "ctypes", "socket", "pty", "shutil", "importlib"}
)


def _names(value: Value | None) -> dict[str, Value] | None:
    """Answer the names that code given a namespace runs in; None where it is the program's own."""
    if isinstance(value, Map):
        return {key: item for key, item in value.items.items() if isinstance(key, str)}
    return value.names if isinstance(value, Namespace) else None


def _label(node: ast.AST) -> str:
    func = getattr(node, "func", None)
    return getattr(func, "id", None) or getattr(func, "attr", None) or "run"


@model("builtins.exec", "builtins.eval")
def execute(machine: Machine, args: Args) -> Value:
    code = args.get(0, "source", "object", "expression")
    spaces = [args.get(1, "globals"), args.get(2, "locals")]
    found = [names for names in map(_names, spaces) if names is not None]
    names = found[0] | found[1] if len(found) > 1 else found[0] if found else None
    result = run_code(machine, code or UNKNOWN, args.node, how=(_label(args.node),), names=names)
    written = next((space for space in reversed(spaces) if isinstance(space, Map | Namespace)), None)
    if isinstance(written, Map):
        written.items.update(names or {})
    elif written is not None and written.names is not None:
        written.names.update(names or {})
    return result


@model(
    "timeit.timeit",
    "timeit.repeat",
    "timeit.Timer",
    "timeit.main",
    "cProfile.run",
    "cProfile.runctx",
    "profile.run",
    "profile.runctx",
    "pdb.run",
    "pdb.runeval",
    "pdb.runctx",
    "bdb.Bdb.run",
    "bdb.Bdb.runeval",
    "trace.Trace.run",
    "trace.Trace.runctx",
    "code.interact",
    "code.InteractiveInterpreter.runsource",
    "code.InteractiveConsole.push",
    "code.InteractiveConsole.runsource",
    "code.InteractiveInterpreter.runcode",
    "code.InteractiveConsole.runcode",
    "doctest.debug_src",
    "doctest.script_from_examples",
    "pandas.eval_python",
    "numexpr.evaluate_python",
    "cProfile.Profile.run",
    "profile.Profile.run",
    "cProfile.Profile.runctx",
    "IPython.core.interactiveshell.InteractiveShell.run_cell",
    "builtins.get_ipython.run_cell",
    "builtins.get_ipython.ev",
    "builtins.get_ipython.ex",
    "idlelib.run.runcode",
    "asyncio.__main__.run",
    "test.support.run_code",
    "ctypes.pythonapi.PyRun_SimpleString",
    "_xxsubinterpreters.run_string",
    "_interpreters.run_string",
    "rlcompleter.Completer.attr_matches",
    "test.support.run_in_subinterp",
    "_testcapi.run_in_subinterp",
    "concurrent.interpreters.Interpreter.exec",
    "interpreters.Interpreter.exec",
)  # fmt: skip - a table
def execute_text(machine: Machine, args: Args) -> Value:
    for value in args.all()[:3]:
        if isinstance(value, Func):
            machine.call(value, Args(node=args.node))
        elif (isinstance(value, Const) and isinstance(value.value, str)) or (
            isinstance(value, Text | Unknown) and value.origin
        ):
            run_code(machine, value, args.node, how=(_label(args.node),))
    return Object("timeit.Timer")


@model(
    "builtins.compile",
    "code.compile_command",
    "codeop.compile_command",
    "ast.parse",
    "RestrictedPython.compile_restricted",
)
def compiled(machine: Machine, args: Args) -> Value:
    del machine
    source = args.get(0, "source") or UNKNOWN
    if isinstance(source, Object) and "code" in source.data:
        source = source.data["code"]
    if concrete(source).__class__ in {str, bytes}:
        return Object("builtins.compile", source.origin, {"code": source})
    return unknown(source.origin)


@model("types.FunctionType", "types.LambdaType", "types.MethodType")
def function_of_code(machine: Machine, args: Args) -> Value:
    code = args.get(0, "code", "func") or UNKNOWN
    if isinstance(code, Object) and "code" in code.data:
        run_code(machine, code, args.node, how=("FunctionType",), names=_names(args.get(1, "globals")))
        return UNKNOWN
    if isinstance(code, Func | Ref):
        return machine.call(Ref("functools.partial"), args)
    return from_values(code)


@model(
    "builtins.__import__",
    "importlib.import_module",
    "importlib._bootstrap._gcd_import",
    "builtins.__loader__.load_module",
    "pkgutil.resolve_name",
    "pydoc.locate",
    "pydoc.safeimport",
    "imp.load_module",
    "imp.find_module",
    "importlib.util.find_spec",
    "importlib.find_loader",
    "pkgutil.find_loader",
    "pkgutil.get_loader",
    "importlib.machinery.BuiltinImporter.load_module",
    "builtins.__spec__.loader.load_module",
    "importlib.machinery.BuiltinImporter.find_spec",
    "importlib.machinery.PathFinder.find_spec",
    "importlib._bootstrap.BuiltinImporter.load_module",
    "importlib.reload",
    "importlib.machinery.FrozenImporter.load_module",
    "importlib._bootstrap._load_unlocked",
    "importlib._bootstrap._find_and_load",
    "test.support.import_helper.import_module",
    "django.utils.module_loading.import_string",
    "werkzeug.utils.import_string",
    "unittest.mock._importer",
    "logging.config._resolve",
    "zope.dottedname.resolve",
    "numpy.testing.import_nose",
    "sympy.external.import_module",
    "scipy._lib.doccer",
    "pytest.importorskip",
    "twisted.python.reflect.namedAny",
    "jsonpickle.unpickler.loadclass",
    "importlib.util.module_from_spec",
    "importlib._bootstrap.module_from_spec",
    "imp.load_dynamic",
    "importlib.util._resolve_name",
    "importlib._bootstrap._builtin_from_name",
    "importlib.machinery.BuiltinImporter.create_module",
    "_imp.create_builtin",
    "imp.init_builtin",
    "imp.create_builtin",
    "builtins.reload",
    "imp.get_frozen_object",
)  # fmt: skip - a table
def import_by_name(machine: Machine, args: Args) -> Value:
    name = args.get(0, "name", "path", "spec") or UNKNOWN
    if isinstance(name, Ref | Namespace):
        return name
    text = concrete(name)
    if isinstance(text, str) and text:
        return _imported(machine, text.partition(":")[0], name, args=args)
    if name.origin & {"decoded", "hidden", "network"}:
        machine.need("code.hidden", args.node, value="a module imported by an unreadable name", confidence="unknown")
    return unknown(name.origin | {"module"})


def _imported(machine: Machine, text: str, name: Value, *, args: Args) -> Value:
    how = (_label(args.node), *(name.how if isinstance(name, Const) else ()))
    whole = str(concrete(name)).replace(":", ".")
    found = imports.load(machine, whole, args.node, how=how)
    from_list = args.get(3, "fromlist")
    if _label(args.node) == "__import__" and from_list is None and "." in text and isinstance(found, Ref):
        return Ref(text.partition(".")[0], how)
    return machine.reference(found, args.node)


@method(".load_module", ".exec_module", ".create_module", ".find_spec", ".find_module")
def loaded(machine: Machine, owner: Value, args: Args) -> Value:
    path = owner.data.get("file") if isinstance(owner, Object) else None
    if path is not None:
        return _run_file(machine, path, args)
    return import_by_name(machine, args)


@model("importlib.util.spec_from_file_location", "importlib.machinery.SourceFileLoader", "imp.load_source")
def loader_of_file(machine: Machine, args: Args) -> Value:
    path = args.get(1, "location", "path", "pathname") or UNKNOWN
    _run_file(machine, path, args)
    return Object("importlib.machinery.SourceFileLoader", data={"file": path})


@model("runpy.run_path", "builtins.execfile", "py_compile.compile")
def run_path(machine: Machine, args: Args) -> Value:
    return _run_file(machine, args.get(0, "path_name", "file") or UNKNOWN, args)


def _run_file(machine: Machine, path: Value, args: Args) -> Value:
    """Run what the program itself wrote to `path`, where it did."""
    for text, _ in told(path):
        written = machine.files.get(text or "")
        if written is not None:
            names: dict[str, Value] = {}
            run_code(machine, written, args.node, how=(_label(args.node), f"written to {text}"), names=names)
            return Namespace(None, names)
    return UNKNOWN


@model("runpy.run_module", "runpy._run_module_as_main")
def run_module(machine: Machine, args: Args) -> Value:
    name = concrete(args.get(0, "mod_name"))
    if isinstance(name, str):
        imports.load(machine, name, args.node)
        if name.partition(".")[0] in {
            "pip",
            "ensurepip",
            "venv",
            "http",
            "webbrowser",
            "idlelib",
            "test",
            "pdb",
            "code",
            "smtpd",
            "pydoc",
        }:
            machine.need("process.spawn" if name[:4] != "http" else "net.listen", args.node, value=f"python -m {name}")
    return UNKNOWN


@model(
    "builtins.getattr",
    "inspect.getattr_static",
    "builtins.object.__getattribute__",
    "builtins.type.__getattribute__",
    "operator._getattr",
)
def get_attribute(machine: Machine, args: Args) -> Value:
    owner, name = args.get(0) or UNKNOWN, args.get(1) or UNKNOWN
    found: Value | None = None
    for option in getattr(name, "options", [name]):
        text = concrete(option)
        if isinstance(text, str):
            one = machine.attribute(owner, text, args.node)
            one = Ref(one.path, ("getattr", *option.how)) if isinstance(one, Ref) and isinstance(option, Const) else one
        else:
            one = _unreadable(machine, owner, args)
        found = one if found is None else join(found, one)
    fallback = args.get(2)
    if fallback is not None and isinstance(found, Unknown):
        found = join(found, fallback)
    return machine.reference(found or UNKNOWN, args.node)


def _unreadable(machine: Machine, owner: Value, args: Args) -> Value:
    if isinstance(owner, Ref):
        return subscripts.hidden(machine, owner.path, args.node)
    if isinstance(owner, Instance | Class):
        return any_member(owner)
    return unknown(owner.origin)


@method(".__getattribute__", ".__getattr__")
def own_getattribute(machine: Machine, owner: Value, args: Args) -> Value:
    if isinstance(owner, Ref) and owner.path in {"builtins.object", "builtins.type"}:
        return get_attribute(machine, args)
    return get_attribute(machine, args.shifted(owner))


@model("builtins.setattr", "builtins.object.__setattr__", "builtins.type.__setattr__")
def put_attribute(machine: Machine, args: Args) -> Value:
    name = concrete(args.get(1))
    owner = args.get(0) or UNKNOWN
    if isinstance(name, str):
        set_attribute(machine, owner, name, value=args.get(2) or UNKNOWN, node=args.node)
    return NONE


@model("builtins.delattr")
def drop_attribute(machine: Machine, args: Args) -> Value:
    owner, name = args.get(0), concrete(args.get(1))
    if isinstance(owner, Ref) and isinstance(name, str):
        set_attribute(machine, owner, name, value=NONE, node=args.node)
    return NONE


@model("operator.attrgetter")
def attribute_getter(machine: Machine, args: Args) -> Value:
    del machine
    return Object("operator.attrgetter", data={"names": Seq("list", args.positional)})


@method("operator.attrgetter.__call__")
def apply_getter(machine: Machine, owner: Value, args: Args) -> Value:
    names = owner.data["names"] if isinstance(owner, Object) else UNKNOWN
    found: list[Value] = []
    for name in names.items if isinstance(names, Seq) else []:
        value = args.get(0) or UNKNOWN
        text = concrete(name)
        for part in text.split(".") if isinstance(text, str) else []:
            value = machine.attribute(value, part, args.node)
        found.append(machine.reference(value, args.node))
    return found[0] if len(found) == 1 else Seq("tuple", found)


@model("builtins.globals", "builtins.locals")
def scope_names(machine: Machine, args: Args) -> Value:
    del args
    return Namespace(None, machine.scope.module().names)


@model("builtins.vars")
def names_of(machine: Machine, args: Args) -> Value:
    owner = args.get(0)
    return scope_names(machine, args) if owner is None else machine.attribute(owner, "__dict__", args.node)


@model("builtins.dir")
def listed(machine: Machine, args: Args) -> Value:
    del machine
    owner = args.get(0)
    if isinstance(owner, Namespace) and owner.names is not None:
        return Seq("list", [Const(name) for name in owner.names])
    if isinstance(owner, Instance | Class):
        cls = owner.cls if isinstance(owner, Instance) else owner
        return Seq("list", [Const(name) for name in cls.attributes], exact=False)
    return Seq("list", [UNKNOWN], exact=False)


@model("inspect.getmembers", "inspect.getmembers_static", "inspect.getmodule", "sys.getmodule")
def members_of(machine: Machine, args: Args) -> Value:
    del machine
    owner = args.get(0)
    if isinstance(owner, Ref) and owner.path.partition(".")[0] in MODULE_NAMES:
        return Seq("list", [Seq("tuple", [UNKNOWN, unknown(frozenset({"hidden"}))])], exact=False)
    return UNKNOWN


@method("namespace.get", "namespace.__getitem__", "namespace.pop", "namespace.setdefault")
def of_namespace(machine: Machine, owner: Value, args: Args) -> Value:
    found = subscripts.get(machine, owner, args.get(0) or UNKNOWN, node=args.node)
    return machine.reference(found, args.node)


@method("namespace.values", "namespace.items", "namespace.keys", "namespace.copy")
def through_namespace(machine: Machine, owner: Value, args: Args) -> Value:
    if not isinstance(owner, Namespace):
        return UNKNOWN
    if owner.names is not None:
        return machine.call(machine.attribute(Map(dict(owner.names)), _label(args.node), args.node), args)
    item = unknown(frozenset({"hidden"})) if (owner.path or "sys").partition(".")[0] in MODULE_NAMES else UNKNOWN
    return Seq("list", [Seq("tuple", [UNKNOWN, item]) if _label(args.node) == "items" else item], exact=False)


@method("namespace.update", "namespace.clear")
def change_namespace(machine: Machine, owner: Value, args: Args) -> Value:
    if isinstance(owner, Namespace) and owner.names is not None:
        target = Map(owner.names)
        for value in args.positional:
            subscripts.update(machine, target, value)
        owner.names.update(args.keywords)
    elif isinstance(owner, Namespace):
        machine.need("runner.tamper", args.node, value=owner.path or "sys.modules")
    return NONE


@model("doctest.testmod", "doctest.run_docstring_examples", "doctest.DocTestRunner.run")
def docstrings_run(machine: Machine, args: Args) -> Value:
    """Examples in docstrings are code; those that could reach anything are read."""
    for node in list(machine.functions):
        text = ast.get_docstring(node) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else None
        if text is not None and any(word in text for word in ("import", "open(", "exec(", "eval(", "__")):
            lines = [line.strip()[4:] for line in text.split("\n") if line.strip().startswith((">>> ", "... "))]
            run_code(
                machine,
                Const("\n".join(lines)),
                args.node,
                how=("doctest", f"docstring of {getattr(node, 'name', '')}"),
                names={},
            )
    return UNKNOWN


__all__ = ["TELLING"]
