"""SIGKILL to any process of the jail, at any moment: the next run works or says why, and no orphan stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from fumehood import pool
from tests import unread as fh
from tests.chaos.remains import children, family, survivors

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.jail

POLICY = fh.Policy.default().but(**{"limits.wall": "5s", "limits.memory": "64MiB"})


@pytest.fixture(autouse=True)
def own_jail() -> Iterator[None]:
    """Each test kills a jail of its own and leaves none behind."""
    pool.shutdown()
    fh.run("1", policy=POLICY)
    yield
    pool.shutdown()


def launcher() -> int:
    """Name the jail's first process: the one child of this process that has a chain of four below it."""
    return next(pid for pid in children(os.getpid()) if len(family(pid)) >= 3)


def warden() -> int:
    return children(launcher())[0]


def zygote() -> int:
    return next(pid for pid in children(warden()) if children(pid))


def sandboxes() -> list[int]:
    return children(zygote())


VICTIMS = {"launcher": launcher, "warden": warden, "zygote": zygote, "a waiting sandbox": lambda: sandboxes()[-1]}


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("victim", ["launcher", "warden", "zygote"])
def test_closing_after_a_kill_is_silent(victim: str) -> None:
    """`close` and the pool's end neither raise nor hang when the process behind them is gone."""
    sandbox = fh.Sandbox(policy=POLICY)
    sandbox.run("1")
    old = family(os.getpid())
    kill(VICTIMS[victim]())
    sandbox.close()
    pool.shutdown()

    assert {} == survivors(old)


CALLER = """
import sys, time
from tests import unread as fh
sandbox = fh.Sandbox()
sandbox.run("import os\\nfor _ in range(3):\\n    if os.fork() == 0:\\n        os.setsid()\\n        import time; time.sleep(600)")
print("up", flush=True)
sandbox.run("import time; time.sleep(600)")
"""


@pytest.mark.parametrize("also", ["", "launcher", "warden", "zygote"])
def test_a_killed_caller_leaves_nothing(also: str) -> None:
    """SIGKILL to the caller, alone or with one of the jail's processes right after it: all processes and cgroups go."""
    with subprocess.Popen([sys.executable, "-c", CALLER], stdout=subprocess.PIPE) as caller:
        assert caller.stdout is not None
        assert b"up\n" == caller.stdout.readline()
        below = family(caller.pid)
        first = next(pid for pid in children(caller.pid) if len(family(pid)) >= 3)
        second = children(first)[0]
        third = next(pid for pid in children(second) if children(pid))
        places = _places(first)
        caller.kill()
        if also:
            kill({"launcher": first, "warden": second, "zygote": third}[also])

    assert len(below) >= 8
    assert {} == survivors(below)
    fh.run("1", policy=POLICY)
    if also == "launcher":  # its cgroups are swept by the next jail that starts
        pool.shutdown()
        fh.run("1", policy=POLICY)
    assert [] == [place for place in places if os.path.exists(place)]  # noqa: PTH110 -- paths as text


def _places(number: int) -> list[str]:
    """List the cgroup folders of the jail whose launcher has this number."""
    with open("/proc/self/mountinfo", encoding="utf-8") as file:  # noqa: PTH123 -- a kernel file
        roots = [line.split(" ")[4] for line in file if " - cgroup" in line]
    name = f"fumehood-{number}"
    return [folder for root in roots for folder, _, _ in os.walk(root) if folder.endswith(f"/{name}")]
