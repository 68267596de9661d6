"""From a call of something with power to the needs it stands for: which argument, read how."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from fumehood.check.python.fold.concrete import MISSING, concrete
from fumehood.check.python.powers import Power, powers_of
from fumehood.check.python.values import Const, Instance, Map, Object, Ref, Seq, Text, Union, Value

if TYPE_CHECKING:
    from fumehood.check.python.machine import Args, Machine

How = tuple[str | int, ...]
Told = list[tuple[str | None, How]]
PORTS: Final = {"http": 80, "https": 443, "ftp": 21, "ws": 80, "wss": 443, "ssh": 22, "git": 9418, "s3": 443, "gs": 443, "ftps": 990}
HOST_PORTS: Final = {
    "HTTPSConnection": 443, "HTTPConnection": 80, "FTP": 21, "FTP_TLS": 21, "SMTP": 25, "SMTP_SSL": 465, "POP3": 110, "POP3_SSL": 995,
    "IMAP4": 143, "IMAP4_SSL": 993, "Telnet": 23, "NNTP": 119, "SSHClient": 22, "Transport": 22, "Redis": 6379, "MongoClient": 27017,
}  # fmt: skip - a table


def exert(machine: Machine, path: str, args: Args, how: How) -> None:
    """Note what calling `path` with `args` needs."""
    for power in powers_of(path):
        value = args.get(power.position, *power.keywords) if power.kind else None
        if power.constant is not None:
            machine.need(power.capability, args.node, value=power.constant, how=how)
        elif power.kind == "":
            machine.need(power.capability, args.node, value=path if power.capability in NAMED else None, how=how)
        else:
            KINDS[power.kind](machine, power, value, args, path)


# Needs without a target are told by what does it.
NAMED: Final = frozenset({"host.identity", "runner.tamper", "escape.introspection", "code.native", "secret.read", "persistence", "process.spawn", "process.signal"})


def told(value: Value | None) -> Told:
    """Answer the texts a value may be, each with how it came about; None for what can't be said, `*` for unknown parts."""
    if value is None:
        return [(None, ())]
    if isinstance(value, Union):
        return [pair for option in value.options for pair in told(option)]
    if isinstance(value, Const):
        data = value.value
        if isinstance(data, bytes):
            data = data.decode("utf-8", "replace")
        return [(data, value.how)] if isinstance(data, str) else [(None, ())]
    if isinstance(value, Text):
        known = value.prefix or value.suffix
        return [(f"{value.prefix}*{value.suffix}" if known else None, ())]
    if isinstance(value, Object) and "path" in value.data:
        return told(value.data["path"])
    if isinstance(value, Instance):
        made = value.cls.find("__fspath__") or value.cls.find("__str__")
        return [(None, ())] if made is None else [(None, ())]
    return [(None, ())]


def resolved(machine: Machine, value: Value | None) -> Value | None:
    """Answer the text that a path-like object of the program gives."""
    if isinstance(value, Instance):
        from fumehood.check.python.operators import special  # noqa: PLC0415 - operators build on effects' callers

        for name in ("__fspath__", "__str__"):
            found = special(machine, value, name, _nothing())
            if found is not None:
                return found
    return value


def _nothing() -> Args:
    from fumehood.check.python.machine import Args as Empty  # noqa: PLC0415 - machine imports the powers

    return Empty()


def _path(machine: Machine, power: Power, value: Value | None, args: Args, path: str) -> None:
    del path
    value = resolved(machine, value)
    if value is None and power.capability == "fs.list":
        machine.need("fs.list", args.node, value=".")
    elif _is_path(value):
        for item in _each(value):
            for text, how in told(item):
                for capability in MOVES.get(power.capability, (power.capability,)):
                    machine.need(capability, args.node, value=text, how=how)


MOVES: Final = {"fs.move": ("fs.read", "fs.delete"), "fs.copy": ("fs.read",)}


def _each(value: Value | None) -> list[Value | None]:
    return list(value.items[:16]) if isinstance(value, Seq) else [value]


def _is_path(value: Value | None) -> bool:
    """Numbers are descriptors, open files and buffers were judged where they were made."""
    if isinstance(value, Const):
        return isinstance(value.value, str | bytes)
    return not isinstance(value, Object) or "path" in value.data or not value.path


