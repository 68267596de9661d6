"""Each limit of the policy ends or holds what passes it, and the result says which, how much, and how to raise it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import unread as fh
from tests.chaos.remains import is_over, window
from tests.limits.bounds import BOUNDS, by_cgroup
from tests.run.command import fumehood

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.jail

FOREVER = "while True: pass"
EATER = "x = []\nwhile True: x.append(bytearray(1 << 20))"
HIT = {
    "wall: sleeping": ("wall", "import time; time.sleep(60)"),
    "wall: a child is waited for": ("wall", "import os, time\nif os.fork() == 0: time.sleep(60)\nos.wait()"),
    "wall: input that never comes": ("wall", "import os; os.read(os.pipe()[0], 1)"),
    "cpu: a loop": ("cpu", FOREVER),
    "cpu: in C": ("cpu", "sum(range(10**12))"),
    "cpu: threads": ("cpu", f"import threading\nfor _ in range(3): threading.Thread(target=lambda: all(True for _ in iter(int, 1))).start()\n{FOREVER}"),
    "cpu: a child": ("cpu", f"import os\nif os.fork() == 0:\n    {FOREVER}\nos.wait()"),
    "cpu: children, one after another": (
        "cpu",
        "import os, time\nwhile True:\n    if os.fork() == 0:\n        end = time.process_time() + 0.2\n"
        "        while time.process_time() < end: pass\n        os._exit(0)\n    os.wait()",
    ),
    "memory: objects": ("memory", EATER),
    "memory: one piece": ("memory", "x = b'x' * (1 << 28)"),
    "memory: anonymous mapping": ("memory", "import mmap\nm = mmap.mmap(-1, 1 << 28)\nm.write(b'x' * (1 << 28))"),
    "processes: forks": ("processes", "import os, time\nfor _ in range(64):\n    if os.fork() == 0: time.sleep(60)"),
    "processes: threads": (
        "processes",
        "import threading, time\nfor _ in range(64): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    ),
    "files: kept": ("files", "kept = []\nwhile True: kept.append(open('/dev/null'))"),
    "files: held by a frame": ("files", "def f():\n    kept = []\n    while True: kept.append(open('/dev/null'))\nf()"),
    "files: pipes": ("files", "import os\nwhile True: os.pipe()"),
    "disk: one file": ("disk", "open('big', 'wb').write(b'x' * (1 << 24))"),
    "disk: many files": ("disk", "for i in range(99): open(f'f{i}', 'wb').write(b'x' * (1 << 20))"),
    "disk: inodes": ("disk", "for i in range(10**6): open(f'f{i}', 'w').close()"),
    "disk: folders": ("disk", "import os\nfor i in range(10**6): os.mkdir(f'd{i}')"),
    "disk: links": ("disk", "import os\nfor i in range(10**6): os.symlink('x', f'l{i}')"),
    "disk: /dev/shm": ("disk", "open('/dev/shm/big', 'wb').write(b'x' * (1 << 24))"),
    "disk: /tmp": ("disk", "open('/tmp/big', 'wb').write(b'x' * (1 << 24))"),
    "disk: out": ("disk", "open('out/big', 'wb').write(b'x' * (1 << 24))"),
}  # fmt: skip
CLAUSE = {"files": "open_files"}


ORPHANS = """
import os, time
made = 0
while made < 300:
    try:
        child = os.fork()
    except OSError:
        time.sleep(0.01)
        continue
    if child == 0:
        try: os.fork()
        finally: os._exit(0)
    os.wait()
    made += 1
made
"""
CROWD = """
import os, time
count = 1
try:
    while True:
        if os.fork() == 0: time.sleep(60)
        count += 1
except OSError:
    print(count)
"""


def test_orphans_that_ended_are_no_processes_any_more() -> None:
    """Who forks and goes leaves nobody to ask how that ended; it takes up no place all the same."""
    result = fh.run(ORPHANS, policy=BOUNDS)

    assert ("completed", 300) == (result.outcome, result.value), result


def test_the_processes_that_are_allowed_are_the_programs_own() -> None:
    """Nothing of ours counts among them, and the first is the program itself."""
    result = fh.run(CROWD, policy=BOUNDS)

    assert "16\n" == result.stdout


@pytest.mark.parametrize("name", HIT)
def test_a_limit_is_told_with_its_kind_its_size_what_was_used_and_how_to_raise_it(name: str) -> None:
    """A program that passes a limit gets outcome `limit` with the contract's four fields, from the clause in force."""
    kind, code = HIT[name]
    policy = BOUNDS.but(**{"limits.disk": "40MiB"}) if kind == "memory" else BOUNDS
    if kind == "wall":
        policy = BOUNDS.but(**{"limits.wall": "700ms"})
    if kind == "cpu":  # a loaded machine gives little of it in a second
        policy = BOUNDS.but(**{"limits.wall": "60s", "limits.cpu": "600ms"})

    result = fh.run(code, policy=policy)

    assert "limit" == result.outcome
    assert result.limit is not None
    assert kind == result.limit.kind
    clause = CLAUSE.get(kind, kind)
    assert result.limit.limit == policy.line(f"limits.{clause}").partition(" = ")[2].strip('"')
    assert result.limit.used
    assert f"limits.{clause}" in result.limit.remedy


