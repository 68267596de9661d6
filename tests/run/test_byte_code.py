"""A source tree, and what an installer copied without compiling it, are compiled by their first use."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.run.command import FUMEHOOD, inherited

pytestmark = pytest.mark.jail

SOURCE = Path(__file__).parents[2] / "src"
PATIENCE_S = 60


def test_what_runs_inside_is_compiled_once(tmp_path: Path) -> None:
    """A zygote can't write byte code where it lies; its launcher does, where there is none."""
    shutil.copytree(SOURCE, tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    environment = inherited()
    environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path / "src"), environment.get("PYTHONPATH", "")])
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    inside = tmp_path / f"src/fumehood/tiers/jail/runner/__pycache__/namespace.{sys.implementation.cache_tag}.pyc"

    done = subprocess.run([*FUMEHOOD, "run", "-c", "1+1"], env=environment, capture_output=True, text=True, check=True)

    assert "2\n" == done.stdout
    end = time.monotonic() + PATIENCE_S
    while not inside.exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert inside.exists()
