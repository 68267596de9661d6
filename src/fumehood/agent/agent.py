"""`Agent` and `ask`: the blocking face of `AsyncAgent`.

The providers' libraries need an event loop. It runs in a thread of its own for the time of one question, so that a
caller inside another loop, such as a notebook, is served too, and nothing stays behind between two questions.
"""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING, Any, Self

from anyio.from_thread import start_blocking_portal

from fumehood.agent.loop import AsyncAgent
from fumehood.environments.definition import AUTO

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from os import PathLike
    from pathlib import Path

    from fumehood.agent.answer import Answer, Budget
    from fumehood.agent.loop import Data
    from fumehood.agent.model import Model
    from fumehood.environments.uv import Step
    from fumehood.execution import Event
    from fumehood.guard.approvals import Approvals, Request
    from fumehood.guard.tool import Tool
    from fumehood.policy import Policy


class Agent:
    """As `AsyncAgent`, with the same arguments and names, blocking."""

    def __init__(  # noqa: PLR0913 -- the contract's keyword arguments
        self,
        model: str | Model | None = None,
        *,
        base_url: str | None = None,
        tools: Iterable[Tool | Callable[..., Any]] = (),
        approve: Callable[[Request], object] | Approvals | None = None,
        policy: Policy | str | Path | None = None,
        env: str = AUTO,
        on_build: Callable[[Step], None] | None = None,
        out: str | PathLike[str] | None = None,
        budget: Budget | None = None,
    ) -> None:
        """As `AsyncAgent`."""
        self._agent = AsyncAgent(
            model,
            base_url=base_url,
            tools=tools,
            approve=approve,
            policy=policy,
            env=env,
            on_build=on_build,
            out=out,
            budget=budget,
        )

    def __enter__(self) -> Self:
        """Use it in a `with` block that closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """End its sandbox."""
        self.close()

    @property
    def model(self) -> str:
        """As `AsyncAgent.model`."""
        return self._agent.model

    def run(self, question: str, *, data: Data = ()) -> Answer:
        """As `AsyncAgent.run`."""

        async def work() -> Answer:
            return await self._agent.run(question, data=data)

        with start_blocking_portal() as portal:
            return portal.call(work)

    def stream(self, question: str, *, data: Data = (), live: bool = True) -> Generator[Event]:
        """As `AsyncAgent.stream`; leaving the loop early ends the work."""
        events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()

        async def work() -> None:
            try:
                async for event in self._agent.stream(question, data=data, live=live):
                    events.put(event)
            finally:
                events.put(None)

        with start_blocking_portal() as portal:
            working = portal.start_task_soon(work)
            try:
                while (event := events.get()) is not None:
                    yield event
            except BaseException:
                working.cancel()
                raise
            working.result()

    def reset(self) -> None:
        """As `AsyncAgent.reset`."""
        self._agent.reset()

    def close(self) -> None:
        """As `AsyncAgent.close`."""
        self._agent.close()


def ask(question: str, *, model: str | Model | None = None, data: Data = (), **options: Any) -> Answer:
    """Answer one question with an agent that is gone afterwards; arguments as of `Agent` and its `run`."""
    with Agent(model, **options) as agent:
        return agent.run(question, data=data)
