from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tests.style.tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FORKS = """
import os
def test_one():
    assert os.waitpid(os.fork() or int("no number"), 0)[1] == os.EX_SOFTWARE << 8
def test_another():
    os.write(2, b"once")
"""


def test_a_fork_that_comes_out_of_its_test_runs_no_other(tmp_path: Path) -> None:
    """Else all that follow are run twice at once, and fail for reasons of which nothing is shown."""
    (tmp_path / "test_forks.py").write_text(FORKS, encoding="utf-8")
    pytest = [sys.executable, "-m", "pytest", "-s", "-p", "tests.conftest", "-p", "no:randomly", "-c", "/dev/null"]
    done = subprocess.run([*pytest, str(tmp_path)], check=False, cwd=ROOT, capture_output=True, text=True)

    assert "2 passed" in done.stdout
    assert done.stderr.count("once") == 1
