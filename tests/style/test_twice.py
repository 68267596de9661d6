from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from as_user import ROOTS, THE_SAME_FOR_ALL, USERS
from tests.style.tree import ROOT, name
from twice import FOR_THE_OTHER

PROGRAM = "import json, sys; from twice import side_by_side; sys.exit(side_by_side(json.loads(sys.argv[1])))"


def begun(*halves: str) -> subprocess.Popen[str]:
    """Shell programs, run side by side as the two halves of `.ci/run` are."""
    told = "[" + ", ".join(f'["sh", "-c", "{half}"]' for half in halves) + "]"
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, told], cwd=ROOT / "tools", stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_what_is_run_once_opens_no_sandbox() -> None:
    """A test that is owed as root and as an ordinary user is in none of the files that one half leaves out."""
    places = [ROOT / "tests" / place for place in (*THE_SAME_FOR_ALL, *FOR_THE_OTHER)]
    paths = [path for place in places for path in ([place] if place.suffix else place.glob("test_*.py"))]

    assert [] == [name(path) for path in places if not path.exists()]
    assert [] == [name(path) for path in paths if re.search(r"mark\.(jail|root)\b", path.read_text(encoding="utf-8"))]
    assert set() == set(THE_SAME_FOR_ALL) & set(FOR_THE_OTHER)
    assert all((ROOT / "tests" / folder).is_dir() for folder in {ROOTS, USERS})
    assert ROOTS != USERS


def test_both_halves_are_shown_one_after_the_other_and_both_count() -> None:
    """What the second says comes whole after the first; where one fails, all fails, and it is said which."""
    good = begun("sleep 0.3; echo first", "echo second")
    bad = begun("exit 3", "echo second")

    assert "first\nsecond\n" == good.communicate()[0]
    assert 0 == good.returncode
    assert "second\n\nfailed: sh -c exit 3\n" == bad.communicate()[0]
    assert 1 == bad.returncode


def test_who_interrupts_both_leaves_nothing_running(tmp_path: Path) -> None:
    """Nor what a half started itself."""
    numbers = [tmp_path / name for name in ("first", "second", "grandchild")]
    first, second, grandchild = numbers
    halves = begun(
        f"echo $$ > {first}; exec sleep 600",
        f"echo $$ > {second}; sh -c 'echo $$ > {grandchild}; exec sleep 600'; true",
    )
    end = time.monotonic() + 30
    while not all(path.exists() and path.read_text() for path in numbers) and time.monotonic() < end:
        time.sleep(0.01)
    processes = [int(path.read_text()) for path in numbers]
    halves.send_signal(signal.SIGTERM)

    halves.communicate(timeout=60)
    assert 128 + signal.SIGTERM == halves.returncode
    assert [] == [process for process in processes if Path(f"/proc/{process}").exists()]


def test_who_interrupts_them_as_they_start_leaves_nothing_running_either(tmp_path: Path) -> None:
    """The first half does it the moment it is there, when nobody else may know of it yet."""
    number = tmp_path / "first"
    halves = begun(f"echo $$ > {number}; kill -TERM $PPID; exec sleep 600", "exec sleep 600")

    halves.communicate(timeout=60)
    assert 128 + signal.SIGTERM == halves.returncode
    assert not Path(f"/proc/{int(number.read_text())}").exists()
