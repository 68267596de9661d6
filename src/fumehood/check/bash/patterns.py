"""Shell patterns as regular expressions, and what `${name#…}`, `${name/…}` and `case` do with them."""

from __future__ import annotations

import re
from functools import lru_cache

_SPECIAL = re.compile(r"([\\*?\[\]])")
_CLASS = re.compile(r"\[([!^]?)(\]?[^\]]*)\]")
_NAMED_CLASSES = {
    "[:alpha:]": "A-Za-z",
    "[:digit:]": "0-9",
    "[:alnum:]": "A-Za-z0-9",
    "[:space:]": r"\s",
    "[:blank:]": r" \t",
    "[:upper:]": "A-Z",
    "[:lower:]": "a-z",
    "[:punct:]": r"!-/:-@\[-`{-~",
    "[:xdigit:]": "0-9A-Fa-f",
}
MAX_PATTERN = 200
_MAX_WORK = 2_000_000
_GROUP_REPEATED = re.compile(r"\)\s*[*+{?]|\\[1-9]")
_SET_OPERATOR = re.compile(r"\[[^\]]*(?:\[|--|&&|\|\||~~)")
_IN_CLASS = re.compile(r"([\[&|~])")


def escaped(text: str) -> str:
    """Answer a pattern that matches `text` alone."""
    return _SPECIAL.sub(r"\\\1", text)


def affordable(repetitions: int, length: int) -> bool:
    """Say whether matching stays quick: each repetition may try every place in the text."""
    return float(length + 1) ** repetitions <= _MAX_WORK


def bounded(expression: str, length: int) -> bool:
    """Say whether searching a text for a regular expression that the program wrote ends in time, whatever it says."""
    if len(expression) > MAX_PATTERN or _GROUP_REPEATED.search(expression) or _SET_OPERATOR.search(expression):
        return False
    return expression.count("?") < 6 and affordable(len(re.findall(r"[*+{]", expression)) + 1, length)  # noqa: PLR2004 - each doubles the work


def _matcher(pattern: str, length: int, *, searching: bool, greedy: bool = True) -> re.Pattern[str] | None:
    """Translate a pattern for a text of that length, None where matching might take too long."""
    return compiled(pattern, greedy=greedy) if affordable(pattern.count("*") + searching, length) else None


@lru_cache(maxsize=256)
def compiled(pattern: str, *, greedy: bool = True) -> re.Pattern[str] | None:
    """Translate a pattern; None where it is too long or none at all."""
    if len(pattern) > MAX_PATTERN:
        return None
    star = ".*" if greedy else ".*?"
    try:
        return re.compile(_translated(_with_classes(pattern), star), re.DOTALL)
    except re.error:
        return None


def _with_classes(pattern: str) -> str:
    for name, members in _NAMED_CLASSES.items():
        pattern = pattern.replace(name, members)
    return pattern


def _translated(pattern: str, star: str) -> str:
    pieces: list[str] = []
    place = 0
    while place < len(pattern):
        character = pattern[place]
        match = _CLASS.match(pattern, place) if character == "[" else None
        if match is not None:
            pieces.append(f"[{'^' if match[1] else ''}{_IN_CLASS.sub(chr(92) + chr(92) + '1', match[2])}]")
            place = match.end()
            continue
        if character == "\\" and place + 1 < len(pattern):
            place += 1
            pieces.append(re.escape(pattern[place]))
        else:
            pieces.append({"*": star, "?": "."}.get(character) or re.escape(character))
        place += 1
    return "".join(pieces)


def matches(text: str, pattern: str) -> bool:
    """Say whether all of `text` is what `pattern` describes."""
    expression = _matcher(pattern, len(text), searching=False)
    return expression is not None and expression.fullmatch(text) is not None


def without_prefix(text: str, pattern: str, *, longest: bool) -> str:
    """Answer `text` without what matches at its beginning."""
    expression = _matcher(pattern, len(text), searching=False, greedy=longest)
    match = expression.match(text) if expression else None
    return text[match.end() :] if match else text


def without_suffix(text: str, pattern: str, *, longest: bool) -> str:
    """Answer `text` without what matches at its end."""
    expression = _matcher(pattern, len(text), searching=True)
    if expression is None:
        return text
    ends = range(len(text) + 1) if longest else range(len(text), -1, -1)
    for start in ends:
        if expression.fullmatch(text, start):
            return text[:start]
    return text


def replaced(text: str, pattern: str, replacement: str, how: str) -> str:  # noqa: PLR0917 - the shape that its siblings have too
    """Answer `text` with matches replaced: `how` is `/` the first, `//` all, `/#` at the beginning, `/%` at the end."""
    expression = _matcher(pattern, len(text), searching=True)
    if not pattern or expression is None:
        return text
    if how == "/#":
        match = expression.match(text)
        return replacement + text[match.end() :] if match else text
    if how == "/%":
        rest = without_suffix(text, pattern, longest=True)
        return rest + replacement if rest != text else text
    return expression.sub(lambda _: replacement, text, count=0 if how == "//" else 1)
