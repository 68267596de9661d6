"""What a check may cost is the program's doing alone: what fumehood loads for itself is not counted."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys, time
from fumehood.check import budget, examine

started = []

class Watched(budget.Budget):
    def __init__(self):
        super().__init__()
        started.append({name for name in sys.modules if name.startswith("fumehood.check.")})

examine.__globals__["Budget"] = Watched
examine(%r, %r, "workbench")
assert %r in started[0], sorted(started[0])
"""


@pytest.mark.parametrize(
    ("source", "language", "reader"),
    [
        ("ls", "bash", "fumehood.check.bash.interpreter"),
        ("console.log(1)", "javascript", "fumehood.check.javascript.statements"),
        ("import os; os.system('ls')", "python", "fumehood.check.bash.interpreter"),
    ],
)
def test_the_clock_starts_when_the_reader_is_loaded(source: str, language: str, reader: str) -> None:
    """In a fresh process the first program of a language has its whole time."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM % (source, language, reader)], capture_output=True, text=True, check=False
    )

    assert (0, "") == (done.returncode, done.stderr)
