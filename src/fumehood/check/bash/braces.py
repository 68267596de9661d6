"""Brace expansion: `{a,b}` and `{1..5}` make several words of one, before anything else is expanded."""

from __future__ import annotations

import re
from itertools import islice, product
from typing import TypeAlias

from fumehood.check.bash.syntax import Literal, Part, Word

MAX_WORDS = 200
_MAX_BRACES = 40
_SEQUENCE = re.compile(r"(-?[0-9]{1,9}|[A-Za-z])\.\.(-?[0-9]{1,9}|[A-Za-z])(?:\.\.(-?[0-9]{1,9}))?")

_Piece: TypeAlias = "str | Part"
_Pieces: TypeAlias = list[_Piece]


def braced(word: Word) -> list[Word]:
    """Answer the words that one word stands for, at most `MAX_WORDS`; itself where it has no braces."""
    if not any(isinstance(part, Literal) and not part.quoted and "{" in part.text for part in word.parts):
        return [word]
    if sum(part.text.count("{") for part in word.parts if isinstance(part, Literal)) > _MAX_BRACES:
        return [word]
    letters: _Pieces = []
    for part in word.parts:
        if isinstance(part, Literal) and not part.quoted:
            letters.extend(part.text)
        else:
            letters.append(part)
    return [Word(_joined(variant), word.start, word.end) for variant in islice(_variants(letters, 0), MAX_WORDS)]


def _joined(letters: _Pieces) -> tuple[Part, ...]:
    return tuple(Literal(letter) if isinstance(letter, str) else letter for letter in letters)


def _variants(letters: _Pieces, depth: int) -> list[_Pieces]:
    """Expand the first braces that mean something, then what follows them."""
    for start, letter in enumerate(letters):
        end = _closing(letters, start) if letter == "{" and depth < 8 else None  # noqa: PLR2004 - braces in braces end somewhere
        if end is None:
            continue
        choices = _choices(letters[start + 1 : end], depth)
        if choices is None:
            continue
        rest = _variants(letters[end + 1 :], depth)
        pairs = islice(product(choices, rest), MAX_WORDS)
        return [letters[:start] + choice + tail for choice, tail in pairs]
    return [letters]


def _closing(letters: _Pieces, start: int) -> int | None:
    depth = 0
    for place in range(start, len(letters)):
        depth += (letters[place] == "{") - (letters[place] == "}")
        if depth == 0:
            return place
    return None


def _choices(letters: _Pieces, depth: int) -> list[_Pieces] | None:
    """Answer what stands between commas, or a sequence's members; None where braces are only braces."""
    pieces: list[_Pieces] = [[]]
    level = 0
    for letter in letters:
        level += (letter == "{") - (letter == "}")
        if letter == "," and level == 0:
            pieces.append([])
        else:
            pieces[-1].append(letter)
    if len(pieces) > 1:
        return [variant for piece in pieces for variant in _variants(piece, depth + 1)][:MAX_WORDS]
    text = "".join(letter for letter in letters if isinstance(letter, str))
    match = _SEQUENCE.fullmatch(text) if len(text) == len(letters) else None
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
