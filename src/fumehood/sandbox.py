"""What users hold: `Sandbox`, `AsyncSandbox`, and `run` for one program in a sandbox of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from fumehood import pool
from fumehood.session import Session
from fumehood.tiers.jail.waiting import Blocking, Cooperative, complete

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from fumehood.environments import Environment
    from fumehood.environments.uv import Step
    from fumehood.execution import Language, Report, Result
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
    ) -> None:
        """Read the arguments; the sandbox itself is made at the first run."""
        self._session = Session(
            Blocking(), policy=policy, env=env, tier=tier, data=data, out=out, language=language, on_build=on_build
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
            name=name,
            approve=approve,
        )
        return complete(work)

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
    ) -> None:
        """As `Sandbox`."""
        self._session = Session(
            Cooperative(), policy=policy, env=env, tier=tier, data=data, out=out, language=language, on_build=on_build
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

    def reset(self) -> None:
        """As `Sandbox.reset`."""
        self._session.reset()

    async def aclose(self) -> None:
        """As `Sandbox.close`."""
        self._session.close()


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
    name: str | None = None,
    approve: Callable[[Report], bool] | None = None,
    on_build: Callable[[Step], None] | None = None,
) -> Result:
    """Run a program in a fresh sandbox that is gone afterwards; arguments and errors as of `Sandbox` and its `run`."""
    session = Session(
        Blocking(), policy=policy, env=env, tier=tier, data=data, out=out, language=language, on_build=on_build,
        lasting=False,
    )  # fmt: skip
    try:
        return complete(
            session.run(code, timeout=timeout, on_stdout=on_stdout, on_stderr=on_stderr, name=name, approve=approve)
        )
    finally:
        session.close()


def plan_for(policy: Policy, language: Language = "python") -> Plan:
    """The plan by which this machine enforces a policy.

    Raises:
        Unavailable: It can't.
    """
    return pool.shared().prepare(policy, language).plan