def test_of_a_disk_it_is_told_what_ran_out() -> None:
    """Empty files take no bytes, but their number is limited, too."""
    result = fh.run(HIT["disk: inodes"][1], policy=BOUNDS)

    assert ((result.limit and result.limit.used) or "").endswith(" files")
    assert result.usage.written < 1 << 20


def test_a_call_that_gave_itself_less_time_is_told_so() -> None:
    """The policy need not be changed for it."""
    result = fh.run("import time; time.sleep(60)", policy=BOUNDS, timeout="300ms")

    assert "300ms" == (result.limit and result.limit.limit)
    assert "timeout=" in ((result.limit and result.limit.remedy) or "")


@pytest.mark.parametrize(
    ("code", "clause"),
    [
        ("[open('/dev/null') for _ in range(5000)]", "open_files"),
        ("raise MemoryError", "memory"),
        ("raise OSError(28, 'no room')", "disk"),
        ('raise RuntimeError("can\'t start new thread")', "processes"),
    ],
)
def test_what_may_have_been_a_limit_is_no_limit_but_says_which(code: str, clause: str) -> None:
    """Seen from outside nothing was full any more, or never was: the program's word alone makes no limit."""
    result = fh.run(code, policy=BOUNDS)

    assert "failed" == result.outcome
    assert f"limits.{clause}" in ((result.error and result.error.remedy) or "")


@pytest.mark.parametrize(
    ("kind", "words", "code"),
    [
        ("wall", ["--timeout", "500ms"], "import time; time.sleep(60)"),
        ("memory", ["--memory", "64MiB"], "x = b'x' * (1 << 28)"),
        ("files", [], "kept = []\nwhile True: kept.append(open('/dev/null'))"),
    ],
)
def test_the_command_leaves_with_4(kind: str, words: list[str], code: str) -> None:
    """A run that a limit ended leaves with exit code 4, in words for people too."""
    told = fumehood("run", *words, "-c", code)
    answer = fumehood("run", "--json", *words, "-c", code)

    assert (4, 4) == (told.code, answer.code)
    assert kind == answer.json()["limit"]["kind"]
    assert f"the {kind} limit" in told.err


def test_what_was_used_is_of_the_limits_size() -> None:
    """Used wall and CPU time, and memory, are at least the limit and not far above it."""
    wall = fh.run("import time; time.sleep(60)", policy=BOUNDS.but(**{"limits.wall": "600ms"}))
    cpu = fh.run(FOREVER, policy=BOUNDS.but(**{"limits.cpu": "600ms"}))

    assert 600 <= wall.usage.wall_ms
    assert 600 <= cpu.usage.cpu_ms
    assert "wall" == (wall.limit and wall.limit.kind)
    assert "cpu" == (cpu.limit and cpu.limit.kind)
    for hit in (wall.limit, cpu.limit):
        assert hit is not None
        assert hit.used.endswith("s")
        assert len(hit.used) < 8


def test_cpus_hold_the_program_to_its_share() -> None:
    """Under cpus = 0.5 it has about half of the wall time as CPU time, where a cgroup meters it, and gets on."""
    if not by_cgroup("cpu"):
        pytest.skip("without a cpu cgroup, whole processors only")
    code = "import time\nwhile time.process_time() < 0.6: pass"
    result = fh.run(code, policy=BOUNDS.but(**{"limits.wall": "60s", "limits.cpus": 0.5}))

    assert "completed" == result.outcome
    assert result.usage.cpu_ms < 0.7 * result.usage.wall_ms


def test_cpus_hold_threads_together() -> None:
    """Under cpus = 1 two busy processes get one processor between them, whatever means this machine has."""
    code = (
        "import os, time\nend = time.monotonic() + 1\npid = os.fork()\nwhile time.monotonic() < end: pass\n"
        "if pid == 0: os._exit(0)\nos.wait()"
    )
    result = fh.run(code, policy=BOUNDS.but(**{"limits.cpu": "5s"}))

    assert "completed" == result.outcome
    assert result.usage.cpu_ms < 1600


