"""Run ./test as root and, beside it, the tests as an ordinary user: `.ci/run`. Needs root.

What the first says is shown as it says it, what the second said after that. Whoever interrupts this ends both.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from as_user import USERS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).resolve().parent.parent
#: As THE_SAME_FOR_ALL of tools/as_user.py, but left to the ordinary user's half, which has no linters to run.
FOR_THE_OTHER = ("fuzz/test_check.py", "fuzz/test_frames.py")
_LEFT_OUT = " ".join(f"--ignore=tests/{name}" for name in (*FOR_THE_OTHER, USERS))
HALVES = (
    ["env", f"PYTEST_ADDOPTS={_LEFT_OUT}", str(ROOT / "test")],
    [sys.executable, str(ROOT / "tools" / "as_user.py")],
)
#: What an interrupted half has for its own clearing up.
PATIENCE_S = 60.0


def side_by_side(halves: Sequence[Sequence[str]]) -> int:
    """Run commands at once; 0 when all of them answered 0."""
    early = list[int]()  # what would interrupt a start would leave that half to nobody
    hear(lambda number, _: early.append(number))
    running = list[subprocess.Popen[bytes]]()
    with ExitStack() as stack:
        said = [None, *(stack.enter_context(tempfile.TemporaryFile()) for _ in halves[1:])]
        for command, file in zip(halves, said, strict=True):
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=file, stderr=file and subprocess.STDOUT, process_group=0
            )
            stack.callback(end, process)
            running.append(process)
        hear(interrupted)
        for number in early:
            interrupted(number, None)
        for process, file in zip(running, said, strict=True):
            process.wait()
            if file is not None:
                file.seek(0)
                shutil.copyfileobj(file, sys.stdout.buffer)
                sys.stdout.flush()
    failed = [" ".join(command) for command, process in zip(halves, running, strict=True) if process.returncode]
    if failed:
        print(f"\nfailed: {', '.join(failed)}", flush=True)
    return 1 if failed else 0


def hear(what: Callable[[int, object], object] | signal.Handlers) -> None:
    """Answer in this way who interrupts."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, what)


def interrupted(number: int, _: object) -> NoReturn:
    """End the program, and on the way out what it runs."""
    hear(signal.SIG_IGN)
    raise SystemExit(128 + number)


def end(process: subprocess.Popen[bytes]) -> None:
    """Let nothing of a half go on: interrupt what is left of it, and kill what does not end of that."""
    asked = time.monotonic()
    number = int(signal.SIGINT)
    while is_left(process, number):
        number = signal.SIGKILL if time.monotonic() > asked + PATIENCE_S else 0
        time.sleep(0.05)


def is_left(process: subprocess.Popen[bytes], number: int) -> bool:
    """Send a signal to all of a half; False where nothing of it is there."""
    process.poll()
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(side_by_side(HALVES))
