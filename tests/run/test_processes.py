"""What a program sees of the processes around it, and that ordinary ways of starting others work."""

from __future__ import annotations

import pytest

from tests import unread as fh

pytestmark = pytest.mark.jail

WORKBENCH = fh.Policy.load("workbench")
POOL = "import multiprocessing\nwith multiprocessing.get_context({!r}).Pool(2) as pool: value = pool.map(abs, [-1, -2])\nvalue"
EXECUTOR = """
from concurrent.futures import ProcessPoolExecutor
with ProcessPoolExecutor(2) as executor: value = list(executor.map(abs, [-1, -2]))
value
"""
DAEMON = """
import os, time
read, write = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while os.getppid() != 1: time.sleep(0.01)
        os.write(write, b"on its own")
        os._exit(0)
    os._exit(0)
os.wait()
os.read(read, 99).decode()
"""
SHELL = "import subprocess\nsubprocess.run(['sh', '-c', 'echo $PPID'], capture_output=True, text=True).stdout"
LIST = "import subprocess\nsubprocess.run(['ps', '-eo', 'pid='], capture_output=True, text=True).stdout.split()[0]"
PROGRAMS = {
    "its own number": ("import os\nos.getpid(), os.getppid()", [2, 0]),
    "a pool of forks": (POOL.format("fork"), [1, 2]),
    "an executor": (EXECUTOR, [1, 2]),
    "a daemon": (DAEMON, "on its own"),
    "a shell": (SHELL, "2\n"),
    "a list of processes": (LIST, "2"),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_that_start_others(name: str) -> None:
    """The program is process 2 and has no parent; pid 1 collects orphans and can't be looked into."""
    code, value = PROGRAMS[name]
    result = fh.run(code, policy=WORKBENCH)

    assert ("completed", value) == (result.outcome, result.value), result
