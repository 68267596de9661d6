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
#: What stands for the word that a text goes on within: no opener has it first, so no key begins with it.
_WITHIN: Final = "0"
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

    def redact(self, text: str, *, within: bool = False) -> Redacted:
        """Take every secret out; a text that goes on `within` a word does not begin with a key."""
        found: Counter[str] = Counter()
        for form, name in self._known:
            if form in text:
                found[name] += text.count(form)
                text = text.replace(form, f"[redacted: {name}]")
        text = _WITHIN + text if within else text
        there = openers_in(text) if begins_in(text) else frozenset[str]()
        for each in FORMATS if there else ():
            if not there.isdisjoint(each.openers):
                text, count = each.replaced_in(text)
                if count:
                    found[each.name] += count
        return Redacted(text[1:] if within else text, found)

    def passes(self, text: str) -> bool:
        """Whether nothing stands in it that could be a secret."""
        return not begins_in(text) and not (self._known and any(form in text for form, _ in self._known))

    def decided(self, text: str) -> Decided:
        """Where a secret may begin whose end has not come yet; the length of the text where there is none."""
        clean = self.passes(text)
        word = _word(text, len(text))
        begun = self._is_beginning(text) or (not clean and bool(openers_in(text[word:])))
        starts = [word] if begun else []
        start = -1 if clean else text.rfind("-----BEGIN")
        if start >= 0 and not _END.search(text, start):
            starts.append(start)
        end = min((*starts, *(_begins(text, form) for form, _ in self._known)), default=len(text))
        return Decided(end if clean else self._uncut(text, end), clean)

    def _uncut(self, text: str, end: int) -> int:
        """What is whole already, and may begin again within itself, is not cut in two, nor what it overlaps."""
        matches, cut = list(_matches(text)), end
        while cut >= 0:
            # The whole word is held: what stands before a key decides whether it is one.
            end = _word(text, cut) if cut < len(text) else cut
            starts = [text.find(form, max(end - len(form) + 1, 0), end + len(form) - 1) for form, _ in self._known]
            starts += [start for start, stop in matches if start < end < stop]
            cut = min((start for start in starts if start >= 0), default=-1)
        return end

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


def _matches(text: str) -> Iterator[tuple[int, int]]:
    """Where keys stand; one whose last line has not come goes beyond the text."""
    there = openers_in(text) if begins_in(text) else frozenset[str]()
    for each in FORMATS if there else ():
        if not there.isdisjoint(each.openers):
            for found in each.pattern.finditer(text):
                yield found.start(), found.end() if found.re.groups == (found.lastindex or 0) else len(text) + 1


def _word(text: str, at: int) -> int:
    """Where the word begins that goes on here."""
    return max(text.rfind(each, 0, at) for each in (" ", "\n", "\t")) + 1


def _begins(text: str, form: str) -> int:
    """Where the longest beginning of `form` starts with which the text ends; the text's length where none does."""
    for held in range(min(len(form) - 1, len(text)), 0, -1):
        if text.endswith(form[:held]):
            return len(text) - held
    return len(text)
