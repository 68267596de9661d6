"""Programs of other languages: each runs to its end in an interpreter of its own."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from fumehood.tiers.jail.runner import interrupts
from fumehood.tiers.jail.runner.failure import Failures

if TYPE_CHECKING:
    from fumehood.tiers.jail.wire import Message

_SUFFIX = {"bash": ".sh", "javascript": ".cjs", "module": ".mjs"}


def run(request: Message) -> Message:
    """Run it with the interpreter that the request names, and say what came of it: the answer frame."""
    path = f"/tmp/.program{_SUFFIX[request['language']]}"  # noqa: S108 -- the sandbox's own /tmp
    with open(path, "w", encoding="utf-8") as file:
        file.write(request["code"])
    words = [os.path.basename(request["program"]), path]
    try:
        child = os.posix_spawn(
            request["program"], words, os.environ, setpgroup=0, setsigdef=interrupts.AS_PYTHON_BEGINS
        )
        signal.signal(signal.SIGINT, lambda _number, _frame: _pass_on(child))
        _, status = os.waitpid(child, 0)
    except OSError as error:
        return Failures().tell(error, path)
    finally:
        os.unlink(path)
    code = os.waitstatus_to_exitcode(status)
    if code == 0:
        return {"ok": True}
    message = f"exited with status {code}" if code > 0 else f"killed by {signal.Signals(-code).name}"
    name = "ExitStatus" if code > 0 else "Killed"
    return {"ok": False, "error": {"name": name, "message": message, "line": None, "traceback": ""}}


def _pass_on(child: int) -> None:
    """An interrupt is for the program that was started, and for what it started."""
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGINT)
