"""What a sandbox is told to be, as far as only the warden knows it."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from fumehood.tiers.jail import seal

if TYPE_CHECKING:
    from fumehood.tiers.jail.wire import Message


def complete(order: Message, trees: list[int], *, doors: int, serial: int) -> seal.Seal:
    """How it is to be sealed, by the plan's slices and with its own trees and processors."""
    special = seal.Special(doors, _targets(order["trees"], trees), _processors(order["processors"], serial))
    return seal.write(order["attached"], special)


def _targets(specs: list[Message], mounted: list[int]) -> tuple[tuple[str, bool], ...]:
    """Where each tree goes inside, and whether it is a folder."""
    kinds = [stat.S_ISDIR(os.fstat(tree).st_mode) for tree in mounted]
    return tuple((spec["target"], kind) for spec, kind in zip(specs, kinds, strict=True))


def _processors(count: int, serial: int) -> frozenset[int]:
    """The processors it is confined to where no cgroup meters them; neighbours, by their serial numbers, get others."""
    mine = sorted(os.sched_getaffinity(0))
    first = serial * count
    return frozenset(mine[(first + index) % len(mine)] for index in range(count))
