"""The loop, written once: ask the model, read and run what it writes, tell it what came of it, until it answers."""

from __future__ import annotations

import threading
from contextlib import aclosing, asynccontextmanager, contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, cast

import anyio

from fumehood.agent import prompt
from fumehood.agent.answer import Answer, Budget
from fumehood.agent.code import fenced
from fumehood.agent.model import Call, Piece, Reply, Returned, System, User
from fumehood.agent.naming import find
from fumehood.agent.turn import Turn
from fumehood.environments import check
from fumehood.environments.definition import AUTO
from fumehood.errors import ModelFailed, SandboxBusy, SandboxClosed, StateLost, UsageError
from fumehood.execution import Event
from fumehood.guard.conversation import Conversation
from fumehood.guard.output import Filter, secret_values
from fumehood.policy import Policy
from fumehood.sandbox import plan_for
from fumehood.session import Session
from fumehood.tiers.jail.waiting import Cooperative

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Sequence

    from fumehood.agent.answer import Step
    from fumehood.agent.model import Message, Model
    from fumehood.environments.uv import Step as BuildStep
    from fumehood.execution import Result
    from fumehood.guard.approvals import Approvals, Request
    from fumehood.guard.tool import Tool

    Data = str | PathLike[str] | Iterable[str | PathLike[str]]

T = TypeVar("T")
_CUT: Final = (
    "Your last reply was cut off at its token limit, and nothing of it was run. Reply shorter, in smaller programs."
)
_MOST_CODE: Final = 1_000_000  # characters
_LONG: Final = f"The program is longer than {_MOST_CODE:,} characters, and was not run."
_EMPTY: Final = "Your last reply was empty. Call run_python with a program, or answer the question."


