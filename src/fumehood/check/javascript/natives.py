"""Functions of the engine and of Node's modules whose result follows from their arguments."""

from __future__ import annotations

import base64
import binascii
import json
import math
import posixpath
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote

from fumehood.check.bash.values import HOLE, HOME, WORKSPACE, is_known, settled
from fumehood.check.javascript import decoding, members
from fumehood.check.javascript.members import TRAP
from fumehood.check.javascript.values import (
    UNDEFINED,
    UNKNOWN,
    Array,
    Closure,
    Native,
    Object,
    Value,
    number_of,
    text_of,
)

if TYPE_CHECKING:
    from fumehood.check.javascript.machine import Machine

_Function = Callable[["Machine", list[Value]], Value]
_Json: TypeAlias = "dict[str, _Json] | list[_Json] | str | float | bool | None"
_LAST_CHARACTER = 0x10FFFF
_MAX_LENGTH = 5000
_CONCEALING = 4


def _first(arguments: list[Value]) -> Value:
    return arguments[0] if arguments else UNDEFINED


def characters(machine: Machine, arguments: list[Value]) -> Value:
    """Do what `String.fromCharCode` does."""
    numbers = [number_of(argument) for argument in arguments]
    if any(number is None or not 0 <= number <= _LAST_CHARACTER for number in numbers):
        return HOLE
    text = "".join(chr(int(number)) for number in numbers if number is not None)
    return machine.remember(text, "String.fromCharCode") if len(numbers) >= _CONCEALING else text


def _parse_int(_machine: Machine, arguments: list[Value]) -> Value:
    text = text_of(_first(arguments)).strip()
    base = number_of(arguments[1]) if len(arguments) > 1 else 10
    if not is_known(text) or not base or math.isnan(base) or not 2 <= base <= 36:  # noqa: PLR2004 - the bases that the language has
        return UNKNOWN
    text = text[2:] if text[:2].lower() == "0x" else text
    base = 16 if text_of(_first(arguments)).strip()[:2].lower() == "0x" else base
    digits = ""
    for letter in text.lower():
        if letter not in "0123456789abcdefghijklmnopqrstuvwxyz"[: int(base)] and not (letter == "-" and not digits):
            break
        digits += letter
    return int(digits, int(base)) if digits.strip("-") else math.nan


def _number(_machine: Machine, arguments: list[Value]) -> Value:
    number = number_of(_first(arguments))
    return UNKNOWN if number is None else number


def _decoder(how: str, action: Callable[[str], str]) -> _Function:
    def run(machine: Machine, arguments: list[Value]) -> Value:
        text = text_of(_first(arguments))
        if not is_known(text):
            return HOLE
        result = action(text)
        return machine.remember(result, how) if result != text else result

    return run


def _buffer(machine: Machine, arguments: list[Value]) -> Value:
    """Make a buffer: bytes are kept as a text of one character each, in `data`."""
    first = _first(arguments)
    encoding = text_of(arguments[1]) if len(arguments) > 1 and isinstance(arguments[1], str) else "utf8"
    if isinstance(first, Array) and not first.open:
        numbers = [number_of(item) for item in first.items[:_MAX_LENGTH]]
        data = "".join(
            chr(int(number) & 255) if number is not None and math.isfinite(number) else HOLE for number in numbers
        )
        machine.remember(data, "Buffer.from")
    elif isinstance(first, str):
        data = decoding.decoded(first, encoding)
        if encoding in {"base64", "base64url", "hex"}:
            machine.remember(decoding.encoded(data, "utf8"), f"Buffer.from {encoding}")
    else:
        data = HOLE
    return Object({"data": data}, base=Native("buffer"))


def _decode_bytes(_machine: Machine, arguments: list[Value]) -> Value:
    first = _first(arguments)
    return decoding.encoded(text_of(first.members.get("data", HOLE)), "utf8") if isinstance(first, Object) else HOLE


def _join(_machine: Machine, arguments: list[Value]) -> Value:
    parts = [settled(text_of(argument)) for argument in arguments]
    return posixpath.normpath("/".join(part for part in parts if part) or ".")


def _resolve(_machine: Machine, arguments: list[Value]) -> Value:
    return posixpath.normpath(posixpath.join(WORKSPACE, *(text_of(argument) for argument in arguments)))


def _of_path(action: Callable[[str], str]) -> _Function:
    def run(_machine: Machine, arguments: list[Value]) -> Value:
        text = text_of(_first(arguments))
        result = action(text)
        suffix = text_of(arguments[1]) if len(arguments) > 1 else ""
        return result.removesuffix(suffix) if result != suffix else result

    return run


