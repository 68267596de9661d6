"""What a call waits when no sandbox is ready: order one, have it forked and sealed, run in it, get the result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import references
from rounds import Case, Ledger, Promise, finish, measure, options

from fumehood.policy import Policy
from fumehood.pool import Pool
from fumehood.tiers.jail.waiting import Blocking, complete

if TYPE_CHECKING:
    from fumehood.tiers.jail.cell import Cell

PAUSE_S = 0.05
_REQUEST = {"code": "1+1", "name": "<miss>", "language": "python"}
_BUDGET = {"wall": 5, "cpu": 5}


class Miss:
    """Fresh cells, each ordered when it is wanted."""

    def __init__(self) -> None:
        """Start a jail; its interpreter is there when the first cell is."""
        self.pool = Pool()
        self.plan = self.pool.prepare(Policy.default(), "python").plan
        self.cell: Cell | None = None
        self.waiter = Blocking()

    def seal(self) -> None:
        """Order a cell and wait until it could run something."""
        self.cell = self.pool.jail.order(self.plan)
        complete(self.cell.open(self.waiter))

    def run(self) -> None:
        """And run in it."""
        self.seal()
        assert self.cell is not None  # noqa: S101 -- just made
        self.cell.begin(None, None)
        seen = complete(self.cell.run(_REQUEST, _BUDGET, self.waiter))
        assert seen.answer is not None, seen  # noqa: S101 -- a benchmark of something that fails measures nothing

    def close(self) -> None:
        """Let the cell go."""
        if self.cell is not None:
            self.cell.close()


def main() -> None:
    """Measure and judge."""
    arguments = options(__doc__ or "", rounds=200)
    miss = Miss()
    miss.run()
    miss.close()
    cases = [
        references.cold(),
        references.fork(),
        Case("miss: order, fork, seal, result", miss.run, pause=PAUSE_S, after=miss.close),
        Case("  of it until sealed", miss.seal, pause=PAUSE_S, after=miss.close),
        *references.peers(),
    ]
    times = measure(cases, arguments.rounds)
    miss.pool.close()
    finish(
        Ledger(
            "a miss",
            times,
            [Promise("a miss, p50", times[2].median / times[0].median, 0.5)],
            {"a miss, p50 × fork + _exit": times[2].median / times[1].median},
        ),
        arguments,
    )


if __name__ == "__main__":
    main()