class AsyncAgent:
    """A language model with a sandbox: it answers questions by writing programs, which are read and run in there.

    The conversation and the sandbox stay from one question to the next, until `reset`.

    Args:
        model: `PROVIDER:NAME`, or a `Model`. With None, the small model of the first provider whose key is set.
        base_url: The address of a server that speaks the provider's format.
        tools: Functions of yours that the programs may call; one without `fumehood.tool` counts as consequential.
        approve: Asked about a call that a person must decide, as of `Conversation`; without it the answer is no.
        policy: What the programs may do: a `Policy`, the name of a shipped one, or the path of a TOML file.
        env: What is installed inside, as of `Sandbox`.
        on_build: Told of each step where that has to be built first.
        out: A folder that receives what the programs write below `out/`.
        budget: What one question may use.

    Raises:
        UsageError: An argument has no meaning, or no key is set.
        MissingExtra: What speaks to providers isn't installed.
    """

    def __init__(  # noqa: PLR0913 -- the contract's keyword arguments
        self,
        model: str | Model | None = None,
        *,
        base_url: str | None = None,
        tools: Iterable[Tool | Callable[..., Any]] = (),
        approve: Callable[[Request], object] | Approvals | None = None,
        policy: Policy | str | Path | None = None,
        env: str = AUTO,
        on_build: Callable[[BuildStep], None] | None = None,
        out: str | PathLike[str] | None = None,
        budget: Budget | None = None,
    ) -> None:
        """Read the arguments; no sandbox is made and nothing is asked yet."""
        self._model = find(model, base_url) if model is None or isinstance(model, str) else model
        self._policy = Policy.load(policy)
        check(env)
        self._env, self._out, self._on_build = env, out, on_build
        self._budget = budget or Budget()
        if self._budget.cost is not None and not self._model.priced:
            told = f"the price of {self._model.name} isn't known, so a budget in dollars can't be held"
            raise UsageError(told, remedy="Set the budget in tokens: --max-tokens (Budget(tokens=…)).")
        self._busy = threading.Lock()
        self._data: list[Path] = []
        self._sandbox: Session | None = None
        self._talk: list[Message] = []
        self._tools, self._approve = tuple(tools), approve
        self._guard = self._conversation()
        self._filter: Filter | None = None

    async def __aenter__(self) -> Self:
        """Use it in an `async with` block that closes it."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """End its sandbox."""
        self.close()

    @property
    def model(self) -> str:
        """The model's name, PROVIDER:NAME."""
        return self._model.name

    async def run(self, question: str, *, data: Data = ()) -> Answer:
        """Answer a question.

        Args:
            question: In plain words.
            data: Files and folders that the programs may read at `data/NAME`, now and for later questions.

        Returns:
            The answer; also where there is none, with why in `stopped` and `failure`.

        Raises:
            UsageError: An argument has no meaning.
            Unavailable: This machine can't make a sandbox with this policy.
            SandboxBusy: Another question is being answered.
        """
        async with aclosing(self._events(question, data, streams=False)) as events:
            *_, last = [event async for event in events]
        answer: Answer = last.detail["answer"]
        return answer

    async def stream(self, question: str, *, data: Data = (), live: bool = True) -> AsyncGenerator[Event]:
        """Answer a question, and tell of everything as it happens.

        The events are `asks` (a request is sent to the model), `text` (a piece of what it writes; not with
        `live=False`, which has replies in one piece), `waits` (a request is sent again, and why), `program` (it is
        about to be read and run), `step` (a `Step`: what came of it), and at the end `answer` (an `Answer`).
        """
        async with aclosing(self._events(question, data, streams=live)) as events:
            async for event in events:
                yield event

    def reset(self) -> None:
        """Forget the conversation and the data, and throw the sandbox away.

        Raises:
            SandboxBusy: A question is being answered.
        """
        with self._alone():
            self._talk, self._data = [], []
            self._guard = self._conversation()
            self.close()

    def close(self) -> None:
        """End its sandbox, and what a question being answered in another thread runs in it. Safe to call twice."""
        if self._sandbox is not None:
            self._sandbox.close()
            self._sandbox = None

    async def aclose(self) -> None:
        """As `close`."""
        self.close()

    @contextmanager
    def _alone(self) -> Generator[None]:
        if not self._busy.acquire(blocking=False):
            raise SandboxBusy("This agent is answering another question.", remedy="Wait for it, or use another Agent.")
        try:
            yield
        finally:
            self._busy.release()

    async def _events(self, question: str, data: Data, *, streams: bool) -> AsyncGenerator[Event]:
        async with self._begun() as model:
            asked = User(self._ask(question, data))
            turn = Turn(model.name, self._budget, guard=self._guard, output=cast("Filter", self._filter))
            talk: list[Message] = [*(self._talk or [self._limits()]), asked]
            async with aclosing(self._exchanges(model, talk, turn, streams=streams)) as events:
                async for event in events:
                    yield event
            self._talk = talk
        yield Event(turn.elapsed_ms(), "answer", {"answer": turn.answer})

    @asynccontextmanager
    async def _begun(self) -> AsyncGenerator[Model]:
        """The model, ready for one question; a second one at the same time is refused."""
        with self._alone():
            if (
                self._filter is None
            ):  # made first: a machine that can't run programs is told before a request costs money
                plan = await anyio.to_thread.run_sync(plan_for, self._policy)
                self._filter = Filter(plan.output, self._policy, secret_values(self._policy))
            async with self._model as model:
                yield model

    def _conversation(self) -> Conversation:
        """What was read and what programs may do, from the beginning."""
        secrets = secret_values(self._policy)
        return Conversation(self._tools, approve=self._approve, policy=self._policy, secrets=secrets)

    def _limits(self) -> System:
        return System(prompt.limits(self._policy, self._env, self._guard))

    def _ask(self, question: str, data: Data) -> str:
        """The question as the model gets it; the sandbox is made, or made anew where there is new data."""
        if not question.strip():
            raise UsageError("there is no question", remedy="Ask one in plain words.")
        named = [Path(each) for each in ([data] if isinstance(data, str | PathLike) else data)]
        new = [path for path in named if path not in self._data]
        if new:
            self.close()
        anew = self._sandbox is None and bool(self._talk)
        if self._sandbox is None:
            everything = [*self._data, *new]
            self._sandbox = Session(
                Cooperative(),
                policy=self._policy,
                env=self._env,
                tier=None,
                data=everything,
                out=self._out,
                language="python",
                on_build=self._on_build,
                conversation=self._guard,
            )
            self._data = everything
        self._guard.asked(question)
        return prompt.question(question, new, anew=anew)

    async def _exchanges(
        self, model: Model, talk: list[Message], turn: Turn, *, streams: bool
    ) -> AsyncGenerator[Event]:
        """Ask, act, and ask again. `talk` grows only by what every provider accepts later on."""
        while not turn.spent():
            yield Event(turn.elapsed_ms(), "asks", {"model": model.name})
            async with aclosing(_reply(model, talk, turn, streams=streams)) as events:
                async for event in events:
                    yield event
            async with aclosing(self._run_all(_judge(talk, turn), talk, turn)) as events:
                async for event in events:
                    yield event

    async def _run_all(self, programs: Sequence[Call], talk: list[Message], turn: Turn) -> AsyncGenerator[Event]:
        """Run the programs of one reply, in order, and put what came of them into the conversation."""
        returned: list[Returned] = []
        for call in programs:
            wrong = call.wrong or (_LONG if len(call.code) > _MOST_CODE else "")
            if wrong or turn.full():
                returned.append(Returned(call.id, wrong or "It was not run."))
                continue
            yield Event(turn.elapsed_ms(), "program", {"code": call.code})
            step = turn.ran(call.code, await self._run(call.code, turn.left()))
            yield Event(turn.elapsed_ms(), "step", {"step": step})
            returned.append(self._tell(call, step))
        if programs and turn.reply is not None:
            talk += [turn.reply, *(returned if turn.reply.calls else (User(each.text) for each in returned))]

    async def _run(self, code: str, left: float) -> Result:
        """Run one program in the sandbox; one that was lost since is made anew, and the result says so."""
        sandbox = self._sandbox
        if sandbox is None:
            raise SandboxClosed("This agent was closed while it answered.", remedy="Ask again.")
        timeout = min(left, self._policy.limits.wall)
        try:
            return await sandbox.run(code, timeout=timeout)
        except StateLost:
            sandbox.reset()
            return await sandbox.run(code, timeout=timeout)

    def _tell(self, call: Call, step: Step) -> Returned:
        """The one door by which what a program said gets to the model: marked as data, and remembered as shown."""
        anew = self._env == AUTO and prompt.lacking(step.result)
        if anew and self._sandbox is not None:
            self._sandbox.reset()
        text = prompt.told(step.result, lambda said: self._guard.show(said, "a program"), anew=anew)
        return Returned(call.id, text, prompt.bounded(step.stdout, prompt.MOST_OUTPUT))


