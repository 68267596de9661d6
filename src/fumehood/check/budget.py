"""How much work reading one source may cost: shared by everything that reads for it, nested code included."""

from __future__ import annotations

import time

HARD_STOP_MS = 90.0  # of this thread's processor time: a busy machine must not change a verdict
PAUSE = 0.03
PIECE = 256
MAX_SOURCE = 1_000_000
MAX_DEPTH = 90
MAX_STEPS = 60_000
MAX_BYTES = 4_000_000
STEP_BYTES = 1500  # that a step makes at most, as measured
WIDEST = 4  # bytes of a character


class Exhausted(Exception):
    """A budget is spent: what was found so far stands, and the reading is incomplete."""


class Budget:
    """What is left of the work allowed for one check.

    Attributes:
        given: The steps that there were in the beginning.
        deadline: On the clock of `time.thread_time`, seconds.
        steps: Nodes that may yet be looked at, over all nested code.
        produced: Bytes or characters that folding may yet make.
        asked: When the time was last looked at.
        pauses: Pauses that may yet be forgiven.
        nesting: Code within code (exec in exec, python in bash) that may yet be entered.
    """

    __slots__ = ("asked", "deadline", "given", "nesting", "pauses", "produced", "steps")

    def __init__(self, *, deadline: float | None = None, steps: int = MAX_STEPS, pauses: int = 1) -> None:
        """Begin with all of it."""
        self.asked = time.thread_time()
        self.deadline = self.asked + HARD_STOP_MS / 1000 if deadline is None else deadline
        self.steps = self.given = steps
        self.produced = MAX_BYTES
        self.nesting = 8
        self.pauses = pauses

    def step(self, count: int = 1) -> None:
        """Pay for looking at `count` nodes.

        Raises:
            Exhausted: Nothing is left, or the time is over (asked every 64 steps).
        """
        self.steps -= count
        if self.steps < 0 or (self.steps & 63 == 0 and self.late()):
            raise Exhausted

    def produce(self, size: int) -> None:
        """Pay for making `size` bytes or characters.

        Raises:
            Exhausted: More than what is left.
        """
        self.produced -= size
        if self.produced < 0 or (size > PIECE and self.late()):
            raise Exhausted

    def made(self) -> int:
        """Answer how many bytes the values may take that were made meanwhile: no fewer, and mostly many more."""
        return (self.given - self.steps) * STEP_BYTES + (MAX_BYTES - self.produced) * WIDEST

    def late(self) -> bool:
        """Tell whether the time is over. One long pause (the garbage collector's) is not the program's doing."""
        now = time.thread_time()
        if self.pauses and now - self.asked > PAUSE:
            self.pauses -= 1
            self.deadline += now - self.asked
        self.asked = now
        return now > self.deadline
