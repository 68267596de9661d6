"""Secrets out of text: the values that the broker knows, in each encoding, and keys by their form."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

from fumehood.guard.formats import FORMATS, OPENERS, openers_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Redacted", "Redactor"]

_SHORTEST_FORM: Final = 6
_END: Final = re.compile(r"-----END [A-Z0-9 ]{0,40}-----")


class Redacted(NamedTuple):
    """A text, and how often what was taken out of it."""

    text: str
    found: Counter[str]


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
        there = openers_in(text)
        for each in FORMATS if there else ():
            if not there.isdisjoint(each.openers):
                text, count = each.pattern.subn(f"[redacted: {each.name}]", text)
                if count:
                    found[each.name] += count
        return Redacted(text, found)

    def undecided(self, text: str) -> int:
        """Where a secret may begin whose end has not come yet; the length of the text where there is none."""
        start = text.rfind("-----BEGIN")
        if start >= 0 and not _END.search(text, start):
            return start
        word = max(text.rfind(each) for each in (" ", "\n", "\t")) + 1
        begun = bool(openers_in(text[word:])) or any(
            (at := _begins(text, opener)) < len(text) and self._opens(text, at) for opener in OPENERS
        )
        # The whole word is held: what stands before a key decides whether it is one.
        starts = [word] if begun else []
        end = min((*starts, *(_begins(text, form) for form, _ in self._known)), default=len(text))
        # What is whole already, and may begin again within itself, is not cut in two.
        whole = [at for form, _ in self._known if 0 <= (at := text.find(form, max(end - len(form) + 1, 0))) < end]
        whole += [found.start() for found in _matches(text) if found.start() < end < found.end()]
        return min((end, *whole))

    def _opens(self, text: str, at: int) -> bool:
        """Whether a key can begin there: not within a word, unless that is a value that goes."""
        if not at or text[at] == "-" or not (text[at - 1].isascii() and text[at - 1].isalnum()):
            return True
        return any(text.endswith(form, 0, at) for form, _ in self._known)


def _forms(values: Mapping[str, str]) -> dict[str, str]:
    from fumehood.guard.leaks import SHORTEST, forms  # noqa: PLC0415 -- only where a secret is known

    return {form: name for name, value in values.items() if len(value) >= SHORTEST for form in forms(value)}


def _matches(text: str) -> Iterator[re.Match[str]]:
    there = openers_in(text)
    for each in FORMATS if there else ():
        if not there.isdisjoint(each.openers):
            yield from each.pattern.finditer(text)


def _begins(text: str, opener: str) -> int:
    """Where the longest beginning of `opener` starts with which the text ends; the text's length where none does."""
    for held in range(min(len(opener) - 1, len(text)), 0, -1):
        if text.endswith(opener[:held]):
            return len(text) - held
    return len(text)
