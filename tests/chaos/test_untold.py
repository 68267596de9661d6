"""A zygote that is killed between a fork and telling of it: its child is sealed, and nobody knows which process it is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fumehood

pytestmark = pytest.mark.jail

_FORKED = "            pidfd = os.pidfd_open(child)\n"
#: At its second birth each zygote waits until the child is sealed, and is killed before it says so.
_KILLED = f"""            _OURS.append(os)
            if len([each for each in _OURS if each is os]) == 2:
                __import__("time").sleep(0.3)
                os.kill(os.getpid(), 9)
{_FORKED}"""
_PROGRAM = """
import json, fumehood
from fumehood import pool
pool.shared(0)
print(json.dumps([[fumehood.run("6*7").value, fumehood.run("import time; time.sleep(1); 7").value] for _ in range(3)]))
"""


@pytest.fixture
def fragile(tmp_path: Path) -> Path:
    """A copy of the package whose zygotes are killed like that."""
    copy = tmp_path / "fumehood"
    shutil.copytree(Path(fumehood.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    zygote = copy / "tiers" / "jail" / "zygote.py"
    text = zygote.read_text(encoding="utf-8")
    assert text.count(_FORKED) == 1
    zygote.write_text(text.replace(_FORKED, _KILLED), encoding="utf-8")
    return tmp_path


def test_what_was_born_untold_is_born_again(fragile: Path) -> None:
    """Nobody was given the sandbox that is lost: each run is one that works."""
    environment = {**os.environ, "PYTHONPATH": str(fragile)}
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], env=environment, capture_output=True, check=True, timeout=120
    )

    assert json.loads(done.stdout) == [[42, 7]] * 3
