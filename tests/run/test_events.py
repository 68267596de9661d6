"""`sandbox.stream`, `start`, `interrupt` and `extend`: what runs is followed, steered and left, and nothing is lost."""

from __future__ import annotations

import threading
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from fumehood.errors import Refused, SandboxBusy, StateLost, StillRunning, UsageError
from tests import unread as fh

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.jail

LIMITS = fh.Policy.default().but(**{"limits.wall": "6s", "limits.background": "9s", "limits.memory": "256MiB"})
COUNT = "import time\nfor i in range(3):\n    print(i, flush=True)\n    time.sleep(0.3)\ni"


@pytest.fixture
def sandbox() -> Iterator[fh.Sandbox]:
    with fh.Sandbox(policy=LIMITS) as sandbox:
        yield sandbox


def until(holds: Any) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


# stream


def test_events_come_as_they_happen_and_the_result_last(sandbox: fh.Sandbox) -> None:
    """A line is given before the program goes on to its end; all kinds come in their order."""
    wait = "import os, time\nprint('given', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.01)"
    code = f"{wait}\nimport sys\nprint('e', file=sys.stderr)\nfumehood_progress(1, 2)\ndisplay({{'text/plain': 'd'}}, raw=True)\n7"
    events = list[Any]()
    for event in sandbox.stream(code):
        events.append(event)
        sandbox.files.write("go", "")

    assert ["given\n", ""] == [events[0].text, events[-1].text]
    assert "given\n" == "".join(each.text for each in events if each.kind == "stdout")
    assert "e\n" == "".join(each.text for each in events if each.kind == "stderr")
    assert [(1.0, 2.0)] == [each.progress for each in events if each.kind == "progress"]
    assert ["d"] == [shown.data for each in events for shown in each.displays]
    assert ("result", 7, "given\n") == (events[-1].kind, events[-1].result.value, events[-1].result.stdout)


def test_a_refused_program_is_a_stream_of_its_result() -> None:
    """There is nothing but the refusal to tell."""
    import fumehood  # noqa: PLC0415 -- with its reading in force

    with fumehood.Sandbox() as sandbox:
        events = list(sandbox.stream("import os; os.system('id')"))

    assert ["refused"] == [event.result and event.result.outcome for event in events]


def test_a_slow_listener_makes_the_program_wait(sandbox: fh.Sandbox) -> None:
    """Nothing is taken in while the caller is busy: the program fills its pipe and stops there, and all comes later."""
    sandbox.run("import os, time")
    code = "for i in range(40):\n    os.write(1, b'x' * 20_000)\n    open('out/at', 'w').write(str(i))\n"
    events = sandbox.stream(code)
    size = len(next(events).text)
    time.sleep(1)
    at = int(sandbox.files.read_text("out/at") or "0")
    rest = list(events)

    assert at < 30
    assert 800_000 == size + sum(len(event.text) for event in rest)
    assert "completed" == (rest[-1].result and rest[-1].result.outcome)


def test_what_is_beyond_the_cap_is_counted_and_not_given() -> None:
    """A flood ends at limits.output; the rest is in `dropped`."""
    with fh.Sandbox(policy=LIMITS.but(**{"limits.output": "64KiB"})) as sandbox:
        events = list(sandbox.stream("import os\nfor _ in range(100): os.write(1, b'y' * 65536)"))

    result = events[-1].result
    assert result is not None
    assert 65536 == sum(len(event.text) for event in events)
    assert 99 * 65536 == result.dropped.stdout


def test_leaving_early_interrupts_and_keeps_the_state(sandbox: fh.Sandbox) -> None:
    """`break` ends the program by KeyboardInterrupt; the sandbox goes on with what it had."""
    for event in sandbox.stream("import time\nx = 5\nwhile True:\n    print('.', flush=True)\n    time.sleep(0.05)"):
        assert event.kind == "stdout"
        break

    assert (5, "kept") == ((after := sandbox.run("x")).value, after.state)


def test_leaving_a_program_that_does_not_heed_it_ends_the_sandbox(sandbox: fh.Sandbox) -> None:
    """It is told at the next call."""
    code = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('in', flush=True)\nwhile True: pass"
    for _ in sandbox.stream(code):
        break
    with pytest.raises(StateLost, match="left before its end"):
        sandbox.run("1")


def test_while_a_stream_is_open_others_are_refused(sandbox: fh.Sandbox) -> None:
    """The sandbox is busy from the first event to the last."""
    events = sandbox.stream(COUNT)
    next(events)
    with pytest.raises(SandboxBusy, match="a stream"):
        sandbox.run("1")
    list(events)

    assert 1 == sandbox.run("1").value


