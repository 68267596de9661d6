"""What a pool's thread does: have new cells made for those that were taken, and end those that are done with.

Either takes more of a processor than a call. So it is put off while callers come in a row, until a shelf is almost
empty, but never for long; and it is done in turns, little in each, so that callers who come meanwhile meet little.
"""

from __future__ import annotations

import math
import threading
import time
from _queue import Empty, SimpleQueue  # what `queue` is made of, without its other kinds
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from fumehood.errors import SandboxClosed, Unavailable

if TYPE_CHECKING:
    from fumehood.plan import Plan
    from fumehood.shelves import Shelf, Shelves
    from fumehood.tiers.jail.cell import Cell
    from fumehood.tiers.jail.service import Jail

#: Nobody came for so long after a run, and the run itself may take so long: the row is over. Were a slow run taken for
#: calm, what is done in calm moments would make the next one slow, too.
_CALM_S, _SHORT_RUN_S = 0.02, 0.3
#: In a row that does not end, nothing is put off for longer.
_LATEST_S = 0.1
_TURN_S = 0.003
#: Of each plan so many are made at once, and so many are ended in a turn: what was ordered can't be put off any more.
_AT_ONCE = 3
#: So often what nobody needed is let go.
_TIDY_S = 15.0


class Want(NamedTuple):
    """A plan of which cells were taken, and when the first of them was missed; what one is reckoned to cost."""

    plan: Plan
    cost: int
    since: float


class Upkeep:
    """Looks after the shelves, whose lock it shares with their pool."""

    def __init__(self, jail: Jail, shelves: Shelves, lock: threading.Lock) -> None:
        """Do nothing yet: without `start`, nothing is made ahead, and who ends a cell waits for it."""
        self.closed = False  # under the lock
        self._calm = 0.0  # from when on, unless somebody comes, the row is over
        self._jail = jail
        self._shelves = shelves
        self._lock = lock
        self._wanted: dict[str, Want] = {}  # by the plan's digest, as callers told
        self._filling: dict[str, Want] = {}  # those of them that are looked after
        self._used: deque[tuple[float, Cell]] = deque()  # since when
        self._cool = self._awake = False
        self._tidied = time.monotonic()
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._work, name="fumehood-pool", daemon=True)
        self._thread.start()

    def taken(self) -> None:
        """Somebody took a cell, and is not disturbed while that may be for a short run."""
        self._calm = time.monotonic() + _SHORT_RUN_S

    def given_up(self) -> None:
        """Somebody is done with a cell."""
        self._calm = time.monotonic() + _CALM_S

    def want(self, plan: Plan, digest: str, cost: int) -> None:
        """Have what is missing of a plan made."""
        if self._shelves.lacking(digest):
            self._wanted.setdefault(digest, Want(plan, cost, time.monotonic()))
            self._ring(urgent=self._shelves.low(digest))

    def end(self, *cells: Cell) -> None:
        """End what nobody uses any more. Any thread may call this at any point, for the collector does."""
        now = time.monotonic()
        self._used.extend((now, cell) for cell in cells)
        self._ring()

    def _ring(self, *, urgent: bool = False) -> None:
        """Say that there is something to do; who is at work will see, and to be woken for less costs the caller."""
        if self._thread is None:  # there never was one, or it has stopped
            self._end_used(len(self._used))
        elif urgent or not self._awake:
            self._bell.put(None)

    def _work(self) -> None:
        pause = _TURN_S
        while not self.closed:
            self._rest(pause)
            pause = self._turn()

    def _rest(self, pause: float) -> None:
        """Until the next turn; where nothing is left to do, until somebody rings."""
        self._awake = False  # from here on they ring, and before nothing was missed
        self._awake = bool(self._used or self._wanted or self._filling or self._cool)
        idle = _TIDY_S if self._shelves.restless else None
        with suppress(Empty):
            self._bell.get(timeout=pause if self._awake else idle)
        self._awake = True

    def _turn(self) -> float:
        """Do a little of what is due; how long to wait then."""
        now, over = time.monotonic(), self._calm
        due = now if over <= now or self._is_low() else now - _LATEST_S
        for digest in [digest for digest, want in tuple(self._wanted.items()) if want.since <= due]:
            self._begin(digest, self._wanted.pop(digest))
        for digest in [digest for digest, want in self._filling.items() if want.since <= due]:
            if not self._fill(digest, self._filling[digest].plan):
                del self._filling[digest]
        if self._used and self._used[0][0] <= due:
            self._end_used(_AT_ONCE)
        if over <= now and self._cool:
            with self._lock:
                self._cool = not self._shelves.warm()
        if now > self._tidied + _TIDY_S:
            self.tidy()
        return _TURN_S if due == now else max(min(over, self._oldest() + _LATEST_S) - now, _TURN_S)

    def _oldest(self) -> float:
        """Since when something waits to be done."""
        wants = (*self._wanted.values(), *self._filling.values())
        return min([want.since for want in wants] + [since for since, _ in tuple(self._used)[:1]], default=math.inf)

    def _is_low(self) -> bool:
        """Whether the next callers would find none."""
        with self._lock:
            return any(self._shelves.low(digest) for digest in (*self._wanted, *self._filling))

    def _begin(self, digest: str, want: Want) -> None:
        """The plan is in use: it has a shelf, and another may lose its own for that."""
        self._filling.setdefault(digest, want)
        with self._lock:
            self._shelves.reach(digest, want.cost)
            gone = self._shelves.trim()
        self.end(*gone)

    def _fill(self, digest: str, plan: Plan) -> bool:
        """Have one more made unless enough are on their way; False once the last one is ready, or there is no room."""
        with self._lock:
            shelf = self._shelves[digest]
            if shelf is None:  # other plans are in use
                return False
            lacks, pending, self._cool = len(shelf.cells) < shelf.target, shelf.pending(), True
        if lacks and pending < _AT_ONCE:
            lacks = self._make_room(shelf) and self._order(shelf, plan)
        return lacks or pending > 0

    def _make_room(self, shelf: Shelf) -> bool:
        """Whether there is room for one more, at another plan's cost where this one has next to none."""
        with self._lock:
            if self._shelves.room(shelf):
                return True
            spare = self._shelves.spare(shelf)
        if spare is not None:
            self.end(spare)
        return spare is not None

    def _order(self, shelf: Shelf, plan: Plan) -> bool:
        """What can't be ordered now is ordered, or refused with the reason, when it is asked for."""
        with suppress(SandboxClosed, Unavailable):
            cell = self._jail.order(plan)
            with self._lock:
                if not self.closed:
                    shelf.cells.append(cell)
                    return True
            cell.close()
        return False

    def _end_used(self, most: int) -> None:
        with suppress(IndexError):
            for _ in range(most):
                self._used.popleft()[1].close()

    def tidy(self) -> None:
        """Let go of what nobody needed since the last time."""
        self._tidied = time.monotonic()
        with self._lock:
            gone = self._shelves.tidy()
        self.end(*gone)

    def stop(self) -> None:
        """End what is left; from here on each cell is ended by who gives it up. The pool is `closed` before."""
        if self._thread is not None:
            self._bell.put(None)
            self._thread.join()
            self._thread = None
        self._end_used(len(self._used))

    def abandon(self) -> None:
        """In a fork: the thread is the parent's."""
        self.closed, self._thread = True, None
        self._end_used(len(self._used))
