from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

SHOW = Path(__file__).resolve().parents[2] / "examples" / "temperatures" / "show.py"
CONTROLS = {"filesystem", "network", "syscalls", "wall", "memory", "processes", "disk", "output"}


@pytest.mark.jail
@pytest.mark.skipif(find_spec("fumehood.cli") is None, reason="there is no command line yet")
def test_the_demo_shows_averages_and_controls() -> None:
    """What ./demo runs prints each of the ten years with its average, and what the sandbox enforced."""
    done = subprocess.run([sys.executable, str(SHOW)], check=False, capture_output=True, text=True)
    years = re.findall(r"^(\d{4}) +(-?\d+\.\d\d) °C", done.stdout, re.MULTILINE)
    controls = re.findall(r"^  (\w+) +(?:enforced|weaker|absent) ", done.stdout, re.MULTILINE)

    assert ("", 0) == (done.stderr, done.returncode)
    assert [str(year) for year in range(2015, 2025)] == [year for year, _average in years]
    assert set() == CONTROLS - set(controls)


@pytest.mark.jail
def test_who_reads_the_demo_s_beginning_alone_is_told_nothing_more() -> None:
    """`./demo | head -3` ends as other commands do."""
    command = f"{sys.executable} {SHOW} | head -3"
    done = subprocess.run(["/bin/sh", "-c", command], check=False, capture_output=True, text=True)

    assert ("", 3) == (done.stderr, len(done.stdout.splitlines()))
