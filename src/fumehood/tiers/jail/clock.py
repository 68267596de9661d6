"""The wall time of one run, as its caller counts it."""

from __future__ import annotations

import time


class Clock:
    """Goes on while the run does; while the sandbox is held it stands still."""

    def __init__(self, wall: float) -> None:
        """Begin now; `wall` is what the run may take, in seconds."""
        self.wall = wall
        self._began = time.monotonic()
        self._stopped: float | None = None
        self.was_stopped = False

    def used(self) -> float:
        """Seconds that counted so far."""
        return (self._stopped or time.monotonic()) - self._began

    def left(self) -> float:
        """Seconds until the time is up; below 0 it has been for so long."""
        return self.wall - self.used()

    def stop(self) -> None:
        """Stand still from now on."""
        self._stopped = self._stopped or time.monotonic()
        self.was_stopped = True

    def go_on(self) -> None:
        """Count again."""
        if self._stopped is not None:
            self._began += time.monotonic() - self._stopped
            self._stopped = None
