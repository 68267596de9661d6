"""`fumehood run` on a terminal shows how far a program says that it is, and nothing of that anywhere else."""

from __future__ import annotations

import os
import pty
import subprocess

import pytest

from tests.run.command import FUMEHOOD, fumehood

pytestmark = pytest.mark.jail

CODE = "import time\nfor i in range(4):\n    fumehood_progress(i + 1, 4)\n    time.sleep(0.1)\nprint('done')"


def test_a_terminal_shows_a_bar_that_makes_way_for_output() -> None:
    """The bar counts up and is gone when the program prints."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*FUMEHOOD, "run", "-c", CODE], stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm"}
    ):
        os.close(theirs)
        told = b""
        try:
            while data := os.read(ours, 4096):
                told += data
        except OSError:  # how a terminal ends
            pass
    os.close(ours)
    text = told.decode()

    assert "2/4" in text
    assert "4/4" in text
    assert text.index("4/4") < text.index("done")


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_without_a_terminal_there_is_none(words: list[str]) -> None:
    """Neither on standard output nor on standard error."""
    done = fumehood("run", *words, "-c", CODE)

    assert "4/4" not in done.out.decode() + done.err
    assert "done" in done.out.decode()