async def test_the_awaitable_stream() -> None:
    """The same events under an event loop, with other tasks going on; left early, the state is kept."""
    async with fh.AsyncSandbox(policy=LIMITS) as sandbox:
        events = [event async for event in sandbox.stream(COUNT)]
        async with aclosing(sandbox.stream("x = 5\nwhile True: print('.', flush=True)")) as left:
            async for _ in left:
                break

        assert 2 == (events[-1].result and events[-1].result.value)
        assert 5 == (await sandbox.run("x")).value


# sh


def test_sh_runs_where_the_policy_grants_it() -> None:
    """A pipeline of the shell, in the same workspace."""
    with fh.Sandbox(policy="workbench") as sandbox:
        sandbox.files.write("a.txt", "x")
        result = sandbox.sh("ls | wc -l")

    assert ("completed", "3") == (result.outcome, result.stdout.strip())


def test_sh_is_refused_where_it_does_not() -> None:
    """The result says which line would allow it, and nothing ran."""
    import fumehood  # noqa: PLC0415 -- with its reading in force

    with fumehood.Sandbox() as sandbox:
        result = sandbox.sh("echo hi")

    assert ("refused", ["code.spawn = true"]) == (result.outcome, [finding.allow for finding in result.findings])


# interrupt, extend


def test_interrupt_from_another_thread(sandbox: fh.Sandbox) -> None:
    """At any moment of a call, also before its program has begun: it is interrupted, and the state is kept."""
    sandbox.run("import time; x = 1")
    for delay in (0.0, 0.001, 0.01, 0.3):
        results = list[fh.Result]()
        thread = threading.Thread(target=lambda results=results: results.append(sandbox.run("time.sleep(60)")))
        thread.start()
        until(sandbox._session._busy.locked)
        time.sleep(delay)
        sandbox.interrupt()
        thread.join()
        assert ["KeyboardInterrupt"] == [result.error and result.error.name for result in results]

    assert (1, "kept") == ((after := sandbox.run("x")).value, after.state)


def test_interrupt_without_a_run_is_nothing(sandbox: fh.Sandbox) -> None:
    """Neither before the first run nor between two, and the next run is not met by it."""
    sandbox.interrupt()
    for _ in range(3):
        assert 2 == sandbox.run("2").value
        sandbox.interrupt()


def test_a_deadline_can_be_extended_within_the_policy(sandbox: fh.Sandbox) -> None:
    """A call that was given less gets more while it runs; more than the policy's wall it never gets."""
    with pytest.raises(UsageError, match="Nothing is running"):
        sandbox.extend("5s")
    entered = threading.Event()
    results = list[fh.Result]()
    thread = threading.Thread(
        target=lambda: results.append(
            sandbox.run(
                "import time; print(flush=True); time.sleep(4); 5", timeout=3, on_stdout=lambda _: entered.set()
            )
        )
    )
    thread.start()
    assert entered.wait(30)
    sandbox.extend("6s")
    with pytest.raises(UsageError, match=r"limits\.wall of 6s"):
        sandbox.extend("7s")
    thread.join()

    assert [5] == [result.value for result in results]


async def test_interrupt_from_another_task() -> None:
    """A run that one task awaits is interrupted by another, and goes on to give its result."""
    async with fh.AsyncSandbox(policy=LIMITS) as sandbox:
        results, entered = list[fh.Result](), anyio.Event()
        code = "x = 1\nprint(flush=True)\nimport time; time.sleep(60)"

        async def work() -> None:
            results.append(await sandbox.run(code, on_stdout=lambda _: entered.set()))

        async with anyio.create_task_group() as group:
            group.start_soon(work)
            await entered.wait()
            await sandbox.interrupt()

        assert ["KeyboardInterrupt"] == [result.error and result.error.name for result in results]
        assert 1 == (await sandbox.run("x")).value


# start


def test_start_needs_the_policy() -> None:
    """Off by default: the refusal names the line that allows it."""
    with fh.Sandbox() as sandbox, pytest.raises(Refused, match="background") as caught:
        sandbox.start("1")

    assert 'limits.background = "10m"' in caught.value.remedy()
    assert isinstance(caught.value, PermissionError)


