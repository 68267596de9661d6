"""How many sandboxes wait for whom: more where callers found none, fewer where nobody came, never more than a budget.

Whoever finds none that is ready, or leaves almost none, has one more kept for the next; what nobody needed for a while
is let go by halves. What waits for one plan never makes another's go, but for the first few of a plan that has none.
"""

from __future__ import annotations

import resource
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fumehood.tiers.jail.cell import Cell

#: Cells kept for a plan when it is first asked for, when nobody asks for it any more, and at most; plans with any.
WAITING, LEAST, MOST, PLANS = 8, 2, 64, 8
#: Fewer than so many are almost none: callers in a row take them in less time than one is made in.
LOW = 2
#: How many of those that wait for a plan are warm.
WARM = 2
_MIB = 1 << 20
#: Bytes that all waiting cells of a process may hold, by what one is reckoned to hold: its own pages, those that the
#: kernel keeps for it, and what an environment that imports beforehand has it write (benchmarks/idle.py and data.py).
BUDGET = 256 * _MIB
PLAIN, IMPORTED = 3 * _MIB, 12 * _MIB
#: One cell for so many descriptors that this process may have: each holds thirteen of them.
_DESCRIPTORS = 32


class Shelf:
    """The cells that wait for one plan."""

    def __init__(self, cost: int, target: int) -> None:
        """Begin without any; each will hold `cost` bytes."""
        self.cost = cost
        self.target = target
        self.cells: deque[Cell] = deque()
        self.unused = 0

    def take(self) -> Cell | None:
        """Hand one out, and note whether its taker has to wait, or the next ones would."""
        cell = self.cells.popleft() if self.cells else None
        self.unused = min(self.unused, len(self.cells))
        if cell is None or len(self.cells) < LOW or not (cell.ready or cell.hear()):
            self.target = min(self.target + 1, MOST)
        return cell

    def pending(self) -> int:
        """How many are being made; what came of them is taken in, so that their takers find them opened."""
        return sum(_is_pending(cell) for cell in self.cells)

    def warm(self) -> bool:
        """Have the next few made as warm as after a run; False where one is not ready for it.

        The others would hold the pages for it in vain.
        """
        ready = [cell.warm() for cell in islice(self.cells, WARM)]  # all of them, whatever the first one says
        return all(ready)

    def tidy(self) -> list[Cell]:
        """Let go of half of those that nobody needed since the last time."""
        self.target = max(min(LEAST, self.target), self.target - (self.unused + 1) // 2)
        gone = [self.cells.pop() for _ in range(len(self.cells) - self.target)]
        self.unused = len(self.cells)
        return gone


def _is_pending(cell: Cell) -> bool:
    if not (cell.ready and cell.meter):
        cell.hear()
    return cell.gone is None and not (cell.ready and cell.meter)


class Shelves:
    """All that waits in one pool. Its pool's lock guards it; what it gives back is to be closed."""

    def __init__(self, first: int) -> None:
        """Keep `first` cells for a plan that is new, or none at all for any."""
        self.first = first
        self._held: dict[str, Shelf] = {}  # the latest filled last

    def __getitem__(self, digest: str) -> Shelf | None:
        """The shelf of a plan that was filled before."""
        return self._held.get(digest)

    def reach(self, digest: str, cost: int) -> Shelf:
        """The shelf of a plan, to fill it."""
        shelf = self._held.pop(digest, None) or Shelf(cost, self.first)
        self._held[digest] = shelf
        return shelf

    def lacking(self, digest: str) -> bool:
        """Whether a plan has fewer than it is to have."""
        shelf = self._held.get(digest)
        return self.first > 0 and (shelf is None or len(shelf.cells) < shelf.target)

    def low(self, digest: str) -> bool:
        """Whether a plan has almost none."""
        shelf = self._held.get(digest)
        return shelf is None or len(shelf.cells) < min(LOW, shelf.target)

    def warm(self) -> bool:
        """Warm the next few of each plan; False where one is not ready for it."""
        ready = [shelf.warm() for shelf in self._held.values()]
        return all(ready)

    def rouse(self) -> None:
        """Wake what is handed out next, if it is of the plan that was filled last."""
        latest = next(reversed(self._held.values()), None)
        if latest is not None and latest.cells:
            latest.cells[0].rouse()

    @property
    def restless(self) -> bool:
        """Whether time alone would let something go."""
        return any(shelf.target > LEAST for shelf in self._held.values())

    def room(self, shelf: Shelf) -> bool:
        """Whether one more of it fits."""
        cells = sum(len(each.cells) for each in self._held.values())
        cost = sum(len(each.cells) * each.cost for each in self._held.values())
        return cost + shelf.cost <= BUDGET and cells < resource.getrlimit(resource.RLIMIT_NOFILE)[0] // _DESCRIPTORS

    def spare(self, shelf: Shelf) -> Cell | None:
        """What another has to give up where this one has next to none: of those that have most, the longest unused."""
        if len(shelf.cells) >= LEAST:
            return None
        richest = max(self._held.values(), key=lambda each: len(each.cells) * (each is not shelf))
        if richest is shelf or not richest.cells:
            return None
        richest.target = max(0, len(richest.cells) - 1)
        return richest.cells.pop()

    def trim(self) -> list[Cell]:
        """Let go of the plans that were not filled for longest, where there are many."""
        old = [self._held.pop(next(iter(self._held))) for _ in range(len(self._held) - PLANS)]
        return [cell for shelf in old for cell in shelf.cells]

    def tidy(self) -> list[Cell]:
        """Let go of what nobody needed since the last time."""
        return [cell for shelf in self._held.values() for cell in shelf.tidy()]

    def part_with(self, mother: int) -> list[Cell]:
        """Let go of what was forked from this zygote, whatever plan it waits for."""
        gone: list[Cell] = []
        for shelf in self._held.values():
            gone += [cell for cell in shelf.cells if cell.lifeline.mother == mother]
            shelf.cells = deque(cell for cell in shelf.cells if cell.lifeline.mother != mother)
        return gone

    def clear(self) -> list[Cell]:
        """Let go of everything."""
        gone = [cell for shelf in self._held.values() for cell in shelf.cells]
        self._held.clear()
        return gone
