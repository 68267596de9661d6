"""Formats that make objects, and so can call functions, while they are read: pickle, marshal, YAML, JSON with types."""

from __future__ import annotations

import re
from typing import Final

from fumehood.check.python.fold.concrete import MISSING, concrete
from fumehood.check.python.fold.text import ERRORS
from fumehood.check.python.iteration import items_of
from fumehood.check.python.machine import GRAVE, Args, Machine, model
from fumehood.check.python.models.files import kept
from fumehood.check.python.nested import SUSPICIOUS
from fumehood.check.python.powers import powers_of
from fumehood.check.python.powers.words import words
from fumehood.check.python.values import (
    UNKNOWN,
    Class,
    Const,
    Func,
    Instance,
    Map,
    Object,
    Ref,
    Seq,
    Value,
    from_values,
    unknown,
)

MAX_PICKLE: Final = 200_000
HARMLESS: Final = words(
    "collections datetime decimal fractions numpy pandas sklearn scipy copyreg uuid _codecs pathlib torch enum"
)
YAML_TAG: Final = r"!!python/(?:object(?:/apply|/new)?|name|module):([\w.]+)(?:[ :]*(?:\n\s*-?\s*|\[?\s*)([^\n\]]*))?"
JSON_TYPE: Final = r'"py/(?:object|reduce|type|function|repr)"\s*:\s*(?:\[\s*\{\s*"py/type"\s*:\s*)?"([\w.]+)'


def named(machine: Machine, path: str, args: Args, *, argument: Value | None = None) -> None:
    """Judge a function that data names: it will be called when the data is read."""
    if path.rpartition(".")[2] in {
        "exec",
        "eval",
        "compile",
        "runsource",
        "getattr",
        "__import__",
        "system",
        "import_module",
    } or powers_of(path):
        machine.need("code.unpickle", args.node, value=path)
        machine.call(
            Ref(path),
            Args(
                [argument] if argument is not None else [],
                loose=[] if argument is not None else [UNKNOWN],
                node=args.node,
            ),
        )
    elif path.partition(".")[0] not in HARMLESS and any(power.capability in GRAVE for power in powers_of(path)):
        machine.need("code.unpickle", args.node, value=path)


@model(
    "pickle.loads",
    "dill.loads",
    "cloudpickle.loads",
    "_pickle.loads",
    "pickle._Unpickler",
    "pickle.Unpickler",
    "joblib.load",
    "pandas.read_pickle",
    "pickle.load",
    "dill.load",
    "cloudpickle.load",
    "torch.load",
    "shelve.open",
    "jsonpickle.decode_pickle",
    "multiprocessing.reduction.ForkingPickler.loads",
    "pandas.io.pickle.loads",
    "srsly.pickle_loads",
)  # fmt: skip - a table
def unpickled(machine: Machine, args: Args) -> Value:
    source = args.get(0, "data", "file", "f", "filename") or UNKNOWN
    data = concrete(source)
    if isinstance(data, str):
        data = concrete(kept(machine, source))
    if isinstance(source, Object):
        inner = source.data.get("content") or (kept(machine, source.data["file"]) if "file" in source.data else None)
        data = concrete(inner) if inner is not None else MISSING
        if isinstance(inner, Object):
            source = inner
    if isinstance(data, bytes):
        scan(machine, data, args)
    elif isinstance(source, Object) and "pickled" in source.data:
        reduced(machine, source.data["pickled"], args)
    elif source.origin & (SUSPICIOUS - {"foreign"}):
        machine.need(
            "code.unpickle", args.node, value=", ".join(sorted(source.origin & SUSPICIOUS)), confidence="unknown"
        )
    else:
        machine.need("code.dynamic", args.node, confidence="unknown")  # what a pickle does is told by the pickle alone
    return unknown(source.origin)


