"""What users hold: `Sandbox`, `AsyncSandbox`, and `run` for one program in a sandbox of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from fumehood import pool
from fumehood.background import AsyncJob, Job
from fumehood.files import AsyncFiles, Files
from fumehood.program import background
from fumehood.session import Session
from fumehood.streaming import stream
from fumehood.tiers.jail.waiting import Blocking, Cooperative, complete

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
    from pathlib import Path

    from fumehood.environments import Environment
    from fumehood.environments.uv import Step
    from fumehood.execution import Language, Report, Result, StreamEvent
    from fumehood.guard.conversation import Conversation
    from fumehood.plan import Plan
    from fumehood.policy import Policy

__all__ = ["AsyncSandbox", "Sandbox", "run"]


class Sandbox:
    """A sealed place that keeps variables, imports and files from one `run` to the next.

    It is made at the first run. Calls from several threads at once are refused with `SandboxBusy`: a sandbox has one
    namespace; use one for each thread.

    Args:
        policy: A `Policy`, the name of a shipped one, or the path of a TOML file.
        env: What is installed: "bare", "data", one of your own, or "auto", by what the first program imports.
        on_build: Told of each step where that has to be built first, once; without it nothing is printed.
        tier: The isolation tier; the policy's by default.
        data: Host files and folders that the code may read at `data/NAME`.
        out: A host folder that receives, after each run, what the code wrote below `out/`.
        language: The language of `run` when it names none. Under a policy without `code.spawn`, node can be started
            only in a sandbox made for "javascript".
        conversation: The broker of a conversation, whose tools the code may call as plain functions.

    Raises:
        UsageError: An argument has no meaning (`PolicyError`, `MissingFile` are kinds of it).
    """

    def __init__(  # noqa: PLR0913 -- the contract's keyword arguments
        self,
        *,
        policy: Policy | str | Path | None = None,
        env: str | Environment = "auto",
        tier: str | None = None,
        data: Iterable[str | os.PathLike[str]] = (),
        out: str | os.PathLike[str] | None = None,
        language: Language = "python",
        on_build: Callable[[Step], None] | None = None,
        conversation: Conversation | None = None,
    ) -> None:
        """Read the arguments; the sandbox itself is made at the first run."""
        self._session = Session(
            Blocking(),
            policy=policy,
            env=env,
            tier=tier,
            data=data,
            out=out,
            language=language,
            on_build=on_build,
            conversation=conversation,
        )

    def __enter__(self) -> Self:
        """Use it in a `with` block that closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the sandbox."""
        self.close()

    def run(  # noqa: PLR0913 -- the contract's keyword arguments
        self,
        code: str,
        *,
        language: Language | None = None,
        timeout: float | str | None = None,
        on_stdout: Callable[[str], None] | None = None,
        on_stderr: Callable[[str], None] | None = None,
        on_event: Callable[[StreamEvent], None] | None = None,
        name: str | None = None,
        approve: Callable[[Report], bool] | None = None,
    ) -> Result:
        """Run a program in here and wait for its end.

        Args:
            code: The program.
            language: "python", "bash" or "javascript"; the sandbox's own by default.
            timeout: Seconds, or "5s"; at most the policy's `limits.wall`.
            on_stdout: Called with each piece of standard output as it comes, up to the output cap.
            on_stderr: The same for standard error.
            on_event: Called with what is displayed and how far the program says it is, as it comes.
            name: The file name that tracebacks show.
            approve: Asked when a person must decide about what reading the code found; without it the answer is no.

        Returns:
            What came of it; the program's own failure is a result too.

        Raises:
            StateLost: The sandbox is gone since the last run; `reset()` begins anew.
            SandboxBusy: Another thread is running something in here.
            SandboxClosed: It was closed.
            Unavailable: This machine can't make a sandbox, or not with this policy.
            UsageError: An argument has no meaning.
        """
        work = self._session.run(
            code,
            language=language,
            timeout=timeout,
            on_stdout=on_stdout,
            on_stderr=on_stderr,
            on_event=on_event,
            name=name,
            approve=approve,
        )
        return complete(work)

    def sh(self, command: str, **options: Any) -> Result:
        """Run a shell command, where the policy grants `code.spawn`; options as of `run`."""
        return self.run(command, language="bash", **options)

    def stream(self, code: str, **options: Any) -> Iterator[StreamEvent]:
        """Run a program and give what comes of it as it comes: output, displays, progress, at last its result.

        While you do not ask for the next event nothing more is taken in, so that a program that says much waits for
        you (its time goes on). What is beyond `limits.output` is not given but counted in `result.dropped`. Leaving the
        loop early interrupts the program: one that ends of it leaves its state behind, else the sandbox is lost.

        Args:
            code: The program.
            options: `language`, `timeout`, `name`, `approve`, as of `run`.
        """
        events = stream(self._session, self._session.program(code, **options))
        try:
            while True:
                try:
                    event = complete(anext(events))
                except StopAsyncIteration:
                    return
                yield event
        finally:
            complete(events.aclose())

    def start(
        self,
        code: str,
        *,
        language: Language | None = None,
        timeout: float | str | None = None,
        name: str | None = None,
    ) -> Job:
        """Start a program and come back at once. It may take as long as the policy's `limits.background` says.

        Until it ends the sandbox is busy: every other call but `files`, `interrupt`, `extend` and `close` is refused
        with `SandboxBusy`.

        Raises:
            Refused: The policy has no `limits.background`.
            SandboxBusy: Something is running in here.
        """
        session = self._session
        return Job(session, background(session.policy, code, language or session.language, timeout=timeout, name=name))

    def interrupt(self) -> None:
        """From another thread: raise KeyboardInterrupt in what runs in here. State is kept.

        A program that ignores it goes on until its wall limit. Where nothing runs, it does nothing.
        """
        self._session.interrupt()

    def extend(self, timeout: float | str) -> None:
        """From another thread: give what runs this much time in all, at most what the policy allows.

        Raises:
            UsageError: Nothing runs in here, or the policy allows less.
        """
        self._session.extend(timeout)

    @property
    def files(self) -> Files:
        """The files that its code can see and change."""
        return Files(self._session)

    def reset(self) -> None:
        """Begin anew: what is in here is thrown away; after a loss, the next run works again."""
        self._session.reset()

    def close(self) -> None:
        """End the sandbox and everything that runs in it. Safe to call twice."""
        self._session.close()


class AsyncSandbox:
    """The same as `Sandbox`, with the same names, awaitable under asyncio or trio.

    A cancelled `run` ends the sandbox, since what runs in it can't be left alone.
    """

    def __init__(  # noqa: PLR0913 -- the contract's keyword arguments
        self,
        *,
        policy: Policy | str | Path | None = None,
        env: str | Environment = "auto",
        tier: str | None = None,
        data: Iterable[str | os.PathLike[str]] = (),
        out: str | os.PathLike[str] | None = None,
        language: Language = "python",
        on_build: Callable[[Step], None] | None = None,
        conversation: Conversation | None = None,
    ) -> None:
        """As `Sandbox`."""
        self._session = Session(
            Cooperative(),
            policy=policy,
            env=env,
            tier=tier,
            data=data,
            out=out,
            language=language,
            on_build=on_build,
            conversation=conversation,
        )

    async def __aenter__(self) -> Self:
        """Use it in an `async with` block that closes it."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the sandbox."""
        self._session.close()

    async def run(self, code: str, **options: Any) -> Result:
        """As `Sandbox.run`, with the same options."""
        return await self._session.run(code, **options)

    async def sh(self, command: str, **options: Any) -> Result:
        """As `Sandbox.sh`."""
        return await self._session.run(command, language="bash", **options)

    def stream(self, code: str, **options: Any) -> AsyncGenerator[StreamEvent]:
        """As `Sandbox.stream`, for `async for`; close it (`contextlib.aclosing`) where you leave it early."""
        return stream(self._session, self._session.program(code, **options))

    async def start(
        self,
        code: str,
        *,
        language: Language | None = None,
        timeout: float | str | None = None,
        name: str | None = None,
    ) -> AsyncJob:
        """As `Sandbox.start`: it begins now; the job's `wait` is awaitable, too."""
        session = self._session
        program = background(session.policy, code, language or session.language, timeout=timeout, name=name)
        return AsyncJob(session, program)

    async def interrupt(self) -> None:
        """As `Sandbox.interrupt`."""
        self._session.interrupt()

    async def extend(self, timeout: float | str) -> None:
        """As `Sandbox.extend`."""
        self._session.extend(timeout)

    @property
    def files(self) -> AsyncFiles:
        """As `Sandbox.files`, awaitable."""
        return AsyncFiles(self._session)

    async def reset(self) -> None:
        """As `Sandbox.reset`."""
        self._session.reset()

    async def close(self) -> None:
        """As `Sandbox.close`."""
        self._session.close()

    aclose = close  # as `contextlib.aclosing` calls it


