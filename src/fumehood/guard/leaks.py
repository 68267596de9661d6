"""Secrets and canaries in what goes out, however it is encoded. Detection only: encryption and paraphrase defeat it."""

from __future__ import annotations

import base64
import re
import secrets
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["SHORTEST", "Watch", "forms"]

#: A shorter value stands in ordinary text by chance.
SHORTEST: Final = 6
_SEPARATORS: Final = re.compile(r"[\s\-_.,;:|/\\'\"+*#~<>()\[\]{}&=?!]+")


class Watch:
    """The values that must not leave in one conversation, and a canary that nobody has a reason to know."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        """Watch for the canary and for each named value of at least `SHORTEST` characters."""
        self.canary = f"canary-{secrets.token_hex(12)}"
        self._forms: dict[str, tuple[str, ...]] = {}
        self._pieces: dict[str, str] = {}
        self.add("the canary", self.canary)
        for name, value in (values or {}).items():
            self.add(name, value)

    def add(self, name: str, value: str) -> None:
        """Watch for one more value."""
        if len(value) >= SHORTEST:
            self._forms[name] = tuple(forms(value))
            self._pieces[name] = _joined(value)

    def names(self) -> Iterable[str]:
        """The names of what is watched for."""
        return self._forms.keys()

    def found(self, texts: Iterable[str]) -> str | None:
        """Name the first value that stands in what goes out: in any of its forms, or split over several texts."""
        out = [text for text in texts if text]
        whole = "\n".join((*out, *(unquote(text) for text in out if "%" in text)))
        lower = whole.lower()
        for name, encoded in self._forms.items():
            if any(form in whole or (form.isalnum() and form in lower) for form in encoded):
                return name
        pieces = _joined("".join(out))
        turned = _joined("".join(reversed(out)))
        for name, value in self._pieces.items():
            if any(value in each or value[::-1] in each for each in (pieces, turned)):
                return name
        return None


def _joined(text: str) -> str:
    """Without what is put between the pieces of something that is split, in one case."""
    return _SEPARATORS.sub("", text).lower()


def forms(value: str) -> Iterator[str]:
    """Yield the value as it can stand in a text: plain, reversed, base64 at each offset, hex, URL-encoded."""
    data = value.encode("utf-8", "surrogatepass")
    for each in (value, value[::-1]):
        yield each
        yield quote(each, safe="", errors="replace")
        yield "".join(f"%{byte:02X}" for byte in each.encode("utf-8", "surrogatepass"))
    for raw in {data, data[::-1], value[::-1].encode("utf-8", "surrogatepass")}:
        yield raw.hex()
        yield raw.hex(" ")
        yield from _base64(raw)


def _base64(data: bytes) -> Iterator[str]:
    """The part of the base64 text that is the same whatever stands before and after, for each of three offsets."""
    for offset in range(3):
        before, bits = bytes(offset), 8 * (offset + len(data))
        text = base64.b64encode(before + data).decode()
        first = -(-8 * offset // 6)  # the first character that holds nothing of what stands before
        core = text[first : bits // 6]
        yield core
        yield core.translate(str.maketrans("+/", "-_"))
