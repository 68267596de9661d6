"""SIGKILL to any process of the jail, at any moment: the next run works or says why, and nothing stays."""

from __future__ import annotations

import gc
import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fumehood import pool
from fumehood.tiers.jail.usher import NAME as USHER
from tests import unread as fh
from tests.chaos.remains import census, children, family, named, settled, survivors, zygotes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.chaos.remains import Remains

pytestmark = pytest.mark.jail

POLICY = fh.Policy.default().but(**{"limits.memory": "64MiB"})
NAME = "to-be-killed"
#: A program that can be found from outside by the name of its process, pid 2 of its sandbox.
FINDABLE = f"import ctypes\nctypes.CDLL(None).prctl(15, {NAME.encode()!r}, 0, 0, 0)\n"
SECONDS = float(os.environ.get("FUMEHOOD_CHAOS_S", "3"))


@pytest.fixture(autouse=True, scope="module")
def begun() -> Iterator[None]:
    """Have this process open what it opens once and keeps; what pytest holds by now is not collected at each census."""
    with fh.Sandbox(policy=POLICY) as sandbox:
        sandbox.run("1")
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def empty(begun: None) -> Iterator[Remains]:  # noqa: ARG001 -- comes first
    """Each test kills a jail of its own; afterwards descriptors, processes, cgroups and mounts are as before."""
    pool.shutdown()
    gc.collect()
    before = census()
    yield before
    pool.shutdown()
    gc.collect()  # what was not closed warns now, and a warning is an error
    assert before == settled(before)


def launcher() -> int:
    """Find the jail's first process: the child of this one that has a chain below it."""
    return next(pid for pid in children(os.getpid()) if len(family(pid)) >= 3)


def warden() -> int:
    return children(launcher())[0]


def usher() -> int:
    return named(USHER)


def zygote() -> int:
    return zygotes()[0]


def waiting() -> int:
    return children(zygote())[-1]


def runner() -> int:
    return named(NAME)


def first() -> int:
    """Find pid 1 of the sandbox that was ordered first: the usher makes them one after another."""
    return children(usher())[0]


#: Whom to kill, and whether a run that is in progress in a sandbox then comes to its own end.
VICTIMS: dict[str, tuple[Callable[[], int], bool]] = {
    "launcher": (launcher, False),
    "warden": (warden, False),
    "usher": (usher, False),
    "zygote": (zygote, True),
    "a waiting sandbox": (waiting, True),
    "pid 1": (first, False),
    "pid 2": (runner, False),
}


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def attempt(sandbox: fh.Sandbox) -> str:
    """Run in a kept sandbox: "kept" where its variable is there, else that it "ended" under the run, or was "lost"."""
    try:
        result = sandbox.run("x")
    except fh.Error as error:
        assert error.remedy()
        return "lost"
    if result.outcome == "completed":
        return str(result.value)
    assert result.error is not None
    assert result.error.name in {"SandboxEnded", "Killed"}
    return "ended"


def last(sandbox: fh.Sandbox, patience: float = 10) -> str:
    """Attempt until it is told that the sandbox is gone: a process does not end at the moment of its SIGKILL."""
    end = time.monotonic() + patience
    while (seen := attempt(sandbox)) != "lost" and time.monotonic() < end:
        time.sleep(0.02)
    return seen


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_kill_between_runs(victim: str) -> None:
    """The kept sandbox goes on or says that it is gone; a fresh one works."""
    whom, lives = VICTIMS[victim]
    with fh.Sandbox(policy=POLICY) as sandbox:
        sandbox.run(f"{FINDABLE}x = 'kept'")
        fh.run("1", policy=POLICY)
        old = family(os.getpid())
        kill(whom())

        assert (attempt if lives else last)(sandbox) == ("kept" if lives else "lost")
        assert 42 == fh.run("6 * 7", policy=POLICY).value
        if victim in {"launcher", "warden", "usher"}:
            assert {} == survivors(old)


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_kill_during_a_run(victim: str) -> None:
    """The run comes to its end or is told to have been ended from outside; the next one works."""
    whom, lives = VICTIMS[victim]
    with fh.Sandbox(policy=POLICY) as sandbox:
        sandbox.run("x = 'kept'")
        fh.run("1", policy=POLICY)
        lasts = 0.5 if lives else 60  # it is killed when that is heard, which may be late
        code = f"{FINDABLE}import time\nprint('up', flush=True)\ntime.sleep({lasts})\n'done'"
        result = sandbox.run(code, on_stdout=lambda _: kill(whom()))

        if lives:
            assert ("completed", "done") == (result.outcome, result.value)
        else:
            assert "failed" == result.outcome
            assert result.error is not None
            assert result.error.name in {"SandboxEnded", "Killed"}
        assert attempt(sandbox) == ("kept" if lives else "lost")
    assert 42 == fh.run("6 * 7", policy=POLICY).value


