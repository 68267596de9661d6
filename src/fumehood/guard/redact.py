"""Secrets out of text: the values that the broker knows, in each encoding, and keys by their form."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from fumehood.guard.formats import FORMATS, OPENERS, begins_in, openers_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Decided", "Redacted", "Redactor"]

_SHORTEST_FORM: Final = 6
_END: Final = re.compile(r"-----END [A-Z0-9 ]{0,40}-----")
_LONGEST: Final = max(map(len, OPENERS))
_BEGINNINGS: Final = frozenset(opener[:length] for opener in OPENERS for length in range(1, len(opener)))


class Redacted(NamedTuple):
    """A text, and how often what was taken out of it."""

    text: str
    found: Counter[str]


class Decided(NamedTuple):
    """Up to where a text holds no secret whose end is yet to come, and whether there is none in it at all."""

    end: int
    clean: bool


class Redactor:
    """Replaces secrets by their names."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        """Know some values; one of fewer than `SHORTEST` characters can't be told from ordinary text."""
        known = _forms(values) if values else {}
        self._known = sorted(
            ((f, n) for f, n in known.items() if len(f) >= _SHORTEST_FORM), key=lambda each: -len(each[0])
        )

    def redact(self, text: str) -> Redacted:
        """Take every secret out."""
        found: Counter[str] = Counter()
        for form, name in self._known:
            if form in text:
                found[name] += text.count(form)
                text = text.replace(form, f"[redacted: {name}]")
        there = openers_in(text) if begins_in(text) else frozenset[str]()
        for each in FORMATS if there else ():
            if not there.isdisjoint(each.openers):
                text, count = each.pattern.subn(f"[redacted: {each.name}]", text)
                if count:
                    found[each.name] += count
        return Redacted(text, found)

    def decided(self, text: str) -> Decided:
        """Where a secret may begin whose end has not come yet; the length of the text where there is none."""
        clean = not begins_in(text) and not any(form in text for form, _ in self._known)
        start = -1 if clean else text.rfind("-----BEGIN")
        if start >= 0 and not _END.search(text, start):
            return Decided(start, clean)
        word = max(text.rfind(each) for each in (" ", "\n", "\t")) + 1
        begun = self._is_beginning(text) or (not clean and bool(openers_in(text[word:])))
        # The whole word is held: what stands before a key decides whether it is one.
        starts = [word] if begun else []
        end = min((*starts, *(_begins(text, form) for form, _ in self._known)), default=len(text))
        return Decided(end if clean else self._uncut(text, end), clean)

    def _uncut(self, text: str, end: int) -> int:
        """What is whole already, and may begin again within itself, is not cut in two."""
        whole = [at for form, _ in self._known if 0 <= (at := text.find(form, max(end - len(form) + 1, 0))) < end]
        whole += [found.start() for found in _matches(text) if found.start() < end < found.end()]
        return min((end, *whole))

    def _is_beginning(self, text: str) -> bool:
        """Whether the text ends with the beginning of an opener."""
        ends = range(max(len(text) - _LONGEST + 1, 0), len(text))
        return any(text[at:] in _BEGINNINGS and self._opens(text, at) for at in ends)

    def _opens(self, text: str, at: int) -> bool:
        """Whether a key can begin there: not within a word, unless that is a value that goes."""
        if not at or text[at] == "-" or not (text[at - 1].isascii() and text[at - 1].isalnum()):
            return True
        return any(text.endswith(form, 0, at) for form, _ in self._known)


def _forms(values: Mapping[str, str]) -> dict[str, str]:
    from fumehood.guard.leaks import SHORTEST, forms  # noqa: PLC0415 -- only where a secret is known

    return {form: name for name, value in values.items() if len(value) >= SHORTEST for form in forms(value)}


def _matches(text: str) -> Iterator[re.Match[str]]:
    there = openers_in(text) if begins_in(text) else frozenset[str]()
    for each in FORMATS if there else ():
        if not there.isdisjoint(each.openers):
            yield from each.pattern.finditer(text)


def _begins(text: str, form: str) -> int:
    """Where the longest beginning of `form` starts with which the text ends; the text's length where none does."""
    for held in range(min(len(form) - 1, len(text)), 0, -1):
        if text.endswith(form[:held]):
            return len(text) - held
    return len(text)
