"""Rounds in all three languages, kept as data: what was caught or allowed once stays so. rounds/README.md tells them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fumehood.check import check

pytestmark = pytest.mark.usefixtures("patient")
ROUNDS = Path(__file__).parent / "rounds"
# Decided otherwise than the author of the round did, with the reason.
DECIDED = {
    "r6-py-m052": "a pickle in data/ is the caller's own data: the sandbox decides, and `check.unknown` may ask",
    "r6-ba-b134": "listing the root is how a look around begins: refused, as in the public attack sets",
}


def programs() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for path in sorted(ROUNDS.glob("*.jsonl")):
        found += [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    return [row for row in found if row["id"] not in DECIDED]


@pytest.mark.parametrize("row", programs(), ids=lambda row: f"{row['id']} {row['category']}")
def test_program_is_judged_rightly(row: dict[str, Any]) -> None:
    """Attacks are refused with a finding that can be acted on, ordinary programs are allowed."""
    policy = "workbench" if row["language"] == "bash" else "default"

    report = check(row["code"], language=row["language"], policy=policy)

    assert ("refuse" if row["label"] == "malicious" else "allow") == report.verdict, row["code"]
    lines = row["code"].split("\n")
    for finding in report.findings:
        assert 1 <= finding.line <= len(lines)
        assert 0 <= finding.col <= len(lines[finding.line - 1])
        assert all((finding.why, finding.fix, finding.allow, finding.clause))
