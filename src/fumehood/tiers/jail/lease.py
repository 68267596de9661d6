"""How long a sandbox may be kept: without a call, and at all."""

from __future__ import annotations

import math
import time


class Lease:
    """Begins when the sandbox is handed out; times are monotonic seconds.

    Args:
        idle: Seconds without a call; None for no limit.
        lifetime: Seconds in all; None for no limit.
    """

    def __init__(self, idle: float | None, lifetime: float | None) -> None:
        """Begin now."""
        self._idle = math.inf if idle is None else idle
        self._used = time.monotonic()
        self._over = self._used + (math.inf if lifetime is None else lifetime)

    def renew(self, used: float) -> None:
        """It was in use at this time."""
        self._used = max(self._used, used)

    def end(self) -> tuple[float, str]:
        """When it ends unless it is used before, and by which limit."""
        return min((self._over, "lifetime"), (self._used + self._idle, "idle"))
