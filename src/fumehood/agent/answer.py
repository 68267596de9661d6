"""What comes of a question: the answer, and each program that was written on the way. Frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from fumehood.agent.model import Usage
from fumehood.errors import UsageError
from fumehood.execution import strict
from fumehood.guard.labels import TRUSTED, Label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fumehood.execution import Display, File, Finding, ProgramError, Result, Verdict
    from fumehood.guard.conversation import Decided

Stopped = Literal["answered", "steps", "budget", "refused", "error"]


@dataclass(frozen=True, slots=True)
class Budget:
    """What one question may use: programs run, tokens, dollars (where the model's price is known), seconds."""

    steps: int = 20
    tokens: int | None = None
    cost: float | None = None
    wall: float = 600.0

    def __post_init__(self) -> None:
        """Refuse what lets nothing happen.

        Raises:
            UsageError: A number is not above zero.
        """
        for each in fields(self):
            number = getattr(self, each.name)
            if number is not None and not number > 0:
                told = f"a budget of {number} for {each.name} lets nothing happen"
                raise UsageError(told, remedy="Give a number above zero.")


class Failure(NamedTuple):
    """Why a question has no answer, and what to do about it."""

    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Step:
    """One program that the model wrote, and what came of it."""

    code: str
    result: Result

    @property
    def language(self) -> str:
        """The program's language."""
        return self.result.language

    @property
    def verdict(self) -> Verdict:
        """What reading it came to; `ask` is a no where nobody is there to be asked."""
        found = {finding.verdict for finding in self.result.findings}
        return "refuse" if "refuse" in found else "ask" if "ask" in found else "allow"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Why it was refused, or should be looked at."""
        return self.result.findings

    @property
    def outcome(self) -> str:
        """How it ended."""
        return self.result.outcome

    @property
    def stdout(self) -> str:
        """What it printed."""
        return self.result.stdout

    @property
    def error(self) -> ProgramError | None:
        """Its own failure."""
        return self.result.error

    @property
    def displays(self) -> int:
        """How many pictures, tables and the like it showed; `result.displays` has them."""
        return len({display.item for display in self.result.displays})

    def to_dict(self) -> dict[str, Any]:
        """The step as `ask --json` prints it."""
        names = ("code", "language", "verdict", "findings", "outcome", "stdout", "error", "displays")
        more = ("stderr", "value_text", "limit", "denials")
        return {name: getattr(self, name) for name in names} | {name: getattr(self.result, name) for name in more}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a question. Its attributes are the keys of `fumehood ask --json`.

    `answer` is the model's text. It is an answer only where `stopped` is "answered"; a refusal's words stand there too.
    `failure` says why there is none. `usage` is the whole question's. `label` tells whose words it rests on: untrusted
    from when the model was shown what comes from one of its `sources`. `denied` and `approvals` are the calls of tools
    that were refused, and that a person was asked about. `filtered` counts what the policy's `[output]` changed in the
    text: secrets, terminal escapes, links and pictures that could carry data.
    """

    answer: str
    stopped: Stopped
    model: str
    steps: tuple[Step, ...] = ()
    files: tuple[File, ...] = ()
    denied: tuple[Decided, ...] = ()
    approvals: tuple[Decided, ...] = ()
    label: Label = TRUSTED
    usage: Usage = Usage()  # noqa: RUF009 -- immutable
    failure: Failure | None = None
    filtered: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def ok(self) -> bool:
        """Whether there is an answer."""
        return self.stopped == "answered"

    @property
    def displays(self) -> tuple[Display, ...]:
        """Everything that the programs showed, in order."""
        return tuple(each for step in self.steps for each in step.result.displays)

    def to_dict(self) -> dict[str, Any]:
        """The object that `fumehood ask --json` prints: plain data, strict JSON."""
        names = ("answer", "ok", "files", "model", "usage", "stopped", "failure")
        data = {name: getattr(self, name) for name in names} | {"filtered": dict(self.filtered)}
        data |= {name: [each.to_dict() for each in getattr(self, name)] for name in ("steps", "denied", "approvals")}
        return cast("dict[str, Any]", strict(data | {"label": self.label.to_dict()}))

    def __str__(self) -> str:
        """The text, or why there is none."""
        return self.answer if self.ok or self.failure is None else f"{self.failure.message} {self.failure.remedy}"
