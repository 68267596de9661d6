"""`fumehood_progress(done, total)`: how far a program is, for whoever waits for it."""

from __future__ import annotations

import builtins
import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fumehood.tiers.jail.runner.screen import Screen

#: Between two that are told; what comes sooner is not, unless it is the last.
_APART_S = 0.05


class Progress:
    """Tells it by the screen's channel, a few times a second at most."""

    def __init__(self, screen: Screen) -> None:
        """Be what `fumehood_progress` means everywhere in this process."""
        self._screen = screen
        self._next = 0.0
        builtins.fumehood_progress = self.tell  # type: ignore[attr-defined]  # the contract's name

    def tell(self, done: float, total: float | None = None) -> None:
        """Say that `done` of `total` is done; where it is not known of how much, of None."""
        amounts = [None if told is None else float(told) for told in (done, total)]
        if any(told is not None and not 0 <= told < math.inf for told in amounts):
            message = f"fumehood_progress({done!r}, {total!r}): give numbers from 0 on"
            raise ValueError(message)
        now = time.monotonic()
        if now < self._next and (total is None or done < total):
            return
        self._next = now + _APART_S
        self._screen.tell({"event": "progress", "done": amounts[0], "total": amounts[1]})
