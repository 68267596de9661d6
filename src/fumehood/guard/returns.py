"""What a tool's author says of its results: `fh.Trusted`, `fh.Untrusted`, `fh.Private`, `fh.Public`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fumehood.errors import UsageError
from fumehood.guard.labels import Label

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["UNDECLARED", "Private", "Public", "Returns", "Trusted", "Untrusted"]


@dataclass(frozen=True, slots=True)
class Returns:
    """The declared label of a tool's results.

    A field is named by its path from the record: `sender`, `owner.email`. Lists don't count in a path, `*` stands for
    one key that is itself data, and `*` alone also for a result that is no record: a text, a list of texts.
    """

    trusted: bool
    outside: tuple[str, ...] = ()
    typed: tuple[str, ...] = ()
    readers: frozenset[str] | None = None

    def label(self, source: str) -> Label:
        """Return the label of a result that came from the tool `source`."""
        return Label(frozenset() if self.trusted else frozenset({source}), self.readers)

    def vouches(self, path: tuple[str, ...]) -> bool:
        """Whether the author stands for what is found at `path`."""
        return self.trusted or any(_matches(tuple(each.split(".")), path) for each in self.typed)


def _matches(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    if pattern == ("*",) and not path:
        return True
    return len(pattern) == len(path) and all(ours in ("*", theirs) for ours, theirs in zip(pattern, path, strict=True))


class Trusted(Returns):
    """Nobody but the user or the tool's author writes what comes back: the user's own settings, a closed directory."""

    __slots__ = ()

    def __init__(self) -> None:
        """Trust all of it; it may be seen by everybody unless `Private` is put around it."""
        super().__init__(trusted=True)


class Untrusted(Returns):
    """Others write what comes back.

    Args:
        outside: The fields that hold others' text, told to whoever is asked about a call. With or without them, every
            field that is not `typed` is untrusted and never vouched for.
        typed: The fields that the author vouches for: whoever writes the record can't choose what stands there.
    """

    __slots__ = ()

    def __init__(self, *outside: str, typed: Iterable[str] = ()) -> None:
        """Name the fields.

        Raises:
            UsageError: A field is said to be both.
        """
        super().__init__(trusted=False, outside=_names(outside), typed=_names(typed))
        both = set(self.outside) & set(self.typed)
        if both:
            told = f"the field {min(both)!r} is named as untrusted text and as typed"
            raise UsageError(told, remedy="Vouch (typed=) only for fields that nobody outside can choose.")


class Private(Returns):
    """Only the user, and the readers named here, may see what comes back.

    Args:
        inner: Its integrity; untrusted, with no field vouched for, if nothing is said.
        typed: As of `Untrusted`, in addition to those of `inner`.
        readers: Addresses that may see it, or `@example.org` for all there.
    """

    __slots__ = ()

    def __init__(self, inner: Returns | None = None, *, typed: Iterable[str] = (), readers: Iterable[str] = ()) -> None:
        """Put confidentiality around integrity."""
        inner = _integrity(inner)
        both = (*inner.typed, *_names(typed))
        super().__init__(trusted=inner.trusted, outside=inner.outside, typed=both, readers=frozenset(_names(readers)))


class Public(Returns):
    """Everybody may see what comes back; arguments as of `Private`."""

    __slots__ = ()

    def __init__(self, inner: Returns | None = None, *, typed: Iterable[str] = ()) -> None:
        """Say that no reader is excluded."""
        inner = _integrity(inner)
        super().__init__(trusted=inner.trusted, outside=inner.outside, typed=(*inner.typed, *_names(typed)))


def _integrity(inner: object) -> Returns:
    if inner is None:
        return Untrusted()
    if isinstance(inner, Returns):
        return inner
    told = f"{inner!r} is no label"
    raise UsageError(told, remedy="Write returns=fh.Private(fh.Untrusted('body', typed=['id'])), for instance.")


def _names(names: Iterable[str]) -> tuple[str, ...]:
    listed = (names,) if isinstance(names, str) else tuple(names)
    for name in listed:
        if type(name) is not str or not name:
            told = f"{name!r} is not the name of a field or reader"
            raise UsageError(told, remedy="Name fields as text: typed=['sender', 'id'].")
    return listed


UNDECLARED = Private()
"""What nothing is said of: others may have written it, and nobody else may see it."""
