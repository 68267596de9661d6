"""Texts that a person wrote, and whether a value stands in them as a whole."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["Words", "is_telling", "key"]

#: What may not touch a value on either side: it would be a part of a longer address, name or number.
_JOINING: Final = re.compile(r"[\w@+\-/\\:%#&=?~$]")
_NAME: Final = re.compile(r"[^\W\d_]+(?:[ '’\-][^\W\d_]+)*")
_NUMBER: Final = re.compile(r"(?<![\w.,/\-:])-?\d+(?:,\d{3})*(?:\.\d+)?(?![\w/:\-]|[.,]\d)")
_SPACE: Final = re.compile(r"\s+")
_MOST_PLACES: Final = 1000
_TELLING, _SHORT = 6, 1  # «13» may be a day and «A» a word; an account has more digits, a name more letters


def key(value: str | float) -> str:
    """A value as it is compared: text with single spaces, a number in one form."""
    if isinstance(value, str):
        return _SPACE.sub(" ", value).strip()
    return repr(int(value)) if value == int(value) else repr(value)


def is_telling(value: str | float) -> bool:
    """Whether a value names something by itself. A short number, which stands in texts for many things, does not."""
    text = key(value)
    return len(text) >= _TELLING or any(character.isalpha() for character in text[_SHORT:])


class Words:
    """Texts, asked whether they hold a value word by word: `evil.com` does not stand in `ann@evil.com`."""

    def __init__(self, *texts: str) -> None:
        """Begin with some texts."""
        self._texts: list[tuple[str, str, str]] = []
        self._whole: dict[str, str] = {}
        self._numbers: set[float] = set()
        for each in texts:
            self.add(each)

    def add(self, text: str, where: str = "") -> None:
        """Take one more text; `where` says what it is."""
        plain = key(text)
        if plain in self._whole:
            return
        self._whole[plain] = where
        self._texts.append((plain, plain.casefold(), where))
        self._numbers |= {float(each.replace(",", "")) for each in _NUMBER.findall(plain)}

    def has_word(self, stem: str) -> bool:
        """Whether a word of the texts is this one or a form of it: delete, deletes, deleting."""
        begin = re.escape(stem.casefold().removesuffix("e"))
        return any(re.search(rf"\b{begin}(?:e|es|ed|ing|s)?\b", lower) for _, lower, _ in self._texts)

    def holds(self, value: str | float) -> bool:
        """Whether the value stands in one of the texts as a whole."""
        return self.find(value) is not None

    def find(self, value: str | float) -> str | None:
        """What the text is in which the value stands as a whole; None where there is none.

        A name of letters alone is found in any case; in an address or a path the case has meaning.
        """
        if not isinstance(value, str):
            return "" if float(value) in self._numbers else None
        plain = key(value)
        if not plain:
            return None
        if plain in self._whole:
            return self._whole[plain]
        folded = plain.casefold() if _NAME.fullmatch(plain) else ""
        return next(
            (where for exact, lower, where in self._texts if _stands(folded or plain, lower if folded else exact)), None
        )


def _stands(value: str, text: str) -> bool:
    start = text.find(value)
    for _ in range(_MOST_PLACES):
        if start < 0:
            return False
        end = start + len(value)
        if _free_before(text, start) and _free_after(text, end):
            return True
        start = text.find(value, start + 1)
    return False


def _free_before(text: str, start: int) -> bool:
    """Whether nothing before belongs to the value; a mention's sign does not: @ann, #general."""
    if start and text[start - 1] in "@#":
        start -= 1
    return not start or (text[start - 1] != "." and not _JOINING.match(text[start - 1]))


def _free_after(text: str, end: int) -> bool:
    """Whether nothing after belongs to the value; the punctuation of a sentence does not."""
    rest = text[end : end + 2]
    if rest[:1] in {".", ":", "?"}:  # the end of a sentence, or the middle of a name
        return len(rest) == 1 or not (rest[1].isalnum() or rest[1] in "/_\\@.")
    return not rest or not _JOINING.match(rest[0])
