"""Brace expansion: `{a,b}` and `{1..5}` make several words of one, before anything else is expanded."""

from __future__ import annotations

import re
from itertools import islice, product
from typing import TypeAlias

from fumehood.check.bash.syntax import Literal, Part, Word

MAX_WORDS = 200
_SEQUENCE = re.compile(r"(-?\d+|[A-Za-z])\.\.(-?\d+|[A-Za-z])(?:\.\.(-?\d+))?")

_Token: TypeAlias = "str | Part"
_Tokens: TypeAlias = list[_Token]


def braced(word: Word) -> list[Word]:
    """Answer the words that one word stands for, at most `MAX_WORDS`; itself where it has no braces."""
    if not any(isinstance(part, Literal) and not part.quoted and "{" in part.text for part in word.parts):
        return [word]
    tokens: _Tokens = []
    for part in word.parts:
        if isinstance(part, Literal) and not part.quoted:
            tokens.extend(part.text)
        else:
            tokens.append(part)
    return [Word(_joined(variant), word.start, word.end) for variant in islice(_variants(tokens, 0), MAX_WORDS)]


def _joined(tokens: _Tokens) -> tuple[Part, ...]:
    return tuple(Literal(token) if isinstance(token, str) else token for token in tokens)


def _variants(tokens: _Tokens, depth: int) -> list[_Tokens]:
    """Expand the first braces that mean something, then what follows them."""
    for start, token in enumerate(tokens):
        end = _closing(tokens, start) if token == "{" and depth < 8 else None  # noqa: PLR2004 - braces in braces end somewhere
        if end is None:
            continue
        choices = _choices(tokens[start + 1 : end], depth)
        if choices is None:
            continue
        rest = _variants(tokens[end + 1 :], depth)
        pairs = islice(product(choices, rest), MAX_WORDS)
        return [tokens[:start] + choice + tail for choice, tail in pairs]
    return [tokens]


def _closing(tokens: _Tokens, start: int) -> int | None:
    depth = 0
    for place in range(start, len(tokens)):
        depth += (tokens[place] == "{") - (tokens[place] == "}")
        if depth == 0:
            return place
    return None


def _choices(tokens: _Tokens, depth: int) -> list[_Tokens] | None:
    """Answer what stands between commas, or a sequence's members; None where braces are only braces."""
    pieces: list[_Tokens] = [[]]
    level = 0
    for token in tokens:
        level += (token == "{") - (token == "}")
        if token == "," and level == 0:
            pieces.append([])
        else:
            pieces[-1].append(token)
    if len(pieces) > 1:
        return [variant for piece in pieces for variant in _variants(piece, depth + 1)][:MAX_WORDS]
    text = "".join(token for token in tokens if isinstance(token, str))
    match = _SEQUENCE.fullmatch(text) if len(text) == len(tokens) else None
    return None if match is None else [list(member) for member in _sequence(match[1], match[2], match[3])]


def _sequence(first: str, last: str, step: str | None) -> list[str]:
    letters = first.isalpha() and last.isalpha()
    if not letters and (first.isalpha() or last.isalpha()):
        return [f"{{{first}..{last}}}"]
    low, high = (ord(first), ord(last)) if letters else (int(first), int(last))
    pace = max(1, abs(int(step or 1)))
    numbers = range(low, high + 1, pace) if low <= high else range(low, high - 1, -pace)
    members = list(islice(numbers, MAX_WORDS))
    return [chr(number) for number in members] if letters else [str(number) for number in members]
