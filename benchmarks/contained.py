"""Run malicious programs inside the sandbox, with the check recording instead of refusing, and count what got out.

    python benchmarks/contained.py [FILE ...] [--every 1] [--seconds 3]

Each FILE holds one JSON object a line: id, language, label, code; the committed rounds are the default. Only sandboxes run
them, each its own. What counts as out: a canary (see `canaries`) that was told, reached, signalled or changed.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fumehood
from fumehood.policy import Policy

sys.path.insert(0, str(Path(__file__).parent.parent))
from benchmarks.canaries import Canaries

ROUNDS = Path(__file__).parent.parent / "tests/check/rounds"
MEMORY = "512MiB"


@dataclass
class Outcome:
    """What came of all programs: how they ended, and who touched a canary."""

    ends: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    harmed: list[str] = field(default_factory=list[str])

    @property
    def ran(self) -> int:
        """How many programs a sandbox really ran."""
        return sum(count for (_, end), count in self.ends.items() if end not in {"refused", "unavailable"})


def malicious(paths: list[Path]) -> list[dict[str, Any]]:
    """Answer the malicious programs of some files."""
    rows = [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    return [row for row in rows if row["label"] == "malicious"]


def policy_for(language: str, seconds: float) -> Policy:
    """The policy that fits a language, reading every program and refusing none."""
    policy = Policy.load("workbench" if language == "bash" else "default")
    changes: dict[str, object] = {"check.mode": "record", "limits.wall": f"{seconds}s", "limits.memory": MEMORY}
    return policy.but(**changes)


def contain(rows: list[dict[str, Any]], *, seconds: float = 3, threads: int = 2) -> Outcome:
    """Run each program in a sandbox of its own among canaries."""
    outcome, lock = Outcome(), threading.Lock()
    policies = {row["language"]: policy_for(row["language"], seconds) for row in rows}

    def run(row: dict[str, Any]) -> None:
        with fumehood.Sandbox(policy=policies[row["language"]], env="bare", language=row["language"]) as sandbox:
            try:
                result = sandbox.run(row["code"])
            except fumehood.Error as error:
                end, told = type(error).__name__, str(error)
            else:
                end, told = result.outcome, f"{result.stdout}{result.stderr}{result.value_text}{result.error}"
        with lock:
            outcome.ends[row["language"], end] += 1
            outcome.harmed += [f"{row['id']}: {harm}" for harm in canaries.harmed(told)]

    with Canaries() as canaries, ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, rows))
        outcome.harmed += [f"the last ones: {harm}" for harm in canaries.harmed()]
    return outcome


def main() -> None:
    """Print how many ran, how they ended, and how many got out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="*", default=sorted(ROUNDS.glob("*.jsonl")))
    parser.add_argument("--every", type=int, default=1, help="only every so-manieth program")
    parser.add_argument("--seconds", type=float, default=3, help="wall time of each")
    options = parser.parse_args()
    outcome = contain(malicious(options.files)[:: options.every], seconds=options.seconds)
    for (language, end), count in sorted(outcome.ends.items()):
        print(f"{language:12}{end:14}{count:6}")
    print(f"{outcome.ran} ran, {len(outcome.harmed)} got out", *outcome.harmed, sep="\n")
    sys.exit(1 if outcome.harmed else 0)


if __name__ == "__main__":
    main()
