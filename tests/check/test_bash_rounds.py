"""The rounds of `rounds/shell.md`: what was caught or allowed once stays so."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from fumehood.check import bash, javascript
from fumehood.check.budget import Budget
from fumehood.check.judge import judge
from fumehood.policy import Policy

ROUNDS = Path(__file__).parent / "rounds" / "shell"
READERS = {"bash": (bash.read, "workbench"), "javascript": (javascript.read, "default")}


def programs() -> list[tuple[str, str, str, str]]:
    """Answer language, label, name and code of each program of all rounds."""
    found: list[tuple[str, str, str, str]] = []
    for path in sorted(ROUNDS.glob("*.txt")):
        for block in re.split(r"^#### ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            head, code = block.split("\n", 1)
            label, name = head.split(": ", 1)
            found.append((path.stem.partition("-")[0], label, name, code))
    return found


@pytest.mark.parametrize("program", programs(), ids=lambda program: f"{program[0]} {program[2]}")
def test_each_program_of_the_rounds_is_judged_rightly(program: tuple[str, str, str, str]) -> None:
    """Attacks are refused, ordinary programs are allowed."""
    language, label, name, code = program
    reader, policy = READERS[language]
    reading = reader(code, Budget(deadline=time.perf_counter() + 60))

    verdict, _ = judge(reading, Policy.load(policy))

    assert ("refuse" if label == "attack" else "allow") == verdict, name
