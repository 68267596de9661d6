"""What the check would refuse is held by the sandbox all the same: run with findings recorded, among canaries."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.canaries import Canaries
from benchmarks.contained import contain, malicious

ROUNDS = sorted((Path(__file__).parent / "rounds").glob("*.jsonl"))
DEVELOPMENT = Path(__file__).parents[3] / "shared/data/checking.jsonl"
SAMPLE = 24  # programs of each set; the benchmark runs them all


def _held(paths: list[Path]) -> None:
    rows = malicious(paths)
    rows = rows[:: max(1, len(rows) // SAMPLE)]

    outcome = contain(rows, seconds=2)

    assert [] == outcome.harmed
    assert outcome.ran >= len(rows) * 3 // 4, outcome.ends


@pytest.mark.jail
@pytest.mark.slow
def test_attacks_of_the_rounds_stay_inside() -> None:
    """No canary is told, reached, signalled or changed by programs of three languages."""
    _held(ROUNDS)


@pytest.mark.jail
@pytest.mark.slow
def test_attacks_of_the_development_set_stay_inside() -> None:
    """Nor by the public attack sets, where they are at hand."""
    if not DEVELOPMENT.exists():
        pytest.skip("the development set is not part of the project")
    _held([DEVELOPMENT])


def test_canaries_tell() -> None:
    """Each canary that is touched from outside any sandbox is told, once."""
    with Canaries() as canaries:
        assert [] == canaries.harmed("nothing of it")
        socket.create_connection(canaries.addresses[0]).close()
        with socket.socket(socket.AF_UNIX) as local:
            local.connect(str(canaries.path))
        token = subprocess.run(
            [sys.executable, "-c", "import os; print(os.environ['OPENAI_API_KEY'])"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        os.kill(canaries.processes[0], signal.SIGTERM)
        os.kill(canaries.processes[1], signal.SIGKILL)
        (canaries.folder / "id_rsa").write_text("changed", encoding="utf-8")
        canaries.settle()

        harms = " ".join(canaries.harmed(token))

        for word in ("reached ('127.0.0.1'", "socket", "told the token", "signalled", "ended a process", "changed"):
            assert word in harms
        assert [] == canaries.harmed()
