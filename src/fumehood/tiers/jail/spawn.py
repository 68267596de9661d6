"""Start the launcher. Imports next to nothing, so that the jail can come up while its caller still does."""

from __future__ import annotations

import os
import sys
from _socket import AF_UNIX, SOCK_SEQPACKET, socketpair  # what `socket` is made of, without its enumerations

#: What is imported stays: there is nothing to collect meanwhile.
_SYSTEM = (
    "import gc, sys; gc.disable(); sys.path.append(sys.argv[1]); "
    "from fumehood.tiers.jail.launcher import main; gc.enable(); main()"
)


class Launched:
    """A launcher that was started: its process, and the descriptors of our end of its channel and of its complaints."""

    def __init__(self) -> None:
        """Execute it: isolated interpreter, empty environment, no descriptor but the channel and where to complain."""
        ours, theirs = socketpair(AF_UNIX, SOCK_SEQPACKET)
        self.told, telling = os.pipe()
        null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
        try:
            self.pid = _execute(theirs.fileno(), telling, null)
        finally:
            theirs.close()
            os.close(telling)
            os.close(null)
        self.channel = ours.detach()


def _execute(channel: int, telling: int, null: int) -> int:
    python = os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)
    folder = os.path.abspath(f"{__file__}/../../../..")
    # By way of numbers above them all: the ones that are asked for may be in use as sources of another copy.
    high = max(channel, telling, null, 3) + 1
    copies = [(channel, high), (telling, high + 1), (null, 0), (null, 1), (high + 1, 2), (high, 3)]
    return os.posix_spawn(
        python,
        [python, "-I", "-S", *(["-B"] if sys.dont_write_bytecode else []), "-c", _SYSTEM, folder, str(os.getpid())],
        {"LANG": "C.UTF-8"},
        file_actions=[(os.POSIX_SPAWN_DUP2, source, target) for source, target in copies],
        setsid=True,
    )
