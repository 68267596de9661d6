from __future__ import annotations

import ast
import json
from typing import Any

from tests.style.tree import ROOT, parsed

SNIPPETS = ("trivial", "pandas")


def test_every_peer_has_figures_or_the_reason_why_not() -> None:
    """docs/peers.json, from which the page and the chart are made, is silent about nobody."""
    document = json.loads((ROOT / "docs" / "peers.json").read_text(encoding="utf-8"))
    rows: list[dict[str, Any]] = document["rows"]

    assert named() == [row["name"] for row in rows]
    assert {"load", "date", "cores", "kernel", "python"} <= document["machine"].keys()
    for row in rows:
        assert [] == [key for key in SNIPPETS if not (row[key].get("missing") or row[key]["calls"] > 0)], row["name"]
        assert row["reference"] or "missing" in row["trivial"] or set(document["facts"]) == row["facts"].keys()


def named() -> list[str]:
    """The peers that the benchmark knows, in their order."""
    calls = [node for node in ast.walk(parsed(ROOT / "benchmarks" / "peers.py")) if isinstance(node, ast.Call)]
    return [
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "Peer"
        if isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)
    ]
