"""What a sandbox is told to be, as far as only the warden knows it."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fumehood.tiers.jail.wire import Message


def complete(order: Message, owner: list[int], trees: list[int], *, serial: int) -> Message:
    """The plan's slices with its user and group outside, its trees, and the processors that it may use."""
    slices: Message = order["orders"]
    mine: Message = {
        "owner": owner,
        "trees": _targets(order["trees"], trees),
        "processors": _processors(order["processors"], serial),
        "attached": order["attached"],  # its filter
    }
    return slices | mine


def _targets(specs: list[Message], mounted: list[int]) -> list[tuple[str, bool]]:
    """Where each tree goes inside, and whether it is a folder."""
    kinds = [stat.S_ISDIR(os.fstat(tree).st_mode) for tree in mounted]
    return [(spec["target"], kind) for spec, kind in zip(specs, kinds, strict=True)]


def _processors(count: int, serial: int) -> list[int]:
    """The processors it is confined to where no cgroup meters them; neighbours, by their serial numbers, get others."""
    mine = sorted(os.sched_getaffinity(0))
    first = serial * count
    return sorted({mine[(first + index) % len(mine)] for index in range(count)})
