"""The core of a sandbox, written once: check → run → filter → record. `sandbox.py` has its two faces."""

from __future__ import annotations

import os
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fumehood import outcome, pool
from fumehood.environments.choice import Choice
from fumehood.errors import SandboxBusy, SandboxClosed, StateLost, UsageError
from fumehood.execution import Result
from fumehood.hearing import Hearing
from fumehood.interpreters import interpreter
from fumehood.policy import Policy
from fumehood.program import foreground, language_of, seconds
from fumehood.reader import Reader, refusal
from fumehood.recording import Begun, Recorder
from fumehood.rehearsal import rehearse
from fumehood.trail import Clock, trail
from fumehood.workspace import Workspace, shared, target

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from pathlib import Path

    from fumehood.calls import Calls
    from fumehood.environments import Environment
    from fumehood.environments.uv import Step
    from fumehood.execution import Language, StreamEvent
    from fumehood.guard.conversation import Conversation
    from fumehood.program import Program
    from fumehood.reader import Read
    from fumehood.tiers.jail.cell import Cell
    from fumehood.tiers.jail.seen import Seen
    from fumehood.tiers.jail.waiting import Waiter


class Session:
    """One sandbox over its life: a cell, and another after a reset."""

    def __init__(  # noqa: PLR0913 -- the keyword arguments of Sandbox
        self,
        waiter: Waiter,
        *,
        policy: Policy | str | Path | None,
        env: str | Environment,
        tier: str | None,
        data: Iterable[str | os.PathLike[str]],
        out: str | os.PathLike[str] | None,
        language: Language,
        on_build: Callable[[Step], None] | None = None,
        lasting: bool = True,
        conversation: Conversation | None = None,
    ) -> None:
        """Read the arguments; nothing is started yet. What is not `lasting` runs one program.

        Raises:
            UsageError: An argument has no meaning.
        """
        self.cell: Cell | None = None
        self.closed = False
        self.running: Program | None = None
        self._busy = threading.Lock()
        self._bell = threading.Lock()  # between an interrupt and the beginning of what it is for
        self._door = threading.Lock()  # between the end of a cell and who looks at its files
        self.waiter, self.lasting = waiter, lasting
        self.policy = Policy.load(policy)
        if tier is not None:
            self.policy = self.policy.but(**{"isolation.tier": tier})
        self._reader = Reader(self.policy)
        self.choice = Choice(env, lasting=lasting, on_build=on_build)
        self.language: Language = language_of(language)
        self.trees = shared(data)
        self.conversation = conversation
        if conversation is not None:
            for tree in self.trees:
                conversation.holds(str(tree["target"]).removeprefix("/workspace/"))
        self.out = None if out is None else target(out)
        self.lost: str | None = None
        self.state_gone = False
        self.runs = self._process = 0
        self._doing, self._early = "", False
        self._recorder: Recorder | None = None

    def __del__(self) -> None:
        """Forgotten without `close`: its sandbox must not live as long as the process."""
        self.close()

    def occupy(self, what: str = "another call") -> None:
        """Hold off every other call until `release`: a sandbox has one namespace, and two runs would mix in it.

        Raises:
            SandboxBusy: Something is running in it.
        """
        if not self._busy.acquire(blocking=False):
            raise SandboxBusy(
                f"This sandbox is busy: {self._doing} is running in it.",
                remedy="Wait for it, or use one Sandbox for each thread or task: they are cheap.",
            )
        self._doing, self._early = what, False

    def release(self) -> None:
        """Let other calls in again."""
        if self.closed:  # by another thread, meanwhile
            self._let_go()
        self._busy.release()

    @contextmanager
    def alone(self, what: str = "another call") -> Generator[None]:
        """Hold off a second call meanwhile."""
        self.occupy(what)
        try:
            yield
        finally:
            self.release()

    async def open(self, waiter: Waiter, imports: Iterable[str] = ()) -> Cell:
        """The living cell; made now if there is none, for a program that imports these modules.

        Raises:
            SandboxClosed: The sandbox was closed.
            StateLost: What it held is gone, and nobody asked for a new beginning.
            Unavailable: This machine can't make one.
        """
        self._require_living()
        if self.cell is None:
            environment = await self.choice.settle(imports, waiter)
            ask = pool.Ask(self.policy, self.language, environment)
            self.ready, self.cell = await pool.fresh(ask, self.trees, waiter)
            self.runs, self._process = 0, os.getpid()
            jail = self.ready.plan.jail
            self.cell.lease(jail["idle"].value, jail["lifetime"].value)
            self._recorder = None
            self._require_living()  # another thread may have closed it while it was made
        return self.cell

    @property
    def _record(self) -> Recorder:
        """What puts this cell's results together; made when the first is due."""
        if self._recorder is None:
            names = [str(tree["target"]).rpartition("/")[2] for tree in self.trees]
            self._recorder = Recorder(self.ready, self.policy, self.choice, data=names, out=self.out)
        return self._recorder

    def _require_living(self) -> None:
        if self.closed:
            raise SandboxClosed("This sandbox was closed.", remedy="Make a new Sandbox.")
        self._look()
        if self.lost is not None:
            raise StateLost(
                f"The sandbox is gone, and with it its variables, imports and files: {self.lost}",
                remedy="Call reset() to begin anew; the next run then says `state: lost`.",
            )

    def _look(self) -> None:
        """Before a run: whether the cell is ours, and whether what was left running in it has ended it since."""
        if self.cell is None:
            return
        if self._process != os.getpid():
            raise SandboxClosed(
                "This sandbox belongs to the process that this one was forked from.",
                remedy="Make a Sandbox in each process.",
            )
        seen = self.cell.ended()
        if seen is not None:
            self._lose(outcome.judge(self.ready.plan, seen, None).why_lost)

    def program(self, code: str, *, language: Language | None = None, **options: Any) -> Program:
        """What a caller asks to have run and waits for; options as of `Sandbox.run`."""
        return foreground(self.policy, code, language or self.language, **options)

    async def run(
        self,
        code: str,
        *,
        on_stdout: Callable[[str], None] | None = None,
        on_stderr: Callable[[str], None] | None = None,
        on_event: Callable[[StreamEvent], None] | None = None,
        **options: Any,
    ) -> Result:
        """Read one program, run it to its end unless it is refused, and say what came of it."""
        program = self.program(code, **options)
        self.occupy()
        try:
            return await self.complete(program, Hearing(on_stdout, on_stderr, on_event), self.waiter)
        finally:
            self.release()

    async def complete(self, program: Program, hearing: Hearing, waiter: Waiter) -> Result:
        """The same, in a sandbox that the caller occupies."""
        begun = await self.begin(program, hearing, waiter)
        if isinstance(begun, Result):
            return begun
        try:
            while begun.cell.going:
                await begun.cell.advance(waiter)
        except BaseException:
            self.abandon(begun.cell)
            raise
        return await self.end(begun, waiter)

    async def begin(self, program: Program, hearing: Hearing, waiter: Waiter) -> Begun | Result:
        """Check it, have a sandbox, and hand it over; the result at once if it is refused."""
        began = time.perf_counter()
        self._require_living()
        read = self._reader.read(program.source, program.language, program.approve)
        if read.refused:
            return self._refused(read, program, began)
        checked = time.perf_counter()
        cell = self.cell or await self.open(waiter, () if read.report is None else read.report.imports)
        waited = time.perf_counter()
        calls = self._calls(cell, request := self._request(program), waiter)
        stdout, stderr, on_event = hearing.begin(self._record.filter) if hearing.listens else (None, None, None)
        cell.begin(stdout, stderr, on_event if calls is None else calls.beside(on_event))
        try:
            with self._bell:
                budget = {**program.budget(), "interrupt": self._early}
                clock = cell.start_clock(budget)
            await cell.start(request, clock, waiter)
            self.running, known = program, self._record.known(program, read)
            if cell.is_rested:
                rehearse(self._record.filter, cell)
        except BaseException:
            self.abandon(cell)
            raise
        times, during = (began, checked, waited), () if calls is None else calls.events
        return Begun(cell, program, hearing, read, times, during, known)

    def abandon(self, cell: Cell, why: str = "a call was cancelled while the code ran") -> None:
        """Give up what runs, and the sandbox with it."""
        cell.abandon()
        self.running = None
        self._lose(why)

    def interrupt(self) -> None:
        """Raise KeyboardInterrupt in what runs; a run that is about to begin is met as it does."""
        with self._bell:
            cell = self.cell
            if cell is None or not cell.interrupt():
                self._early = True

    def extend(self, timeout: float | str) -> None:
        """Give what runs this much time in all, within the policy.

        Raises:
            UsageError: Nothing runs, or the policy allows less.
        """
        program, cell = self.running, self.cell
        if program is None or cell is None:
            raise UsageError("Nothing is running in this sandbox.", remedy="Extend a run while it goes on.")
        limits = self.policy.limits
        most = limits.wall if program.limit == "wall" else limits.background
        cell.extend(seconds(timeout, program.limit, most))

    async def space(self) -> int:
        """The workspace's descriptor, for the caller to close.

        While something runs it is that sandbox's; otherwise the sandbox is opened.
        """
        if self._busy.acquire(blocking=False):
            self._doing = "a call of `files`"
            try:
                await self.open(self.waiter)
                return self._workspace()
            finally:
                self.release()
        return self._workspace()

    def _workspace(self) -> int:
        with self._door:
            cell = self.cell
            if cell is None:
                raise SandboxBusy(
                    f"This sandbox is not there yet: {self._doing} is making it.", remedy="Try again in a moment."
                )
            cell.renew()
            return os.dup(cell.workspace)

    def _request(self, program: Program) -> dict[str, Any]:
        name = program.name or f"<run {self.runs + 1}>"
        request: dict[str, Any] = {"code": program.source, "name": name, "language": program.language}
        if program.language != "python":
            request["program"] = interpreter(program.language, self.language, self.policy)
        return request

    def _calls(self, cell: Cell, request: dict[str, Any], waiter: Waiter) -> Calls | None:
        """Offer the conversation's tools to the program; one of another language can call none."""
        if self.conversation is None:
            return None
        self.conversation.program()
        if "program" in request or not self.conversation.tools:
            return None
        from fumehood.calls import Calls  # noqa: PLC0415 -- all that guards calls, only where there are tools

        request["tools"] = self.conversation.tools.stubs()
        return Calls(self.conversation, cell, waiter)

    async def end(self, begun: Begun, waiter: Waiter) -> Result:
        """The result of a program that ran."""
        cell = begun.cell
        try:
            seen = await cell.finish(waiter)
        except BaseException:
            self.abandon(cell)
            raise
        self.running = None
        ran = time.perf_counter()
        begun.hearing.end()
        self._reader.ran(begun.read)
        account = await self._judge(cell, seen, waiter)
        result = self._record.result(begun, seen, account, state=self._state(), ran=ran)
        self._settle(account)
        return result

    def _settle(self, account: outcome.Account) -> None:
        """After a run: what is gone is mourned, and what was taken is ordered anew, while the caller goes on."""
        self.runs += 1
        if not account.alive:
            self._lose(account.why_lost)
        if self.lasting and not self.trees:
            self.ready.pool.replenish(self.ready)

    async def _judge(self, cell: Cell, seen: Seen, waiter: Waiter) -> outcome.Account:
        """What happened; where it did not plainly end well, by what the kernel counted."""
        if seen.answer is not None and seen.answer.get("ok") is True and seen.gone is None:
            return outcome.judge(self.ready.plan, seen, None)
        counters = seen.gone or await cell.count(waiter)
        evidence = outcome.evidence(counters, Workspace(cell.workspace).used(), self.policy.limits)
        return outcome.judge(self.ready.plan, seen, evidence)

    def _refused(self, read: Read, program: Program, began: float) -> Result:
        """The result of a program that did not run; the sandbox, if there is one, is as it was."""
        now = time.perf_counter()
        findings, error = refusal(read, program.source)
        return Result(
            outcome="refused",
            findings=findings,
            error=error,
            environment=self.choice.environment.name,
            language=program.language,
            policy=self.policy.name,
            controls=(read.control,),
            state="kept" if self.runs else "fresh",
            execution=os.urandom(8).hex(),
            code_sha256=program.digest,
            policy_sha256=self.policy.sha256,
            **trail(Clock(began, now, now, now), "refused", findings=len(findings)),
        )

    def _state(self) -> Any:
        if self.runs:
            return "kept"
        gone, self.state_gone = self.state_gone, False
        return "lost" if gone else "fresh"

    def _lose(self, why: str) -> None:
        self.lost = why
        self._let_go()

    def _let_go(self) -> None:
        with self._door:
            cell, self.cell = self.cell, None
            if cell is not None:
                self._reader.forget()
                if self.conversation is not None:
                    self.conversation.fresh()
                again = None if self.lasting or self.trees else self.ready
                self.ready.pool.discard(cell, again)

    def reset(self) -> None:
        """Throw away what is there, or mourn what was lost; the next run begins in a fresh sandbox."""
        with self.alone():
            self.state_gone = self.lost is not None
            self.lost = None
            self._let_go()

    def close(self) -> None:
        """End it, and what another thread is running in it. Safe to call twice."""
        self.closed = True
        if self._busy.acquire(blocking=False):
            self._let_go()
            self._busy.release()
        elif (cell := self.cell) is not None:
            cell.kill("closed")