def scan(machine: Machine, data: bytes, args: Args) -> None:
    """Walk the instructions of a pickle, which runs nothing, and judge every function that it names."""
    import pickletools  # noqa: PLC0415 -- 2 ms that a program without pickles saves

    machine.budget.step(len(data) // 16)
    strings: list[str] = []
    try:
        for operation, argument, _ in pickletools.genops(data[:MAX_PICKLE]):
            if operation.name in {"GLOBAL", "INST"} and isinstance(argument, str):
                _named_in_pickle(machine, argument.replace(" ", "."), strings, args=args)
            elif operation.name == "STACK_GLOBAL" and len(strings) > 1:
                _named_in_pickle(machine, f"{strings[-2]}.{strings[-1]}", strings, args=args)
            elif isinstance(argument, str):
                strings.append(argument)
    except ERRORS:
        return
    for text in strings:
        machine.remember(text)


def _named_in_pickle(machine: Machine, path: str, strings: list[str], *, args: Args) -> None:
    del strings
    machine.budget.step(20)
    top = path.partition(".")[0]
    if top in {
        "nt",
        "posix",
        "os",
        "subprocess",
        "builtins",
        "__builtin__",
        "socket",
        "sys",
        "importlib",
        "runpy",
        "pty",
        "shutil",
        "operator",
        "ctypes",
        "commands",
        "webbrowser",
    }:
        if path.rpartition(".")[2] in {
            "list",
            "dict",
            "set",
            "tuple",
            "int",
            "str",
            "bytearray",
            "object",
            "complex",
            "range",
            "slice",
            "frozenset",
            "print",
            "len",
            "bytes",
            "itemgetter",
        }:
            return
        found = [power.capability for power in powers_of(path)]
        machine.need(
            found[0] if found and found[0] in GRAVE else "code.unpickle",
            args.node,
            value=path,
            how=("unpickled",),
            confidence="referenced",
        )
    else:
        named(machine, path, args)


@model(
    "pickle.dumps",
    "pickle.dump",
    "dill.dumps",
    "cloudpickle.dumps",
    "copyreg.__reduce_ex__",
    "joblib.dump",
    "pickle._dumps",
    "jsonpickle.encode",
)
def pickled(machine: Machine, args: Args) -> Value:
    value = args.get(0, "obj") or UNKNOWN
    if isinstance(value, Instance | Class):
        reduced(machine, value, args)
    return Object("pickled", data={"pickled": value})


def reduced(machine: Machine, value: Value, args: Args) -> None:
    """Run what `__reduce__` of an object of the program answers: that is what reading its pickle does."""
    cls = value.cls if isinstance(value, Instance) else value
    if not isinstance(cls, Class):
        return
    for name in ("__reduce__", "__reduce_ex__", "__setstate__", "__getstate__"):
        method = cls.find(name)
        if isinstance(method, Func):
            result = machine.call(
                method.bind(value), Args([Const(4)] if name == "__reduce_ex__" else [], node=args.node)
            )
            parts, _ = items_of(machine, result)
            if parts and len(parts) > 1:
                machine.call(parts[0], Args(items_of(machine, parts[1])[0], node=args.node))


@model("marshal.loads", "marshal.load")
def unmarshalled(machine: Machine, args: Args) -> Value:
    """Reading marshalled data here could crash the reader: code in that form is opaque by decision."""
    machine.need("code.opaque", args.node, value="marshal", confidence="unknown")
    return unknown(frozenset({"decoded"}))


@model("marshal.dumps")
def marshalled(machine: Machine, args: Args) -> Value:
    del machine
    return from_values(*args.all())


@model(
    "yaml.load",
    "yaml.load_all",
    "yaml.unsafe_load",
    "yaml.full_load",
    "yaml.unsafe_load_all",
    "yaml.full_load_all",
    "yaml.YAML.load",
)
def yaml_loaded(machine: Machine, args: Args) -> Value:
    text = concrete(args.get(0, "stream"))
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    if isinstance(text, str) and "!!python" in text:
        for path, argument in re.findall(YAML_TAG, text[:MAX_PICKLE]):
            named(machine, path, args, argument=Const(argument.strip(" '\"[]-")))
    return from_values(*args.all())


@model("jsonpickle.decode", "jsonpickle.loads", "jsonpickle.unpickler.decode")
def json_unpickled(machine: Machine, args: Args) -> Value:
    text = concrete(args.get(0, "string"))
    if isinstance(text, str) and '"py/' in text:
        for path in re.findall(JSON_TYPE, text[:MAX_PICKLE]):
            named(machine, path, args)
    return UNKNOWN


@model("logging.config.dictConfig", "logging.config.fileConfig")
def logging_configured(machine: Machine, args: Args) -> Value:
    """A logging configuration calls what its `()` entries name."""
    waiting = [args.get(0, "config") or UNKNOWN]
    while waiting:
        value = waiting.pop()
        machine.budget.step()
        if isinstance(value, Map):
            waiting.extend(value.items.values())
            _make_configured(machine, value, args)
        elif isinstance(value, Seq):
            waiting.extend(value.items)
    return UNKNOWN


def _make_configured(machine: Machine, value: Map, args: Args) -> None:
    maker = next((value.items[key] for key in ("()", "class", "factory") if key in value.items), None)
    if maker is None:
        return
    func = (
        Ref(maker.value.removeprefix("ext://")) if isinstance(maker, Const) and isinstance(maker.value, str) else maker
    )
    own = {"class", "()", "factory", "level", "formatter", "filters"}
    keywords = {str(key): item for key, item in value.items.items() if key not in own}
    machine.call(func, Args(list(keywords.values()), keywords, node=args.node))