async def _reply(model: Model, talk: list[Message], turn: Turn, *, streams: bool) -> AsyncGenerator[Event]:
    """Have the model's next reply put into `turn`, within the time that is left."""
    async with aclosing(model.reply(talk, streams=streams)) as items:
        while (item := await _soon(items, turn)) is not None:
            if isinstance(item, Reply):
                turn.heard(item)
                return
            if isinstance(item, Piece):
                item = Piece(turn.shown(item.text))
            yield Event(turn.elapsed_ms(), "text" if isinstance(item, Piece) else "waits", item._asdict())


async def _soon(items: AsyncGenerator[T], turn: Turn) -> T | None:
    """The next item, or None when the model fails or the time is over first, which ends the turn.

    The time is never measured around a yield: a generator's caller may go on in another task.
    """
    try:
        with anyio.move_on_after(turn.left()):
            return await anext(items, None)
    except ModelFailed as error:
        turn.ends("error", str(error), error.remedy())
    return None


def _judge(talk: list[Message], turn: Turn) -> Sequence[Call]:
    """What a reply is: programs to run, the end, or, with neither, of no use, which the model is then told."""
    reply = turn.reply
    if reply is None or turn.answer is not None:
        return ()
    if reply.finish == "refused":
        told = "The model, or its provider, refused to answer."
        turn.ends("refused", told, "Put the question differently, or use another model.", text=reply.text)
    elif reply.finish == "unknown":
        told = f"The model's reply ended for a reason that fumehood does not know: {reply.why}."
        turn.ends("error", told, "Ask again, or use another model.")
    elif reply.finish == "length":
        _remind(_CUT, "The model's replies were cut off at their token limit.", talk=talk, turn=turn)
    elif reply.calls:
        return reply.calls
    elif (written := fenced(reply.text)) and not turn.ran_already(written):  # shown again, it is part of the answer
        return (Call("", written),)
    elif not reply.text.strip():
        _remind(_EMPTY, "The model's replies were empty.", talk=talk, turn=turn)
    else:
        talk.append(reply)
        turn.answered(reply.text)
    return ()


def _remind(words: str, told: str, *, talk: list[Message], turn: Turn) -> None:
    talk.append(User(words))
    if not turn.reminds():
        turn.ends("error", told, "Ask a smaller question, or use another model.")
