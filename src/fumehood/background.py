"""Work that goes on in a sandbox while its caller does other things."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING, Literal

from fumehood.errors import StillRunning
from fumehood.hearing import Hearing
from fumehood.tiers.jail.waiting import Blocking, complete

if TYPE_CHECKING:
    from fumehood.execution import Outcome, Progress, Result, StreamEvent
    from fumehood.program import Program
    from fumehood.session import Session

_numbers = itertools.count(1)


class Job:
    """A program that was started with `start`. Until it ends its sandbox is busy."""

    def __init__(self, session: Session, program: Program) -> None:
        """Start it.

        Raises:
            SandboxBusy: Something else is running in the sandbox.
        """
        self.name = program.name or f"job {next(_numbers)}"
        self.progress: Progress | None = None
        self._session = session
        self._said: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self._result: Result | None = None
        self._error: BaseException | None = None
        self._ended = threading.Event()
        session.occupy(f"the background work {self.name!r}")
        threading.Thread(target=self._work, args=(program,), name=self.name, daemon=True).start()

    def _work(self, program: Program) -> None:
        hearing = Hearing(self._said["stdout"].append, self._said["stderr"].append, self._hear)
        try:
            self._result = complete(self._session.complete(program, hearing, Blocking()))
        except BaseException as error:  # noqa: BLE001 -- `wait` raises it where somebody hears of it
            self._error = error
        finally:
            self._session.release()
            self._ended.set()

    def _hear(self, event: StreamEvent) -> None:
        if event.progress is not None:
            self.progress = event.progress

    @property
    def status(self) -> Literal["running"] | Outcome:
        """How it ended, or "running"; "unavailable" where `wait` raises."""
        if not self._ended.is_set():
            return "running"
        return "unavailable" if self._result is None else self._result.outcome

    @property
    def stdout(self) -> str:
        """Standard output so far, up to `limits.output`."""
        return "".join(self._said["stdout"])

    @property
    def stderr(self) -> str:
        """Standard error so far, up to `limits.output`."""
        return "".join(self._said["stderr"])

    def wait(self, timeout: float | None = None) -> Result:
        """What came of it, once it has ended.

        Raises:
            StillRunning: It has not ended after `timeout` seconds; it goes on.
            Error: What `run` would have raised.
        """
        if not self._ended.wait(timeout):
            raise StillRunning(
                f"{self.name!r} is still running after {timeout} s.", remedy="Wait longer, or call interrupt()."
            )
        if self._error is not None:
            raise self._error
        assert self._result is not None  # noqa: S101 -- it is this or an error
        return self._result

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in it; one that ignores it goes on until its limit."""
        if not self._ended.is_set():
            self._session.interrupt()

    def extend(self, timeout: float | str) -> None:
        """Give it this much time in all, at most the policy's `limits.background`."""
        self._session.extend(timeout)


class AsyncJob(Job):
    """The same, with an awaitable `wait`."""

    async def wait(self, timeout: float | None = None) -> Result:  # type: ignore[override]
        """As `Job.wait`."""
        import anyio.to_thread  # noqa: PLC0415 -- a blocking caller never needs it

        return await anyio.to_thread.run_sync(super().wait, timeout, abandon_on_cancel=True)