def _fixed(value: Value) -> _Function:
    return lambda _machine, _arguments: value


def _json_parse(_machine: Machine, arguments: list[Value]) -> Value:
    text = text_of(_first(arguments))
    if not is_known(text):
        return UNKNOWN
    try:
        return _from_json(json.loads(text))
    except (ValueError, RecursionError):
        return UNKNOWN


def _from_json(value: _Json) -> Value:
    if isinstance(value, dict):
        return Object({key: _from_json(inner) for key, inner in value.items()})
    if isinstance(value, list):
        return Array([_from_json(inner) for inner in value])
    return value


def _keys(_machine: Machine, arguments: list[Value]) -> Value:
    match _first(arguments):
        case Object(members=held):
            return Array(list(held))
        case Array(items=items, open=False):
            return Array([str(place) for place in range(len(items))])
        case _:
            return UNKNOWN


def _values(_machine: Machine, arguments: list[Value]) -> Value:
    first = _first(arguments)
    return Array(list(first.members.values())) if isinstance(first, Object) else UNKNOWN


def _entries(_machine: Machine, arguments: list[Value]) -> Value:
    first = _first(arguments)
    return (
        Array([Array([key, value]) for key, value in first.members.items()]) if isinstance(first, Object) else UNKNOWN
    )


def _assign(_machine: Machine, arguments: list[Value]) -> Value:
    target = _first(arguments)
    for source in arguments[1:]:
        if isinstance(target, (Object, Closure)) and isinstance(source, Object):
            target.members.update(source.members)
    return target


def _same(_machine: Machine, arguments: list[Value]) -> Value:
    return _first(arguments)


def _prototype(_machine: Machine, arguments: list[Value]) -> Value:
    return Native("prototype", _first(arguments))


def _create(_machine: Machine, arguments: list[Value]) -> Value:
    return Object(base=_first(arguments))


def _define(machine: Machine, arguments: list[Value]) -> Value:
    target, key, how = (*arguments, UNDEFINED, UNDEFINED, UNDEFINED)[:3]
    if isinstance(target, (Object, Closure)) and isinstance(how, Object):
        getter = how.members.get("get")
        value = how.members.get("value", UNKNOWN)
        target.members[text_of(key)] = machine.enter(getter, [], target) if isinstance(getter, Closure) else value
    return target


def _array_from(machine: Machine, arguments: list[Value]) -> Value:
    first, function = (*arguments, UNDEFINED, UNDEFINED)[:2]
    items: list[Value] | None = None
    if isinstance(first, Array) and not first.open:
        items = list(first.items)
    elif isinstance(first, str) and is_known(first):
        items = list(first[:_MAX_LENGTH])
    elif (
        isinstance(first, Object)
        and isinstance(length := first.members.get("length"), (int, float))
        and 0 <= length < 200  # noqa: PLR2004 - more is not followed
    ):
        items = []
        items.extend(UNDEFINED for _ in range(int(length)))
    if items is None:
        return Array([UNKNOWN], open=True)
    if function is UNDEFINED:
        return Array(items)
    return Array([machine.call(function, [item, place]) for place, item in enumerate(items[:200])])


def _map(_machine: Machine, arguments: list[Value]) -> Value:
    made = Object(base=Native("map"))
    first = _first(arguments)
    for pair in first.items[:_MAX_LENGTH] if isinstance(first, Array) else ():
        if isinstance(pair, Array) and len(pair.items) == 2:  # noqa: PLR2004 - a pair
            made.members[text_of(pair.items[0])] = pair.items[1]
    return made


def _raw(_machine: Machine, arguments: list[Value]) -> Value:
    return text_of(_first(arguments))


def _proxy(_machine: Machine, arguments: list[Value]) -> Value:
    target, handler = (*arguments, UNDEFINED, UNDEFINED)[:2]
    trap = handler.members.get("get") if isinstance(handler, Object) else None
    if not isinstance(trap, Closure):
        return target
    made = Object(dict(target.members) if isinstance(target, Object) else {}, base=target)
    made.members[TRAP] = trap
    return made


def _getter(machine: Machine, arguments: list[Value]) -> Value:
    target, key = (*arguments, UNDEFINED, UNDEFINED)[:2]
    return Object({"value": members.get(machine, target, text_of(key))})


def data_text(address: str, body: str) -> str:
    """Answer the text that a `data:` address holds."""
    if ";base64" in address.partition(",")[0]:
        try:
            return base64.b64decode(body + "=" * (-len(body) % 4)).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return HOLE
    return unquote(body)


