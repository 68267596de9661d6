"""Interrupting and holding a sandbox from outside: what a program may make of it, and what it can't."""

from __future__ import annotations

import random
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests import unread as fh
from tests.chaos.remains import window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fumehood.tiers.jail.cell import Cell

pytestmark = pytest.mark.jail

LIMITS = fh.Policy.load("workbench").but(**{"limits.wall": "3s", "limits.memory": "256MiB"})


@pytest.fixture
def sandbox() -> Iterator[fh.Sandbox]:
    with fh.Sandbox(policy=LIMITS) as sandbox:
        sandbox.run("import os, signal, time")
        yield sandbox


def cell_of(sandbox: fh.Sandbox) -> Cell:
    cell = sandbox._session.cell
    assert cell is not None
    return cell


class Signs:
    """A listener for standard output that others can wait for."""

    def __init__(self) -> None:
        self.text = ""
        self._heard = threading.Condition()

    def __call__(self, piece: str) -> None:
        with self._heard:
            self.text += piece
            self._heard.notify_all()

    def wait(self, sign: str) -> None:
        with self._heard:
            assert self._heard.wait_for(lambda: sign in self.text, 30)


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[None]:
    """Do `work` in a thread while the block runs."""
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def when(signs: Signs, sign: str, work: Callable[[], object]) -> Callable[[], None]:
    def act() -> None:
        signs.wait(sign)
        work()

    return act


def test_an_interrupt_is_felt_and_the_state_is_kept(sandbox: fh.Sandbox) -> None:
    """KeyboardInterrupt is raised where the program is; variables made before it are there afterwards."""
    signs = Signs()
    with meanwhile(when(signs, "in", cell_of(sandbox).interrupt)):
        result = sandbox.run("x = 5\nprint('in', flush=True)\ntime.sleep(60)", on_stdout=signs)

    assert result.error is not None
    assert ("failed", "KeyboardInterrupt") == (result.outcome, result.error.name)
    assert result.error.line in {2, 3}
    assert (5, "kept") == ((after := sandbox.run("x")).value, after.state)


def test_a_program_can_tidy_up_after_an_interrupt(sandbox: fh.Sandbox) -> None:
    """It is an exception like any other: `except` and `finally` run, and what the program returns is its value."""
    signs = Signs()
    code = "try:\n    print('in', flush=True); time.sleep(60)\nexcept KeyboardInterrupt:\n    said = 'tidy'\nsaid"
    with meanwhile(when(signs, "in", cell_of(sandbox).interrupt)):
        result = sandbox.run(code, on_stdout=signs)

    assert "tidy" == result.value


def test_a_program_that_ignores_interrupts_is_held_by_its_wall_limit(sandbox: fh.Sandbox) -> None:
    """Whatever it does about SIGINT, it gets no more time."""
    signs = Signs()
    code = "signal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('in', flush=True)\nwhile True: time.sleep(0.01)"
    with meanwhile(when(signs, "in", cell_of(sandbox).interrupt)):
        result = sandbox.run(code, on_stdout=signs, timeout=1)

    assert "wall" == (result.limit and result.limit.kind)


def test_a_handler_that_a_run_left_behind_is_gone_in_the_next(sandbox: fh.Sandbox) -> None:
    """Each run begins with Python's own answer to SIGINT."""
    sandbox.run("signal.signal(signal.SIGINT, lambda *_: None)")
    signs = Signs()
    with meanwhile(when(signs, "in", cell_of(sandbox).interrupt)):
        result = sandbox.run("print('in', flush=True)\ntime.sleep(60)", on_stdout=signs)

    assert "KeyboardInterrupt" == (result.error and result.error.name)


def test_an_interrupt_without_a_run_is_nothing(sandbox: fh.Sandbox) -> None:
    """Between runs it does nothing, to the next run neither."""
    for _ in range(5):
        cell_of(sandbox).interrupt()
        assert 2 == sandbox.run("2").value


@pytest.mark.parametrize("code", ["sleep 60", "true; sleep 60", "while :; do :; done"])
def test_an_interrupt_reaches_a_shell_and_what_it_started(sandbox: fh.Sandbox, code: str) -> None:
    """A program of another language gets SIGINT as from a terminal, with its children."""
    signs = Signs()
    with meanwhile(when(signs, "in", cell_of(sandbox).interrupt)):
        result = sandbox.run(f"echo in; {code}", language="bash", on_stdout=signs)

    assert "killed by SIGINT" == (result.error and result.error.message)
    assert "" == sandbox.run("pgrep sleep || true", language="bash").stdout


