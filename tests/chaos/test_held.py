"""SIGKILL to the jail's own processes while a sandbox is held still: a frozen process must not outlive them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from fumehood import pool
from tests import unread as fh
from tests.chaos.remains import cgroups, children, family, survivors

pytestmark = pytest.mark.jail

CALLER = """
import sys, threading, time
from fumehood import pool
from tests import unread as fh
sandbox = fh.Sandbox()
sandbox.run("1")
def hold():
    time.sleep(0.5)
    sandbox._session.cell.pause()
    time.sleep(0.5)
    print("held", flush=True)
threading.Thread(target=hold).start()
sandbox.run("import os\\nfor _ in range(3):\\n    if os.fork() == 0: break\\nwhile True: pass")
time.sleep(600)
"""


@pytest.mark.parametrize(
    "victims",
    [["warden"], ["caller"], ["caller", "warden"], ["caller", "launcher"], ["launcher", "warden"]],
    ids="+".join,
)
def test_nothing_that_is_held_outlives_a_killed_jail(victims: list[str]) -> None:
    """Whoever is killed, what was frozen ends; where launcher and caller are killed at once, the next jail sees to it."""
    with subprocess.Popen([sys.executable, "-c", CALLER], stdout=subprocess.PIPE) as caller:
        assert caller.stdout is not None
        assert b"held\n" == caller.stdout.readline()
        below = family(caller.pid)
        launcher = next(pid for pid in children(caller.pid) if len(family(pid)) >= 3)
        numbers = {"caller": caller.pid, "launcher": launcher, "warden": children(launcher)[0]}
        for victim in victims:
            os.kill(numbers[victim], signal.SIGKILL)
        if "launcher" in victims:
            pool.shutdown()
            fh.run("1")
        if "caller" not in victims:  # the launcher is the caller's child to reap
            below.pop(launcher)
        left = survivors(below)
        caller.kill()

    assert len(below) >= 6
    assert {} == left
    assert [] == [place for place in cgroups() if f"fumehood-{launcher}" in place]
