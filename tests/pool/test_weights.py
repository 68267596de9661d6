"""What waits gives way to what runs."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

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


def weights() -> set[int]:
    """The weights of all sandboxes of this process."""
    files = (Path(group) / name for group in cgroups() for name in ("cpu.shares", "cpu.weight"))
    return {int(file.read_text()) for file in files if file.is_file() and file.parent.name.isdigit()}
