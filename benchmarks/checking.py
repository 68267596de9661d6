"""Measure the reading of Python on labelled snippets: recall by category, false positives, latency; other tools beside it.

    python benchmarks/checking.py --data FILE [--language python] [--policy default] [--misses]

FILE holds one JSON object a line: id, source, language, label (malicious | benign), category, scope, code. Nothing of it is
executed. Benign code that is refused only for a need that a policy line grants (a host, a variable) is told apart.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fumehood.check import check
from fumehood.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

Row = dict[str, Any]
GRANTABLE = frozenset({"net.connect", "net.resolve", "env.read"})
NEEDS_NETWORK = frozenset({"llm-app", "web"})
BANDIT_MEDIUM = 2


def loaded(path: Path, language: str) -> list[Row]:
    """Answer the rows of one language."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [row for row in rows if row["language"] == language]


def fumehood_judge(language: str, policy: Policy, grants: dict[str, bool]) -> Callable[[Row], bool]:
    """Answer a judge that also notes, by id, which refusals a grant would lift."""

    def judge(row: Row) -> bool:
        report = check(row["code"], language=language, policy=policy)  # type: ignore[arg-type]
        grants[row["id"]] = bool(report.findings) and all(item.capability in GRANTABLE for item in report.findings)
        return report.verdict != "allow"

    return judge


def bandit_judge() -> Callable[[Row], bool] | None:
    """Answer bandit at medium severity or above, where it is installed."""
    if importlib.util.find_spec("bandit") is None:
        return None
    import io  # noqa: PLC0415 - only beside bandit
    import logging  # noqa: PLC0415 - as above

    from bandit.core import config, manager  # noqa: PLC0415 - optional

    logging.disable(logging.CRITICAL)
    settings = config.BanditConfig()

    def judge(row: Row) -> bool:
        checker = manager.BanditManager(settings, "file")
        checker._parse_file("<code>", io.BytesIO(row["code"].encode("utf-8", "replace")), [])  # noqa: SLF001 - has no other door for text
        ranks = {"LOW": 1, "MEDIUM": BANDIT_MEDIUM, "HIGH": 3}
        return any(ranks.get(issue.severity, 0) >= BANDIT_MEDIUM for issue in checker.results)

    return judge


def restricted_judge() -> Callable[[Row], bool] | None:
    """Answer RestrictedPython's compiler with every import refused, where it is installed."""
    if importlib.util.find_spec("RestrictedPython") is None:
        return None
    import ast  # noqa: PLC0415 - only beside RestrictedPython

    from RestrictedPython import compile_restricted_exec  # noqa: PLC0415 - optional

    def judge(row: Row) -> bool:
        result = compile_restricted_exec(row["code"])
        try:
            imports = any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(ast.parse(row["code"])))
        except (SyntaxError, ValueError):
            return True
        return bool(result.errors) or imports

    return judge


def measured(rows: list[Row], judge: Callable[[Row], bool]) -> tuple[dict[str, bool], list[float]]:
    """Answer each row's verdict and what it took, in milliseconds of processor time."""
    flagged: dict[str, bool] = {}
    times: list[float] = []
    for row in rows:
        begun = time.thread_time()
        flagged[row["id"]] = judge(row)
        times.append((time.thread_time() - begun) * 1000)
    return flagged, sorted(times)


def share(rows: list[Row], flagged: dict[str, bool]) -> str:
    """Answer how many of the rows are flagged."""
    count = sum(flagged[row["id"]] for row in rows)
    return f"{100 * count / len(rows):5.1f} %" if rows else "    -"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--language", default="python")
    parser.add_argument("--policy", default="default")
    parser.add_argument("--misses", action="store_true", help="name what was missed and what was refused in error")
    options = parser.parse_args()
    rows = loaded(options.data, options.language)
    grants: dict[str, bool] = {}
    judges: dict[str, Callable[[Row], bool] | None] = {
        "fumehood": fumehood_judge(options.language, Policy.load(options.policy), grants)
    }
    if options.language == "python":
        judges |= {"bandit medium+": bandit_judge(), "RestrictedPython": restricted_judge()}
    results = {name: measured(rows, judge) for name, judge in judges.items() if judge is not None}
    table(rows, {name: flagged for name, (flagged, _) in results.items()})
    false_positives(rows, results, grants)
    for name, (_, times) in results.items():
        print(
            f"{name:18} p50 {times[len(times) // 2]:.2f} ms, p99 {times[len(times) * 99 // 100]:.2f} ms, max {times[-1]:.1f} ms"
        )
    if options.misses:
        told(rows, results["fumehood"][0], grants)


def table(rows: list[Row], results: dict[str, dict[str, bool]]) -> None:
    """Print recall by source and category."""
    groups: defaultdict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row["label"] == "malicious":
            groups["capability" if row["scope"] == "capability" else "apart", row["source"], row["category"]].append(
                row
            )
    print(f"{'flagged of malicious':58}{'n':>5}  " + "  ".join(f"{name:>16}" for name in results))
    for (scope, source, category), members in sorted(groups.items()):
        cells = "  ".join(f"{share(members, flagged):>16}" for flagged in results.values())
        print(f"{scope:11}{source:17}{category:30}{len(members):5}  {cells}")
    whole = [row for row in rows if row["label"] == "malicious" and row["scope"] == "capability"]
    print(
        f"{'capability, all':58}{len(whole):5}  "
        + "  ".join(f"{share(whole, flagged):>16}" for flagged in results.values())
    )


def false_positives(
    rows: list[Row], results: dict[str, tuple[dict[str, bool], list[float]]], grants: dict[str, bool]
) -> None:
    """Print what is refused of benign code, and how much of that a grant would lift."""
    benign = [row for row in rows if row["label"] == "benign"]
    offline = [row for row in benign if row["category"] not in NEEDS_NETWORK]
    beyond = [row for row in offline if not grants[row["id"]]]
    for title, members in (
        ("benign offline", offline),
        ("benign that needs network or keys", [row for row in benign if row not in offline]),
    ):
        print(
            f"{title:58}{len(members):5}  "
            + "  ".join(f"{share(members, flagged):>16}" for flagged, _ in results.values())
        )
    wrong = sum(results["fumehood"][0][row["id"]] for row in beyond)
    print(
        f"{'  of the offline: refused beyond what a grant lifts':58}{len(offline):5}  {100 * wrong / max(len(offline), 1):5.2f} % ({wrong})"
    )


def told(rows: list[Row], flagged: dict[str, bool], grants: dict[str, bool]) -> None:
    """Name the misses, and the refusals that no grant would lift."""
    for row in rows:
        if row["label"] == "malicious" and row["scope"] == "capability" and not flagged[row["id"]]:
            print("missed ", row["source"], row["category"], row["id"])
        if row["label"] == "benign" and flagged[row["id"]] and not grants[row["id"]]:
            print("refused", row["source"], row["category"], row["id"])


if __name__ == "__main__":
    main()