def test_what_stays_within_its_limits_is_not_touched() -> None:
    """Using most of each limit is not passing it."""
    code = (
        "import os, threading, time\nx = bytearray(24 << 20)\nkept = [open('/dev/null') for _ in range(50)]\n"
        "open('f', 'wb').write(b'x' * (7 << 20))\n"
        "for _ in range(10): threading.Thread(target=time.sleep, args=(0.2,)).start()\n"
        "print('x' * 60_000)\n'fine'"
    )
    result = fh.run(code, policy=BOUNDS)

    assert ("completed", "fine", 0) == (result.outcome, result.value, result.dropped.stdout)


def test_limits_that_leave_the_sandbox_alive_leave_its_state() -> None:
    """A full disk or too many open files end the run, not the sandbox: the next run can make room."""
    with fh.Sandbox(policy=BOUNDS) as sandbox:
        full = sandbox.run("x = 1\nopen('big', 'wb').write(b'x' * (1 << 24))")
        after = sandbox.run("import os\nos.unlink('big')\nopen('small', 'w').write('1')\nx")

    assert "disk" == (full.limit and full.limit.kind)
    assert ("completed", 1, "kept") == (after.outcome, after.value, after.state)


@pytest.mark.parametrize(
    ("limits", "spend"),
    [
        ({"limits.wall": "3s"}, "import time; time.sleep(0.9)"),
        (
            {"limits.wall": "60s", "limits.cpu": "1s"},
            "import time\nend = time.process_time() + 0.35\nwhile time.process_time() < end: pass",
        ),
    ],
    ids=["wall", "cpu"],
)
def test_time_is_counted_per_run(limits: dict[str, str], spend: str) -> None:
    """Wall and CPU budgets are those of one execution: a sandbox may live longer than each."""
    with fh.Sandbox(policy=BOUNDS.but(**limits)) as sandbox:
        outcomes = [sandbox.run(spend).outcome for _ in range(4)]

    assert ["completed"] * 4 == outcomes


@pytest.mark.parametrize("left", ["thread", "child"])
def test_memory_is_held_between_runs_too(left: str) -> None:
    """What is left eating memory after its run is ended at the limit, and the next call says so."""
    told = "while not os.path.exists('go'): time.sleep(0.01)"
    eat = f"def eat():\n    {told}\n    {EATER.replace(chr(10), chr(10) + '    ')}\n"
    leave = {"thread": "threading.Thread(target=eat).start()", "child": "if os.fork() == 0: eat()"}[left]
    with fh.Sandbox(policy=BOUNDS) as sandbox:
        first = sandbox.run(f"import os, threading, time\n{eat}{leave}")
        assert "completed" == first.outcome
        with window(sandbox) as inside:
            sandbox.files.write("go", "")
            assert [] == inside.left(patience=20)
        assert is_over(sandbox)
        with pytest.raises(fh.Error, match="memory"):
            sandbox.run("1")


LOSES_A_CHILD = "import os, signal\npid = os.fork()\nif pid == 0:\n    x = []\n    while True: x.append(bytearray(1 << 20))\nos.waitpid(pid, 0)\n"


@pytest.mark.parametrize("goes_on", ["'fine'", "import time; time.sleep(60)", "raise ValueError"])
def test_a_child_that_ran_out_of_memory_ends_the_run(goes_on: str) -> None:
    """The kernel may kill one process of many: that is the memory limit all the same, and it ends the whole tree."""
    with fh.Sandbox(policy=BOUNDS) as sandbox:
        sandbox.run("1")
        with window(sandbox) as inside:
            result = sandbox.run(LOSES_A_CHILD + goes_on)

            assert ("limit", "memory") == (result.outcome, result.limit and result.limit.kind)
            assert [] == inside.left()
        with pytest.raises(fh.Error, match="memory"):
            sandbox.run("1")


def test_a_listed_data_file_does_not_count_as_disk(tmp_path: Path) -> None:
    """What is shown at data/ is the host's and takes nothing of limits.disk."""
    (tmp_path / "big").write_bytes(b"x" * (16 << 20))
    result = fh.run("import os; os.path.getsize('data/big')", policy=BOUNDS, data=[tmp_path / "big"])

    assert (16 << 20, True) == (result.value, result.usage.written < 1 << 20)
