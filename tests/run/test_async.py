"""`AsyncSandbox` under either event loop: the same answers, other tasks run meanwhile, cancelling ends the program."""

from __future__ import annotations

import importlib.util
import inspect
import os
from typing import TYPE_CHECKING

import anyio
import pytest

import fumehood
from fumehood.errors import SandboxBusy, SandboxClosed, StateLost, UsageError
from tests import unread as fh

if TYPE_CHECKING:
    from collections.abc import Iterator

BACKENDS = ["asyncio", *(["trio"] if importlib.util.find_spec("trio") else [])]
pytestmark = pytest.mark.jail
LIMITS = fh.Policy.default().but(**{"limits.wall": "5s"})


@pytest.fixture(params=BACKENDS, scope="module")
def anyio_backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """Run each test under every event loop that is installed."""
    yield str(request.param)


async def test_the_same_answers() -> None:
    """Values, state, failures and limits are as from `Sandbox`."""
    async with fh.AsyncSandbox(policy=LIMITS) as sandbox:
        await sandbox.run("x = 20")
        assert 21 == (await sandbox.run("x + 1")).value
        assert "failed" == (await sandbox.run("1 / 0")).outcome
        hit = await sandbox.run("import time; time.sleep(60)", timeout=0.3)
        assert "wall" == (hit.limit and hit.limit.kind)
        with pytest.raises(StateLost):
            await sandbox.run("x")
        await sandbox.reset()
        assert "lost" == (await sandbox.run("1")).state


async def test_other_tasks_run_while_code_runs() -> None:
    """Waiting for a program does not block the loop: several sandboxes and a ticking task go on side by side."""
    ticks, values = list[int](), list[object]()

    async def work(number: int) -> None:
        async with fh.AsyncSandbox(policy=LIMITS) as sandbox:
            values.append((await sandbox.run(f"import time; time.sleep(0.4); {number}")).value)

    async def tick() -> None:
        while len(values) < 4:
            ticks.append(1)
            await anyio.sleep(0.01)

    async with anyio.create_task_group() as group:
        group.start_soon(tick)
        for number in range(4):
            group.start_soon(work, number)

    assert {0, 1, 2, 3} == set(values)
    assert len(ticks) > 5


async def test_cancelling_ends_the_program() -> None:
    """A cancelled run leaves nothing running and says so at the next call."""
    async with fh.AsyncSandbox(policy=LIMITS) as sandbox:
        await sandbox.run("1")
        with anyio.move_on_after(0.3) as scope:
            await sandbox.run("import time; time.sleep(60)")
        assert scope.cancelled_caught
        with pytest.raises(StateLost, match="cancelled"):
            await sandbox.run("1")
        await sandbox.reset()
        assert 2 == (await sandbox.run("2")).value


async def test_cancelling_while_it_is_made_leaks_nothing() -> None:
    """A call that is cancelled before its sandbox is ready closes what was begun."""
    with anyio.move_on_after(10):
        await fh.AsyncSandbox(policy=LIMITS).run("1")
    before = await settled()
    for _ in range(12):
        sandbox = fh.AsyncSandbox(policy=LIMITS.but(**{"limits.wall": "4s"}), data=[__file__])
        with anyio.move_on_after(0) as scope:
            await sandbox.run("1")
        assert scope.cancel_called
        await sandbox.close()

    assert await settled() - before < 4


async def settled() -> int:
    """Count this process's descriptors, once the pool's thread neither makes nor closes sandboxes any more."""
    counts = list[int]()
    while (len(counts) < 200 and len(set(counts[-20:])) != 1) or len(counts) < 20:
        counts.append(len(os.listdir("/proc/self/fd")))
        await anyio.sleep(0.05)
    return counts[-1]


def test_its_names_are_those_of_a_sandbox_and_awaitable() -> None:
    """What one can do with the one, one can await of the other; a stream is iterated."""
    names = {name for name in vars(fumehood.Sandbox) if not name.startswith("_")} - {"files"}
    others = {name: getattr(fumehood.AsyncSandbox, name) for name in names}

    assert {"stream"} == {name for name, method in others.items() if not inspect.iscoroutinefunction(method)}


async def test_ending_and_beginning_anew_are_awaited() -> None:
    """`reset` throws away, `extend` is refused where nothing runs, `close` ends; under either name."""
    sandbox = fh.AsyncSandbox(policy=LIMITS)
    await sandbox.run("x = 1")
    await sandbox.reset()
    error = (await sandbox.run("x")).error
    assert "NameError" == (error and error.name)
    with pytest.raises(UsageError):
        await sandbox.extend("2s")
    await sandbox.close()
    await sandbox.aclose()
    with pytest.raises(SandboxClosed):
        await sandbox.run("1")


async def test_a_second_task_is_refused() -> None:
    """Two tasks on one sandbox: the second is told that it is busy."""
    async with fh.AsyncSandbox(policy=LIMITS) as sandbox:
        await sandbox.run("import time")
        entered = anyio.Event()

        async def first() -> None:
            await sandbox.run("print(flush=True); time.sleep(60)", on_stdout=lambda _: entered.set())

        async with anyio.create_task_group() as group:
            group.start_soon(first)
            await entered.wait()
            with pytest.raises(SandboxBusy):
                await sandbox.run("2")
            await sandbox.interrupt()