def test_a_crash_is_told_as_one_however_late_it_is_heard() -> None:
    """Its channel ends before the zygote has said what the runner died of; on a machine under load that takes a while."""
    with fh.Sandbox(policy=POLICY) as sandbox:
        sandbox.run("import os")
        parent = zygote()
        os.kill(parent, signal.SIGSTOP)
        threading.Timer(0.5, os.kill, (parent, signal.SIGCONT)).start()
        error = sandbox.run("os.kill(os.getpid(), 11)").error

    assert error is not None
    assert "SIGSEGV" in error.message


def test_namespaces_that_were_killed_before_they_were_used_are_none() -> None:
    """What the usher made ahead and something killed is not given to a sandbox."""
    with fh.Sandbox(policy=POLICY) as sandbox:
        sandbox.run("x = 'kept'")
        held = dict.fromkeys(children(usher()), 0)
        for pid in held:
            kill(pid)
        assert "lost" == last(sandbox)
        while held.keys() & set(children(usher())):
            time.sleep(0.01)
        sandbox.reset()
        assert 42 == sandbox.run("6 * 7").value


@pytest.mark.parametrize("gone", ["killed", "replaced"])
@pytest.mark.parametrize(("code", "told"), [("os.kill(os.getpid(), 11)", "SIGSEGV"), ("os._exit(7)", "status 7")])
def test_how_it_ended_is_told_when_its_zygote_went_first(gone: str, code: str, told: str) -> None:
    """A sandbox whose zygote is no more says what signal or status its interpreter ended with."""
    with fh.Sandbox(policy=POLICY) as sandbox:
        sandbox.run("import os")
        old = zygote()
        if gone == "killed":
            kill(old)
        else:
            fh.run("import os; os.kill(os.getpid(), 11)", policy=POLICY)
        end = time.monotonic() + 10
        while old in children(warden()) and time.monotonic() < end:
            time.sleep(0.01)
        result = sandbox.run(code)

    assert result.error is not None
    assert told in result.error.message


@pytest.mark.parametrize("after_ms", range(0, 120, 10))
def test_a_kill_while_the_jail_comes_up(after_ms: int) -> None:
    """A launcher that is killed at any moment of its start is replaced: the first run works."""
    results: list[object] = []

    def first() -> None:
        results.append(fh.run("6 * 7", policy=POLICY).value)

    thread = threading.Thread(target=first)
    thread.start()
    time.sleep(after_ms / 1000)
    for pid in children(os.getpid()):
        kill(pid)
    thread.join()

    assert [42] == results


@pytest.mark.parametrize("victim", ["launcher", "warden", "usher", "zygote"])
def test_closing_after_a_kill_is_silent(victim: str) -> None:
    """`close` and the pool's end neither raise nor hang when the process behind them is gone."""
    sandbox = fh.Sandbox(policy=POLICY)
    sandbox.run("1")
    fh.run("1", policy=POLICY)
    kill(VICTIMS[victim][0]())
    sandbox.close()
    pool.shutdown()