def _mode(machine: Machine, power: Power, value: Value | None, args: Args, path: str) -> None:
    if isinstance(value, Const) and isinstance(value.value, int) and not isinstance(value.value, bool):
        if value.value > 2:  # noqa: PLR2004 - standard streams
            machine.need("runner.tamper", args.node, value=f"file descriptor {value.value}")
        return
    default = "a" if path.startswith("logging") else "r"
    mode = concrete(args.get(0 if path == "pathlib.Path.open" else 1, "mode", "flag") or Const(default))
    reads = not isinstance(mode, str) or "r" in mode or "+" in mode
    writes = isinstance(mode, str) and any(letter in mode for letter in "wax+")
    for capability, does in (("fs.read", reads), ("fs.write", writes)):
        if does:
            _path(machine, Power(capability, "path", power.position, power.keywords), value, args, path)


def host_port(url: str) -> str | None:
    """Answer the `host:port` that a URL goes to; None where the host is not known."""
    try:
        parts = urlsplit(url if "://" in url else f"//{url}", scheme="https")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or host.startswith("*") and parts.netloc.startswith("*"):
        return None
    if host.endswith("*"):
        return None
    return f"{host}:{port or PORTS.get(parts.scheme, 443)}" if ":" not in host else f"[{host}]:{port or 443}"


def is_url(text: str) -> bool:
    """Tell whether text names something on the network."""
    scheme, mark, _ = text.partition("://")
    return bool(mark) and scheme.lower() in PORTS


def _url(machine: Machine, power: Power, value: Value | None, args: Args, path: str) -> None:
    del path
    if isinstance(value, Object) and "url" in value.data:
        value = value.data["url"]
    for text, how in told(value):
        if text is not None and text.lower().startswith("file:"):
            machine.need("fs.read", args.node, value=urlsplit(text).path, how=how)
        elif text is not None and text.lower().startswith(("data:", "memory:")):
            continue
        else:
            machine.need(power.capability, args.node, value=None if text is None else host_port(text), how=how)


def _place(machine: Machine, power: Power, value: Value | None, args: Args, path: str) -> None:
    for text, how in told(value):
        if text is not None and is_url(text):
            machine.need("net.connect", args.node, value=host_port(text), how=how)
        elif text is not None and text.lower().startswith("file:"):
            machine.need("fs.read", args.node, value=urlsplit(text).path, how=how)
        elif text is None or "\n" not in text:
            _path(machine, Power("fs.read", "path"), None if text is None else Const(text, how), args, path)  # type: ignore[arg-type]


def _address(machine: Machine, power: Power, value: Value | None, args: Args, path: str) -> None:
    del path
    if isinstance(value, Seq) and value.items:
        _host(machine, power, value.items[0], args, "", value.items[1] if len(value.items) > 1 else None)
        return
    for text, how in told(value):
        machine.need(power.capability, args.node, value=text, how=how)


def _host(machine: Machine, power: Power, value: Value | None, args: Args, path: str, port: Value | None = None) -> None:  # noqa: PLR0913, PLR0917
    number = concrete(port if port is not None else args.get(power.position + 1, "port"))
    default = HOST_PORTS.get(path.rpartition(".")[2])
    shown = number if isinstance(number, int | str) and number is not MISSING and not isinstance(number, bool) else default
    for text, how in told(value):
        if text is None:
            machine.need(power.capability, args.node, how=how)
        elif "://" in text:
            machine.need(power.capability, args.node, value=host_port(text), how=how)
        else:
            known = text or "0.0.0.0"  # noqa: S104 - what an empty host means to a listener
            machine.need(power.capability, args.node, value=known if not shown or ":" in known else f"{known}:{shown}", how=how)


def _command(machine: Machine, power: Power, value: Value | None, args: Args, path: str) -> None:
    del path
    plain = concrete(value)
    if isinstance(plain, list | tuple) and all(isinstance(part, str | bytes) for part in plain):  # pyright: ignore
        words = [part.decode("utf-8", "replace") if isinstance(part, bytes) else str(part) for part in plain]  # pyright: ignore
        machine.need(power.capability, args.node, value=shlex.join(words))
        return
    if isinstance(value, Seq):
        words = [text or "*" for item in value.items for text, _ in told(item)[:1]]
        machine.need(power.capability, args.node, value=" ".join(words) or None)
        return
    for text, how in told(value):
        machine.need(power.capability, args.node, value=text, how=how)


def _text(machine: Machine, power: Power, value: Value | None, args: Args, path: str) -> None:
    del path
    plain = concrete(value)
    if isinstance(plain, int):
        machine.need(power.capability, args.node, value=str(plain))
        return
    for text, how in told(value):
        machine.need(power.capability, args.node, value=text, how=how)


KINDS: Final = {"path": _path, "mode": _mode, "url": _url, "place": _place, "address": _address, "host": _host, "command": _command, "text": _text}

__all__ = ["Map", "Ref", "exert", "host_port", "is_url", "told"]
