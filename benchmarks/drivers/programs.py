"""Each program in a process of its own: `programs.py spawn|run COMMAND…`, to which the program is added.

`spawn` starts it the cheapest way and drops what it prints; `run` is `subprocess.run`, which keeps it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import nullcontext

import orders

COMMAND = sys.argv[2:]


def spawn(code: str) -> str:
    nowhere = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
    child = os.posix_spawn(COMMAND[0], [*COMMAND, code], os.environ, file_actions=[nowhere])
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        message = f"it ended with {status}"
        raise RuntimeError(message)
    return ""


def run(code: str) -> str:
    done = subprocess.run([*COMMAND, code], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or f"it ended with {done.returncode}")
    return done.stdout


if __name__ == "__main__":
    way = {"spawn": spawn, "run": run}[orders.mode()]
    orders.serve("", nullcontext(orders.Runs(way, way)))
