"""What waits gives way to what runs."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

import pytest

from fumehood.tiers.jail.meter import Meter
from tests import unread as fh
from tests.chaos.remains import cgroups
from tests.limits.bounds import by_cgroup

PATIENCE_S = 60.0


@pytest.mark.jail
def test_a_waiting_sandbox_has_an_eighth_of_the_weight_of_a_running_one() -> None:
    """From when it is handed out it has its full share of the processors."""
    if not by_cgroup("cpu"):
        pytest.skip("this user can't weigh processes here")
    with fh.Sandbox() as sandbox:
        sandbox.run("1")
        end = time.monotonic() + PATIENCE_S
        while len(found := weights()) < 2 and time.monotonic() < end:  # the others are made meanwhile
            time.sleep(0.01)

    assert 2 == len(found)
    assert max(found) >= 8 * min(found)


def test_what_gives_it_its_full_weight_is_let_go_of_when_its_group_is_gone() -> None:
    """It is handed out while its program runs, which may have ended it already."""
    reading, writing = os.pipe()
    os.close(writing)
    with pytest.raises(OSError, match="Bad file descriptor"):  # as a group that was removed refuses
        Meter({"cpu.shares": reading}).hand_out()

    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(reading)


def weights() -> set[int]:
    """The weights of all sandboxes of this process."""
    found = set[int]()
    for file in (Path(group) / name for group in cgroups() for name in ("cpu.shares", "cpu.weight")):
        with suppress(OSError):  # not here, or gone with a sandbox that is over
            found |= {int(file.read_text())} if file.parent.name.isdigit() else set()
    return found
