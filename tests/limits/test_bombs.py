"""Bombs and floods: contained, and meanwhile the host and a neighbouring sandbox go on; afterwards nothing is left."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests import unread as fh
from tests.limits.bounds import BOUNDS

pytestmark = pytest.mark.jail

BOMBS = {
    "forks": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
    "threads": "import threading\nwhile True:\n    try: threading.Thread(target=lambda: all(True for _ in iter(int, 1))).start()\n    except RuntimeError: pass",
    "memory": "x = []\nwhile True: x.append(bytearray(1 << 20))",
    "memory in children": "import os\nwhile True:\n    try:\n        if os.fork() == 0:\n            x = []\n            while True: x.append(bytearray(1 << 20))\n    except OSError: pass",
    "descriptors": "import os\nkept = []\nwhile True:\n    try: kept.append(os.pipe())\n    except OSError: pass",
    "disk": "i = 0\nwhile True:\n    i += 1\n    try: open(f'f{i}', 'wb').write(b'x' * (1 << 20))\n    except OSError: pass",
    "inodes": "i = 0\nwhile True:\n    i += 1\n    try: open(f'out/f{i}', 'w').close()\n    except OSError: pass",
    "shared memory": "i = 0\nwhile True:\n    i += 1\n    try: open(f'/dev/shm/f{i}', 'wb').write(b'x' * (1 << 20))\n    except OSError: pass",
    "System V": (
        "import ctypes\nc = ctypes.CDLL(None, use_errno=True)\nwhile True:\n"
        "    c.shmget(0, 1 << 20, 0o1600)\n    c.semget(0, 100, 0o1600)\n    c.msgget(0, 0o1600)"
    ),
    "refused calls": "import socket\nwhile True:\n    try: socket.socket()\n    except OSError: pass",
    "signals": "import os, signal\nsignal.signal(10, signal.SIG_IGN)\nwhile True: os.kill(os.getpid(), 10)",
    "output": "import os\nwhile True: os.write(1, bytes(1 << 16)); os.write(2, bytes(1 << 16))",
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_contained_while_a_neighbour_goes_on(bomb: str) -> None:
    """While a bomb runs into its limits, another sandbox keeps answering right; the bomb ends as a limit."""
    results, values = list[fh.Result](), list[object]()
    policy = BOUNDS.but(**{"limits.wall": "2s", "limits.cpu": "1s"})

    def explode() -> None:
        results.append(fh.run(BOMBS[bomb], policy=policy))

    with fh.Sandbox(policy=BOUNDS) as neighbour:
        neighbour.run("x = 0")
        thread = threading.Thread(target=explode)
        thread.start()
        while thread.is_alive():
            values.append(neighbour.run("x += 1\nx").value)
            thread.join(0.01)

    assert list(range(1, len(values) + 1)) == values
    assert len(values) >= 2
    assert "limit" == results[0].outcome
    assert (results[0].limit and results[0].limit.kind) in {"wall", "cpu", "memory"}


FLOOD = """
import resource, sys
from tests import unread as fh
fh.run("1")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
policy = fh.Policy.default().but(**{"limits.cpu": "60s", "limits.wall": "100s"})
result = fh.run(f"import os\\ndata = b'x' * (1 << 16)\\nfor _ in range({sys.argv[1]} << 4): os.write(1, data)", policy=policy)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(result.outcome, len(result.stdout), result.dropped.stdout, after - before)
"""


def test_a_flood_of_output_costs_the_broker_bounded_memory() -> None:
    """Much more output than the cap grows the caller by less than 16 MiB, and every byte of it is counted.

    `FUMEHOOD_FLOOD_MIB` says how much (2048 is what is promised; the default keeps a test run short).
    """
    size = int(os.environ.get("FUMEHOOD_FLOOD_MIB", "256"))
    done = subprocess.run([sys.executable, "-c", FLOOD, str(size)], capture_output=True, text=True, check=True)
    outcome, kept, dropped, grown = done.stdout.split()

    assert ("completed", 1 << 20) == (outcome, int(kept))
    assert (size << 20) == int(kept) + int(dropped)
    assert int(grown) < 16 * 1024


def test_a_flood_of_frames_costs_the_broker_bounded_memory() -> None:
    """A runner that announces the largest frame and fills it slowly is bounded by the frame's limit and ended."""
    code = "import os, struct\nos.write(3, struct.pack('=I', 16 << 20))\ndata = b'[' * (1 << 16)\nwhile True: os.write(3, data)"
    result = fh.run(code, policy=BOUNDS)

    assert "failed" == result.outcome
    assert "ChannelBroken" == (result.error and result.error.name)


def test_the_hosts_shared_memory_and_temporary_folder_stay_empty_of_it() -> None:
    """Nothing that code writes to /tmp, /dev/shm or System V shared memory appears on the host."""
    code = (
        "import ctypes\nopen('/tmp/e2-residue', 'w').write('1')\nopen('/dev/shm/e2-residue', 'w').write('1')\n"
        "c = ctypes.CDLL(None)\nc.shmget(0x4532, 4096, 0o1600)"
    )
    fh.run(code)

    assert not Path("/tmp/e2-residue").exists()  # noqa: S108 -- the host's, where it must not be
    assert not Path("/dev/shm/e2-residue").exists()  # noqa: S108 -- as above
    segments = Path("/proc/sysvipc/shm")
    lines = segments.read_text(encoding="ascii").splitlines() if segments.exists() else []
    assert [] == [line for line in lines if line.split()[0] == str(0x4532)]
