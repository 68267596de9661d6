"""One program in a sandbox of its own, the service being started: `fumehood.run("1+1")`.

Paced, the pool has a sandbox waiting. In a row it has them as long as what waits lasts, and it learns how many that
should be from the first such row, which is not measured; in a long row each call waits for one to be made.
"""

from __future__ import annotations

import references
from rounds import Case, Ledger, Promise, Times, finish, measure, options

import fumehood

PAUSE_S = 0.05
BURST, ROW = 20, 200
REST_S, REST_AFTER_ROW_S = 1.0, 3.0


def once() -> None:
    """Run it, and be sure that it did."""
    value = fumehood.run("1+1").value
    assert value == 2, value  # noqa: S101, PLR2004 -- a benchmark of something that fails measures nothing


def in_a_row(rounds: int) -> list[Times]:
    """A reference beside them, then bursts and long rows; these by themselves, as it takes time to recover from one."""
    for _ in range(BURST):
        once()
    cold = Case("cold, beside bursts", references.cold().call)
    burst = Case(f"run('1+1'), {BURST} in a row", once, burst=BURST, rest=REST_S)
    row = Case(f"run('1+1'), {ROW} in a row", once, burst=ROW, rest=REST_AFTER_ROW_S)
    return [*measure([cold, burst], max(rounds // 10, 10)), *measure([row], max(rounds // 60, 2))]


def main() -> None:
    """Measure and judge."""
    arguments = options(__doc__ or "", rounds=300)
    once()
    paced = Case("run('1+1'), paced", once, pause=PAUSE_S)
    cases = [references.cold(), references.fork(), paced, *references.peers()]
    times = measure(cases, arguments.rounds)
    rows = in_a_row(arguments.rounds)
    cold, hit = times[0], times[2]
    beside, burst, row = rows
    pace = 1 / sum(case.pause + seen.median for case, seen in zip(cases, times, strict=True))
    finish(
        Ledger(
            "one-shot run",
            [*times, *rows],
            [
                Promise("paced one-shot, p50", hit.median / cold.median, 0.08),
                Promise("paced one-shot, p99", hit.quantile(0.99) / cold.median, 0.4),
                Promise(f"{BURST} in a row, p50", burst.median / beside.median, 0.08),
                Promise(f"{BURST} in a row, p99", burst.quantile(0.99) / beside.median, 0.4),
            ],
            {f"{ROW} in a row, a call × cold": sum(row.seconds) / len(row.seconds) / beside.median},
            [f"Paced: each call {PAUSE_S * 1000:.0f} ms after the reference before it, about {pace:.0f} a second."],
        ),
        arguments,
    )


if __name__ == "__main__":
    main()
