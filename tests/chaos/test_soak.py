"""Thousands of runs of every kind: afterwards descriptors, processes, memory, cgroups and mounts are as before."""

from __future__ import annotations

import gc
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from fumehood import pool, shelves
from tests import unread as fh
from tests.chaos.remains import census, children, family, settled, zygotes

pytestmark = [pytest.mark.jail, pytest.mark.slow, pytest.mark.timeout(1800)]

POLICY = fh.Policy.default().but(
    **{
        "limits.wall": "30s", "limits.cpu": "300ms", "limits.memory": "64MiB", "limits.disk": "1MiB",
        "limits.output": "16KiB", "limits.processes": 8, "limits.open_files": 32,
    }
)  # fmt: skip
#: A machine under load is slow: only what is to reach a limit has a short time.
SHORT_S = 1
#: What runs, its share of a thousand, and the outcomes that are right for it.
PROGRAMS = {
    "1 + 1": (450, {"completed"}),
    "print('x' * 100_000)": (100, {"completed"}),
    "open('out/f', 'w').write('1')": (100, {"completed"}),
    "1 / 0": (100, {"failed"}),
    "import os; os._exit(3)": (60, {"failed"}),
    "import os; os.kill(os.getpid(), 9)": (40, {"failed"}),
    "import os; os.kill(os.getpid(), 11)": (5, {"failed"}),
    "import os; os.close(3)": (30, {"failed"}),
    "import os; os.write(3, bytes(99))": (30, {"failed"}),
    "kept = []\nwhile True: kept.append(open('/dev/null'))": (25, {"limit"}),
    "open('f', 'wb').write(bytes(1 << 22))": (25, {"limit"}),
    "import os\nfor _ in range(20):\n    if os.fork() == 0: os.setsid(); import time; time.sleep(9)": (20, {"limit"}),
    "import time; time.sleep(9)": (5, {"limit"}),
    "while True: pass": (5, {"limit"}),
    "x = b'x' * (1 << 27)": (5, {"limit"}),
}
RUNS = int(os.environ.get("FUMEHOOD_SOAK_RUNS", "400"))
MIB = 1 << 20


def resident(pid: int) -> int:
    """Resident bytes of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def warden() -> int:
    launcher = next(pid for pid in children(os.getpid()) if len(family(pid)) >= 3)
    return children(launcher)[0]


def turn(dice: random.Random, count: int) -> list[str]:
    """Run so many programs, and kill the zygotes before every hundredth; what came out wrong."""
    wrong = list[str]()
    codes, shares = list(PROGRAMS), [share for share, _ in PROGRAMS.values()]
    for number, code in enumerate(dice.choices(codes, shares, k=count)):
        if number % 100 == 50:
            for pid in zygotes():
                os.kill(pid, signal.SIGKILL)
        right = PROGRAMS[code][1]
        result = fh.run(code, policy=POLICY, env="bare", timeout=SHORT_S if right == {"limit"} else None)
        if result.outcome not in right:
            wrong.append(f"{result.outcome} {result.error} {result.limit}: {code}")
    return wrong


def filled() -> None:
    """Have the pool make all that it keeps waiting, to the end."""
    for _ in range(shelves.WAITING + 1):
        fh.run("1", policy=POLICY, env="bare")
    while not stocked():
        time.sleep(0.01)  # the pool's own thread makes them
    gc.collect()
    seen = None
    while time.sleep(0.5) or seen != (seen := census()):  # what ended last is buried while nobody waits
        pass


def stocked() -> bool:
    hood = pool.shared()
    with hood._lock:
        held = hood._shelves._held.values()
        return all(len(shelf.cells) >= shelves.WAITING and shelf.pending() == 0 for shelf in held)


def test_a_long_life_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """After `FUMEHOOD_SOAK_RUNS` (400; 5,000 is promised) fresh sandboxes, all that can be counted is as before."""
    for bound in ("LEAST", "MOST"):
        monkeypatch.setattr(shelves, bound, shelves.WAITING)  # else more or fewer wait afterwards
    turn(random.Random(1), 1)  # what this process opens once and keeps
    pool.shutdown()
    gc.collect()
    nothing = census()
    dice = random.Random(5000)
    wrong = turn(dice, 100)
    filled()
    before, memory, wardens = census(), resident(os.getpid()), resident(warden())
    with fh.Sandbox(policy=POLICY, env="bare") as kept:
        kept.run("x = 0")
        for _ in range(10):
            wrong += turn(dice, RUNS // 10)
            kept.run("x += 1")
        rounds = kept.run("x").value
    filled()
    grown = resident(os.getpid()) - memory, resident(warden()) - wardens
    after = settled(before)
    pool.shutdown()
    gc.collect()
    print(f"{RUNS} runs: {before} before, {after} after; grown by {grown} bytes; wrong: {Counter(wrong)}")  # noqa: T201 -- seen with -s and in a failure

    assert [] == wrong
    assert 10 == rounds
    assert before == after
    assert max(grown) < 8 * MIB
    assert nothing == settled(nothing)
