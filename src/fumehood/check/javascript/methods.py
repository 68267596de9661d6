"""Methods of texts, lists, numbers and the program's own objects."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from fumehood.check.bash.patterns import bounded
from fumehood.check.bash.values import HOLE, is_known
from fumehood.check.javascript import decoding
from fumehood.check.javascript.values import (
    UNDEFINED,
    UNKNOWN,
    Array,
    Closure,
    Native,
    Object,
    Value,
    number_of,
    one_of,
    text_of,
    truth,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from fumehood.check.javascript.machine import Machine

_MAX_ITEMS = 400
_MAX_TEXT = 100_000
_CALLBACKS = frozenset({"map", "forEach", "filter", "find", "some", "every", "flatMap", "findIndex", "findLast"})


def call(machine: Machine, owner: Value, name: str, arguments: list[Value]) -> Value:  # noqa: PLR0911, PLR0917 - one way for each kind
    """Call a method of a value that is not the engine's own."""
    match owner:
        case str():
            return _text_method(machine, owner, name, arguments)
        case Array():
            return _array_method(machine, owner, name, arguments)
        case bool() | int() | float():
            return _number_method(owner, name, arguments)
        case Object(base=Native(path="buffer")):
            return _buffer_method(machine, owner, name, arguments)
        case Object(base=Native(path="map")):
            return _map_method(owner, name, arguments)
        case Closure() if name == "toString":
            return owner.node.text
        case _:
            _run_callbacks(machine, arguments)
            return UNKNOWN


def _run_callbacks(machine: Machine, arguments: list[Value]) -> None:
    for argument in arguments:
        if isinstance(argument, Closure):
            with machine.perhaps(surely=False):
                machine.enter(argument, [UNKNOWN] * 3, UNDEFINED)


def _whole(arguments: list[Value], place: int, default: int) -> int | None:
    if place >= len(arguments) or arguments[place] is UNDEFINED:
        return default
    number = number_of(arguments[place])
    return int(number) if number is not None and abs(number) < 1e9 else None  # noqa: PLR2004 - beyond any text


def _buffer_method(machine: Machine, owner: Object, name: str, arguments: list[Value]) -> Value:  # noqa: PLR0917 - the shape that its siblings have too
    data = text_of(owner.members.get("data", HOLE))
    if name in {"toString", "toLocaleString", "write", "utf8Slice", "latin1Slice"}:
        encoding = text_of(arguments[0]) if arguments and isinstance(arguments[0], str) else "utf8"
        return decoding.encoded(data, encoding)
    if name in {"reverse", "slice", "subarray"}:
        cut = data[::-1] if name == "reverse" else data[_whole(arguments, 0, 0) or 0 : _whole(arguments, 1, len(data))]
        return Object({"data": cut}, base=owner.base)
    if name == "map":
        items = Array([ord(letter) for letter in data[:_MAX_ITEMS]]) if is_known(data) else Array([UNKNOWN], open=True)
        mapped = _array_method(machine, items, name, arguments)
        codes = [number_of(item) for item in mapped.items] if isinstance(mapped, Array) else []
        return Object(
            {
                "data": "".join(
                    HOLE if code is None or not math.isfinite(code) else chr(int(code) & 255) for code in codes
                )
            },
            base=owner.base,
        )
    return UNKNOWN


def _map_method(owner: Object, name: str, arguments: list[Value]) -> Value:
    key = text_of(arguments[0]) if arguments else ""
    if name == "set":
        owner.members[key] = arguments[1] if len(arguments) > 1 else UNDEFINED
        return owner
    if name == "get":
        held = list(owner.members.values())
        return owner.members.get(key, UNDEFINED) if is_known(key) else one_of(*held[:4]) if held else UNKNOWN
    return Array(list(owner.members.values()), open=True) if name == "values" else UNKNOWN


def _number_method(owner: float, name: str, arguments: list[Value]) -> Value:
    if name != "toString":
        return UNKNOWN
    base = _whole(arguments, 0, 10) or 10
    if base == 10 or isinstance(owner, bool) or not math.isfinite(owner) or owner != int(owner) or not 2 <= base <= 36:  # noqa: PLR2004 - the bases that the language has
        return text_of(owner)
    digits = ""
    rest = abs(int(owner))
    while rest:
        rest, digit = divmod(rest, base)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return ("-" if owner < 0 else "") + (digits or "0")


