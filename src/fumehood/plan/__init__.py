"""From a policy and a host to the settings of every enforcement point. Pure: the same values give the same plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fumehood.plan.baseline import BASELINE
from fumehood.plan.controls import controls
from fumehood.plan.demands import require_controls, require_host
from fumehood.plan.draft import Draft
from fumehood.plan.environment import BARE, Environment
from fumehood.plan.filters import landlock_slice, syscalls_slice
from fumehood.plan.grants import checks_slice, egress_slice, expected_slice, output_slice
from fumehood.plan.host import Cgroup, Host, Problem
from fumehood.plan.jail import jail_slice
from fumehood.plan.settings import Setting, Slice, wider
from fumehood.plan.settings import widened as _widened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fumehood.execution import Control, Language
    from fumehood.policy import Policy

__all__ = [
    "BARE",
    "BASELINE",
    "SLICES",
    "Cgroup",
    "Environment",
    "Host",
    "Plan",
    "Problem",
    "Setting",
    "Slice",
    "plan",
    "widened",
    "wider",
]

SLICES: Final = ("checks", "jail", "syscalls", "landlock", "egress", "output", "expected")
"""The slices of a plan, in the order of the enforcement points."""

_SEALED: Final = ("jail", "syscalls", "landlock", "egress")


@dataclass(frozen=True, slots=True)
class Plan:
    """The settings of every enforcement point; each is handed its own slice and nothing else."""

    language: Language
    checks: Slice
    jail: Slice
    syscalls: Slice
    landlock: Slice
    egress: Slice
    output: Slice
    expected: Slice

    def slices(self) -> Iterator[tuple[str, Slice]]:
        """Yield each slice with its name."""
        return ((name, getattr(self, name)) for name in SLICES)

    def settings(self) -> Iterator[Setting]:
        """Yield every setting of every slice."""
        return (setting for _, part in self.slices() for setting in part.values())

    def controls(self) -> tuple[Control, ...]:
        """Return one line for each guarantee: enforced, weaker or absent on this host, how, and why."""
        return controls(dict(self.slices()))

    @property
    def digest(self) -> str:
        """Return the hash of all that a sandbox is sealed with; sandboxes of one digest are interchangeable."""
        import hashlib  # noqa: PLC0415 -- 3 ms for which no jail waits
        import json  # noqa: PLC0415 -- as above

        sealed = [
            self.language,
            *([[each.name, each.value] for each in getattr(self, part).values()] for part in _SEALED),
            self.expected["on_denial"].value,
        ]
        return hashlib.sha256(json.dumps(sealed, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def plan(policy: Policy, host: Host, *, language: Language = "python", environment: Environment = BARE) -> Plan:
    """Make the settings by which this host enforces this policy.

    The language matters for one thing: node has to be executed inside, where Python is forked. The environment is
    mounted read-only, and its packages are on `sys.path`.

    Raises:
        Unavailable: No sandbox can run on this host.
        PolicyUnenforceable: The policy demands what this host can't enforce.
        PolicyError: A limit is above what the machine has.
    """
    require_host(policy, host)
    draft = Draft(policy, host, language, environment)
    jail = jail_slice(draft)
    made = Plan(
        language=language,
        checks=checks_slice(draft),
        jail=jail,
        syscalls=syscalls_slice(draft, jail),
        landlock=landlock_slice(draft),
        egress=egress_slice(draft),
        output=output_slice(draft),
        expected=expected_slice(draft),
    )
    if policy.isolation.require:
        require_controls(policy, made.controls())
    return made


def widened(one: Plan, other: Plan) -> tuple[str, ...]:
    """Name the settings by which `one` permits something that `other`, a plan for the same host, does not."""
    parts = zip(one.slices(), other.slices(), strict=True)
    return tuple(f"{name}.{setting}" for (name, ours), (_, theirs) in parts for setting in _widened(ours, theirs))
