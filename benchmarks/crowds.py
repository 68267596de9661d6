"""Many at once: five hundred sandboxes that wait beside the one that is used, and a hundred callers at the same time."""

from __future__ import annotations

import resource
import threading
import time

import idle
import references
from rounds import Case, Ledger, Promise, Times, finish, measure, options

import fumehood
from fumehood.policy import Policy
from fumehood.pool import shared

IDLE, CALLERS, CALLS = 500, 100, 3
PAUSE_S = 0.05
#: One that is open and waits holds thirteen descriptors of its caller, and as many of the jail.
_DESCRIPTORS = 24


def once() -> None:
    """Run it, and be sure that it did."""
    value = fumehood.run("1+1", env="bare").value
    assert value == 2, value  # noqa: S101, PLR2004 -- a benchmark of something that fails measures nothing


def together() -> Times:
    """A hundred threads, each of which waits for the others and then calls a few times."""
    seconds: list[float] = []
    gate = threading.Barrier(CALLERS)

    def call() -> None:
        gate.wait()
        for _ in range(CALLS):
            begun = time.perf_counter()
            once()
            seconds.append(time.perf_counter() - begun)

    threads = [threading.Thread(target=call) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seconds) == CALLERS * CALLS, len(seconds)  # noqa: S101 -- as above
    return Times(f"{CALLERS} callers at once", sorted(seconds))


def main() -> None:
    """Measure and judge."""
    arguments = options(__doc__ or "", rounds=100)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(max(soft, IDLE * _DESCRIPTORS), hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    count = min(IDLE, wanted // _DESCRIPTORS)
    once()
    alone = measure([references.cold(), Case("a hit, nothing else there", once, pause=PAUSE_S)], arguments.rounds)
    hood = shared()
    cells = idle.crowd(hood, hood.prepare(Policy.default(), "python").plan, count)
    among = measure([references.cold(), Case(f"a hit among {count} idle", once, pause=PAUSE_S)], arguments.rounds)
    for cell in cells:
        cell.close()
    crowd = together()
    slower = (among[1].median / among[0].median) / (alone[1].median / alone[0].median)
    finish(
        Ledger(
            "crowds",
            [*alone, among[1], crowd],
            [
                Promise(f"a hit among {count} idle, p50", slower, 2, "× alone"),
                Promise(f"{CALLERS} callers, p99", crowd.quantile(0.99) / crowd.median, 10, "× p50"),
            ],
        ),
        arguments,
    )


if __name__ == "__main__":
    main()
