"""What those sandboxes do beforehand that are handed out next, so that their first program need not."""

from __future__ import annotations

import math
import mmap
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from fumehood.kernel import hugepages
from fumehood.plan import BARE
from tests import unread as fh

BURN_IN = """
import os, random, sys
def burn_in():
    sys.burnt = os.getpid(), random.random()
    print("heard by nobody", end="")
    os.write(1, b"heard by nobody")
    open("left", "w").close()
    os.chdir("/")
    {more}
"""
LOOK = """
import os, sys
burnt = getattr(sys, "burnt", (0, 0))
files = sorted(os.listdir("/tmp") + os.listdir())
{"own": burnt[0] == os.getpid(), "drew": burnt[1], "cwd": os.getcwd(), "files": files}
"""


#: The first programs of an environment find nothing that waited for them; one of the next does, or that many did not.
PATIENCE_S, MANY = 60.0, 12


def look(more: str = "", *, most: float = math.inf) -> dict[str, Any]:
    """What a program sees of a burn-in that left what it could, with one more line at its end."""
    environment = replace(BARE, imports=("random",), rehearsal=BURN_IN.format(more=more))
    seen: dict[str, Any] = {}
    runs, end = 0, time.monotonic() + PATIENCE_S
    while runs < most and time.monotonic() < end:
        runs += 1
        result = fh.run(LOOK, env=environment)
        assert result.ok, result
        assert "" == result.stdout + result.stderr
        seen = cast("dict[str, Any]", result.value)
        if seen["own"]:
            break
        time.sleep(0.1)
    return seen


@pytest.mark.jail
def test_a_sandbox_burns_in_and_shows_nothing_of_it() -> None:
    """It ran in the program's own process; its files, its output and its folder are gone, its random numbers others."""
    first, second = look(), look()

    for seen in (first, second):
        assert seen["own"] is True
        assert "/workspace" == seen["cwd"]
        assert ["data", "out"] == seen["files"]
    assert first["drew"] != second["drew"]


@pytest.mark.jail
def test_a_burn_in_that_fails_in_the_sandbox_costs_it_nothing() -> None:
    """What the zygote could do and a policy refuses is no reason to have no sandbox."""
    seen = look("if os.getpid() == 2: raise MemoryError")

    assert seen["own"] is True
    assert ["data", "out"] == seen["files"]


@pytest.mark.jail
def test_one_that_is_woken_for_its_first_program_does_not_burn_in_again() -> None:
    """Whoever calls after a rest has the next one woken before it is taken; what it did beforehand is done."""
    rehearsal = BURN_IN.format(more="sys.burns = [*getattr(sys, 'burns', ()), os.getpid()]")
    environment = replace(BARE, imports=("random",), rehearsal=rehearsal)
    times, end = 0, time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        times = fh.run("import os, sys; sys.burns.count(os.getpid())", env=environment).value
        if times:
            break
        time.sleep(0.1)

    assert 1 == times


@pytest.mark.jail
def test_a_first_program_after_a_rest_may_end_its_sandbox_at_once() -> None:
    """Meanwhile the caller looks at it, for nobody, as it will at the end."""
    results: list[fh.Result] = []
    for _ in range(5):
        time.sleep(0.1)
        results.append(fh.run("import os; os._exit(3)"))

    assert {"ExitStatus"} == {result.error.name for result in results if result.error is not None}
    assert {("failed", "fresh", 2)} == {(result.outcome, result.state, len(result.trail) - 1) for result in results}


@pytest.mark.jail
def test_a_burn_in_that_takes_long_is_not_done_in_each() -> None:
    """It was done in the zygote, and there it showed that no sandbox could afford it."""
    assert look("__import__('time').sleep(0.06)", most=MANY)["own"] is False


@pytest.mark.jail
def test_a_burn_in_that_took_long_once_is_done_all_the_same() -> None:
    """In the zygote it is done several times, the last of which may have had to wait for a processor."""
    last = "sys.times = getattr(sys, 'times', 0) + 1; __import__('time').sleep(0.06 * (sys.times == 8))"

    assert look(last)["own"] is True


def test_memory_that_was_written_is_collapsed() -> None:
    """The kernel counts it among its huge pages afterwards, and what was written is still there."""
    with mmap.mmap(-1, 8 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.write(b"written " * (1 << 20))
        before = _huge()
        done = hugepages.collapse(Path("/proc/self/maps").read_text(encoding="utf-8"))
        if not done:
            pytest.skip("this kernel collapses nothing")

        assert _huge() - before >= 4 << 20
        assert b"written " * (1 << 20) == memory[:]


def test_what_is_a_file_or_shared_is_left_alone() -> None:
    """Only anonymous private memory that may be written is named to the kernel: of these lines none."""
    lines = ("rw-s 00000000 00:01 7", "r--p 00000000 00:00 0", "rw-p 00001000 08:01 9    /lib/x.so")

    assert 0 == hugepages.collapse("".join(f"7f0000000000-7f0010000000 {line}\n" for line in lines))


def _huge() -> int:
    text = Path("/proc/self/smaps_rollup").read_text(encoding="ascii")
    found = re.search(r"^AnonHugePages: +(\d+) kB$", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
