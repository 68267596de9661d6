"""From a call of something with power to the needs it stands for: which argument, read how."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from fumehood.check.python.fold.concrete import MISSING, concrete
from fumehood.check.python.machine import Args
from fumehood.check.python.operators import special
from fumehood.check.python.powers import Power, powers_of
from fumehood.check.python.values import Const, Instance, Object, Seq, Text, Union, Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from fumehood.check.python.machine import Machine

How = tuple[str | int, ...]
Told = list[tuple[str | None, How]]
PORTS: Final = {
    "http": 80,
    "https": 443,
    "ftp": 21,
    "ws": 80,
    "wss": 443,
    "ssh": 22,
    "git": 9418,
    "s3": 443,
    "gs": 443,
    "ftps": 990,
}  # fmt: skip - a table
HOST_PORTS: Final = {
    "HTTPSConnection": 443,
    "HTTPConnection": 80,
    "FTP": 21,
    "FTP_TLS": 21,
    "SMTP": 25,
    "SMTP_SSL": 465,
    "POP3": 110,
    "POP3_SSL": 995,
    "IMAP4": 143,
    "IMAP4_SSL": 993,
    "Telnet": 23,
    "NNTP": 119,
    "SSHClient": 22,
    "Transport": 22,
    "Redis": 6379,
    "MongoClient": 27017,
}  # fmt: skip - a table
# Needs without a target are told by what does it.
NAMED: Final = frozenset(
    {
        "host.identity",
        "runner.tamper",
        "escape.introspection",
        "code.native",
        "secret.read",
        "persistence",
        "process.spawn",
        "process.signal",
    }
)  # fmt: skip - a table
MOVES: Final = {"fs.move": ("fs.read", "fs.delete"), "fs.copy": ("fs.read",)}
STANDARD_STREAMS: Final = 2
HOST: Final = re.compile(r"[\w.*:%-]+")
MAX_PATHS: Final = 16


class Use(NamedTuple):
    """One power used in one call: by `path`, on `value`."""

    machine: Machine
    power: Power
    args: Args
    path: str
    value: Value | None

    def need(self, value: str | None, how: How = (), capability: str = "") -> None:
        """Note the need."""
        self.machine.need(capability or self.power.capability, self.args.node, value=value, how=how)


def exert(machine: Machine, path: str, args: Args, *, how: How = ()) -> None:
    """Note what calling `path` with `args` needs."""
    for power in powers_of(path):
        value = args.get(power.position, *power.keywords) if power.kind else None
        use = Use(machine, power, args, path, value)
        if power.constant is not None:
            use.need(power.constant, how)
        elif power.kind == "":
            use.need(path if power.capability in NAMED else None, how)
        else:
            KINDS[power.kind](use)


def told(value: Value | None) -> Told:
    """Answer the texts a value may be, each with how it came about; None for what can't be said, `*` for a part."""
    if isinstance(value, Union):
        return [pair for option in value.options for pair in told(option)]
    if isinstance(value, Const):
        data = value.value
        text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
        return [(text, value.how)] if isinstance(text, str) else [(None, ())]
    if isinstance(value, Text):
        return [(f"{value.prefix}*{value.suffix}" if value.prefix or value.suffix else None, ())]
    if isinstance(value, Object) and "path" in value.data:
        return told(value.data["path"])
    return [(None, ())]


def _as_path(machine: Machine, value: Value | None) -> Value | None:
    """Answer the text that a path-like object of the program gives."""
    if isinstance(value, Instance):
        for name in ("__fspath__", "__str__"):
            found = special(machine, value, name, args=Args())
            if found is not None:
                return found
    return value


def _path(use: Use) -> None:
    value = _as_path(use.machine, use.value)
    if value is None and use.power.capability == "fs.list":  # noqa: PLR1702 - each level is one level of the value
        use.need(".")
    elif _is_path(value):
        capabilities = MOVES.get(use.power.capability, (use.power.capability,))
        for item in value.items[:MAX_PATHS] if isinstance(value, Seq) else [value]:
            for text, how in told(item):
                for capability in capabilities:
                    use.need(text, how, capability)


def _is_path(value: Value | None) -> bool:
    """Numbers are descriptors, open files and buffers were judged where they were made."""
    if isinstance(value, Const):
        return isinstance(value.value, str | bytes)
    return not isinstance(value, Object) or "path" in value.data or not value.path


