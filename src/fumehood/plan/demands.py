"""What a policy demands of a host, asked before a plan is made; what can't be had is an error and nothing runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fumehood.errors import PolicyError, PolicyUnenforceable, Unavailable
from fumehood.plan.host import Problem
from fumehood.policy import format_bytes
from fumehood.policy.kinds import literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fumehood.execution import Control
    from fumehood.plan.host import Host
    from fumehood.policy import Policy


def require_host(policy: Policy, host: Host) -> None:
    """Refuse a policy that this host can't run at all.

    Raises:
        Unavailable: No jail works here.
        PolicyUnenforceable: The tier, the network or the secrets that the policy asks for can't be had.
        PolicyError: A limit is above what the machine has.
    """
    problems = tuple(_problems(host))
    if problems:
        message = "this machine can't run a sandbox: " + "; ".join(each.what for each in problems)
        raise Unavailable(message, remedy=" ".join(each.remedy for each in problems))
    _require_tier(policy, host)
    _require_egress(policy, host)
    _require_room(policy, host)


def _problems(host: Host) -> Iterator[Problem]:
    yield from host.problems
    if host.problems:
        return
    if not host.user_namespaces:
        yield Problem("user namespaces are off", "Run as root: `sysctl -w user.max_user_namespaces=15000`.")
    if not host.seccomp:
        yield Problem("the kernel has no seccomp filters", "Use a kernel with CONFIG_SECCOMP_FILTER.")


def _require_tier(policy: Policy, host: Host) -> None:
    tier = policy.isolation.tier
    if tier not in host.tiers:
        message = (
            f"{policy.line('isolation.tier')} can't be had: this machine runs {', '.join(host.tiers) or 'no tier'}"
        )
        here = ", ".join(host.tiers)
        remedy = f"Set isolation.tier to one of {here} (for one run: `--tier`); this fumehood can't drive {tier} yet."
        raise PolicyUnenforceable(message, remedy=remedy)


def _require_egress(policy: Policy, host: Host) -> None:
    clause = "network.allow" if policy.network.allow else "secrets"
    if (policy.network.allow or policy.secrets) and not host.egress:
        message = (
            f"{policy.line(clause)} can't be had: no egress proxy can run here, and nothing else opens the network"
        )
        remedy = "Take it out (network.allow = []), and give the code its data as files: --data PATH."
        raise PolicyUnenforceable(message, remedy=remedy)


def _require_room(policy: Policy, host: Host) -> None:
    limits = policy.limits
    if limits.memory > host.memory:
        message = f"{policy.line('limits.memory')} is above this machine's {format_bytes(host.memory)}"
        raise PolicyError(message, remedy=f"Set limits.memory to at most {literal(format_bytes(host.memory))}.")
    if limits.cpus > host.cpus:
        message = f"{policy.line('limits.cpus')} is above this machine's {host.cpus}"
        raise PolicyError(message, remedy=f"Set limits.cpus to at most {host.cpus}.")


def require_controls(policy: Policy, controls: tuple[Control, ...]) -> None:
    """Refuse to go on where a guarantee that `isolation.require` names is not fully enforced.

    Raises:
        PolicyUnenforceable: Naming each, and what holds it here instead.
    """
    lacking = [each for each in controls if each.name in policy.isolation.require and each.status != "enforced"]
    if lacking:
        weak = "; ".join(f"{each.name} is {each.status} here ({each.how})" for each in lacking)
        message = f"{policy.line('isolation.require')} can't be had: {weak}"
        remedy = "Run it where `fumehood doctor` shows these as enforced, or take them out of isolation.require."
        raise PolicyUnenforceable(message, remedy=remedy)
