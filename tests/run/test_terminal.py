"""`fumehood run` with a person at the terminal: what they are asked and told, and each thing once."""

from __future__ import annotations

import os
import pty
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.run.command import FUMEHOOD

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.jail


def talk(*words: str, typed: str) -> tuple[int, str]:
    """Run the command on a terminal at which all is typed ahead; its exit code and what was seen."""
    ours, theirs = pty.openpty()
    os.write(ours, typed.encode())
    seen = b""
    with subprocess.Popen([*FUMEHOOD, "run", *words], stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        try:
            while data := os.read(ours, 4096):
                seen += data
        except OSError:  # how a terminal ends
            pass
    os.close(ours)
    return process.returncode, seen.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(("answer", "code"), [("n", 3), ("y", 1)])
def test_what_a_person_decided_about_is_told_once(tmp_path: Path, answer: str, code: int) -> None:
    """The question has said what was found; what follows is what came of the answer."""
    (tmp_path / "asking.toml").write_text("[check]\nunknown = 'ask'\n")

    left, seen = talk("-c", "open(input())", "--policy", str(tmp_path / "asking.toml"), typed=f"{answer}\n")

    assert code == left
    assert 1 == seen.count("FH101")
    assert ("did not allow it" in seen) == (answer == "n")


def test_who_types_a_program_is_told_how_to_end_it() -> None:
    """Nothing else says that the command waits."""
    left, seen = talk(typed="6 * 7\n\x04")

    assert 0 == left
    assert "Ctrl-D" in seen
    assert "42" in seen.splitlines()
