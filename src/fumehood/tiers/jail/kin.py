"""The two processes that a sandbox begins and ends with, as the warden holds them: pid 1 and the runner."""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from fumehood.tiers.jail.nursery import Zygote
    from fumehood.tiers.jail.warden import Warden


def lives(pidfd: int) -> bool:
    """Whether a process has not ended."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return not poll.poll(0)


def _nobody_asks() -> None:
    """Nothing is left to be told."""


class Kin:
    """Pid 1 takes the whole namespace along; the runner is a zygote's child, or the warden's once that is gone.

    The namespace is at its end when pid 1 is, and that waits until somebody has asked how the runner ended.
    """

    def __init__(self, warden: Warden, *, ended: Callable[[], None], over: Callable[[], None]) -> None:
        """Hold nothing yet.

        Args:
            warden: Whose they are.
            ended: Called when the runner has ended, to end the others.
            over: Called when the last process has gone and nobody owes the runner's status any more.
        """
        self._warden = warden
        self._runner_has_ended = ended
        self._over = over
        self._mother: Zygote | None = None
        self._runner = -1
        self._ended = False
        self.first = self.namespace = -1
        self.pid = 0
        self.status: int | None = None

    def settle(self, first: int, namespace: int) -> None:
        """Take over a namespace that has only its pid 1: a pidfd of that, and the namespace itself."""
        self.first, self.namespace = first, namespace
        self._warden.watch(first, self._first_ended)

    def enter(self) -> int:
        """The namespace, to be given away."""
        namespace, self.namespace = self.namespace, -1
        return namespace

    def born(self, mother: Zygote, pid: int, runner: int) -> None:
        """The runner is there: whose child, its number in the jail, its pidfd."""
        self._mother, self.pid, self._runner = mother, pid, runner
        self._warden.runners[pid] = self
        self._warden.watch(runner, self._runner_ended)

    def kill(self) -> None:
        """End every process at once."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.first, signal.SIGKILL)

    def _runner_ended(self) -> None:
        self._warden.forget(self._runner)
        self._runner_has_ended()
        assert self._mother is not None  # noqa: S101 -- it was born
        self._mother.bury(self)

    def _first_ended(self) -> None:
        self._warden.forget(self.first)
        self._ended = True
        self.conclude()

    def buried(self, status: int) -> None:
        """Whoever was the runner's parent says how it ended."""
        self.status = status
        self._forget_number()
        self.conclude()

    def conclude(self) -> None:
        """Say that it is over, if it is."""
        if self._ended and (self._mother is None or not self._mother.owes(self)):
            self._over()

    def _forget_number(self) -> None:
        if self._warden.runners.get(self.pid) is self:
            del self._warden.runners[self.pid]

    def leave(self) -> None:
        """Let go of a namespace of which nothing came: whatever is in it ends."""
        self.kill()
        self._close_descriptors()

    def close(self) -> None:
        """Let go of all descriptors and of the ward, so that both are gone at once."""
        self._close_descriptors()
        self._runner_has_ended = self._over = _nobody_asks

    def _close_descriptors(self) -> None:
        self._forget_number()
        for descriptor in (self.first, self.namespace, self._runner):
            if descriptor >= 0:
                self._warden.forget(descriptor)
                os.close(descriptor)
        self.first = self.namespace = self._runner = -1
