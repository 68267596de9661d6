"""Paths: `pathlib`, `os.path`, temporary places."""

from __future__ import annotations

import posixpath
from pathlib import PurePosixPath

from fumehood.check.python.attributes import PACKAGES
from fumehood.check.python.effects import told
from fumehood.check.python.fold import functions
from fumehood.check.python.fold.concrete import concrete
from fumehood.check.python.fold.text import compute
from fumehood.check.python.machine import Args, Machine, method, model
from fumehood.check.python.operators import concatenate, special
from fumehood.check.python.values import (
    NONE,
    UNKNOWN,
    Bound,
    Const,
    Func,
    Object,
    Ref,
    Seq,
    Text,
    Unknown,
    Value,
    merged_origin,
    unknown,
)

HOME = "~"
WORKSPACE = "/workspace"


def path_object(value: Value) -> Object:
    """Answer a `pathlib.Path` of a path."""
    return Object("pathlib.Path", value.origin, {"path": value})


def text_of(value: Value) -> Value:
    """Answer the text of a path, whether it is an object or text."""
    if isinstance(value, Object) and "path" in value.data:
        return value.data["path"]
    if isinstance(value, Const) and isinstance(value.value, bytes):
        return Const(value.value.decode("utf-8", "replace"), value.how)
    return value


def joined(machine: Machine, parts: list[Value]) -> Value:
    """Answer parts of a path joined by `/`, as far as they are known."""
    whole: Value = Const("")
    for part in map(text_of, parts):
        if isinstance(part, Const) and not isinstance(part.value, str):
            return Text("", "", merged_origin(parts))
        if isinstance(part, Const) and isinstance(whole, Const):
            joint = posixpath.join(whole.value, part.value)
            whole = machine.fold("join", joint, part, whole) if joint != whole.value else whole
        elif isinstance(part, Const) and part.value.startswith("/"):
            whole = part
        else:
            text = part if isinstance(part, Const | Text) else Text("", "", part.origin)
            slash = isinstance(whole, Const) and (not whole.value or whole.value.endswith("/"))
            whole = concatenate(machine, whole if slash else concatenate(machine, whole, Const("/")), text)
    return whole


@model(
    "pathlib.Path",
    "pathlib.PurePath",
    "anyio.Path",
    "trio.Path",
    "upath.UPath",
    "path.Path",
    "py.path.local",
    "aiopath.AsyncPath",
    "zipfile.Path",
    "cloudpathlib.AnyPath",
    "pathlib.Path.joinpath",
)
def path(machine: Machine, args: Args) -> Value:
    if args.loose:
        return path_object(Text("", "", merged_origin(args.loose)))
    return path_object(joined(machine, args.positional) if args.positional else Const("."))


@method("pathlib.Path.joinpath", "pathlib.Path.__truediv__", "pathlib.Path.with_segments")
def join_path(machine: Machine, owner: Value, args: Args) -> Value:
    return path_object(joined(machine, [owner, *args.positional]))


@method(
    "pathlib.Path.resolve",
    "pathlib.Path.absolute",
    "pathlib.Path.expanduser",
    "pathlib.Path.as_posix",
    "pathlib.Path.__fspath__",
    "pathlib.Path.__str__",
)
def same(machine: Machine, owner: Value, args: Args) -> Value:
    del machine
    label = getattr(getattr(args.node, "func", None), "attr", "")
    return text_of(owner) if label in {"as_posix", "__fspath__", "__str__"} else owner


@model("pathlib.Path.home", "pathlib.PurePath.home")
def home(machine: Machine, args: Args) -> Value:
    del machine, args
    return path_object(Const(HOME))


@model("pathlib.Path.cwd")
def here(machine: Machine, args: Args) -> Value:
    del machine, args
    return path_object(Const(WORKSPACE))


@model("os.getcwd", "os.getcwdb", "os.path.abspath_here")
def working_folder(machine: Machine, args: Args) -> Value:
    del machine, args
    return Const(WORKSPACE)


@method("pathlib.Path.with_name", "pathlib.Path.with_suffix", "pathlib.Path.with_stem", "pathlib.Path.relative_to")
def changed(machine: Machine, owner: Value, args: Args) -> Value:
    whole, part = text_of(owner), args.get(0)
    label = getattr(getattr(args.node, "func", None), "attr", "")
    if isinstance(whole, Const) and isinstance(part, Const) and isinstance(part.value, str):
        folder, name = posixpath.split(whole.value)
        if label == "with_name":
            return path_object(machine.fold(label, posixpath.join(folder, part.value), whole))
        if label == "with_suffix":
            return path_object(
                machine.fold(label, posixpath.join(folder, posixpath.splitext(name)[0] + part.value), whole)
            )
    return path_object(
        Text("", part.value if isinstance(part, Const) and isinstance(part.value, str) else "", whole.origin)
    )


