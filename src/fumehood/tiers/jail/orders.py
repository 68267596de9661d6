"""What a sandbox is told to be, as far as only the warden knows it."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from fumehood.tiers.jail import seal, trees

if TYPE_CHECKING:
    from fumehood.tiers.jail.ward import Ward
    from fumehood.tiers.jail.wire import Message


def complete(ward: Ward, user: int, given: list[int]) -> tuple[bytes, tuple[str, ...]]:
    """How it is to be sealed, by the plan's slices and with its own user, trees and processors; what the steps are.

    Args:
        ward: Its order and number.
        user: Who it is on the host, where that is ours to choose.
        given: The doors of its cgroups. Its trees are put behind them.

    Raises:
        OSError: A tree can't be shown.
    """
    root, doors = ward.warden.root, len(given)
    owner = [user, user] if root else [os.getuid(), os.getgid()]
    for spec in ward.order["trees"]:
        given.append(trees.open_tree(spec, owner if root else None))  # noqa: PERF401 -- to be closed, if the next one fails
    processors = _processors(ward.order["processors"], ward.serial)
    special = seal.Special(doors, _targets(ward.order["trees"], given[doors:]), processors)
    sealed = seal.write(ward.order["attached"], special)
    return sealed.form.signed(*owner), sealed.names


def _targets(specs: list[Message], mounted: list[int]) -> tuple[tuple[str, bool], ...]:
    """Where each tree goes inside, and whether it is a folder."""
    kinds = [stat.S_ISDIR(os.fstat(tree).st_mode) for tree in mounted]
    return tuple((spec["target"], kind) for spec, kind in zip(specs, kinds, strict=True))


def _processors(count: int, serial: int) -> frozenset[int]:
    """The processors it is confined to where no cgroup meters them; neighbours, by their serial numbers, get others."""
    mine = sorted(os.sched_getaffinity(0))
    first = serial * count
    return frozenset(mine[(first + index) % len(mine)] for index in range(count))
