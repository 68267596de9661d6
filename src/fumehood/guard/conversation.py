"""One conversation between a user, a model and a sandbox: what was read, what programs may do, what was decided."""

from __future__ import annotations

from pathlib import PurePath
from threading import RLock
from typing import TYPE_CHECKING, Any, NamedTuple

from fumehood.guard.approvals import Approvals
from fumehood.guard.data import plain
from fumehood.guard.gate import Broker, Deny, digest
from fumehood.guard.labels import TRUSTED, Label
from fumehood.guard.leaks import Watch
from fumehood.guard.origins import Origins
from fumehood.guard.prompt import enclose
from fumehood.guard.redact import Redactor
from fumehood.guard.returns import UNDECLARED
from fumehood.guard.tool import Call, Tool, Tools
from fumehood.policy import Policy

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping

    from fumehood.guard.approvals import Request
    from fumehood.guard.gate import Decision

__all__ = ["Conversation", "Decided"]


class Decided(NamedTuple):
    """One call as it was decided: by whom, why, and where each argument can have come from."""

    tool: str
    arguments: Mapping[str, Any]
    verdict: str
    because: str
    origins: Mapping[str, tuple[str, ...]]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {**self._asdict(), "origins": {name: list(each) for name, each in self.origins.items()}}


class Conversation:
    """The broker's memory of one conversation. Safe for calls from several threads.

    An agent keeps to this order: `asked` for each question; `program` just before a program runs; `show` around all
    that goes to the model; and the calls of running code by `judge`, then `done` with what the tool answered.
    """

    def __init__(
        self,
        tools: Iterable[Tool | Callable[..., Any]] = (),
        *,
        approve: Callable[[Request], object] | Approvals | None = None,
        policy: Policy | None = None,
        data: Iterable[str | os.PathLike[str]] = (),
        secrets: Mapping[str, str] | None = None,
        own: Iterable[str] = (),
    ) -> None:
        """Begin.

        Args:
            tools: What the code may call.
            approve: Asked about a call that a person must decide: a function of the request, plain or async, whose
                `True` is a yes to that one call; or `Approvals`, whose pending requests a program answers by id.
                Without it every ask is a no.
            policy: Its `[tools]` and `[guard]`.
            data: The files that are handed over: others may have written them, and only the user may see them.
            secrets: Values by name that must not leave.
            own: The user's own addresses and accounts.

        Raises:
            UsageError: Two tools have one name, or one can't be a tool.
        """
        self.tools = Tools(tools)
        self.watch = Watch(secrets)
        self._redactor = Redactor(secrets)
        self.origins = Origins()
        self.approve = approve
        self.approvals = approve if isinstance(approve, Approvals) else Approvals()
        self.decided: list[Decided] = []
        self._broker = Broker(policy or Policy.default(), self.watch)
        self._context = TRUSTED
        self._written = TRUSTED
        self._ran = False
        self._lock = RLock()
        for each in own:
            self.origins.owns(each)
        for path in data:
            self.holds(f"data/{PurePath(path).name}")

    def holds(self, source: str) -> None:
        """The sandbox holds this, which others may have written, and which only the user may see."""
        with self._lock:
            if source not in self.origins.mark.sources:
                self.origins.read(source, UNDECLARED.label(source))

    @property
    def canary(self) -> str:
        """A text to put into the model's instructions: should it ever be in a call, the instructions were betrayed."""
        return self.watch.canary

    @property
    def label(self) -> Label:
        """The label of everything in the sandbox, and so of everything that comes out of it."""
        return self.origins.mark

    @property
    def context(self) -> Label:
        """What the model has seen: the label of what it writes next."""
        return self._context

    def asked(self, question: str) -> None:
        """The user asks, in their own words. What an earlier question left in the sandbox keeps its mark."""
        with self._lock:
            self.origins.said(question)
            if self._ran:
                self._context |= self._written | Label(self.origins.mark.sources)

    def program(self) -> Label:
        """A program is about to run: return its label. It stands for all that ran before in the same sandbox, too."""
        with self._lock:
            self._ran = True
            self._written |= self._context
            return self._written

    def fresh(self) -> None:
        """The sandbox is a new one: what programs left in the old is gone. What the model has seen stays seen."""
        with self._lock:
            self._ran = False
            self._written = self._context

    def show(self, text: str, source: str = "the sandbox", label: Label | None = None) -> str:
        """Return text as the model may be shown it; from now on the model has seen it.

        Args:
            text: Output, an error, a file's content ….
            source: Whose words it is.
            label: Of the text; the sandbox's mark if it is not given.
        """
        with self._lock:
            label = self.origins.mark if label is None else label
            if not text or label.trusted:
                return text
            self._context |= label
            return enclose(text, source)

    def judge(self, name: str, arguments: object) -> tuple[Call | None, Decision]:
        """Decide about a call that code asks for; a call that is none comes back as None with a denial.

        Raises:
            ArgumentsRefused: The arguments are not what the tool's signature says.
        """
        with self._lock:
            tool = self.tools.get(name)
            if tool is None:
                return None, Deny("there is no such tool", f"The tools are {', '.join(self.tools) or 'none'}.")
            call = Call(tool, tool.schema.validate(arguments))
            decision = self._broker.check(call, self._written, self.origins)
            if decision.verdict != "ask":
                self.record(call, decision.verdict, decision.because)
            return call, decision

    def record(self, call: Call, verdict: str, because: str) -> None:
        """Keep what was decided."""
        self.decided.append(Decided(call.tool.name, dict(call.arguments), verdict, because, self.origins.told(call)))

    def failed(self, call: Call, told: str) -> str:
        """The tool failed: return its words as the program may have them, labelled like a result."""
        with self._lock:
            told = self._redactor.redact(told).text
            self.origins.handed(call, told)
            return told

    def started(self, call: Call) -> None:
        """The call is about to be made."""
        if call.tool.consequential:
            self.origins.done.add(digest(call))

    def done(self, call: Call, result: object) -> Any:
        """The tool answered: return its result as plain data, labelled and remembered.

        Raises:
            ResultRefused: It is no data, or too large.
        """
        data = plain(result, call.tool.name)
        with self._lock:
            self.origins.handed(call, data)
        return data
