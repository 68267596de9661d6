"""Rounds: the shape of every speed benchmark here.

What is measured and what it is compared with take turns in one run (A B A B …), so that a machine under load slows
both. Promises are ratios; milliseconds are printed for people.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


@dataclass(frozen=True)
class Case:
    """Something whose duration is measured.

    Args:
        name: What stands in the table.
        call: One measured step.
        pause: Seconds of rest before each call: the pace at which calls arrive. 0 is back to back.
        burst: Calls in a row in one turn.
        rest: Seconds of rest before each turn.
        after: What clears up after each call, off the clock.
        every: Takes its turn in each so-manieth round; more than 1 for what is slow.
        apart: Takes its turns when the others have had theirs, because it would slow them.
    """

    name: str
    call: Callable[[], object]
    pause: float = 0.0
    burst: int = 1
    rest: float = 0.0
    after: Callable[[], object] | None = None
    every: int = 1
    apart: bool = False


@dataclass(frozen=True)
class Times:
    """The sorted durations of one case, in seconds."""

    name: str
    seconds: Sequence[float]

    @property
    def least(self) -> float:
        """The fastest: what the machine can do when nobody disturbs it."""
        return self.seconds[0]

    def quantile(self, share: float) -> float:
        """The duration that `share` of all calls did not pass."""
        return self.seconds[min(int(len(self.seconds) * share), len(self.seconds) - 1)]

    @property
    def median(self) -> float:
        """p50."""
        return self.quantile(0.5)


@dataclass(frozen=True)
class Promise:
    """One line of SPECIFICATION.md: a measured figure and its bound, in `unit`."""

    says: str
    seen: float
    bound: float
    unit: str = "× cold"
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the figure is on the right side of its bound."""
        return self.seen >= self.bound if self.at_least else self.seen <= self.bound


@dataclass
class Ledger:
    """All that one benchmark has to say."""

    name: str
    times: list[Times] = field(default_factory=list[Times])
    promises: list[Promise] = field(default_factory=list[Promise])
    figures: dict[str, float] = field(default_factory=dict[str, float])
    notes: list[str] = field(default_factory=list[str])

    def document(self) -> dict[str, object]:
        """Everything as JSON; durations in milliseconds."""
        return {
            "benchmark": self.name,
            "python": platform.python_version(),
            "processors": len(os.sched_getaffinity(0)),
            "load": os.getloadavg()[0],
            "cases": [
                {"name": times.name, "calls": len(times.seconds)}
                | {label: round(seconds * 1000, 4) for label, seconds in columns(times)}
                for times in self.times
            ],
            "figures": self.figures,
            "promises": [
                {"says": p.says, "seen": p.seen, "bound": p.bound, "unit": p.unit, "at_least": p.at_least, "met": p.met}
                for p in self.promises
            ],
            "notes": self.notes,
        }

    def lines(self) -> Iterable[str]:
        """Everything for people."""
        if self.times:
            reference = self.times[0].median
            yield f"{'ms':34} {'calls':>6} {'min':>9} {'p50':>9} {'p99':>9} {'p50 ×':>8}"
            for times in self.times:
                shown = "".join(f"{seconds * 1000:>10.3f}" for _, seconds in columns(times))
                yield f"{times.name:34} {len(times.seconds):>6}{shown} {times.median / reference:>8.3f}"
        for name, figure in self.figures.items():
            yield f"{name:48} {figure:>12,.4g}"
        yield from self.notes
        for promise in self.promises:
            sign = "≥" if promise.at_least else "≤"
            told = f"{promise.seen:.3g} {promise.unit} ({sign} {promise.bound:g})"
            yield f"{'met   ' if promise.met else 'BROKEN'}  {promise.says}: {told}"


def columns(times: Times) -> tuple[tuple[str, float], ...]:
    """The three figures of a case, by name."""
    return ("min", times.least), ("p50", times.median), ("p99", times.quantile(0.99))


def options(about: str, *, rounds: int) -> argparse.Namespace:
    """The arguments that every benchmark takes: rounds, json, check."""
    parser = argparse.ArgumentParser(description=about.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=rounds, help="turns of each case (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a promise is broken")
    return parser.parse_args()


def measure(cases: Sequence[Case], rounds: int) -> list[Times]:
    """Let the cases take turns, and time each call."""
    seconds: dict[str, list[float]] = {case.name: [] for case in cases}
    for apart in (False, True):
        for turn in range(rounds):
            for case in [case for case in cases if case.apart == apart and turn % case.every == 0]:
                time.sleep(case.rest)
                seconds[case.name] += [_timed(case) for _ in range(case.burst)]
    return [Times(name, sorted(found)) for name, found in seconds.items()]


def _timed(case: Case) -> float:
    if case.pause:
        time.sleep(case.pause)
    began = time.perf_counter()
    case.call()
    took = time.perf_counter() - began
    if case.after is not None:
        case.after()
    return took


def finish(ledger: Ledger, arguments: argparse.Namespace) -> None:
    """Print the ledger and leave: with --check, exit code 1 says that a promise is broken."""
    if arguments.json:
        print(json.dumps(ledger.document(), ensure_ascii=False))
    else:
        print(f"— {ledger.name} —", *ledger.lines(), sep="\n")
    broken = [promise for promise in ledger.promises if not promise.met]
    sys.exit(1 if broken and arguments.check else 0)
