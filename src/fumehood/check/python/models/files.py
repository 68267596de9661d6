"""Open files and what the program writes into them: code written now may be imported or run later."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# What is folded are values of any type: the kinds are told apart at run time.

from __future__ import annotations

from fumehood.check.python import subscripts
from fumehood.check.python.effects import exert, host_port, is_url, told
from fumehood.check.python.fold.concrete import concrete
from fumehood.check.python.machine import Args, Machine, method, model
from fumehood.check.python.models.paths import joined, text_of
from fumehood.check.python.operators import special
from fumehood.check.python.values import (
    NONE,
    NOWHERE,
    UNKNOWN,
    Const,
    Map,
    Object,
    Origin,
    Text,
    Unknown,
    Value,
    from_values,
    join,
    options,
    union_of,
    unknown,
)

FILE = "open file"


@model(
    "builtins.open",
    "codecs.open",
    "io.FileIO",
    "gzip.open",
    "bz2.open",
    "lzma.open",
    "aiofiles.open",
    "anyio.open_file",
    "tokenize.open",
    "io.open_code",
    "smart_open.open",
)
def opened(machine: Machine, args: Args) -> Value:
    path = text_of(args.get(0, "file", "filename") or UNKNOWN)
    source = frozenset({"file"}) if isinstance(path, Const) and isinstance(path.value, str) else path.origin | {"file"}
    mode = concrete(args.get(1, "mode"))
    anew = isinstance(mode, str) and ("w" in mode or "x" in mode)
    return begun(machine, path, source) if anew else Object(FILE, source, {"file": path})


@method("pathlib.Path.open")
def open_path(machine: Machine, owner: Value, args: Args) -> Value:
    mode = {"mode": args.positional[0]} if args.positional else {}
    asked = Args([text_of(owner)], args.keywords | mode, node=args.node)
    exert(machine, "pathlib.Path.open", asked)
    return opened(machine, asked)


PATH_METHODS = {
    "read_text": "fs.read",
    "read_bytes": "fs.read",
    "write_text": "fs.write",
    "write_bytes": "fs.write",
    "unlink": "fs.delete",
    "rmdir": "fs.delete",
    "mkdir": "fs.write",
    "touch": "fs.write",
    "chmod": "fs.write",
    "rename": "fs.delete",
    "replace": "fs.delete",
    "symlink_to": "fs.write",
    "hardlink_to": "fs.write",
    "readlink": "fs.read",
    "lchmod": "fs.write",
    "rmtree": "fs.delete",
    "copy": "fs.read",
    "move": "fs.delete",
}  # fmt: skip - a table


@method(*(f"pathlib.Path.{name}" for name in PATH_METHODS))
def act_on_path(machine: Machine, owner: Value, args: Args) -> Value:
    label = getattr(getattr(args.node, "func", None), "attr", "") or getattr(owner, "label", "")
    path = text_of(owner)
    for text, how in told(path):
        machine.need(PATH_METHODS.get(label, "fs.read"), args.node, value=text, how=how)
    if label in {"rename", "replace", "symlink_to", "hardlink_to", "copy", "move"}:
        for text, how in told(args.get(0, "target")):
            machine.need("fs.read" if label.endswith("link_to") else "fs.write", args.node, value=text, how=how)
    if label in {"write_text", "write_bytes"}:
        keep(machine, begun(machine, path), args.get(0, "data") or UNKNOWN)
    if label in {"read_text", "read_bytes"}:
        return kept(machine, path)
    return NONE


def begun(machine: Machine, path: Value, source: Origin = NOWHERE) -> Object:
    """A file that is written anew: what stood in it is gone or, where that is not sure, may stand there still."""
    file = Object(FILE, source, {"file": path})
    names = _names(path)
    if machine.vague or len(names) > 1:
        file.data["before"] = Map({name: machine.files[name] for name in names if name in machine.files})
        file.data["text"] = Const("")
    else:
        machine.files.update(dict.fromkeys(names, Const("")))
    return file


def keep(machine: Machine, file: Object, data: Value) -> None:
    """Remember what the program writes to a file whose path is known."""
    names = _names(file.data["file"])
    before = file.data.get("before")
    if isinstance(before, Map):
        text = file.data["text"] = _appended(machine, file.data["text"], data)
        machine.files.update({name: join(before.items.get(name, text), text) for name in names})
    else:
        for name in names:
            old = options(machine.files.get(name, Const("")))
            machine.files[name] = union_of([_appended(machine, option, data) for option in old])


def _names(path: Value) -> list[str]:
    return [text.removeprefix("./").removeprefix("/workspace/") for text, _ in told(path) if text is not None]


def _appended(machine: Machine, old: Value, data: Value) -> Value:
    if isinstance(old, Const) and not old.value:
        return data
    first, second = concrete(old), concrete(data)
    if isinstance(first, str) and isinstance(second, str):
        return machine.fold("written", first + second, data, old)
    if isinstance(first, bytes) and isinstance(second, bytes):
        return machine.fold("written", first + second, data, old)
    return from_values(old, data)


def kept(machine: Machine, path: Value) -> Value:
    """Answer what the program itself wrote to a path before."""
    for name in _names(path):
        if name in machine.files:
            return machine.files[name]
    return unknown(frozenset({"file"}))


@method(f"{FILE}.write", f"{FILE}.writelines", "tempfile.NamedTemporaryFile.write")
def write(machine: Machine, owner: Value, args: Args) -> Value:
    data = args.get(0) or UNKNOWN
    subscripts.grow(machine, data, args.node)
    if isinstance(owner, Object) and "file" in owner.data:
        plain = concrete(data)
        if isinstance(plain, list) and all(isinstance(line, str) for line in plain):
            data = machine.fold("writelines", "".join(plain))
        keep(machine, owner, data)
    return UNKNOWN


@method(f"{FILE}.read", f"{FILE}.readline", f"{FILE}.readlines", f"{FILE}.getvalue")
def read(machine: Machine, owner: Value, args: Args) -> Value:
    del args
    return kept(machine, owner.data["file"]) if isinstance(owner, Object) and "file" in owner.data else UNKNOWN


@method(f"{FILE}.__enter__", f"{FILE}.__iter__", f"{FILE}.detach")
def itself(machine: Machine, owner: Value, args: Args) -> Value:
    del machine, args
    return owner


@model("io.StringIO", "io.BytesIO", "io.TextIOWrapper", "io.BufferedReader", "io.BufferedWriter")
def buffer(machine: Machine, args: Args) -> Value:
    del machine
    first = args.get(0)
    if isinstance(first, Object):
        return first
    return Object("io.StringIO", from_values(*args.all()).origin, {"content": first} if first is not None else {})


@method("io.StringIO.read", "io.StringIO.getvalue")
def read_buffer(machine: Machine, owner: Value, args: Args) -> Value:
    del machine, args
    return owner.data.get("content", Unknown(owner.source)) if isinstance(owner, Object) else UNKNOWN


@model("builtins.print")
def shown(machine: Machine, args: Args) -> Value:
    target = args.keywords.get("file")
    if isinstance(target, Object) and "file" in target.data:
        write(machine, target, Args([args.get(0) or UNKNOWN], node=args.node))
    for value in args.positional:
        special(machine, value, "__str__", args=Args(node=args.node))
        special(machine, value, "__repr__", args=Args(node=args.node))
    return NONE


@model("shutil.copy", "shutil.copyfile", "shutil.copy2", "shutil.move", "os.rename", "os.replace")
def copied(machine: Machine, args: Args) -> Value:
    source, target = text_of(args.get(0, "src") or UNKNOWN), text_of(args.get(1, "dst") or UNKNOWN)
    found = kept(machine, source)
    if not isinstance(found, Unknown):
        keep(machine, begun(machine, target), found)
    return NONE


@model("zipfile.ZipFile", "tarfile.open", "tarfile.TarFile")
def archive(machine: Machine, args: Args) -> Value:
    del machine
    return Object("archive", frozenset({"file"}), {"file": text_of(args.get(0, "file", "name") or UNKNOWN)})


@model("tarfile.TarInfo", "zipfile.ZipInfo")
def entry(machine: Machine, args: Args) -> Value:
    leads_out(machine, args.get(0, "name", "filename"), args)
    return Object("tarfile.TarInfo")


@method("archive.writestr")
def entry_written(machine: Machine, owner: Value, args: Args) -> Value:
    del owner
    leads_out(machine, args.get(0, "zinfo_or_arcname"), args)
    return UNKNOWN


def leads_out(machine: Machine, name: Value | None, args: Args) -> None:
    """Note an archive's entry that unpacking would lay outside of where it is unpacked."""
    for text, how in told(name):
        if text is not None and (text.startswith(("/", "~")) or ".." in text.split("/")):
            machine.need("fs.write", args.node, value=text, how=how)


