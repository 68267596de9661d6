"""What becomes the result of a run: what was seen, what the program said, and when."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from fumehood import outcome
from fumehood.execution import Result
from fumehood.guard.output import Filter, secret_values
from fumehood.trail import Clock, trail
from fumehood.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fumehood.environments.choice import Choice
    from fumehood.execution import Event, ProgramError, State
    from fumehood.hearing import Hearing
    from fumehood.outcome import Account
    from fumehood.policy import Policy
    from fumehood.pool import Prepared
    from fumehood.program import Program
    from fumehood.reader import Read
    from fumehood.tiers.jail.cell import Cell
    from fumehood.tiers.jail.seen import Seen


class Begun(NamedTuple):
    """A run in progress, and when it began, was checked and had its sandbox."""

    cell: Cell
    program: Program
    hearing: Hearing
    read: Read
    times: tuple[float, float, float]
    during: Sequence[Event]
    known: dict[str, Any]


class Recorder:
    """Puts together the results of one cell's runs."""

    def __init__(
        self, ready: Prepared, policy: Policy, choice: Choice, *, data: Sequence[str], out: Path | None
    ) -> None:
        """Take what is the same for all of them: the names below data/, and what receives what is below out/."""
        self.filter = Filter(ready.plan.output, policy, secret_values(policy))
        self._ready = ready
        self._policy = policy
        self._choice = choice
        self._data = data
        self._out = out

    def known(self, program: Program, read: Read) -> dict[str, Any]:
        """Of a result what the program can't change; put together while it runs."""
        return {
            "findings": read.findings,
            "environment": self._choice.environment.name,
            "language": program.language,
            "policy": self._policy.name,
            "controls": (*self._ready.controls, read.control, self.filter.control),
            "execution": os.urandom(8).hex(),
            "code_sha256": program.digest if read.report is None else read.report.code_sha256,
            "policy_sha256": self._ready.policy_sha256,
        }

    def _explained(self, error: ProgramError | None) -> ProgramError | None:
        """An error with what to do about it: a package is missing, or the caller's data was looked for elsewhere."""
        if error is None or error.name != "FileNotFoundError":
            return self._choice.explain(error)
        missed = next((name for name in self._data if error.message.endswith((f"'{name}'", f"/{name}'"))), None)
        return error if missed is None else error._replace(remedy=f"It was handed over as data/{missed}.")

    def result(self, begun: Begun, seen: Seen, account: Account, *, state: State, ran: float) -> Result:
        """All of it; `ran` is when the program ended."""
        space = Workspace(begun.cell.workspace)
        error, completed = self._explained(account.error), account.outcome == "completed"
        words, replaced = outcome.words(seen, error, completed=completed)
        words, filtered = self.filter.words(words)
        denials = outcome.denials(self._ready.plan, seen) if seen.denied else ()
        files, left = space.outputs() if self._out is None else space.collect(self._out)
        return Result(
            **begun.known,
            **words._asdict(),
            outcome=account.outcome,
            dropped=outcome.dropped(seen),
            files=tuple(files),
            left_out=tuple(left),
            limit=account.limit,
            denials=denials,
            usage=outcome.usage(seen, None if seen.gone else begun.cell.meter, space.used().stored),
            state=state,
            **trail(
                Clock(*begun.times, ran),
                account.outcome,
                findings=len(begun.read.findings),
                state=state,
                denials=denials,
                replaced=replaced,
                filtered=filtered,
                during=begun.during,
            ),
        )
