"""A sandbox is kept as long as its policy says, whatever runs in it and whoever forgot it; its end is told truly."""

from __future__ import annotations

import time
from typing import Any

import pytest

from fumehood.errors import StateLost
from tests import unread as fh
from tests.chaos.remains import window

pytestmark = pytest.mark.jail

LINGER = "import os, time\nif os.fork() == 0:\n    while True: time.sleep(0.01)\nx = 1"


def keeping(**limits: Any) -> fh.Policy:
    return fh.Policy.default().but(**{f"limits.{name}": value for name, value in limits.items()})


def run_on(sandbox: fh.Sandbox) -> None:
    """Run twice: the first call may come between a sandbox's end and the word of it, and meets that limit itself."""
    for _ in range(2):
        sandbox.run("x")


@pytest.mark.parametrize("limit", ["idle", "lifetime"])
def test_a_forgotten_sandbox_is_ended_from_outside(limit: str) -> None:
    """Nobody calls it any more, a child of the program lives on in it: the warden ends all of it at its time."""
    with fh.Sandbox(policy=keeping(**{limit: "2s"})) as sandbox:
        sandbox.run(LINGER)
        with window(sandbox) as inside:
            left = inside.left()
        with pytest.raises(StateLost, match=f"the {limit} limit of 2s ended it"):
            run_on(sandbox)
        sandbox.reset()
        after = sandbox.run("'x' in globals()")

    assert [] == left
    assert (False, "lost") == (after.value, after.state)


def test_a_sandbox_in_use_is_not_idle() -> None:
    """Neither a long run nor calls one after another count as idle."""
    with fh.Sandbox(policy=keeping(idle="2s")) as sandbox:
        sandbox.run("import time; x = 1; time.sleep(2.5)")
        for _ in range(5):
            time.sleep(0.5)
            assert 1 == sandbox.run("x").value


def test_lifetime_ends_a_run_in_progress() -> None:
    """The result names the limit, and how to raise it."""
    with fh.Sandbox(policy=keeping(lifetime="3s")) as sandbox:
        sandbox.run("1")
        result = sandbox.run("import time; time.sleep(60)")

    assert result.limit is not None
    assert ("limit", "lifetime", "3s") == (result.outcome, result.limit.kind, result.limit.limit)
    assert "limits.lifetime" in result.limit.remedy
    with pytest.raises(TimeoutError):
        result.check()


def test_time_in_the_pool_does_not_count() -> None:
    """A sandbox that waited to be handed out begins its time when it is."""
    policy = keeping(lifetime="2s", idle="2s")
    fh.run("1", policy=policy)
    fh.run("1", policy=policy)
    time.sleep(2.5)

    assert 2 == fh.run("2", policy=policy).value


def test_off_is_no_limit() -> None:
    """By default a sandbox is kept as long as it is held."""
    with fh.Sandbox() as sandbox:
        sandbox.run("x = 1")
        time.sleep(1.5)

        assert 1 == sandbox.run("x").value
