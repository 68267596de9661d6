"""Where root has no cgroup: a sandbox is held by signals instead of a freezer, and all of it holds as well."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.limits.bounds import by_cgroup

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.jail

TESTS = ("tests/run/test_reins.py", "tests/limits/test_lease.py", "tests/chaos/test_held.py")


def test_steering_holds_without_cgroups(tmp_path: Path) -> None:
    """The tests of interrupting, holding and leases, once more on a machine whose cgroups are hidden."""
    if not by_cgroup("freezer"):
        pytest.skip("they run here without a freezer anyway")
    world = [sys.executable, "-m", "tests.escape.outer", "without-cgroups", str(tmp_path), "--"]
    command = [*world, sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    running = [
        subprocess.Popen([*command, test], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for test in TESTS  # at once: most of their time they wait
    ]
    told = [each.communicate()[0] for each in running]

    assert [0] * len(TESTS) == [each.returncode for each in running], "\n".join(text[-3000:] for text in told)
