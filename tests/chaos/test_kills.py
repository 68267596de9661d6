"""SIGKILL to any process of the jail, at any moment: the next run works or says why, and no orphan stays."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from fumehood import pool
from tests import unread as fh
from tests.chaos.remains import census, children, family, settled, survivors

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


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_run_after_a_kill_works(victim: str) -> None:
    """After SIGKILL to a process of the idle jail, the next runs work and nothing of the old jail stays."""
    old = family(os.getpid())
    kill(VICTIMS[victim]())
    time.sleep(0.1)

    assert [2, 2, 2] == [fh.run("1 + 1", policy=POLICY).value for _ in range(3)]
    if victim in {"launcher", "warden"}:
        pool.shutdown()
        assert {} == survivors(old)


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_kill_while_code_runs_gives_a_result(victim: str) -> None:
    """SIGKILL in the middle of a run: it goes on to its answer or ends as a failure that says so; it never hangs."""
    entered, results = threading.Event(), list[fh.Result]()

    def call() -> None:
        code = "import time\nprint('in', flush=True)\ntime.sleep(1)\n7"
        results.append(fh.run(code, policy=POLICY, on_stdout=lambda _: entered.set()))

    thread = threading.Thread(target=call)
    thread.start()
    assert entered.wait(20)
    kill(VICTIMS[victim]())
    thread.join(30)

    assert not thread.is_alive()
    (result,) = results
    assert (result.outcome, result.value) == ("completed", 7) or (
        result.outcome == "failed" and result.error is not None
    )
    if victim == "warden":
        assert "warden" in (result.error.message if result.error else "")
    assert 2 == fh.run("1 + 1", policy=POLICY).value


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_live_sandbox_says_that_it_is_gone(victim: str) -> None:
    """A sandbox that was killed between its runs says so; one that was not touched goes on."""
    with fh.Sandbox(policy=POLICY) as sandbox:
        sandbox.run("x = 1")
        kill(VICTIMS[victim]())
        time.sleep(0.2)
        try:
            assert 1 == sandbox.run("x").value
        except fh.Error as error:
            assert error.remedy()
            sandbox.reset()
            assert ("lost", 2) == ((again := sandbox.run("2")).state, again.value)


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


def test_random_kills_while_runs_go_on() -> None:
    """Many threads run code while processes of the jail are shot at random: every call returns, right or with a reason."""
    seed = random.randrange(1 << 32)
    dice = random.Random(seed)
    stop, told, wrong = threading.Event(), list[str](), list[str]()

    def work() -> None:
        while not stop.is_set():
            try:
                result = fh.run("sum(range(100))", policy=POLICY)
                told.append(result.outcome)
                if result.outcome == "completed" and result.value != 4950:
                    wrong.append(f"completed with {result.value!r} (seed {seed})")
            except fh.Error as error:
                told.append(type(error).__name__)
            except Exception as error:  # noqa: BLE001 -- what a caller must never see
                wrong.append(f"{type(error).__name__}: {error} (seed {seed})")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(40):
        time.sleep(dice.uniform(0, 0.1))
        below = family(os.getpid())
        if below:
            kill(dice.choice(list(below)))
    stop.set()
    for thread in threads:
        thread.join(60)

    assert [] == [thread for thread in threads if thread.is_alive()]
    assert [] == wrong
    assert "completed" in told
    assert 2 == fh.run("1 + 1", policy=POLICY).value


def test_nothing_is_left_of_killed_jails() -> None:
    """Descriptors, processes, cgroups, mounts and temporary files are the same after jails were killed and replaced."""
    for _ in range(10):
        fh.run("1", policy=POLICY)
    before = settled(census(), patience=1)
    old = family(os.getpid())
    for victim in (launcher, warden, zygote, warden, launcher):
        kill(victim())
        for _ in range(10):
            fh.run("1", policy=POLICY)

    now = settled(before)
    pool.shutdown()
    assert {} == survivors(old)
    assert before == now


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
