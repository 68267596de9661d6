"""Read a program before it runs in a sandbox, knowing what the programs before it left there."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from fumehood.errors import UsageError
from fumehood.execution import Control, ProgramError

if TYPE_CHECKING:
    from collections.abc import Callable

    from fumehood.check import State
    from fumehood.execution import Finding, Language, Report
    from fumehood.policy import Policy

_SYNTAX = "source.syntax"
_MOST_SHOWN = 200


class Read(NamedTuple):
    """What reading found; whether the program is refused for it; what the sandbox knows once the program ran."""

    report: Report | None
    refused: bool
    after: State | None
    control: Control
    asked: bool = False

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found; nothing in a program that was not read."""
        return () if self.report is None else self.report.findings


@cache
def _examine() -> Callable[..., tuple[Report, State]]:
    """What reads; it loads while a sandbox comes up, and is asked for at each run."""
    from fumehood.check import examine  # noqa: PLC0415 -- as that says

    return examine


@lru_cache(maxsize=64)
def _controls(policy: Policy) -> tuple[Control, Control]:
    """What a result says of a program that was read, and of one that nothing here can read."""
    cause = policy.line("check.mode")
    read = Control("check", "enforced", "read before the run", cause)
    if policy.check.mode == "record":
        read = Control("check", "weaker", "read before the run; findings are recorded and refuse nothing", cause)
    return read, Control("check", "absent", "", cause)


class Reader:
    """The validation layer of one sandbox: its policy, and what is known of what the sandbox holds."""

    def __init__(self, policy: Policy) -> None:
        """Know nothing yet."""
        self._policy = policy
        self._control, self._absent = _controls(policy)
        self._known: State | None = None

    def read(self, source: str, language: Language, approve: Callable[[Report], bool] | None) -> Read:
        """Judge a program by the policy.

        Without `approve`, what a person should decide is refused; where findings are only recorded nobody is asked. A
        language whose grammar is not installed is not read, and the control says so: the sandbox holds it all the same.
        """
        try:
            report, after = _examine()(source, language, self._policy, state=self._known)
        except UsageError as error:
            return Read(None, refused=False, after=self._known, control=self._absent._replace(how=str(error)))
        if self._control.status != "enforced":
            return Read(report, refused=False, after=after, control=self._control)
        asked = report.verdict == "ask" and approve is not None
        refused = report.verdict == "refuse" or (report.verdict == "ask" and not (approve and approve(report)))
        return Read(report, refused, after, self._control, asked)

    def ran(self, read: Read) -> None:
        """The program ran: what it defined is there for the next."""
        self._known = read.after

    def forget(self) -> None:
        """The sandbox is gone, and all that it held."""
        self._known = None


def refusal(read: Read, source: str) -> tuple[tuple[Finding, ...], ProgramError | None]:
    """Why a program was not run: what was found, a syntax error as Python tells it, whether a person was asked."""
    findings = read.findings
    syntax = next((each for each in findings if each.capability == _SYNTAX), None)
    if syntax is not None:
        return findings, _syntax_error(syntax, source)
    undecided = read.report is not None and read.report.verdict == "ask"
    return findings, _not_allowed(read) if undecided else None


def _not_allowed(read: Read) -> ProgramError:
    asked, unasked = "a person was asked and did not allow it", "a person has to allow it, and nobody can be asked"
    lines = "; ".join(dict.fromkeys(each.allow for each in read.findings if each.allow))
    remedy = f"Let a person decide (on a terminal, or with approve=), or allow it in the policy: {lines}"
    return ProgramError("NotAllowed", asked if read.asked else unasked, None, "", remedy)


def _syntax_error(found: Finding, source: str) -> ProgramError:
    """The line with a mark below the place, as every programmer and every model knows it."""
    message = (found.value or found.why).rpartition(" (line ")[0] or found.why
    line = next(iter(source.split("\n")[found.line - 1 : found.line]), "")
    shown = line.lstrip()[:_MOST_SHOWN]
    place = min(max(found.col - (len(line) - len(line.lstrip())), 0), len(shown))
    pointed = f"    {shown}\n    {' ' * place}^\n" if shown else ""
    told = f'  File "<program>", line {found.line}\n{pointed}SyntaxError: {message}\n'
    return ProgramError("SyntaxError", message, found.line, told)