def run(  # noqa: PLR0913 -- the contract's keyword arguments
    code: str,
    *,
    language: Language = "python",
    policy: Policy | str | Path | None = None,
    env: str | Environment = "auto",
    tier: str | None = None,
    data: Iterable[str | os.PathLike[str]] = (),
    out: str | os.PathLike[str] | None = None,
    timeout: float | str | None = None,
    on_stdout: Callable[[str], None] | None = None,
    on_stderr: Callable[[str], None] | None = None,
    on_event: Callable[[StreamEvent], None] | None = None,
    name: str | None = None,
    approve: Callable[[Report], bool] | None = None,
    on_build: Callable[[Step], None] | None = None,
) -> Result:
    """Run a program in a fresh sandbox that is gone afterwards; arguments and errors as of `Sandbox` and its `run`."""
    pool.rouse()
    session = Session(
        Blocking(), policy=policy, env=env, tier=tier, data=data, out=out, language=language, on_build=on_build,
        lasting=False,
    )  # fmt: skip
    try:
        work = session.run(
            code,
            timeout=timeout,
            on_stdout=on_stdout,
            on_stderr=on_stderr,
            on_event=on_event,
            name=name,
            approve=approve,
        )
        return complete(work)
    finally:
        session.close()


def plan_for(policy: Policy, language: Language = "python") -> Plan:
    """The plan by which this machine enforces a policy.

    Raises:
        Unavailable: It can't.
    """
    return pool.shared().prepare(policy, language).plan