def _mode(use: Use) -> None:
    """A path opened as a mode says: to be read, written or both."""
    value = use.value
    if isinstance(value, Const) and isinstance(value.value, int) and not isinstance(value.value, bool):
        if value.value > STANDARD_STREAMS:
            use.need(f"file descriptor {value.value}", capability="runner.tamper")
        return
    default = "a" if use.path.startswith("logging") else "r"
    mode = concrete(use.args.get(-1 if use.path == "pathlib.Path.open" else 1, "mode", "flag") or Const(default))
    reads = not isinstance(mode, str) or "r" in mode or "+" in mode
    writes = isinstance(mode, str) and any(letter in mode for letter in "wax+")
    for capability, does in (("fs.read", reads), ("fs.write", writes)):
        if does:
            _path(use._replace(power=use.power._replace(capability=capability)))


def host_port(url: str) -> str | None:
    """Answer the `host:port` that a URL goes to; None where the host is not known."""
    try:
        parts = urlsplit(url if "://" in url else f"//{url}", scheme="https")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or host.endswith("*") or parts.netloc.startswith("*") or not HOST.fullmatch(host):
        return None
    return f"{host}:{port or PORTS.get(parts.scheme, 443)}" if ":" not in host else f"[{host}]:{port or 443}"


def is_url(text: str) -> bool:
    """Tell whether text names something on the network."""
    scheme, mark, _ = text.partition("://")
    return bool(mark) and scheme.lower() in PORTS


def _url(use: Use) -> None:
    value = use.value
    if isinstance(value, Object) and "url" in value.data:
        value = value.data["url"]
    for text, how in told(value):
        if text is None:
            use.need(None)
        elif text.lower().startswith("file:"):
            use.need(urlsplit(text).path, how, "fs.read")
        elif not text.lower().startswith(("data:", "memory:")):
            use.need(host_port(text), how)


def _place(use: Use) -> None:
    """A path or a URL, for readers that take both; text of several lines is the data itself."""
    for text, how in told(use.value):
        if text is not None and is_url(text):
            use.need(host_port(text), how, "net.connect")
        elif text is not None and text.lower().startswith("file:"):
            use.need(urlsplit(text).path, how, "fs.read")
        elif text is None:
            _path(use)
        elif "\n" not in text:
            _path(use._replace(value=Const(text, how)))


def _address(use: Use) -> None:
    """A pair of host and port; a socket's path otherwise."""
    value = use.value
    if isinstance(value, Seq) and value.items:
        _to_host(use, value.items[0], value.items[1] if len(value.items) > 1 else None)
        return
    for text, how in told(value):
        use.need(text, how)


def _host(use: Use) -> None:
    _to_host(use, use.value, use.args.get(use.power.position + 1, "port"))


def _to_host(use: Use, value: Value | None, port: Value | None) -> None:
    number = concrete(port)
    known = isinstance(number, int | str) and number is not MISSING and not isinstance(number, bool)
    shown = number if known else HOST_PORTS.get(use.path.rpartition(".")[2])
    for text, how in told(value):
        if text is None:
            use.need(None)
        elif "://" in text:
            use.need(host_port(text), how)
        else:
            host = text or "0.0.0.0"  # noqa: S104 - what an empty host means to a listener
            use.need(host if not shown or ":" in host else f"{host}:{shown}", how)


def _command(use: Use) -> None:
    """A command line, or the words of one."""
    value = use.value
    if isinstance(value, Seq):
        words = [text for item in value.items for text, _ in told(item)[:1]]
        whole = (
            shlex.join(word or "*" for word in words) if None not in words else " ".join(word or "*" for word in words)
        )
        use.need(whole or None)
        return
    for text, how in told(value):
        use.need(text, how)


def _text(use: Use) -> None:
    plain = concrete(use.value)
    if isinstance(plain, int):
        use.need(str(plain))
        return
    for text, how in told(use.value):
        use.need(text, how)


KINDS: Final[dict[str, Callable[[Use], None]]] = {
    "path": _path,
    "mode": _mode,
    "url": _url,
    "place": _place,
    "address": _address,
    "host": _host,
    "command": _command,
    "text": _text,
}  # fmt: skip - a table
