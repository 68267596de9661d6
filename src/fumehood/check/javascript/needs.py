"""From a powerful function and its arguments to what the program would use."""

from __future__ import annotations

import math
import shlex
from typing import TYPE_CHECKING

from fumehood.check import bash
from fumehood.check.bash.values import HOLE, is_known, settled, shown
from fumehood.check.javascript.values import (
    UNDEFINED,
    UNKNOWN,
    Array,
    Closure,
    Native,
    Object,
    OneOf,
    Value,
    alternatives,
    number_of,
    text_of,
    truth,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from fumehood.check.javascript.machine import Machine
    from fumehood.check.javascript.powers import Power

_WRITES = frozenset("wa+")
_FILES = {"fs.read": "fs.read", "fs.list": "fs.list", "fs.write": "fs.write", "fs.delete": "fs.delete"}


def note(machine: Machine, path: str, power: Power, arguments: list[Value]) -> Value:  # noqa: PLR0917 - the shape that its siblings have too
    """Note what calling a powerful function needs; answer what it gives back."""
    target = arguments[power.place] if power.place is not None and power.place < len(arguments) else UNDEFINED
    for argument in arguments:
        _callbacks(machine, argument)
    if action := _ACTIONS.get(power.capability):
        return action(machine, path, target, arguments)
    for single in alternatives(target):
        text = text_of(single) if single is not UNDEFINED else HOLE
        _plain(machine, power, path, text)
    return Native(f"{path}()")


def _plain(machine: Machine, power: Power, path: str, text: str) -> None:  # noqa: PLR0917 - the shape that its siblings have too
    if capability := _FILES.get(power.capability):
        machine.notes.path(capability, text)
    elif power.place is None:
        machine.notes.need(power.capability, path)
    elif power.capability == "net.listen":
        machine.notes.need(
            "net.listen", f"0.0.0.0:{text}" if is_known(text) else None, "resolved" if is_known(text) else "referenced"
        )
    else:
        machine.notes.need(
            power.capability, text if is_known(text) else None, "resolved" if is_known(text) else "referenced"
        )


def _callbacks(machine: Machine, argument: Value) -> None:
    for single in alternatives(argument):
        if isinstance(single, Closure):
            with machine.perhaps(surely=False):
                machine.enter(single, [UNKNOWN] * 3, UNDEFINED)


def _both(first: str, second: str) -> Callable[[Machine, str, Value, list[Value]], Value]:
    def run(machine: Machine, _path: str, target: Value, arguments: list[Value]) -> Value:
        machine.notes.path(first, text_of(target))
        machine.notes.path(second, text_of(arguments[1]) if len(arguments) > 1 else HOLE)
        return UNKNOWN

    return run


def _open(machine: Machine, _path: str, target: Value, arguments: list[Value]) -> Value:
    flags = text_of(arguments[1]) if len(arguments) > 1 and isinstance(arguments[1], str) else "r"
    machine.notes.path("fs.write" if _WRITES & set(flags) else "fs.read", text_of(target))
    return UNKNOWN


def _spawn(machine: Machine, path: str, target: Value, arguments: list[Value]) -> Value:  # noqa: PLR0917 - the shape that its siblings have too
    """Note a program that is started, and read its command line as a shell would."""
    words = arguments[1].items if len(arguments) > 1 and isinstance(arguments[1], Array) else []
    first = text_of(target) if target is not UNDEFINED else HOLE
    line = " ".join([first, *(shlex.quote(text_of(word)) for word in words)])
    notes = machine.notes
    if not is_known(first) or not settled(first).strip():
        notes.need("process.spawn", None if target is not UNDEFINED else path, "referenced")
        return Native(f"{path}()")
    notes.need("process.spawn", shown(line)[:200])
    with notes.inside(path):
        reading = bash.read(line, notes.budget)
        for found in reading.needs:
            if found.capability != "process.spawn":
                notes.need(found.capability, found.value, found.confidence, why=" <- ".join(found.trace))
    return Native(f"{path}()")


def _connect(machine: Machine, _path: str, target: Value, arguments: list[Value]) -> Value:
    """Note a socket: `connect(port, host)`, `connect({port, host})` or the path of a local one."""
    port, host = target, arguments[1] if len(arguments) > 1 else UNDEFINED
    if isinstance(target, Object):
        port, host = target.members.get("port", UNDEFINED), target.members.get("host", UNDEFINED)
        if "path" in target.members:
            machine.notes.path("fs.write", text_of(target.members["path"]))
    name = text_of(host) if isinstance(host, str) else "localhost"
    number = number_of(port)
    known = is_known(name) and number is not None and math.isfinite(number)
    machine.notes.need(
        "net.connect", f"{name}:{int(number or 0)}" if known else None, "resolved" if known else "referenced"
    )
    return Native("socket#")


def _url(machine: Machine, _path: str, target: Value, arguments: list[Value]) -> Value:
    """Note a request: an address, or options that hold one."""
    for candidate in (target, *arguments):
        for single in alternatives(candidate):
            address = _address(single)
            if address is not None:
                machine.notes.url(address, "443")
                return Native("request()")
    machine.notes.need("net.connect", None, "referenced")
    return Native("request()")


def _address(value: Value) -> str | None:
    if isinstance(value, str):
        text = settled(value)
        if "://" in text or text.startswith("//"):
            return text if "://" in text else f"https:{text}"
        return text if "." in text.split("/")[0] and is_known(text) and " " not in text else None
    if not isinstance(value, Object):
        return None
    for key in ("url", "uri", "href", "baseURL", "hostname", "host"):
        held = value.members.get(key)
        if isinstance(held, str) and is_known(held):
            port = number_of(value.members.get("port", UNDEFINED))
            return f"{held}:{int(port)}" if port and math.isfinite(port) and "://" not in held else held
    return None


def _datagrams(machine: Machine, path: str, _target: Value, _arguments: list[Value]) -> Value:
    machine.notes.need("net.connect", path, "referenced")
    return Native("dgram.Socket#")


def _run(machine: Machine, path: str, target: Value, _arguments: list[Value]) -> Value:
    if not isinstance(target, str):
        if target is UNKNOWN or isinstance(target, (Native, OneOf)):
            machine.notes.need("code.dynamic", None, "unknown", why=path)
        return target if path == "eval" else UNKNOWN
    return machine.source(target, path)


def _worker(machine: Machine, path: str, target: Value, arguments: list[Value]) -> Value:  # noqa: PLR0917 - the shape that its siblings have too
    """Note a worker: source where `eval` is set or the address holds it, else a file."""
    text = text_of(target)
    options = arguments[1] if len(arguments) > 1 else UNDEFINED
    if isinstance(options, Object) and truth(options.members.get("eval", False)):
        machine.source(text, path)
    elif text.startswith("data:"):
        machine.call(Native("require"), [text])
    else:
        machine.notes.path("fs.read", text)
    return Native("worker#")


_ACTIONS: dict[str, Callable[[Machine, str, Value, list[Value]], Value]] = {
    "fs.copy": _both("fs.read", "fs.write"),
    "fs.move": _both("fs.delete", "fs.write"),
    "fs.open": _open,
    "process.spawn": _spawn,
    "net.connect": _connect,
    "net.url": _url,
    "net.dgram": _datagrams,
    "code.run": _run,
    "code.worker": _worker,
}