@method("pathlib.Path.iterdir", "pathlib.Path.glob", "pathlib.Path.rglob", "pathlib.Path.walk")
def listing(machine: Machine, owner: Value, args: Args) -> Value:
    whole = text_of(owner)
    for text, how in told(whole):
        machine.need("fs.list", args.node, value=text, how=how)
    pattern = text_of(args.get(0, "pattern") or Const("*"))
    item = path_object(
        joined(machine, [whole, Text("", pattern.value.lstrip("*")) if isinstance(pattern, Const) else Text("", "")])
    )
    return Seq("iter", [item], exact=False)


@model("glob.glob", "glob.iglob", "os.listdir", "glob.glob0", "glob.glob1")
def found(machine: Machine, args: Args) -> Value:
    del machine
    label = getattr(getattr(args.node, "func", None), "attr", "listdir")
    whole = text_of(args.get(0, "pathname", "path") or Const("."))
    if label == "listdir":
        return Seq("list", [Text("", "")], exact=False)
    if isinstance(whole, Const) and isinstance(whole.value, str) and "*" in whole.value:
        start, end = whole.value.find("*"), whole.value.rfind("*")
        return Seq("list", [Text(whole.value[:start], whole.value[end + 1 :])], exact=False)
    return Seq("list", [whole], exact=False)


@model("os.walk", "os.fwalk")
def walked(machine: Machine, args: Args) -> Value:
    whole = text_of(args.get(0, "top") or Const("."))
    folder = joined(machine, [whole, Text("", "")])
    return Seq(
        "iter",
        [
            Seq(
                "tuple",
                [
                    join_or(whole, folder),
                    Seq("list", [Text("", "")], exact=False),
                    Seq("list", [Text("", "")], exact=False),
                ],
            )
        ],
        exact=False,
    )


def join_or(first: Value, second: Value) -> Value:
    """Answer the walked folder itself: it says best where the walk goes."""
    return first if isinstance(first, Const) else second


@model("os.scandir")
def scanned(machine: Machine, args: Args) -> Value:
    whole = text_of(args.get(0, "path") or Const("."))
    entry = Object(
        "os.DirEntry",
        data={
            ".path": joined(machine, [whole, Text("", "")]),
            ".name": Text("", ""),
            "path": joined(machine, [whole, Text("", "")]),
        },
    )
    return Object("os.scandir", data={"item": entry})


@model(
    "os.path.join",
    "os.path.normpath",
    "os.path.realpath",
    "os.path.abspath",
    "os.path.expanduser",
    "os.path.expandvars",
    "os.fspath",
    "os.path.normcase",
    "shlex.quote",
)
def text_path(machine: Machine, args: Args) -> Value:
    label = getattr(getattr(args.node, "func", None), "attr", getattr(getattr(args.node, "func", None), "id", "join"))
    if args.loose:
        return Text("", "", merged_origin(args.all()))
    whole = joined(machine, args.positional) if args.positional else Const(WORKSPACE)
    if label in {"normpath", "realpath", "abspath"} and isinstance(whole, Const):
        return machine.fold(
            label,
            posixpath.normpath(posixpath.join(WORKSPACE, whole.value) if label != "normpath" else whole.value),
            whole,
        )
    if label == "expandvars" and isinstance(whole, Const):
        expanded = whole.value.replace("$HOME", HOME).replace("${HOME}", HOME)
        return machine.fold(label, expanded, whole)
    return whole


@model(
    "os.path.dirname", "os.path.basename", "os.path.split", "os.path.splitext", "os.path.relpath", "os.path.commonpath"
)
def part(machine: Machine, args: Args) -> Value:
    label = getattr(
        getattr(args.node, "func", None), "attr", getattr(getattr(args.node, "func", None), "id", "dirname")
    )
    whole = text_of(args.get(0) or UNKNOWN)
    result = compute(machine, label, functions.LIBRARY.get(f"os.path.{label}", str), args=Args([whole], node=args.node))
    if result is not None:
        return result
    if isinstance(whole, Text):
        folder, _, name = whole.suffix.rpartition("/")
        if label == "basename":
            return Text("", name, whole.source)
        return Text(whole.prefix, folder, whole.source)
    return unknown(whole.origin)


@model("builtins.str", "builtins.repr", "os.fsdecode", "os.fsencode", "builtins.format")
def as_text(machine: Machine, args: Args) -> Value:
    first = args.get(0, "object") or Const("")
    label = getattr(getattr(args.node, "func", None), "id", "str")
    pure = functions.BUILTINS["repr" if label == "repr" else "str"]
    if label == "format" and len(args.positional) > 1:
        return _formatted(machine, first, args)
    found_text = (
        compute(machine, label, pure, args=Args(args.positional, args.keywords, args.loose, args.node))
        if label != "format"
        else None
    )
    if found_text is not None:
        return found_text
    if isinstance(first, Object) and "path" in first.data:
        return first.data["path"]
    if isinstance(first, Text):
        return first
    result = special(machine, first, "__repr__" if label == "repr" else "__str__", args=Args(node=args.node))
    return Unknown(merged_origin(args.all())) if result is None else result


