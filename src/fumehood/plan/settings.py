"""The parts of a plan: a setting with its cause, a slice of them, and the order in which two of them permit more."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from fumehood.plan import answers
from fumehood.policy import TIERS, covered, host_covers, module_covers, path_covers

if TYPE_CHECKING:
    from collections.abc import Callable

    from fumehood.execution import Status

Order = Literal[
    "at-most", "at-most-if", "superset", "paths", "hosts", "modules", "implies", "protects", "strict", "entries",
    "words", "call", "mount", "same",
]  # fmt: skip

# Words that stand for how much is permitted, the most first; words of one rank permit the same.
_RANKS: Final[Mapping[str, int]] = {
    "allow": 0, "ask": 1, "refuse": 2, "deny": 2, "quiet": 2, "absent": 2,
    "record": 0, "end": 1, "enforce": 1,
    "proxy": 0, "none": 1, "default": 0, "strict": 1,
    **{tier: rank for rank, tier in enumerate(TIERS)},
}  # fmt: skip


class Setting(NamedTuple):
    """One thing that an enforcement point does, and the clause or the baseline rule that caused it.

    `value` is plain data. `why` is the clause as it stands in the policy, or the rule's reason. `how` is the means on
    this host and `status` how far it carries. `order` says how two values of the setting compare.
    """

    name: str
    value: Any
    because: str
    why: str
    how: str = ""
    status: Status = "enforced"
    order: Order = "same"


class Slice(Mapping[str, Setting]):
    """The settings of one enforcement point, by name and in the order in which they apply."""

    __slots__ = ("_settings",)

    def __init__(self, settings: Collection[Setting]) -> None:
        """Keep the settings; a later one of the same name takes the place of the earlier."""
        self._settings = {each.name: each for each in settings}

    def __getitem__(self, name: str) -> Setting:
        return self._settings[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._settings)

    def __len__(self) -> int:
        return len(self._settings)

    def __repr__(self) -> str:
        return f"Slice({list(self._settings.values())!r})"


def wider(one: Setting, other: Setting) -> bool:
    """Whether `one` permits something that `other`, a setting of the same name, does not."""
    return not _ORDERS[one.order](one.value, other.value)


def widened(one: Slice, other: Slice) -> tuple[str, ...]:
    """Name the settings by which `one` permits something that `other` does not."""
    return tuple(name for name, setting in one.items() if _widens(setting, other))


def _widens(setting: Setting, other: Slice) -> bool:
    if setting.name in other and not wider(setting, other[setting.name]):
        return False
    if setting.order == "mount":
        return not any(_shows(each, setting) for each in other.values() if each.order == "mount")
    if setting.name in other:
        return True
    # A setting that only one of two plans has is a restriction, or a table's entry whose order is its own.
    return setting.order in {"hosts", "paths", "implies"}


def _shows(outer: Setting, inner: Setting) -> bool:
    """Whether a mount shows already what another one shows: the same host tree at the same place, as writable."""
    wide, narrow = outer.value, inner.value
    same_place = wide["source"] == wide["target"] and narrow["source"] == narrow["target"]
    flags = all(wide[flag] or not narrow[flag] for flag in ("writable", "executable"))
    return same_place and flags and path_covers(wide["target"], narrow["target"])


def _all_covered(covers: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    def within(one: Any, other: Any) -> bool:
        return all(covered(entry, _entries(other), covers) for entry in _entries(one))

    return within


def _entries(value: str | Collection[str]) -> Collection[str]:
    return (value,) if isinstance(value, str) else value


def _ranked(one: Any, other: Any) -> bool:
    return _RANKS[one] >= _RANKS[other]


def _call(one: Any, other: Any) -> bool:
    """Two entries of the system call table: the same calls and tests, each answered at least as strictly."""
    same = answers.calls(one) == answers.calls(other) and answers.tests(one) == answers.tests(other)
    return same and all(map(_ranked, answers.actions(one), answers.actions(other)))


def _mount(one: Any, other: Any) -> bool:
    """At one place: what is shown there is the same or a synthetic text, and no more writable or executable."""
    flags = all(other[flag] or not one[flag] for flag in ("writable", "executable"))
    return flags and (one["kind"] == "text" or (one["kind"], one["source"]) == (other["kind"], other["source"]))


_ORDERS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "at-most": lambda one, other: one <= other,
    # None is no limit.
    "at-most-if": lambda one, other: other is None or (one is not None and one <= other),
    "superset": lambda one, other: set(one) >= set(other),
    "paths": _all_covered(path_covers),
    "hosts": _all_covered(host_covers),
    "modules": _all_covered(module_covers),
    "implies": lambda one, other: other or not one,
    "protects": lambda one, other: one or not other,
    "strict": _ranked,
    "entries": lambda one, other: one.items() <= other.items(),
    "words": lambda one, other: all(_ranked(one.get(name, "allow"), word) for name, word in other.items()),
    "call": _call,
    "mount": _mount,
    "same": lambda one, other: one == other,
}
"""For each order: whether the first value permits nothing that the second does not."""
