"""A limit ends the whole tree, however its processes forked, detached or deafened themselves."""

from __future__ import annotations

import pytest

from tests import unread as fh
from tests.chaos.remains import window
from tests.limits.bounds import BOUNDS

pytestmark = pytest.mark.jail

PROLOGUE = "import os, signal, sys, time\n"
POLICIES = {
    "wall": BOUNDS.but(**{"limits.wall": "400ms"}),
    "cpu": BOUNDS.but(**{"limits.cpu": "400ms"}),
    "close": BOUNDS,
}
TREES = {
    "a child": "if os.fork() == 0: HOLD",
    "a double fork": "if os.fork() == 0:\n    if os.fork() == 0: HOLD\n    os._exit(0)\nos.wait()",
    "a daemon": "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        os.setsid()\n        HOLD\n    os._exit(0)\nos.wait()",
    "its own process group": "if os.fork() == 0:\n    os.setpgid(0, 0)\n    HOLD",
    "deaf to signals": (
        "if os.fork() == 0:\n    for n in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}:\n"
        "        try: signal.signal(n, signal.SIG_IGN)\n        except OSError: pass\n    HOLD"
    ),
    "stopped": "pid = os.fork()\nif pid == 0: HOLD\nos.kill(pid, signal.SIGSTOP)",
    "threads": "import threading\nfor _ in range(5): threading.Thread(target=lambda: HOLD).start()",
    "a chain": "for _ in range(10):\n    if os.fork(): break\nif os.getpid() != 2: HOLD",
    "renamed": "import ctypes\nif os.fork() == 0:\n    ctypes.CDLL(None).prctl(15, b'init', 0, 0, 0)\n    HOLD",
}


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("end", ["wall", "cpu", "close"])
def test_nothing_of_a_tree_outlives_its_end(tree: str, end: str) -> None:
    """After a wall or CPU limit, and after a plain close, every process of the sandbox is gone."""
    hold = "time.sleep(60)" if end != "cpu" else "all(True for _ in iter(int, 1))"
    code = PROLOGUE + TREES[tree].replace("HOLD", hold)
    code += {"wall": "\ntime.sleep(60)", "cpu": "\nwhile True: pass", "close": ""}[end]
    with fh.Sandbox(policy=POLICIES[end]) as sandbox:
        sandbox.run("1")
        with window(sandbox) as inside:
            result = sandbox.run(code)
            if end == "close":
                assert "completed" == result.outcome
                assert inside.processes()
                sandbox.close()
            else:
                assert end == (result.limit and result.limit.kind)
            assert [] == inside.left()
