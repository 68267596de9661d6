from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "peers.py"


@pytest.mark.jail
@pytest.mark.slow
@pytest.mark.usefixtures("_data_is_built")
def test_what_is_not_installed_is_said_and_a_program_in_a_sandbox_did_nothing_to_its_caller(tmp_path: Path) -> None:
    """Without any peer the benchmark names each, and finds that its probes do nothing to the caller of fumehood."""
    done = subprocess.run(
        [sys.executable, str(BENCHMARK), "--rounds", "1", "--json"],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
    )

    rows: list[dict[str, Any]] = json.loads(done.stdout)["rows"]
    ours = {row["name"]: row for row in rows if row["name"].startswith("fumehood")}
    others = [row for row in rows if row["name"] not in ours]
    said = {row[snippet]["missing"] for row in others for snippet in ("trivial", "pandas")}

    assert {"not installed: run benchmarks/peers.py --build"} == said
    assert [] == held(ours["fumehood, one-shot"])
    assert ["state"] == held(ours["fumehood, live"])
    assert all(row[snippet]["calls"] == 1 for row in ours.values() for snippet in ("trivial", "pandas"))


def held(row: dict[str, Any]) -> list[str]:
    return [name for name, fact in row["facts"].items() if fact["holds"]]