def test_threads_go_on_while_everything_is_being_killed(empty: Remains) -> None:
    """While processes of the jail are killed at random, each call of each thread gives a result or an error of ours."""
    dice = random.Random(2)
    end = time.monotonic() + SECONDS
    foreign: list[BaseException] = []
    completed = [0] * 6

    def work(number: int) -> None:
        while time.monotonic() < end or (not completed[number] and time.monotonic() < end + 60):
            try:
                with fh.Sandbox(policy=POLICY) as sandbox:
                    values = [sandbox.run("import time; time.sleep(0.005); 1").value for _ in range(2)]
                completed[number] += values.count(1)
            except fh.Error as error:
                assert error.remedy()
            except BaseException as error:  # noqa: BLE001 -- what is not ours is what is looked for
                foreign.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(completed))]
    for thread in threads:
        thread.start()
    old = dict[int, int]()
    while time.monotonic() < end:
        time.sleep(dice.random() * 0.3)
        below = family(os.getpid())
        old |= below
        if below:
            kill(dice.choice(sorted(below)))
    for thread in threads:
        thread.join()

    assert [] == foreign
    assert min(completed) > 0
    assert 42 == fh.run("6 * 7", policy=POLICY).value
    pool.shutdown()
    assert {} == survivors(old)
    assert empty == settled(empty)


CALLER = """
import sys, threading
from tests import unread as fh
fh.run("1")
def work():
    while True:
        with fh.Sandbox() as sandbox:
            sandbox.run("import os\\nfor _ in range(3):\\n    if os.fork() == 0:\\n        os.setsid()\\n        import time; time.sleep(600)")
            sandbox.run("import time; time.sleep(0.02)")
for _ in range(3):
    threading.Thread(target=work).start()
print("up", flush=True)
"""


@pytest.mark.parametrize("also", ["nothing", "nobody", "nil", "launcher", "warden", "usher", "zygote"])
def test_a_killed_caller_leaves_nothing(also: str) -> None:
    """SIGKILL to the caller in the middle of runs, alone or with one of the jail's processes right after it."""
    with subprocess.Popen([sys.executable, "-c", CALLER], stdout=subprocess.PIPE) as caller:
        assert caller.stdout is not None
        assert b"up\n" == caller.stdout.readline()
        time.sleep(random.random() * 0.3)  # any moment will do
        launched = next(pid for pid in children(caller.pid) if len(family(pid)) >= 3)
        second = children(launched)[0]
        third, fourth = children(second)[:2]
        places = _places(launched)
        below = family(caller.pid)
        caller.kill()
        if also in {"launcher", "warden", "usher", "zygote"}:
            kill({"launcher": launched, "warden": second, "usher": third, "zygote": fourth}[also])

    assert len(below) >= 3
    assert {} == survivors(below)
    if also == "launcher":  # its cgroups are swept by the next jail that starts
        fh.run("1", policy=POLICY)
    assert [] == _still_there(places)


def test_a_command_that_has_ended_leaves_nothing() -> None:
    """`fumehood run` does not wait for its jail's end; the jail ends with it."""
    code = "import time; print('up', flush=True); time.sleep(3)"
    command = [sys.executable, "-m", "fumehood", "run", "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as caller:
        assert caller.stdout is not None
        assert b"up\n" == caller.stdout.readline()
        below, launcher = family(caller.pid), children(caller.pid)[0]
        places = _places(launcher)

    assert 0 == caller.returncode
    assert len(below) >= 3
    assert {} == survivors(below)
    assert [] == _still_there(places)


def _places(number: int) -> list[str]:
    """List the cgroup folders of the jail whose launcher has this number."""
    text = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    roots = [line.split(" ")[4] for line in text.splitlines() if " - cgroup" in line]
    name = f"fumehood-{number}"
    return [folder for root in roots for folder, _, _ in os.walk(root) if folder.endswith(f"/{name}")]


def _still_there(places: list[str], patience: float = 10) -> list[str]:
    end = time.monotonic() + patience
    while (left := [place for place in places if Path(place).exists()]) and time.monotonic() < end:
        time.sleep(0.02)
    return left
