"""What the warden does to the living processes of one sandbox, from outside: interrupt its program, hold all still.

Processes are named by their folders in the sandbox's own /proc, which stay theirs: a number that is given to another
process meanwhile can't be hit.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

    from fumehood.kernel.cgroup import Group

#: It is forked into a namespace that has only pid 1, which ends when it does: no other process ever has this number.
_RUNNER = "2"
_INIT = "1"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_STILL = {"T", "t", "Z", "X"}


class Reins:
    """Holds one sandbox; by its cgroup's freezer where there is one, else by signals.

    Args:
        proc: The sandbox's /proc, a borrowed descriptor.
        group: Its cgroup.
    """

    def __init__(self, proc: int, group: Group | None) -> None:
        """Take hold; nothing is changed yet."""
        self._proc = proc
        self._freezer = group if group is not None and group.can_freeze else None
        self._held = False

    def interrupt(self) -> bool:
        """Send SIGINT to the runner; False while it ignores it, as it does before and after a program."""
        with suppress(OSError), _opened(self._proc, _RUNNER) as runner:
            if _ignores(runner, signal.SIGINT):
                return False
            signal.pidfd_send_signal(runner, signal.SIGINT)
        return True

    def hold(self) -> bool:
        """Stop every process; True once nothing moves. Until then ask again: this never waits."""
        self._held = True
        if self._freezer is not None:
            self._freezer.freeze(frozen=True)
            return self._freezer.is_frozen()
        still = True
        for pid in self._pids():
            with suppress(OSError), _opened(self._proc, pid) as process:  # it may have ended meanwhile
                if _state(process) not in _STILL:
                    still = False
                    signal.pidfd_send_signal(process, signal.SIGSTOP)
        return still

    def release(self) -> None:
        """Let everything go on; also needed after a kill, which a frozen process does not feel. Safe to call twice."""
        if not self._held:
            return
        self._held = False
        if self._freezer is not None:
            with suppress(OSError):  # the group is gone with its last process
                self._freezer.freeze(frozen=False)
            return
        for pid in self._pids():
            with suppress(OSError), _opened(self._proc, pid) as process:
                signal.pidfd_send_signal(process, signal.SIGCONT)

    def _pids(self) -> list[str]:
        """All but pid 1, which only sleeps."""
        try:
            return [name for name in os.listdir(self._proc) if name.isdigit() and name != _INIT]
        except OSError:
            return []  # the namespace is gone


@contextmanager
def _opened(proc: int, pid: str) -> Generator[int]:
    """A process's folder, which serves as a pidfd too."""
    folder = os.open(pid, _FOLDER, dir_fd=proc)
    try:
        yield folder
    finally:
        os.close(folder)


def _read(process: int, name: str) -> str:
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=process)
    try:
        return os.read(descriptor, 4096).decode("ascii", "replace")
    finally:
        os.close(descriptor)


def _ignores(process: int, number: int) -> bool:
    """Whether the kernel would throw the signal away."""
    mask = int(_read(process, "status").partition("\nSigIgn:")[2].split(None, 1)[0], 16)
    return bool(mask >> (number - 1) & 1)


def _state(process: int) -> str:
    """R, S, D, T …; the command before it may hold spaces and parentheses."""
    return _read(process, "stat").rpartition(") ")[2][:1]