def _text_method(machine: Machine, owner: str, name: str, arguments: list[Value]) -> Value:  # noqa: PLR0917 - the shape that its siblings have too
    machine.notes.budget.produce(len(owner) // 8 + 1)
    if name in {"replace", "replaceAll"}:
        return _replaced(machine, owner, name, arguments)
    if name in {"concat", "toString", "valueOf", "trim", "trimStart", "trimEnd", "normalize"}:
        return (
            owner.strip()
            if name == "trim"
            else owner + "".join(text_of(argument) for argument in arguments if name == "concat")
        )
    if name in {"match", "matchAll"}:
        return _matched(owner, arguments)
    if not is_known(owner):
        return Array([HOLE], open=True) if name == "split" else HOLE if name in _TEXT else UNKNOWN
    action = _TEXT.get(name)
    return action(owner, arguments) if action else UNKNOWN


def _slice(owner: str, arguments: list[Value]) -> Value:
    start, end = _whole(arguments, 0, 0), _whole(arguments, 1, len(owner))
    return HOLE if start is None or end is None else owner[start:end]


def _substring(owner: str, arguments: list[Value]) -> Value:
    start, end = _whole(arguments, 0, 0), _whole(arguments, 1, len(owner))
    if start is None or end is None:
        return HOLE
    start, end = sorted((max(0, start), max(0, end)))
    return owner[start:end]


def _substr(owner: str, arguments: list[Value]) -> Value:
    start, length = _whole(arguments, 0, 0), _whole(arguments, 1, len(owner))
    if start is None or length is None:
        return HOLE
    start = max(0, len(owner) + start) if start < 0 else start
    return owner[start : start + max(0, length)]


def _split(owner: str, arguments: list[Value]) -> Value:
    if not arguments or arguments[0] is UNDEFINED:
        return Array([owner])
    if isinstance(arguments[0], Object):
        expression = _expression(arguments[0], len(owner))
        return Array(list(expression.split(owner))) if expression else Array([HOLE], open=True)
    separator = text_of(arguments[0])
    if not is_known(separator):
        return Array([HOLE], open=True)
    pieces = owner.split(separator) if separator else list(owner)
    return Array(list(pieces[:5000]))


def _character(owner: str, arguments: list[Value]) -> Value:
    place = _whole(arguments, 0, 0)
    if place is None:
        return HOLE
    return owner[place] if -len(owner) <= place < len(owner) else ""


def _code(owner: str, arguments: list[Value]) -> Value:
    place = _whole(arguments, 0, 0)
    return UNKNOWN if place is None or not 0 <= place < len(owner) else ord(owner[place])


def _repeated(owner: str, arguments: list[Value]) -> Value:
    count = _whole(arguments, 0, 0)
    return HOLE if count is None or count * len(owner) > _MAX_TEXT else owner * max(0, count)


def _padded(*, at_end: bool) -> Callable[[str, list[Value]], Value]:
    def run(owner: str, arguments: list[Value]) -> Value:
        width = _whole(arguments, 0, 0)
        filler = text_of(arguments[1]) if len(arguments) > 1 else " "
        if width is None or width > _MAX_TEXT or not filler:
            return HOLE
        padding = (filler * width)[: max(0, width - len(owner))]
        return owner + padding if at_end else padding + owner

    return run


def _found(action: Callable[[str, str], Value]) -> Callable[[str, list[Value]], Value]:
    def run(owner: str, arguments: list[Value]) -> Value:
        text = text_of(arguments[0]) if arguments else "undefined"
        return action(owner, text) if is_known(text) else UNKNOWN

    return run


_TEXT: dict[str, Callable[[str, list[Value]], Value]] = {
    "slice": _slice,
    "substring": _substring,
    "substr": _substr,
    "split": _split,
    "charAt": _character,
    "at": _character,
    "charCodeAt": _code,
    "codePointAt": _code,
    "repeat": _repeated,
    "toUpperCase": lambda owner, _: owner.upper(),
    "toLowerCase": lambda owner, _: owner.lower(),
    "toLocaleUpperCase": lambda owner, _: owner.upper(),
    "toLocaleLowerCase": lambda owner, _: owner.lower(),
    "padStart": _padded(at_end=False),
    "padEnd": _padded(at_end=True),
    "indexOf": _found(lambda owner, text: owner.find(text)),
    "lastIndexOf": _found(lambda owner, text: owner.rfind(text)),
    "includes": _found(lambda owner, text: text in owner),
    "startsWith": _found(lambda owner, text: owner.startswith(text)),
    "endsWith": _found(lambda owner, text: owner.endswith(text)),
}


def _expression(value: Object, length: int) -> re.Pattern[str] | None:
    """Translate a regular expression that is short and can't take forever; None for all others."""
    source = value.members.get("source")
    if not isinstance(source, str) or not bounded(source, length):
        return None
    flags = re.IGNORECASE if "i" in text_of(value.members.get("flags", "")) else 0
    try:
        return re.compile(source.replace("(?<", "(?P<").replace("(?P<=", "(?<=").replace("(?P<!", "(?<!"), flags)
    except re.error:
        return None


def _replaced(machine: Machine, owner: str, name: str, arguments: list[Value]) -> Value:  # noqa: PLR0917 - the shape that its siblings have too
    pattern, replacement = (*arguments, UNDEFINED, UNDEFINED)[:2]
    _run_callbacks(machine, [replacement] if not isinstance(pattern, Object) else [])
    if not is_known(owner):
        return HOLE
    if isinstance(pattern, Object):
        expression = _expression(pattern, len(owner))
        if expression is None:
            return HOLE
        count = 0 if "g" in text_of(pattern.members.get("flags", "")) else 1
        return expression.sub(lambda match: _replacement(machine, replacement, match), owner[:20_000], count=count)
    text, new = text_of(pattern), text_of(replacement)
    if not is_known(text) or isinstance(replacement, Closure):
        return HOLE
    return owner.replace(text, new, -1 if name == "replaceAll" else 1)[:_MAX_TEXT]


def _replacement(machine: Machine, replacement: Value, match: re.Match[str]) -> str:
    if isinstance(replacement, Closure):
        return text_of(machine.call(replacement, [match[0], *match.groups()]))
    return re.sub(
        r"\$(\d|&)",
        lambda one: match[0] if one[1] == "&" else match[int(one[1])] if int(one[1]) <= len(match.groups()) else "",
        text_of(replacement),
    )


def _matched(owner: str, arguments: list[Value]) -> Value:
    expression = _expression(arguments[0], len(owner)) if arguments and isinstance(arguments[0], Object) else None
    if expression is None or not is_known(owner):
        return Array([HOLE], open=True)
    return Array([match[0] for match in expression.finditer(owner[:20_000])])


def _array_method(machine: Machine, owner: Array, name: str, arguments: list[Value]) -> Value:  # noqa: PLR0917 - the shape that its siblings have too
    machine.notes.budget.step(len(owner.items) // 16 + 1)
    if name in _CALLBACKS:
        return _each(machine, owner, name, arguments)
    if name in {"reduce", "reduceRight"}:
        return _reduced(machine, owner, name, arguments)
    action = _ARRAY.get(name)
    if action is not None:
        return action(owner, arguments)
    _run_callbacks(machine, arguments)
    return UNKNOWN


def _each(machine: Machine, owner: Array, name: str, arguments: list[Value]) -> Value:  # noqa: PLR0917 - the shape that its siblings have too
    function = arguments[0] if arguments else UNDEFINED
    results: list[Value] = []
    for place, item in enumerate(owner.items[:_MAX_ITEMS]):
        if place and not machine.round():
            return Array([UNKNOWN], open=True)
        results.append(machine.call(function, [item, place, owner]))
    if not owner.items:
        with machine.perhaps(surely=False):
            machine.call(function, [UNKNOWN, UNKNOWN, owner])
    match name:
        case "map" | "flatMap":
            return Array(results, owner.open)
        case "filter":
            kept = [item for item, result in zip(owner.items, results, strict=False) if truth(result) is not False]
            return Array(kept, owner.open or any(truth(result) is None for result in results))
        case "find":
            return one_of(
                *(item for item, result in zip(owner.items, results, strict=False) if truth(result) is not False),
                UNDEFINED,
            )
        case _:
            return UNDEFINED if name == "forEach" else UNKNOWN


def _reduced(machine: Machine, owner: Array, name: str, arguments: list[Value]) -> Value:  # noqa: PLR0917 - the shape that its siblings have too
    items = owner.items[:_MAX_ITEMS] if name == "reduce" else owner.items[:_MAX_ITEMS][::-1]
    function = arguments[0] if arguments else UNDEFINED
    value, rest = (arguments[1], items) if len(arguments) > 1 else (items[0] if items else UNKNOWN, items[1:])
    for place, item in enumerate(rest):
        if place and not machine.round():
            return UNKNOWN
        value = machine.call(function, [value, item, place])
    if not items:
        machine.call(function, [UNKNOWN, UNKNOWN, UNKNOWN])
    return UNKNOWN if owner.open else value


def _joined(owner: Array, arguments: list[Value]) -> Value:
    separator = text_of(arguments[0]) if arguments and arguments[0] is not UNDEFINED else ","
    pieces = ["" if item is None or item is UNDEFINED else text_of(item) for item in owner.items]
    return separator.join(pieces)[:_MAX_TEXT] + (HOLE if owner.open else "")


def _reversed(owner: Array, _: list[Value]) -> Value:
    owner.items.reverse()
    return owner


def _pushed(owner: Array, arguments: list[Value]) -> Value:
    if len(owner.items) < 5000:  # noqa: PLR2004 - more is not followed
        owner.items.extend(arguments)
    return len(owner.items)


def _popped(owner: Array, _: list[Value]) -> Value:
    return owner.items.pop() if owner.items else UNKNOWN if owner.open else UNDEFINED


def _shifted(owner: Array, _: list[Value]) -> Value:
    return owner.items.pop(0) if owner.items else UNKNOWN if owner.open else UNDEFINED


def _unshifted(owner: Array, arguments: list[Value]) -> Value:
    owner.items[:0] = arguments
    return len(owner.items)


def _cut(owner: Array, arguments: list[Value]) -> Value:
    start, end = _whole(arguments, 0, 0), _whole(arguments, 1, len(owner.items))
    if start is None or end is None:
        return Array(list(owner.items), open=True)
    return Array(owner.items[start:end], owner.open)


def _concatenated(owner: Array, arguments: list[Value]) -> Value:
    items = list(owner.items)
    for argument in arguments:
        items.extend(argument.items if isinstance(argument, Array) else [argument])
    return Array(items[:5000], owner.open)


def _member(owner: Array, arguments: list[Value]) -> Value:
    place = _whole(arguments, 0, 0)
    if place is None or not -len(owner.items) <= place < len(owner.items):
        return UNKNOWN
    return owner.items[place]


def _filled(owner: Array, arguments: list[Value]) -> Value:
    owner.items[:] = [arguments[0] if arguments else UNDEFINED] * len(owner.items)
    return owner


def _flat(owner: Array, _: list[Value]) -> Value:
    items: list[Value] = []
    for item in owner.items:
        items.extend(item.items if isinstance(item, Array) else [item])
    return Array(items, owner.open)


_ARRAY: dict[str, Callable[[Array, list[Value]], Value]] = {
    "join": _joined,
    "toString": _joined,
    "reverse": _reversed,
    "push": _pushed,
    "pop": _popped,
    "shift": _shifted,
    "unshift": _unshifted,
    "slice": _cut,
    "splice": _cut,
    "concat": _concatenated,
    "at": _member,
    "fill": _filled,
    "flat": _flat,
    "values": lambda owner, _: owner,
    "next": lambda owner, _: Object({"value": owner.items.pop(0) if owner.items else UNKNOWN, "done": UNKNOWN}),
    "keys": lambda owner, _: Array([*range(len(owner.items))]),
    "entries": lambda owner, _: Array([Array([place, item]) for place, item in enumerate(owner.items)]),
}
