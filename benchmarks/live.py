"""One more program in a sandbox that lives already: `sandbox.run("x")`.

The promise is of calls in a row; beside it stands what a call takes after a rest, when nothing of it is in a cache.
"""

from __future__ import annotations

import references
from rounds import Case, Ledger, Promise, finish, measure, options

import fumehood

BURST = 25


def main() -> None:
    """Measure and judge."""
    arguments = options(__doc__ or "", rounds=300)
    with fumehood.Sandbox() as sandbox:
        sandbox.run("x = 42")
        live = Case("sandbox.run('x')", lambda: sandbox.run("x"), burst=BURST)
        rested = Case("sandbox.run('x'), after 20 ms", lambda: sandbox.run("x"), pause=0.02)
        times = measure([references.cold(), references.fork(), live, rested], arguments.rounds)
    cold, _, often, seldom = times
    finish(
        Ledger(
            "live sandbox",
            times,
            [Promise("live run, p50", often.median / cold.median, 0.01)],
            {"after a rest, p50 × cold": seldom.median / cold.median},
        ),
        arguments,
    )


if __name__ == "__main__":
    main()