@method("archive.extractall", "archive.extract", "archive.add", "archive.write", "archive.extractfile")
def unpack(machine: Machine, owner: Value, args: Args) -> Value:
    label = getattr(getattr(args.node, "func", None), "attr", "")
    if label in {"add", "write"}:
        for text, how in told(text_of(args.get(0, "name", "filename") or UNKNOWN)):
            machine.need("fs.read", args.node, value=text, how=how)
        return NONE
    target = args.get(0 if label == "extractall" else 1, "path")
    for text, how in told(text_of(target)) if target is not None else ():
        machine.need("fs.write", args.node, value=text, how=how)
    del owner
    return UNKNOWN


@model("os.open")
def descriptor(machine: Machine, args: Args) -> Value:
    flags = concrete(args.get(1, "flags") or Const(0))
    writes = isinstance(flags, int) and flags & 3
    for text, how in told(text_of(args.get(0, "path") or UNKNOWN)):
        machine.need("fs.write" if writes else "fs.read", args.node, value=text, how=how)
    return Object("descriptor")


@model("os.write", "os.close", "os.read", "os.pwrite", "os.ftruncate")
def on_descriptor(machine: Machine, args: Args) -> Value:
    number = concrete(args.get(0, "fd"))
    if isinstance(number, int) and number > 2:  # noqa: PLR2004 - standard streams
        machine.need("runner.tamper", args.node, value=f"file descriptor {number}")
    return UNKNOWN


