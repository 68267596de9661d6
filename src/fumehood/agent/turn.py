"""One question on its way to an answer: what it has used, what was run, and when it has to end."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from fumehood.agent.answer import Answer, Failure, Step
from fumehood.agent.model import Usage
from fumehood.policy.units import format_seconds

if TYPE_CHECKING:
    from fumehood.agent.answer import Budget, Stopped
    from fumehood.agent.model import Reply
    from fumehood.execution import File, Result
    from fumehood.guard.conversation import Conversation
    from fumehood.guard.output import Filter

_SAME_PROGRAM, _SAME_FAILURE = 2, 4  # how often the same program, or any program, may fail in the same way
_MOST_REMINDERS = 2


class Turn:
    """The state of one question."""

    def __init__(self, model: str, budget: Budget, *, guard: Conversation, output: Filter) -> None:
        """Start the clock."""
        self._guard, self._output = guard, output
        self._before = len(guard.decided)
        self._model = model
        self._budget = budget
        self._began = time.monotonic()
        self._usage = Usage()
        self._steps: list[Step] = []
        self._files: dict[str, File] = {}
        self._failures: Counter[object] = Counter()
        self._reminders = 0
        self.reply: Reply | None = None
        self.answer: Answer | None = None

    def elapsed_ms(self) -> float:
        """Milliseconds since the question was asked."""
        return round((time.monotonic() - self._began) * 1000, 1)

    def left(self) -> float:
        """Seconds of the wall budget that are left."""
        return max(0.0, self._began + self._budget.wall - time.monotonic())

    def shown(self, piece: str) -> str:
        """A piece of the model's text as it may be shown; what only shows in the whole is taken out of the answer."""
        return self._output.text(piece).text

    def ran_already(self, code: str) -> bool:
        """Whether this very program was run for this question."""
        return any(step.code.strip() == code.strip() for step in self._steps)

    def heard(self, reply: Reply) -> None:
        """Take a reply, and count what it cost, also where it is of no use."""
        self.reply = reply
        self._usage = self._usage.plus(reply.usage)

    def ran(self, code: str, result: Result) -> Step:
        """Remember a program and what came of it; going round in circles ends the question."""
        step = Step(code, result)
        self._steps.append(step)
        if result.state == "lost":
            self._files.clear()
        self._files.update({file.path: file for file in result.files})
        self._look_for_circles(step)
        return step

    def reminds(self) -> bool:
        """Whether the model may be told once more that its reply was of no use."""
        self._reminders += 1
        return self._reminders <= _MOST_REMINDERS

    def spent(self) -> bool:
        """Whether it is over, or what may be used is used up, which ends it."""
        self.reply = None
        budget, usage = self._budget, self._usage
        if self.answer is not None:
            return True
        if not self.left():
            told, option = f"The time of {format_seconds(budget.wall)} is used up.", "--max-time"
        elif budget.tokens is not None and usage.input_tokens + usage.output_tokens >= budget.tokens:
            told, option = f"The budget of {budget.tokens:,} tokens is used up.", "--max-tokens"
        elif budget.cost is not None and usage.cost is None:
            told, option = "The price of a request isn't known, so the budget in dollars can't be held.", "--max-tokens"
        elif budget.cost is not None and (usage.cost or 0) >= budget.cost:
            told, option = f"The budget of ${budget.cost:g} is used up.", "--max-cost"
        else:
            return False
        self.ends("budget", told, f"Ask a smaller question, or set {option} (Budget).")
        return True

    def full(self) -> bool:
        """Whether it is over for a further program: it ended meanwhile, or all that may run have run."""
        if self.answer is None and len(self._steps) >= self._budget.steps:
            told = f"The model ran {len(self._steps)} programs and had no answer."
            self.ends("steps", told, "Ask a smaller question, or allow more: --max-steps (Budget).")
        return self.answer is not None or not self.left()

    def answered(self, text: str) -> None:
        """End as it should."""
        self._end("answered", text, None)

    def ends(self, stopped: Stopped, told: str, remedy: str, *, text: str = "") -> None:
        """End without an answer."""
        self._end(stopped, text, Failure(told, remedy))

    def _end(self, stopped: Stopped, text: str, failure: Failure | None) -> None:
        decided = self._guard.decided[self._before :]
        filtered = self._output.answer(text.strip())
        self.answer = Answer(
            answer=filtered.text,
            filtered=dict(filtered.changes),
            stopped=stopped,
            model=self._model,
            steps=tuple(self._steps),
            files=tuple(self._files.values()),
            denied=tuple(each for each in decided if each.verdict in {"deny", "denied"}),
            approvals=tuple(each for each in decided if each.verdict in {"approved", "denied"}),
            label=self._guard.context,
            usage=self._usage,
            failure=failure,
        )

    def _look_for_circles(self, step: Step) -> None:
        failure = _failure(step.result)
        if failure is None:
            self._failures.clear()
            return
        self._failures[step.code, failure] += 1
        self._failures[failure] += 1
        same_program = self._failures[step.code, failure] >= _SAME_PROGRAM
        if not same_program and self._failures[failure] < _SAME_FAILURE:
            return
        how = "wrote the same program again, and it" if same_program else f"wrote {_SAME_FAILURE} programs, and each"
        told = f"The model {how} ended in the same way: {_in_words(step.result)}"
        if step.result.outcome == "refused":
            allow = "; ".join(dict.fromkeys(each.allow for each in step.findings if each.allow))
            remedy = f"If it should be allowed, the policy needs: {allow}" if allow else "Put the question differently."
            self.ends("refused", told, remedy)
        else:
            self.ends("error", told, "Put the question differently, or use a stronger model.")


def _failure(result: Result) -> tuple[object, ...] | None:
    """What makes two failures the same; None for a program that completed."""
    if result.ok:
        return None
    error = result.error and (result.error.name, result.error.message)
    return (result.outcome, error, result.limit and result.limit.kind, tuple(each.rule for each in result.findings))


def _in_words(result: Result) -> str:
    if result.outcome == "refused":
        return "; ".join(f"refused by {each.rule}: {each.why}" for each in result.findings[:3]) or "refused."
    if result.limit is not None:
        return f"the {result.limit.kind} limit of {result.limit.limit} ended it."
    return f"{result.error.name}: {result.error.message}" if result.error else result.outcome
