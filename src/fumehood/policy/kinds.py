"""The kinds of value that a clause can have: how one is read, written, and met with another.

A kind is the only place that knows what its clause accepts, so TOML, Python, `narrow` and the docs can't disagree.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, TypeVar, cast

from fumehood.errors import PolicyError
from fumehood.policy import units
from fumehood.policy.reach import ANY, meet, module_covers

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from fumehood.policy.reach import Covers

V = TypeVar("V")
N = TypeVar("N", bound=float)
_SHOWN: Final = 80  # characters of a faulty value that an error repeats


class Kind(Generic[V]):
    """One kind of value. `accepted` says in words what may be written."""

    accepted: str

    def read(self, value: object, where: str) -> V:
        """Return the normal form of what was written at the clause `where`.

        Raises:
            PolicyError: It has no meaning there.
        """
        raise NotImplementedError

    def write(self, value: V) -> Any:
        """Return the value as TOML and JSON have it; `read` of it gives the value again."""
        return value

    def show(self, value: V) -> str:
        """Return the right-hand side of its TOML line."""
        return literal(self.write(value))

    def meet(self, ours: V, theirs: V) -> V:
        """Return the value that permits exactly what both permit."""
        raise NotImplementedError

    def refuse(self, value: object, where: str, fault: str = "") -> NoReturn:
        """Raise the error that names the clause, the value and the accepted form."""
        shown = literal(value)
        shown = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
        message = f"{where} = {shown} {fault or f'is not {self.accepted}'}"
        raise PolicyError(message, remedy=f"Write {where} as {self.accepted}.")


class Quantity(Kind[N]):
    """A number above zero, written plainly or with a unit."""

    def __init__(self, least: float, most: float) -> None:
        """Bound it: below `least` nothing can run, above `most` it is no limit."""
        self.least = least
        self.most = most

    def read(self, value: object, where: str) -> N:
        """Accept a number in range, or a text with a unit."""
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            self.refuse(value, where)
        try:
            number = self._number(value)
        except (ValueError, OverflowError):
            self.refuse(value, where)
        if not self.least <= number <= self.most:
            self.refuse(value, where, f"is outside {self._say(self.least)} to {self._say(self.most)}")
        return number

    def meet(self, ours: N, theirs: N) -> N:
        """Return the smaller."""
        return min(ours, theirs)

    def _number(self, value: float | str) -> N:
        """Return the number, or raise ValueError where it is none."""
        raise NotImplementedError

    def _say(self, value: float) -> str:
        return f"{value:.10g}"


class Seconds(Quantity[float]):
    """A span of time, in seconds."""

    accepted = 'a time such as "30s", "500ms", "2m" or "1h", or a number of seconds'

    def _number(self, value: float | str) -> float:
        return units.parse_seconds(value) if isinstance(value, str) else float(value)

    def _say(self, value: float) -> str:
        return units.format_seconds(value)

    def show(self, value: float) -> str:
        """Write it with its unit."""
        return literal(units.format_seconds(value))


class Span(Seconds):
    """A span of time, or "off", which is kept as the number `off`: 0 where it means none, infinity where no limit."""

    accepted = 'a time such as "10m", "1h" or "500ms", a number of seconds, or "off"'

    def __init__(self, least: float, most: float, *, off: float) -> None:
        """Say what "off" stands for."""
        super().__init__(least, most)
        self.off = off

    def read(self, value: object, where: str) -> float:
        """Accept the word, its number, or a time in range."""
        return self.off if value in {"off", self.off} else super().read(value, where)

    def write(self, value: float) -> Any:
        """Return seconds, or the word."""
        return "off" if value == self.off else value

    def show(self, value: float) -> str:
        """Write it with its unit, or as the word."""
        return literal("off") if value == self.off else super().show(value)


class Bytes(Quantity[int]):
    """A size, in bytes."""

    accepted = 'a size such as "2GiB", "512MiB", "1MB" or "10kB", or a whole number of bytes'

    def _number(self, value: float | str) -> int:
        if isinstance(value, str):
            return units.parse_bytes(value)
        return _whole(value)

    def _say(self, value: float) -> str:
        return units.format_bytes(value)

    def show(self, value: int) -> str:
        """Write it with its unit where that is exact."""
        text = units.format_bytes(value)
        try:
            exact = units.parse_bytes(text) == value
        except ValueError:
            exact = False
        return literal(text if exact else value)


class Count(Quantity[int]):
    """A whole number of things."""

    accepted = "a whole number above zero"

    def _number(self, value: float | str) -> int:
        return _whole(_unitless(value))


class Share(Quantity[float]):
    """A number of processors; a part of one is allowed."""

    accepted = "a number above zero, such as 0.5 or 2"

    def _number(self, value: float | str) -> float:
        return float(_unitless(value))


def _unitless(value: float | str) -> float:
    return float("nan") if isinstance(value, str) else value


def _whole(value: float) -> int:
    if not math.isfinite(value) or value != int(value):
        raise ValueError(value)
    return int(value)


class Flag(Kind[bool]):
    """true or false. A grant permits more when true; a protection (`grant=False`) permits more when false."""

    accepted = "true or false"

    def __init__(self, *, grant: bool) -> None:
        """Say which of the two values permits more."""
        self.grant = grant

    def read(self, value: object, where: str) -> bool:
        """Accept the two words alone: no 0, no "yes"."""
        if not isinstance(value, bool):
            self.refuse(value, where)
        return value

    def meet(self, ours: bool, theirs: bool) -> bool:  # noqa: FBT001 -- the value itself, not an option
        """Permit only what both permit."""
        return (ours and theirs) if self.grant else (ours or theirs)


class Choice(Kind[str]):
    """One word out of several, the one that permits most first."""

    def __init__(self, *words: str) -> None:
        """Keep the words in order, from the most permissive to the strictest."""
        self.words = words
        self.accepted = "one of " + ", ".join(f'"{word}"' for word in words)

    def read(self, value: object, where: str) -> str:
        """Accept one of the words."""
        if not isinstance(value, str) or value not in self.words:
            self.refuse(value, where)
        return value

    def meet(self, ours: str, theirs: str) -> str:
        """Return the stricter."""
        return max(ours, theirs, key=self.words.index)


class Entries(Kind[tuple[str, ...]]):
    """A list of texts, each read by one function; what the list permits is the union of what its entries cover."""

    def __init__(self, entry: Callable[[str], str], covers: Covers, accepted: str) -> None:
        """`entry` returns the normal form of one text, or raises ValueError with the fault in words."""
        self.entry = entry
        self.covers = covers
        self.accepted = accepted

    def read(self, value: object, where: str) -> tuple[str, ...]:
        """Accept a list whose entries all have a meaning, none twice."""
        if not isinstance(value, (list, tuple, set, frozenset)):
            self.refuse(value, where)
        entries: list[str] = []
        for text in cast("Collection[object]", value):
            if not isinstance(text, str):
                self.refuse(list(cast("Collection[object]", value)), where)
            try:
                entry = self.entry(text)
            except ValueError as error:
                self.refuse([text], where, str(error))
            if entry in entries:
                self.refuse([text], where, "says it twice")
            entries.append(entry)
        return tuple(entries)

    def write(self, value: tuple[str, ...]) -> list[str]:
        """Return a list."""
        return list(value)

    def meet(self, ours: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[str, ...]:
        """Return what both cover."""
        return meet(ours, theirs, self.covers)


class Demands(Entries):
    """A list of demands: each entry permits less, so what both permit is both lists together."""

    def meet(self, ours: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[str, ...]:
        """Return the union."""
        return tuple(dict.fromkeys((*ours, *theirs)))


class Modules(Kind["str | tuple[str, ...]"]):
    """Names of modules, each with its submodules, or `"*"` for any."""

    accepted = '"*" or a list of module names such as ["math", "pandas"]'

    def __init__(self) -> None:
        """Read a list as any other."""
        self.names = Entries(_module, module_covers, self.accepted)

    def read(self, value: object, where: str) -> str | tuple[str, ...]:
        """Accept `"*"`, or a list without it."""
        return ANY if value == ANY else self.names.read(value, where)

    def write(self, value: str | tuple[str, ...]) -> Any:
        """Return `"*"` or a list."""
        return value if isinstance(value, str) else list(value)

    def meet(self, ours: str | tuple[str, ...], theirs: str | tuple[str, ...]) -> str | tuple[str, ...]:
        """Return what both name."""
        if isinstance(ours, str):
            return theirs
        return ours if isinstance(theirs, str) else self.names.meet(ours, theirs)


def _module(text: str) -> str:
    if not all(part.isidentifier() for part in text.split(".")):
        fault = "is not the name of a module"
        raise ValueError(fault)
    return text


def literal(value: object) -> str:
    """Write a value as TOML does, for `to_toml` and for messages."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case str():
            return _quoted(value)
        case list() | tuple():
            return "[" + ", ".join(map(literal, cast("Collection[object]", value))) + "]"
        case _:
            return f"a {type(value).__name__}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in escaped) + '"'