def _formatted(machine: Machine, first: Value, args: Args) -> Value:
    result = special(machine, first, "__format__", args=Args([args.positional[1]], node=args.node))
    return Unknown(first.origin) if result is None else result


@model("tempfile.gettempdir", "tempfile.mkdtemp", "tempfile.mktemp", "tempfile.gettempdirb")
def temporary(machine: Machine, args: Args) -> Value:
    where = args.keywords.get("dir")
    for text, how in told(where) if where is not None else ():
        machine.need("fs.write", args.node, value=text, how=how)
    return Text("/tmp/", "") if getattr(getattr(args.node, "func", None), "attr", "") != "gettempdir" else Const("/tmp")  # noqa: S108 - places inside a sandbox


@model(
    "site.getsitepackages",
    "sysconfig.get_paths",
    "site.getusersitepackages",
    "sysconfig.get_path",
    "distutils.sysconfig.get_python_lib",
    "site.getuserbase",
)
def packages(machine: Machine, args: Args) -> Value:
    del machine, args
    return Seq("list", [Text("/usr/lib/python3/site-packages", "")], exact=False)


@model("importlib.resources.files")
def package_folder(machine: Machine, args: Args) -> Value:
    del machine
    package = args.get(0, "anchor", "package") or UNKNOWN
    name = package.path if isinstance(package, Ref) else concrete(package)
    return path_object(Const(f"{PACKAGES}/{name.replace('.', '/')}") if isinstance(name, str) else UNKNOWN)


@model(
    "pkgutil.get_data",
    "importlib.resources.read_text",
    "importlib.resources.read_binary",
    "importlib.resources.open_text",
    "importlib.resources.open_binary",
    "importlib.resources.path",
    "pkg_resources.resource_string",
    "pkg_resources.resource_stream",
    "pkg_resources.resource_filename",
)
def package_file(machine: Machine, args: Args) -> Value:
    """A file beside a package's modules, or one that `..` leads to from there."""
    package = package_folder(machine, args)
    path = joined(machine, [package, args.get(1, "resource", "resource_name") or UNKNOWN])
    for text, how in told(path):
        machine.need("fs.read", args.node, value=text, how=how)
    return unknown(frozenset({"file"}))


@model("inspect.getsource", "inspect.getsourcelines")
def own_source(machine: Machine, args: Args) -> Value:
    """The text of a function of the program is the program's own text."""
    owner = args.get(0)
    if not isinstance(owner, Func) or machine.anchors:
        return unknown(frozenset({"file"}))
    lines = machine.lines[owner.node.lineno - 1 : owner.node.end_lineno]
    return machine.fold("getsource", "\n".join(lines) + "\n")


@model("inspect.getfile", "inspect.getsourcefile", "inspect.getabsfile")
def source_file(machine: Machine, args: Args) -> Value:
    owner = args.get(0)
    return machine.attribute(owner, "__file__", args.node) if isinstance(owner, Ref) else unknown(frozenset({"file"}))


@method(
    "pathlib.Path:parent",
    "pathlib.Path:parents",
    "pathlib.Path:name",
    "pathlib.Path:stem",
    "pathlib.Path:suffix",
    "pathlib.Path:parts",
    "pathlib.Path:anchor",
    "pathlib.Path:root",
)
def piece(machine: Machine, owner: Value, args: Args) -> Value:
    """The attributes of a path that are paths or pieces of it."""
    whole, label = text_of(owner), getattr(args.node, "attr", "parent")
    if not isinstance(whole, Const) or not isinstance(whole.value, str):
        return (
            path_object(Text("", "", whole.origin))
            if label == "parent"
            else Seq("tuple", [path_object(Text("", ""))], exact=False)
            if label == "parents"
            else Text("", "")
        )
    pure = PurePosixPath(whole.value)
    if label == "parents":
        return Seq("tuple", [path_object(machine.fold(label, str(folder), whole)) for folder in pure.parents])
    if label == "parent":
        return path_object(machine.fold(label, str(pure.parent), whole))
    if label == "parts":
        return Seq("tuple", [Const(part, whole.how) for part in pure.parts])
    return machine.fold(label, str(getattr(pure, label)), whole)


@method("pathlib.Path.exists", "pathlib.Path.is_file", "pathlib.Path.is_dir", "pathlib.Path.stat")
def asked(machine: Machine, owner: Value, args: Args) -> Value:
    del machine, owner, args
    return UNKNOWN


__all__ = ["NONE", "Bound", "Ref", "joined", "path_object", "text_of"]
