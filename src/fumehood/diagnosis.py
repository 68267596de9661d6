"""What this machine can enforce, found out by enforcing it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from fumehood import pool
from fumehood.errors import Error
from fumehood.execution import strict
from fumehood.policy import Policy
from fumehood.sandbox import Sandbox

if TYPE_CHECKING:
    from fumehood.execution import Control
    from fumehood.plan import Host

__all__ = ["Doctor", "doctor"]

_REMEDIES = {
    "cgroup": "Run it in a delegated cgroup: `systemd-run --user --scope -p Delegate=yes fumehood …`, or as root.",
    "landlock": "Boot with `lsm=landlock,…` (kernel 6.12 or later knows all of it).",
    "identity": "As root, each sandbox gets a host user of its own.",
    "native": "Nothing to mend: native code that gets in is held by the kernel like any other.",
}


class Finding(NamedTuple):
    """Something that is missing or weaker here, and the command that mends it."""

    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Doctor:
    """The examination: whether sandboxes run here, what holds them, what does not, what mends it."""

    ok: bool
    host: Host | None
    controls: tuple[Control, ...]
    problems: tuple[Finding, ...]
    weaker: tuple[Finding, ...]
    first_run_ms: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        data = {each.name: getattr(self, each.name) for each in fields(self)}
        data["host"] = self.host.to_dict() if self.host is not None else None
        return cast("dict[str, Any]", strict(data))


def doctor() -> Doctor:
    """Examine this machine: start the jail, run a program in it, and say how each guarantee stands.

    Nothing is assumed: a machine passes only if a sandbox ran here and answered.
    """
    host: Host | None = None
    try:
        hood = pool.shared()
        host = hood.host
        ready = hood.prepare(Policy.default(), "python")
        with Sandbox() as sandbox:
            result = sandbox.run("2 + 2")
    except Error as error:
        return Doctor(ok=False, host=host, controls=(), problems=_problems(host, error), weaker=(), first_run_ms=None)
    problems = () if result.value == 4 else (Finding(f"2 + 2 gave {result.value_text!r}", "Report this."),)  # noqa: PLR2004
    return Doctor(
        ok=not problems,
        host=host,
        controls=ready.controls,
        problems=problems,
        weaker=tuple(_weaker(host, control) for control in ready.controls if control.status != "enforced"),
        first_run_ms=result.timing.total_ms,
    )


def _problems(host: Host | None, error: Error) -> tuple[Finding, ...]:
    if host is not None and host.problems:
        return tuple(Finding(problem.what, problem.remedy) for problem in host.problems)
    return (Finding(str(error), error.remedy()),)


def _weaker(host: Host, control: Control) -> Finding:
    remedy = _REMEDIES.get(control.name)
    if remedy is None:
        remedy = _REMEDIES["cgroup"] if host.cgroup == "none" else "See docs/limitations.md."
    return Finding(f"{control.name} is {control.status}: {control.how}", remedy)
