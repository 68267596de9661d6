"""Where a value can have come from: what the user typed, what tools answered, by field; the mark of all that was read.

It matches by value. A value that was computed is of unknown origin, which is never vouched for; that a value matches
says where it can come from, not why it was picked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, cast

from fumehood.guard.labels import TRUSTED, Label
from fumehood.guard.words import Words, is_telling, key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fumehood.guard.tool import Call, Tool

__all__ = ["Leaf", "Origin", "Origins", "Reading", "leaves"]

Kind = Literal["user", "own", "typed", "outside", "unknown"]
#: Leaves and characters of results that are remembered; what is beyond is of unknown origin.
_MOST_LEAVES: Final = 200_000
_MOST_TEXT: Final = 32 * 1024 * 1024
_EXCERPT: Final = 200


class Leaf(NamedTuple):
    """One text or number of a value, its path of keys, and which record it belongs to."""

    path: tuple[str, ...]
    value: str | float
    record: int


class Origin(NamedTuple):
    """Where one value of a call can have come from.

    `kind`: the user's words, the owner's own data, a field that its tool's author vouches for, a text that others
    wrote, or nowhere known. `named`: the user's words name it or the record that it stands in.
    """

    kind: Kind
    where: str
    named: bool = False

    @property
    def vouched(self) -> bool:
        """Whether trusted code may aim by it."""
        return self.kind in {"user", "own", "typed"}

    @property
    def by_user(self) -> bool:
        """Whether the user meant it: typed it, owns it, or named its record."""
        return self.kind in {"user", "own"} or (self.kind == "typed" and self.named)


class Reading(NamedTuple):
    """Untrusted content that entered the sandbox: from where, and how it begins."""

    source: str
    excerpt: str


class Origins:
    """The memory of one conversation. It holds what the broker itself handed out or heard, nothing that code says."""

    def __init__(self) -> None:
        """Know nothing."""
        self.mark: Label = TRUSTED
        self.readings: list[Reading] = []
        self.done: set[str] = set()
        self._said = Words()
        self._own = Words()
        self._typed: dict[str, Origin] = {}
        self._outside: list[tuple[str, str]] = []
        self._left = [_MOST_LEAVES, _MOST_TEXT]

    def said(self, text: str) -> None:
        """The user typed this."""
        self._said.add(text)

    def asked_to(self, verb: str) -> bool:
        """Whether the user's words have this verb, in any of its forms."""
        return self._said.has_word(verb)

    def owns(self, value: object) -> None:
        """This is the user's own: an address, an account."""
        for leaf in leaves(value):
            self._own.add(key(leaf.value))

    def read(self, source: str, label: Label, excerpt: str = "") -> None:
        """Something untrusted or private, such as a data file, entered the sandbox: nothing in it is vouched for."""
        self.mark |= label
        if not label.trusted:
            self.readings.append(Reading(source, excerpt[:_EXCERPT]))

    def handed(self, call: Call, result: object) -> None:
        """A tool's result goes into the sandbox: remember each value by its field."""
        if result is None:
            return
        name, returns = call.tool.name, call.tool.returns
        found = list(leaves(result))
        texts = [str(leaf.value) for leaf in found if not returns.vouches(leaf.path)]
        self.read(name, returns.label(name), " · ".join(texts)[:_EXCERPT])
        # One record alone that answers the user's own words is the one that they mean; of two, either may be forged.
        listed = cast("list[object]", result) if isinstance(result, list) else [result]
        single = len(listed) == 1 and self._asked_by_user(call)
        # What the code itself put into the call is vouched for by nobody because it comes back.
        given = [key(leaf.value) for leaf in leaves(dict(call.arguments)) if not self.of(leaf.value).vouched]

        def vouches(leaf: Leaf) -> bool:
            return returns.vouches(leaf.path) and not any(map(Words(str(leaf.value)).holds, given))

        self._remember(call.tool, found, vouches, single=single)

    def _asked_by_user(self, call: Call) -> bool:
        """Whether each of a call's arguments is the user's: then so is the one record that it answers."""
        given = [leaf.value for leaf in leaves(dict(call.arguments))]
        return bool(given) and all(self._said.holds(each) for each in given)

    def _remember(self, tool: Tool, found: list[Leaf], vouches: Callable[[Leaf], bool], *, single: bool) -> None:
        named = {
            leaf.record for leaf in found if vouches(leaf) and is_telling(leaf.value) and self._said.holds(leaf.value)
        }
        for leaf in found:
            text = key(leaf.value)
            self._left[0] -= 1
            self._left[1] -= len(text)
            if min(self._left) < 0:
                return
            where = ".".join((tool.name, *leaf.path))
            if tool.returns.trusted and vouches(leaf):
                self._own.add(text, where)
            elif vouches(leaf):
                before = self._typed.get(text)
                known = single or leaf.record in named or (before is not None and before.named)
                self._typed[text] = Origin("typed", where, named=known)
            else:
                self._outside.append((where, text))

    def of(self, value: str | float) -> Origin:
        """Where one text or number can have come from: the best of what is known."""
        if self._said.holds(value):
            return Origin("user", "the user's words", named=True)
        own = self._own.find(value)
        if own is not None:
            return Origin("own", own or "the user's own", named=True)
        typed = self._typed.get(key(value))
        return typed if typed is not None else self._elsewhere(key(value))

    def _elsewhere(self, text: str) -> Origin:
        for place, held in self._outside:
            if text and (text == held or (text in held and Words(held).holds(text))):
                return Origin("outside", place)
        return Origin("unknown", "not seen before: written by the program or computed")

    def told(self, call: Call) -> dict[str, tuple[str, ...]]:
        """Where each argument of a call can have come from, in words."""
        return {
            name: tuple(dict.fromkeys(self.of(leaf.value).where for leaf in leaves(value)))
            for name, value in call.arguments.items()
        }

    def copied(self, value: str | float) -> bool:
        """Whether the value stands whole in one text that was handed out."""
        return self._elsewhere(key(value)).kind == "outside"


def leaves(value: object) -> Iterator[Leaf]:
    """Yield every text and number of plain data; truth values and None name nothing. Each object is a record."""
    stack: list[tuple[tuple[str, ...], object, int]] = [((), value, 0)]
    records = 0
    while stack:
        path, each, record = stack.pop()
        if isinstance(each, dict):
            records += 1
            entries = cast("dict[str, Any]", each)
            stack.extend(((*path, str(name)), inner, records) for name, inner in reversed(entries.items()))
        elif isinstance(each, list | tuple):
            stack.extend((path, inner, record) for inner in reversed(cast("list[object]", each)))
        elif isinstance(each, str | int | float) and not isinstance(each, bool):
            yield Leaf(path, each, record)
