"""One program in a sandbox of its own, the service being started: `fumehood.run("1+1")`.

Paced, the pool has a sandbox waiting; back to back, it runs dry and each call waits for one to be made.
"""

from __future__ import annotations

import references
from rounds import Case, Ledger, Promise, finish, measure, options

import fumehood

PAUSE_S = 0.05
BURST = 20


def once() -> None:
    """Run it, and be sure that it did."""
    value = fumehood.run("1+1").value
    assert value == 2, value  # noqa: S101, PLR2004 -- a benchmark of something that fails measures nothing


def main() -> None:
    """Measure and judge."""
    arguments = options(__doc__ or "", rounds=300)
    once()
    paced = Case("run('1+1'), paced", once, pause=PAUSE_S)
    cases = [references.cold(), references.fork(), paced, *references.peers()]
    times = measure(cases, arguments.rounds)
    storm = measure([Case("cold", references.cold().call), Case("run('1+1'), back to back", once, burst=BURST)], 15)
    cold, hit = times[0], times[2]
    pace = 1 / sum(case.pause + seen.median for case, seen in zip(cases, times, strict=True))
    finish(
        Ledger(
            "one-shot run",
            [*times, storm[1]],
            [
                Promise("paced one-shot, p50", hit.median / cold.median, 0.08),
                Promise("paced one-shot, p99", hit.quantile(0.99) / cold.median, 0.4),
            ],
            {"back to back, p50 × cold": storm[1].median / storm[0].median},
            [f"Paced: each call {PAUSE_S * 1000:.0f} ms after the reference before it, about {pace:.0f} a second."],
        ),
        arguments,
    )


if __name__ == "__main__":
    main()
