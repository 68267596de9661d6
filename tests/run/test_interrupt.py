"""Ctrl-C and SIGTERM end a run cleanly: the code 130, no traceback, nothing left."""

from __future__ import annotations

import signal
import subprocess
import time

import pytest

from tests.chaos.remains import family, survivors
from tests.run.command import FUMEHOOD

pytestmark = pytest.mark.jail


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_an_interrupt_ends_the_run(words: list[str]) -> None:
    """SIGINT while the program runs: exit code 130, no traceback, no process left."""
    command = [
        *FUMEHOOD,
        "run",
        *words,
        "-c",
        "import sys, time\nprint('in', file=sys.stderr, flush=True)\ntime.sleep(60)",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        wait_until_it_runs(process, json="--json" in words)
        below = family(process.pid)
        process.send_signal(signal.SIGINT)
        told = process.stderr.read().decode()

    assert 130 == process.returncode
    assert "Traceback" not in told
    assert {} == survivors(below)


@pytest.mark.parametrize("delay", [0.02, 0.06, 0.1, 0.15, 0.2, 0.3])
def test_an_interrupt_at_any_moment_is_not_a_traceback(delay: float) -> None:
    """SIGINT while the command still starts ends it as well, without a word of Python's own machinery."""
    command = [*FUMEHOOD, "run", "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        time.sleep(delay)
        below = family(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        told = process.stderr.read().decode()

    assert {} == survivors(below)
    assert "fumehood/tiers" not in told


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_a_killed_command_leaves_nothing(number: signal.Signals) -> None:
    """However the command ends, the jail's processes end after it."""
    command = [*FUMEHOOD, "run", "-c", "import sys, time\nprint('in', file=sys.stderr, flush=True)\ntime.sleep(60)"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        wait_until_it_runs(process, json=False)
        below = family(process.pid)
        process.send_signal(number)

    assert len(below) >= 4
    assert {} == survivors(below)


def wait_until_it_runs(process: subprocess.Popen[bytes], *, json: bool) -> None:
    """Wait for the program's first word; with --json, which holds it back, for its processes."""
    if not json:
        assert process.stderr is not None
        assert b"in\n" == process.stderr.readline()
        return
    end = time.monotonic() + 20
    while len(family(process.pid)) < 5 and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(0.5)