def _environment(machine: Machine, arguments: list[Value]) -> Value:
    first = _first(arguments)
    if isinstance(first, Native) and first.path == "process.env":
        machine.notes.need("env.read", "*", "referenced")
    return UNKNOWN


def _math(action: Callable[[float], float]) -> _Function:
    def run(_machine: Machine, arguments: list[Value]) -> Value:
        number = number_of(_first(arguments))
        return UNKNOWN if number is None or not math.isfinite(number) else action(number)

    return run


FUNCTIONS: dict[str, _Function] = {
    "String.fromCharCode": characters,
    "String.fromCodePoint": characters,
    "String.raw": _raw,
    "String": lambda machine, arguments: machine.text(_first(arguments)) if arguments else "",
    "TextDecoder#.decode": _decode_bytes,
    "Number": _number,
    "parseFloat": _number,
    "parseInt": _parse_int,
    "Number.parseInt": _parse_int,
    "atob": _decoder("atob", lambda text: decoding.decoded(text, "base64")),
    "buffer.atob": _decoder("atob", lambda text: decoding.decoded(text, "base64")),
    "btoa": lambda _machine, arguments: decoding.encoded(text_of(_first(arguments)), "base64"),
    "unescape": _decoder("unescape", decoding.percent_decoded),
    "querystring.unescape": _decoder("unescape", decoding.uri_decoded),
    "decodeURIComponent": _decoder("decodeURIComponent", decoding.uri_decoded),
    "decodeURI": _decoder("decodeURI", decoding.uri_decoded),
    "encodeURIComponent": lambda _machine, arguments: decoding.uri_encoded(text_of(_first(arguments))),
    "Buffer.from": _buffer,
    "Buffer": _buffer,
    "Uint8Array": _buffer,
    "Uint8Array.from": _buffer,
    "path.join": _join,
    "path.normalize": _join,
    "path.resolve": _resolve,
    "path.dirname": _of_path(posixpath.dirname),
    "path.basename": _of_path(posixpath.basename),
    "path.extname": lambda _machine, arguments: posixpath.splitext(text_of(_first(arguments)))[1],
    "fs.realpath": _same,
    "os.homedir": _fixed(HOME),
    "os.tmpdir": _fixed("/tmp"),  # noqa: S108 - what the run would find there, not a file that is made
    "os.platform": _fixed("linux"),
    "process.cwd": _fixed(WORKSPACE),
    "url.fileURLToPath": lambda _machine, arguments: text_of(_first(arguments)).removeprefix("file://"),
    "URL": lambda _machine, arguments: text_of(_first(arguments)),
    "url.parse": lambda _machine, arguments: text_of(_first(arguments)),
    "JSON.parse": _json_parse,
    "JSON.stringify": _environment,
    "console.log": _environment,
    "Object.keys": lambda machine, arguments: (_environment(machine, arguments), _keys(machine, arguments))[1],
    "Object.getOwnPropertyNames": lambda machine, arguments: (
        _environment(machine, arguments),
        _keys(machine, arguments),
    )[1],
    "Object.values": lambda machine, arguments: (_environment(machine, arguments), _values(machine, arguments))[1],
    "Object.entries": lambda machine, arguments: (_environment(machine, arguments), _entries(machine, arguments))[1],
    "Object.assign": lambda machine, arguments: (_environment(machine, arguments[1:]), _assign(machine, arguments))[1],
    "Object.freeze": _same,
    "Object.seal": _same,
    "Object": _same,
    "Object.create": _create,
    "Object.getPrototypeOf": _prototype,
    "Reflect.getPrototypeOf": _prototype,
    "Object.defineProperty": _define,
    "Object.getOwnPropertyDescriptor": _getter,
    "Array.from": _array_from,
    "Array.of": lambda _machine, arguments: Array(list(arguments)),
    "Array.isArray": lambda _machine, arguments: isinstance(_first(arguments), Array) or UNKNOWN,
    "Array": lambda _machine, arguments: Array(list(arguments)) if len(arguments) != 1 else Array([], open=True),
    "Proxy": _proxy,
    "Map": _map,
    "WeakMap": _map,
    "Promise.resolve": _same,
    "structuredClone": _same,
    "util.promisify": _same,
    "util.inspect": _environment,
    "Boolean": lambda _machine, _arguments: UNKNOWN,
    "Symbol": lambda _machine, _arguments: UNKNOWN,
    "Math.floor": _math(math.floor),
    "Math.ceil": _math(math.ceil),
    "Math.round": _math(lambda number: math.floor(number + 0.5)),
    "Math.abs": _math(abs),
    "Math.sqrt": _math(lambda number: math.sqrt(number) if number >= 0 else math.nan),
    "Math.trunc": _math(math.trunc),
}