def test_a_job_goes_on_while_its_caller_does_other_things() -> None:
    """It can be looked at, waited for, and outlasts limits.wall; meanwhile the sandbox is busy and says with what."""
    with fh.Sandbox(policy=LIMITS.but(**{"limits.wall": "3s", "limits.background": "60s"})) as sandbox:
        job = sandbox.start(
            "import time\nprint('a', flush=True)\nfumehood_progress(3, 4)\nx = 6\ntime.sleep(3.5)\nx", name="long"
        )
        until(lambda: job.stdout == "a\n" and job.progress is not None)
        with pytest.raises(SandboxBusy, match="long"):
            sandbox.run("1")
        with pytest.raises(StillRunning) as caught:
            job.wait(0.01)
        status, progress = job.status, job.progress
        result = job.wait(60)

        assert isinstance(caught.value, TimeoutError)
        assert ("running", (3.0, 4.0)) == (status, progress)
        assert ("completed", 6, "completed") == (result.outcome, result.value, job.status)
        assert 6 == sandbox.run("x").value


def test_a_job_uses_as_much_processor_time_as_its_time_allows() -> None:
    """limits.cpu is for what is waited for."""
    with fh.Sandbox(policy=LIMITS.but(**{"limits.cpu": "1s", "limits.background": "60s"})) as sandbox:
        job = sandbox.start("import time\nwhile time.process_time() < 1.3: pass\n9")

        assert 9 == job.wait(60).value


def test_a_job_is_held_by_its_own_limit(sandbox: fh.Sandbox) -> None:
    """The result says which, and the state is lost with it."""
    result = sandbox.start("import time; time.sleep(60)", timeout=1).wait(60)

    assert result.limit is not None
    assert ("background", "1s") == (result.limit.kind, result.limit.limit)
    assert "limits.background" in result.limit.remedy
    with pytest.raises(StateLost, match="background"):
        sandbox.run("1")


def test_a_job_can_be_interrupted_and_extended(sandbox: fh.Sandbox) -> None:
    """As a run can."""
    job = sandbox.start("import time\nprint('in', flush=True)\ntime.sleep(60)", timeout=5)
    until(lambda: job.stdout)
    job.extend("9s")
    with pytest.raises(UsageError, match=r"limits\.background"):
        job.extend("10s")
    job.interrupt()

    error = job.wait(60).error

    assert "KeyboardInterrupt" == (error and error.name)
    assert 1 == sandbox.run("1").value


def test_closing_ends_a_job(sandbox: fh.Sandbox) -> None:
    """Nothing goes on after the sandbox."""
    job = sandbox.start("print('in', flush=True)\nimport time; time.sleep(60)")
    until(lambda: job.stdout)
    sandbox.close()

    assert "failed" == job.wait(30).outcome


async def test_the_awaitable_job() -> None:
    """`start` returns at once, `wait` is awaited."""
    async with fh.AsyncSandbox(policy=LIMITS) as sandbox:
        job = await sandbox.start("40 + 2")
        assert 42 == (await job.wait(30)).value


def test_progress_is_bounded_and_its_words_are_checked(sandbox: fh.Sandbox) -> None:
    """A loop that reports a million times tells a few and the last; what is no number is the program's own error."""
    told = list[object]()
    result = sandbox.run(
        "for i in range(300_000): fumehood_progress(i + 1, 300_000)",
        on_event=lambda event: told.append(event.progress),
    )
    wrong = [sandbox.run(f"fumehood_progress({words})").outcome for words in ("-1", "float('nan')", "'x'", "1, -1")]

    assert "completed" == result.outcome
    assert 0 < len(told) < 300
    assert (300_000.0, 300_000.0) == told[-1]
    assert ["failed"] * 4 == wrong


# many at once


def test_fifty_threads() -> None:
    """Each with a sandbox of its own, files and state: no answer is another's."""
    wrong = list[object]()

    def work(number: int) -> None:
        with fh.Sandbox(policy=LIMITS) as mine:
            mine.files.write("n", str(number))
            mine.run("x = int(open('n').read())")
            wrong.extend(value for _ in range(3) if (value := mine.run("x").value) != number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == wrong


async def test_fifty_tasks() -> None:
    """The same under one event loop."""
    wrong = list[object]()

    async def work(number: int) -> None:
        async with fh.AsyncSandbox(policy=LIMITS) as mine:
            await mine.files.write("n", str(number))
            await mine.run("x = int(open('n').read())")
            wrong.extend([value for _ in range(3) if (value := (await mine.run("x")).value) != number])

    async with anyio.create_task_group() as group:
        for number in range(50):
            group.start_soon(work, number)

    assert [] == wrong
