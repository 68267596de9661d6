"""Everything from nothing: `fumehood run -c 1+1` as a command, to its end."""

from __future__ import annotations

import sys

import references
from rounds import Case, Ledger, Promise, finish, measure, options

PAUSE_S = 0.05


def fumehood(*arguments: str) -> int:
    """The command by this interpreter; its exit code."""
    return references.start(sys.executable, "-m", "fumehood", *arguments)


def main() -> None:
    """Measure and judge."""
    arguments = options(__doc__ or "", rounds=40)
    if fumehood("run", "-c", "1+1") != 0:
        sys.exit("`fumehood run -c 1+1` fails here; `fumehood doctor` says why")
    cases = [
        references.cold(),
        Case("import fumehood", lambda: references.start(sys.executable, "-c", "import fumehood"), pause=PAUSE_S),
        Case("fumehood --version", lambda: fumehood("--version"), pause=PAUSE_S),
        Case("fumehood run -c 1+1", lambda: fumehood("run", "-c", "1+1"), pause=PAUSE_S),
        *references.peers(),
    ]
    times = measure(cases, arguments.rounds)
    finish(
        Ledger(
            "the command",
            times,
            [
                Promise("fumehood run -c 1+1 from nothing, p50", times[3].median / times[0].median, 12),
                Promise("import fumehood, p50", (times[1].median - times[0].median) * 1000, 100, "ms more than cold"),
            ],
        ),
        arguments,
    )


if __name__ == "__main__":
    main()
