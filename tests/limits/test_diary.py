"""What the broker notes for the warden: read as it was written, and the warden sleeps through what is short."""

from __future__ import annotations

import os
import select
import time
from pathlib import Path

import pytest

from fumehood.tiers.jail.diary import Diary, Terms, ends
from tests import unread as fh
from tests.limits.bounds import BOUNDS, by_cgroup

BUDGET = {"wall": 60.0, "cpu": 30.0, "limit": "background"}


def both(*, polled: bool) -> tuple[Diary, Diary]:
    """The broker's diary and the warden's."""
    terms = Terms(2.0, polled)
    mine, far = ends(terms)
    return mine, Diary(*far, terms, writing=False)


def rings_within(diary: Diary, seconds: float) -> bool:
    poll = select.poll()  # select() takes no number above 1,023, and the tests may hold so many sandboxes
    poll.register(diary.timer, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def test_what_is_noted_is_read() -> None:
    """Of the latest run: when it began, what it may take, whether it ended."""
    mine, theirs = both(polled=False)
    assert 0 == theirs.read().run

    mine.begin(BUDGET, run=1, used_ns=5, forks_refused=7)
    noted = theirs.read()
    mine.end(1)
    after = theirs.read()
    mine.close()
    theirs.close()

    assert (60.0, 30 * 10**9 + 5, 7, True, 1, 0) == (*noted[1:6], noted.ended)
    assert noted.began <= after.ended_at <= time.monotonic()
    assert (1, 1) == (after.run, after.ended)


def test_it_cannot_be_written_from_the_other_end() -> None:
    """The warden's copy is for reading."""
    mine, theirs = both(polled=False)
    with pytest.raises(TypeError):
        theirs.end(1)
    mine.close()
    theirs.close()


def test_the_timer_rings_when_the_first_look_is_due_and_is_not_put_off_by_later_runs() -> None:
    """Where memory has to be read, runs that follow each other closely must not keep the warden from reading it."""
    mine, theirs = both(polled=True)
    end = time.monotonic() + 10
    for run in range(1, 1_000_000):
        mine.begin(BUDGET, run=run, used_ns=0, forks_refused=0)
        if rings_within(theirs, 0) or time.monotonic() > end:
            break
    assert rings_within(theirs, 0)
    mine.close()
    theirs.close()


def test_a_run_with_time_is_not_looked_at_at_once() -> None:
    """Of two processors and thirty seconds of their time none can be used up in the first moments."""
    mine, theirs = both(polled=False)
    mine.begin(BUDGET, run=1, used_ns=0, forks_refused=0)
    assert not rings_within(theirs, 0.05)
    mine.begin({"wall": 0.01, "cpu": 30.0}, run=2, used_ns=0, forks_refused=0)
    assert rings_within(theirs, 10)
    mine.close()
    theirs.close()


@pytest.mark.jail
def test_the_warden_sleeps_through_short_runs() -> None:
    """A hundred runs in a row wake it a few times, not a hundred times."""
    with fh.Sandbox() as sandbox:
        sandbox.run("1")
        if not by_cgroup("memory"):
            pytest.skip("without cgroups it reads memory all the time")
        warden = _warden()
        before = _switches(warden)
        assert all(sandbox.run("1").ok for _ in range(100))

        assert _switches(warden) - before < 80  # the pool has it make sandboxes meanwhile


@pytest.mark.jail
def test_what_an_earlier_run_was_refused_is_no_limit_of_a_later_one() -> None:
    """The kernel counts refused processes over a sandbox's life; each run answers for its own."""
    swallow = (
        "import os, time\nfor _ in range(64):\n    try:\n        if os.fork() == 0: time.sleep(1); os._exit(0)\n"
        "    except OSError: break\nfor _ in range(64):\n    try: os.wait()\n    except ChildProcessError: break"
    )
    with fh.Sandbox(policy=BOUNDS) as sandbox:
        assert sandbox.run(swallow).ok
        later = sandbox.run("raise BlockingIOError(11, 'Resource temporarily unavailable')")

    assert ("failed", None) == (later.outcome, later.limit)


def _warden() -> str:
    """The process number of this process's warden."""
    for path in Path("/proc").iterdir():
        if path.name.isdigit() and _field(path, "Name") == "fumehood-warden":
            parent = Path("/proc") / _field(path, "PPid")
            if _field(parent, "PPid") == str(os.getpid()):
                return path.name
    raise AssertionError("there is no warden")


def _switches(pid: str) -> int:
    return int(_field(Path("/proc") / pid, "voluntary_ctxt_switches"))


def _field(process: Path, name: str) -> str:
    try:
        text = (process / "status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return next((line.split()[1] for line in text.splitlines() if line.startswith(f"{name}:")), "")
