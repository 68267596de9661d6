"""Measure the reading of programs on labelled snippets: recall by category, false positives, time; other tools beside it.

    python benchmarks/checking.py --data FILE [--markdown] [--misses]

FILE holds one JSON object a line: id, source, language, label (malicious | benign), category, scope, code. Nothing of it is
executed. Python and JavaScript are judged under `default`, bash under `workbench`.

Benign code that is refused only for hosts and keys is checked once more under a policy with the very lines that its findings
name: what passes then is a named grant; what does not is a false positive. Tools that are installed beside it (bandit,
RestrictedPython, CodeShield's semgrep rules) judge the same Python in the same run.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rivals

from fumehood.check import check
from fumehood.policy import Policy

Row = dict[str, Any]
POLICIES = {"python": "default", "bash": "workbench", "javascript": "default"}
HOST = re.compile(r'network\.allow = \["(.+)"\]')
KEY = re.compile(r"secrets\.(\w+) = ")
NEEDS_NETWORK = frozenset({"llm-app", "web"})


@dataclass
class Verdicts:
    """What one tool said of every row, and the milliseconds of processor time that it took, sorted."""

    flagged: dict[str, bool] = field(default_factory=dict[str, bool])
    times: list[float] = field(default_factory=list[float])
    granted: set[str] = field(default_factory=set[str])  # refused, and allowed by the lines that its findings name

    def share(self, rows: list[Row]) -> str:
        """How many of the rows are flagged."""
        count = sum(self.flagged[row["id"]] for row in rows)
        return f"{100 * count / len(rows):.1f} %" if rows else "–"


def fumehood(rows: list[Row]) -> Verdicts:
    """Judge each row by its language's policy."""
    found = Verdicts()
    for row in rows:
        policy = Policy.load(POLICIES[row["language"]])
        begun = time.thread_time()
        report = check(row["code"], language=row["language"], policy=policy)
        found.times.append((time.thread_time() - begun) * 1000)
        found.flagged[row["id"]] = report.verdict != "allow"
        lines = [finding.allow for finding in report.findings]
        if lines and check(row["code"], language=row["language"], policy=widened(policy, lines)).verdict == "allow":
            found.granted.add(row["id"])
    found.times.sort()
    return found


def widened(policy: Policy, lines: list[str]) -> Policy:
    """Answer a policy with the hosts and keys that lines name; every other line is left out."""
    hosts = [match[1] for line in lines if (match := HOST.fullmatch(line))]
    keys = [match[1] for line in lines if (match := KEY.match(line))]
    host = next((host for host in hosts if host != "HOST:443"), "api.example.org:443")
    names = sorted({host if name == "HOST:443" else name for name in hosts})
    text = f"[network]\nallow = {json.dumps(names)}\n[secrets]\n"
    text += "".join(f'{key} = {{ source = "env:{key}", host = "{host}" }}\n' for key in sorted(set(keys)))
    try:
        given = Policy.from_toml(text)
    except ValueError:  # a placeholder where a host should stand
        return policy
    return policy.but(**{"network.allow": given.network.allow, "secrets": given.secrets})


def recall(rows: list[Row], tools: dict[str, Verdicts]) -> list[list[str]]:
    """The table of what is flagged of malicious code, by language, source and category."""
    groups: defaultdict[tuple[str, str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row["label"] == "malicious":
            scope = "" if row["scope"] == "capability" else " (apart)"
            groups[row["language"], scope, row["source"], row["category"]].append(row)
            if not scope:
                groups[row["language"], scope, "all", ""].append(row)
    return [
        [language, f"{source} {category}{scope}".strip(), str(len(members)), *shares(tools, members)]
        for (language, scope, source, category), members in sorted(groups.items())
    ]


def shares(tools: dict[str, Verdicts], rows: list[Row]) -> list[str]:
    """What each tool flags; the others judge Python alone."""
    own = rows[0]["language"] == "python" if rows else False
    return [found.share(rows) if own or name == "fumehood" else "" for name, found in tools.items()]


def refusals(rows: list[Row], tools: dict[str, Verdicts]) -> list[list[str]]:
    """The table of what is refused of benign code: in all, as named grants, and in error."""
    ours = tools["fumehood"]
    lines: list[list[str]] = []
    for language in POLICIES:
        benign = [row for row in rows if row["label"] == "benign" and row["language"] == language]
        apart = [row for row in benign if row["category"] in NEEDS_NETWORK]
        near = [row for row in benign if row["source"] == "own-benign"]
        for title, members in (
            ("offline", [row for row in benign if row not in apart]),
            ("near the boundary", near),
            ("needs hosts or keys", apart),
        ):
            if members:
                flagged = [row for row in members if ours.flagged[row["id"]]]
                grants = sum(row["id"] in ours.granted for row in flagged)
                wrong = f"{100 * (len(flagged) - grants) / len(members):.2f} % ({len(flagged) - grants})"
                lines.append([language, title, str(len(members)), str(grants), wrong, *shares(tools, members)])
    return lines


def speeds(rows: list[Row], tools: dict[str, Verdicts]) -> list[list[str]]:
    """The table of processor time a snippet."""
    del rows
    return [
        [
            name,
            *(
                f"{found.times[min(len(found.times) * part // 100, len(found.times) - 1)]:.2f}"
                for part in (50, 99, 100)
            ),
        ]
        for name, found in tools.items()
        if found.times
    ]


def shown(head: list[str], lines: list[list[str]], *, markdown: bool) -> str:
    """Write a table."""
    if markdown:
        return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *lines])
    widths = [max(len(cells[column]) for cells in [head, *lines]) for column in range(len(head))]
    return "\n".join("  ".join(map(str.ljust, cells, widths)).rstrip() for cells in [head, *lines])


def told(rows: list[Row], ours: Verdicts) -> None:
    """Name the misses, and the refusals that no grant lifts."""
    for row in rows:
        flagged = ours.flagged[row["id"]]
        if row["label"] == "malicious" and row["scope"] == "capability" and not flagged:
            print("missed ", row["source"], row["category"], row["id"])
        if row["label"] == "benign" and flagged and row["id"] not in ours.granted:
            print("refused", row["source"], row["category"], row["id"])


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--markdown", action="store_true", help="write the tables as the documentation has them")
    parser.add_argument("--misses", action="store_true", help="name what was missed and what was refused in error")
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.data.read_text(encoding="utf-8").splitlines() if line.strip()]
    for language in POLICIES:
        check("1", language=language)  # type: ignore[arg-type]  # loads its reader before anything is timed
    python = [row for row in rows if row["language"] == "python"]
    tools = {"fumehood": fumehood(rows)}
    tools |= {name: Verdicts(*judged) for name, judged in rivals.judged(python).items()}
    names = list(tools)
    for head, table in (
        (["language", "malicious", "n", *names], recall),
        (
            ["language", "benign", "n", "named grants", "refused in error", *(f"{name}, refused" for name in names)],
            refusals,
        ),
        (["ms a snippet", "p50", "p99", "max"], speeds),
    ):
        print(shown(head, table(rows, tools), markdown=options.markdown), end="\n\n")
    if options.misses:
        told(rows, tools["fumehood"])


if __name__ == "__main__":
    main()
