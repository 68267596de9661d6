"""`$name` and `${…}` with all their operators, folded to text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from fumehood.check.bash.arithmetic import evaluate, nowhere
from fumehood.check.bash.escapes import ansi_c
from fumehood.check.bash.patterns import replaced, without_prefix, without_suffix
from fumehood.check.bash.syntax import Parameter
from fumehood.check.bash.values import HOLE, OWN, UNSET, is_known, settled, unknown, whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from fumehood.check.bash.shell import Shell

_ALL = frozenset("@*")
_INDIRECT = re.compile(r"([A-Za-z_]\w*|\d+)(?:\[(.*)\])?")
_DEFAULTS = frozenset({":-", "-", ":=", "=", ":?", "?"})
_ALTERNATIVES = frozenset({":+", "+"})
_CASES: dict[str, Callable[[str], str]] = {
    "^^": str.upper,
    ",,": str.lower,
    "^": lambda text: text[:1].upper() + text[1:],
    ",": lambda text: text[:1].lower() + text[1:],
}
_TRANSFORMS: dict[str, Callable[[str], str]] = {"U": str.upper, "u": _CASES["^"], "L": str.lower, "E": ansi_c}


class Operand(Protocol):
    """Expands the source of an operand; as a pattern, quoted characters stand for themselves."""

    def __call__(self, source: str, *, as_pattern: bool = False) -> str:
        """Answer the text, with marks for what is not known."""
        ...


def values(parameter: Parameter, shell: Shell, operand: Operand, line: int) -> list[str]:  # noqa: PLR0917 - the shape that its siblings have too
    """Answer what a parameter expands to: one text, or for `@` and `*` any number."""
    if parameter.prefix:
        return _prefixed(parameter, shell, operand, line)
    many = parameter.name in _ALL or parameter.index in _ALL
    if many:
        found = shell.elements(parameter.name)
        if parameter.operator == ":":
            return _slice(found, parameter.operand, shell, operand)
    else:
        found = [_single(parameter, shell, operand)]
    if parameter.operator in _DEFAULTS or parameter.operator in _ALTERNATIVES:
        return _default(parameter, found, shell, operand, line)
    return [_changed(text, parameter, shell, operand) for text in found] if parameter.operator else found


def _single(parameter: Parameter, shell: Shell, operand: Operand) -> str:
    match parameter.name:
        case "#":
            return HOLE if shell.open_ended else str(len(shell.positions))
        case "!":
            return OWN
        case "$" | "?":
            return OWN if parameter.name == "$" else HOLE
        case name if parameter.index is not None:
            return _element(name, parameter.index, shell, operand)
        case name:
            return shell.get(name)


def _element(name: str, index: str, shell: Shell, operand: Operand) -> str:  # noqa: PLR0917 - the shape that its siblings have too
    items = shell.arrays.get(shell.references.get(name, name))
    if items is None:
        value = shell.get(name)
        return value if index == "0" else UNSET
    key = settled(operand(index))
    if key in items:
        return items[key]
    number = evaluate(key, shell.get, nowhere)
    if is_known(number) and number.startswith("-"):
        elements = list(items.values())
        place = whole(number) or 0
        return elements[place] if -place <= len(elements) else UNSET
    return items.get(number, UNSET if is_known(number) and is_known(key) else HOLE)


def _prefixed(parameter: Parameter, shell: Shell, operand: Operand, line: int) -> list[str]:  # noqa: PLR0917 - the shape that its siblings have too
    many = parameter.name in _ALL or parameter.index in _ALL
    if parameter.prefix == "#":
        if many:
            return [str(len(shell.elements(parameter.name)))]
        text = settled(_single(parameter, shell, operand))
        return [str(len(text)) if is_known(text) else HOLE]
    if many:
        return list(shell.arrays.get(parameter.name, {}))
    if parameter.operator == "@" or parameter.operand == "*":
        return [name for name in shell.variables if name.startswith(parameter.name)]
    match = _INDIRECT.fullmatch(shell.get(parameter.name))
    if match is None:
        return [HOLE]
    followed = Parameter(match[1], match[2], "", parameter.operator, parameter.operand, parameter.quoted)
    return values(followed, shell, operand, line)


def _default(parameter: Parameter, found: list[str], shell: Shell, operand: Operand, line: int) -> list[str]:  # noqa: PLR0917 - the shape that its siblings have too
    """Apply `:-` and its kin. What is unknown counts as unset: the default is what the program itself says."""
    value = " ".join(found)
    missing = value in {UNSET, HOLE, ""}
    if parameter.operator in _ALTERNATIVES:
        return [operand(parameter.operand)] if not missing or value == HOLE else [""]
    if not missing:
        return found
    if parameter.operator in {":?", "?"}:
        return [HOLE]
    default = operand(parameter.operand)
    if value == HOLE and not default:
        return found
    if "=" in parameter.operator:
        shell.set(parameter.name, default, line)
    return [default]


def _slice(found: list[str], source: str, shell: Shell, operand: Operand) -> list[str]:  # noqa: PLR0917 - the shape that its siblings have too
    start, length = _bounds(source, shell, operand)
    if start is None:
        return found
    start = max(0, start - 1) if found is shell.positions else start
    found = found[start:]
    return found if length is None else found[:length]


def _bounds(source: str, shell: Shell, operand: Operand) -> tuple[int | None, int | None]:
    offset, _, length = source.partition(":")
    numbers = [evaluate(operand(text), shell.get, nowhere) if text else "" for text in (offset, length)]
    start, count = (whole(number) for number in numbers)
    return start, count


def _changed(text: str, parameter: Parameter, shell: Shell, operand: Operand) -> str:  # noqa: PLR0911, PLR0917 - the shape that its siblings have too
    text = settled(text)
    operator = parameter.operator
    if not is_known(text):
        return unknown(text)
    if operator == ":":
        return _substring(text, *_bounds(parameter.operand, shell, operand))
    if operator in _CASES:
        return _CASES[operator](text)
    if operator == "@":
        return _TRANSFORMS.get(parameter.operand, str)(text)
    if operator[0] == "/":
        pattern, replacement = _halves(parameter.operand)
        pattern, replacement = operand(pattern, as_pattern=True), operand(replacement)
        known = is_known(pattern) and is_known(replacement)
        return replaced(text, pattern, replacement, operator) if known else HOLE
    pattern = operand(parameter.operand, as_pattern=True)
    if not is_known(pattern):
        return HOLE
    cut = without_prefix if operator[0] == "#" else without_suffix
    return cut(text, pattern, longest=len(operator) > 1)


def _substring(text: str, start: int | None, length: int | None) -> str:
    if start is None:
        return HOLE
    text = text[start:]
    return text if length is None else text[:length]


def _halves(source: str) -> tuple[str, str]:
    """Cut `pattern/replacement` at the slash that is neither quoted nor within an expansion."""
    match = re.match(r"(?:\\.|'[^']*'|\"(?:\\.|[^\"])*\"|\$\{[^}]*\}|\$\([^)]*\)|[^/\\])*", source, re.DOTALL)
    end = match.end() if match else len(source)
    return source[:end], source[end + 1 :]