def test_interrupts_at_any_moment_hit_their_run_or_none(sandbox: fh.Sandbox) -> None:
    """However they fall, also as a run ends: it completes or is interrupted, and the sandbox goes on."""
    cell, done = cell_of(sandbox), threading.Event()

    def ring() -> None:
        while not done.wait(random.random() * 0.004):
            cell.interrupt()

    with meanwhile(ring):
        try:
            outcomes = [sandbox.run("sum(range(20_000))") for _ in range(150)]
        finally:
            done.set()

    assert {None, "KeyboardInterrupt"} >= {result.error and result.error.name for result in outcomes}
    assert 7 == sandbox.run("7").value


HELD = """
children = []
for _ in range(3):
    child = os.fork()
    if child == 0:
        while True: os.write(1, b'.')
    children.append(child)
print('in', flush=True)
end = time.time() + 1
while time.time() < end: pass
for child in children: os.kill(child, 9)
"""


def test_held_nothing_moves_and_no_time_passes(sandbox: fh.Sandbox) -> None:
    """Every process stands still, children too; neither wall nor CPU time goes on; released, all of it goes on."""
    cell, signs, seen = cell_of(sandbox), Signs(), list[int]()

    def hold() -> None:
        cell.pause()
        assert cell.meter is not None
        used = 0
        while used != (used := cell.meter.cpu_ns()):  # it spins until it is held
            time.sleep(0.2)
        for _ in range(4):  # what is in the pipe by now may still be read
            seen.append(cell.meter.cpu_ns())
            time.sleep(1)
        cell.resume()

    with meanwhile(when(signs, "in", hold)):
        began = time.monotonic()
        result = sandbox.run(HELD, on_stdout=signs)
        took = time.monotonic() - began

    assert "completed" == result.outcome
    assert [seen[0]] * 4 == seen
    assert took > 4
    assert result.usage.wall_ms < 3000


def test_the_wall_limit_holds_after_a_pause(sandbox: fh.Sandbox) -> None:
    """A pause adds nothing to a program's own time."""
    signs, cell = Signs(), cell_of(sandbox)

    def hold() -> None:
        cell.pause()
        time.sleep(1.5)
        cell.resume()

    with meanwhile(when(signs, "in", hold)):
        result = sandbox.run("print('in', flush=True)\nwhile True: time.sleep(0.01)", on_stdout=signs, timeout=1)

    assert "wall" == (result.limit and result.limit.kind)
    assert result.usage.wall_ms < 2400


FIGHT = """
pids = []
for _ in range(6):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(write)
        while True:
            try: family = list(map(int, os.read(read, 200).split()))
            except ValueError: continue
            break
        while True:
            for pid in family:
                os.kill(pid, signal.SIGCONT)
    pids.append((child, write))
for _, write in pids:
    os.write(write, ' '.join(str(pid) for pid, _ in pids).encode())
print('in', flush=True)
while True:
    for pid, _ in pids: os.kill(pid, signal.SIGCONT)
"""


def test_a_program_that_fights_it_spends_its_own_time(sandbox: fh.Sandbox) -> None:
    """Processes that wake each other are either held or run against their clock; they gain nothing."""
    signs, cell = Signs(), cell_of(sandbox)

    def hold() -> None:
        cell.pause()
        time.sleep(4.5)
        assert cell.meter is not None
        if cell.gone is None:
            before = cell.meter.cpu_ns()
            time.sleep(0.3)
            assert before == cell.meter.cpu_ns()
        cell.kill("closed")

    with meanwhile(when(signs, "in", hold)):
        result = sandbox.run(FIGHT, on_stdout=signs)

    assert result.outcome in {"limit", "failed"}


@pytest.mark.parametrize(
    "end", [lambda sandbox: cell_of(sandbox).kill("closed"), fh.Sandbox.close], ids=["kill", "close"]
)
def test_what_is_held_can_be_ended(sandbox: fh.Sandbox, end: Callable[[fh.Sandbox], None]) -> None:
    """A frozen process does not feel a kill before it is let go, so it is."""
    cell, signs = cell_of(sandbox), Signs()

    def hold() -> None:
        cell.pause()
        time.sleep(0.3)
        end(sandbox)

    with window(sandbox) as inside, meanwhile(when(signs, "in", hold)):
        result = sandbox.run(HELD.replace("+ 1", "+ 60"), on_stdout=signs)
        left = inside.left()

    assert "failed" == result.outcome
    assert [] == left
