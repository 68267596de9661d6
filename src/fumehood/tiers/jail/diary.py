"""What the broker notes for the warden without waking it: that a run began, and that it ended.

Both hold one page of memory and one timer. The broker notes a run on the page and lets the timer ring when the warden
is to look at it first; most runs are over by then. The broker alone writes; no process of a sandbox has either.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from fumehood.kernel import timers

if TYPE_CHECKING:
    from fumehood.tiers.jail.wire import Message

#: A run's number comes after what it stands for: who sees the number sees the rest.
_BEGUN = struct.Struct("=ddQQ?7xQ")
_ENDED = struct.Struct("=dQ")
_SIZE = _BEGUN.size + _ENDED.size
#: A run is looked at no sooner, unless its time is shorter: what takes less is not worth the warden's own time.
SOONEST_S = 0.02


class Note(NamedTuple):
    """What stands on the page: the latest run, numbered from 1, and the latest that ended.

    `began` and `ended_at` are monotonic seconds, `cpu_end` is the processor time of the sandbox at which the run is
    over its limit, in nanoseconds; `forks_refused` is how often the kernel had refused a process when it began.
    """

    began: float
    wall: float
    cpu_end: int
    forks_refused: int
    background: bool
    run: int
    ended_at: float
    ended: int


class Terms(NamedTuple):
    """How a sandbox is watched: its processors, and whether its memory has to be read to be held."""

    cpus: float
    polled: bool

    def next_look(self, now: float, cpu_ns: int) -> float:
        """When it could have used up so much processor time at the earliest, or more often where memory is read."""
        return now + (SOONEST_S if self.polled else max(SOONEST_S, cpu_ns / 1e9 / max(1.0, self.cpus)))


class Run:
    """The run in progress as the warden holds it: monotonic times in seconds, CPU budget in nanoseconds.

    While it is held (`held_since`) its times stand still: they are moved on when it is let go.
    """

    def __init__(self, note: Note) -> None:
        """Begin it as the diary says."""
        self.began, self.deadline, self.cpu_end = note.began, note.began + note.wall, note.cpu_end
        self.latest = self.deadline
        self.reason = "background" if note.background else "wall"
        self.to_interrupt, self.next_interrupt = False, 0.0
        self.to_hold = False
        self.held_since: float | None = None


class Diary:
    """One sandbox's page and timer, at either end."""

    def __init__(self, page: int, timer: int, terms: Terms, *, writing: bool) -> None:
        """Take the descriptors over."""
        # Mapped at once, where nobody waits: the first note would have to wait for a page.
        flags, can = mmap.MAP_SHARED | mmap.MAP_POPULATE, mmap.PROT_WRITE if writing else 0
        self._page = mmap.mmap(page, _SIZE, flags=flags, prot=mmap.PROT_READ | can)
        os.close(page)
        self.timer = timer
        self._terms = terms
        self._rings = 0.0

    def begin(self, budget: Message, *, run: int, used_ns: int, forks_refused: int) -> None:
        """A run begins that may take so much beyond what was used before; so much was refused before."""
        now, wall, cpu_ns = time.monotonic(), budget["wall"], int(budget["cpu"] * 1e9)
        background = budget.get("limit") == "background"
        _BEGUN.pack_into(self._page, 0, now, wall, used_ns + cpu_ns, forks_refused, background, run)
        look = min(now + wall, self._terms.next_look(now, cpu_ns))
        if not now < self._rings <= look:
            self._rings = look
            timers.ring(self.timer, look)

    def end(self, run: int) -> None:
        """It is over."""
        _ENDED.pack_into(self._page, _BEGUN.size, time.monotonic(), run)

    def read(self) -> Note:
        """What stands there now, whole."""
        while True:
            first, second = self._page[:], self._page[:]
            if first == second:
                return Note(*_BEGUN.unpack_from(first), *_ENDED.unpack_from(first, _BEGUN.size))

    def close(self) -> None:
        """Let go of both."""
        self._page.close()
        os.close(self.timer)


def ends(terms: Terms) -> tuple[Diary, tuple[int, int]]:
    """The broker's diary, and the descriptors of the warden's, for the caller to send and to close.

    Raises:
        OSError: This process may have no more descriptors.
    """
    with ExitStack() as undo:
        page = os.memfd_create("diary", os.MFD_CLOEXEC)
        undo.callback(os.close, page)
        os.ftruncate(page, _SIZE)
        timer = timers.create()
        undo.callback(os.close, timer)
        far = os.dup(page), os.dup(timer)
        for descriptor in far:
            undo.callback(os.close, descriptor)
        mine = Diary(page, timer, terms, writing=True)
        undo.pop_all()
    return mine, far