METHOD_PATHS = {
    "to_csv": "fs.write",
    "to_json": "fs.write",
    "to_excel": "fs.write",
    "to_pickle": "fs.write",
    "to_parquet": "fs.write",
    "to_hdf": "fs.write",
    "to_feather": "fs.write",
    "to_html": "fs.write",
    "to_latex": "fs.write",
    "to_markdown": "fs.write",
    "to_stata": "fs.write",
    "to_xml": "fs.write",
    "to_orc": "fs.write",
    "savefig": "fs.write",
    "tofile": "fs.write",
    "write_html": "fs.write",
    "write_image": "fs.write",
    "save_weights": "fs.write",
    "save_model": "fs.write",
    "write_csv": "fs.write",
    "write_parquet": "fs.write",
    "write_json": "fs.write",
    "to_file": "fs.write",
    "to_netcdf": "fs.write",
    "load_weights": "fs.read",
    "print_figure": "fs.write",
    "dump_stats": "fs.write",
    "save_pretrained": "fs.write",
    "to_clipboard_": "fs.write",
    "imsave": "fs.write",
    "save": "fs.write",
    "load_extension_": "fs.read",
    "rmtree": "fs.delete",
    "export_html": "fs.write",
    "to_zarr": "fs.write",
}  # fmt: skip - a table


@method(*(f".{name}" for name in METHOD_PATHS))
def write_somewhere(machine: Machine, owner: Value, args: Args) -> Value:
    """Methods that write where their first argument says, whatever object has them."""
    label = getattr(getattr(args.node, "func", None), "attr", "")
    first = args.get(0, "path_or_buf", "path", "fname", "filename", "file", "fp", "excel_writer", "buf")
    if (
        (isinstance(first, Const) and isinstance(first.value, str | bytes))
        or isinstance(first, Text)
        or (isinstance(first, Object) and "path" in first.data)
    ):
        for text, how in told(text_of(first)):
            if text is not None and is_url(text):
                machine.need("net.connect", args.node, value=host_port(text), how=how)
            else:
                machine.need(METHOD_PATHS.get(label, "fs.write"), args.node, value=text, how=how)
    if isinstance(owner, Object):
        exert(machine, f"{owner.path}.{label}", args)
    return UNKNOWN


@model("fileinput.input", "linecache.getline", "linecache.getlines")
def lines(machine: Machine, args: Args) -> Value:
    return kept(machine, text_of(args.get(0, "files", "filename") or UNKNOWN))


__all__ = ["joined"]
