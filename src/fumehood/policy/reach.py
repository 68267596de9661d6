"""What an entry of a list covers: a path its tree, `*.example.org:443` its subdomains, a module its submodules.

Each list is a union of what its entries cover, so `meet` of two lists covers exactly what both cover.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Covers = Callable[[str, str], bool]

ANY: Final = "*"


def path_covers(outer: str, inner: str) -> bool:
    """Whether the tree at `outer` holds `inner`; both absolute and normal (no `..`, no trailing slash)."""
    return inner == outer or inner.startswith(outer if outer.endswith("/") else outer + "/")


def host_covers(outer: str, inner: str) -> bool:
    """Whether `outer` (`host:port` or `*.host:port`) covers `inner`, which may be a pattern itself.

    A pattern covers subdomains at any depth and not the domain itself.
    """
    if inner == outer:
        return True
    return outer.startswith("*.") and inner.endswith(outer[1:])


def module_covers(outer: str, inner: str) -> bool:
    """Whether naming the module `outer` names `inner` too: itself, its submodules, or anything for `*`."""
    return outer in {ANY, inner} or inner.startswith(outer + ".")


def covered(entry: str, by: Iterable[str], covers: Covers) -> bool:
    """Whether one entry of a list covers `entry`."""
    return any(covers(outer, entry) for outer in by)


def meet(ours: Iterable[str], theirs: Iterable[str], covers: Covers) -> tuple[str, ...]:
    """Return the entries that cover what both lists cover, in the order of the first."""
    ours, theirs = tuple(ours), tuple(theirs)
    both = [entry for entry in ours if covered(entry, theirs, covers)]
    both += [entry for entry in theirs if covered(entry, ours, covers)]
    return widest(both, covers)


def widest(entries: Iterable[str], covers: Covers) -> tuple[str, ...]:
    """Drop each entry that another one covers already."""
    unique = tuple(dict.fromkeys(entries))
    return tuple(entry for entry in unique if not any(covers(other, entry) for other in unique if other != entry))
