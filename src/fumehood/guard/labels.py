"""Labels: where data came from and who may see it. The broker attaches them; neither code nor a model can."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["TRUSTED", "Label"]


@dataclass(frozen=True, slots=True)
class Label:
    """Integrity and confidentiality of data, or of a program by the data its author had seen.

    `sources` names the untrusted places that it came from; none is trusted. `readers` are those who may see it; None is
    everybody, and the empty set only the user, to whom all of it belongs.
    """

    sources: frozenset[str] = frozenset()
    readers: frozenset[str] | None = None

    @property
    def trusted(self) -> bool:
        """Whether nobody but the user and the tools' authors had a hand in it."""
        return not self.sources

    @property
    def integrity(self) -> Literal["trusted", "untrusted"]:
        """The same as a word, as the contract has it."""
        return "trusted" if self.trusted else "untrusted"

    @property
    def public(self) -> bool:
        """Whether everybody may see it."""
        return self.readers is None

    def __or__(self, other: Label) -> Label:
        """Mix: as untrusted as either, and seen only by those who may see both."""
        if self.readers is None or other.readers is None:
            readers = self.readers if other.readers is None else other.readers
        else:
            readers = self.readers & other.readers
        return Label(self.sources | other.sources, readers)

    def may_read(self, reader: str) -> bool:
        """Whether `reader` may see it; a reader `@example.org` stands for every address there."""
        if self.readers is None:
            return True
        return reader in self.readers or any(each[:1] == "@" and reader.endswith(each) for each in self.readers)

    def to_dict(self) -> dict[str, Any]:
        """Return the label as the contract prints it."""
        told: dict[str, Any] = {
            "integrity": self.integrity,
            "sources": sorted(self.sources),
        }
        told["confidentiality"] = "public" if self.readers is None else "private"
        return told | ({} if self.readers is None else {"readers": sorted(self.readers)})


TRUSTED = Label()
"""What the user typed and what trusted code computes from it; the neutral element of mixing."""
