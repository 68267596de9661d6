"""The slices of seccomp and Landlock: the system calls, and the paths as the kernel checks them a second time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fumehood.plan.environment import PLACE
from fumehood.plan.mounts import DEVICES, PACKAGE, SCRATCH, elsewhere
from fumehood.plan.settings import Setting, Slice
from fumehood.plan.syscalls import AFFINITY, GROUPS, MEMFD, MEMFD_FLAGS, RULES, Group, Rule, Test

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fumehood.execution import Status
    from fumehood.plan.draft import Draft
    from fumehood.plan.settings import Slice as JailSlice

_TCP_ABI: Final = 4
_SCOPE_ABI: Final = 6


def syscalls_slice(draft: Draft, jail: JailSlice) -> Slice:
    """Return the answer to each system call.

    A value is `{"calls", "action", "errno"}`, or for a call that is answered by its arguments `{"call", "rules",
    "otherwise", "errno"}` with each rule `{"arg", "op", "value", "action", "errno"}`, the first that holds deciding.
    """
    recorded = draft.host.seccomp_notify
    how = "seccomp" + ("" if recorded else "; this host can't tell what was refused, so it is not recorded")
    filtered = [
        draft.by_rule("default", "absent", "unlisted-calls", how=how, order="strict"),
        draft.by_rule("recorded", recorded, "unlisted-calls", how=how, order="protects"),
        *(_group(draft, group, how) for group in GROUPS),
        *(_rule(draft, rule, how) for rule in RULES),
        _rule(draft, MEMFD_FLAGS, how) if jail["memory.by"].value == "cgroup" else _group(draft, MEMFD, how),
        _optional(draft, AFFINITY, allowed=jail["cpus.by"].value == "cgroup"),
    ]
    return Slice(filtered)


def _granted(draft: Draft, clause: str) -> bool:
    if clause == "network.allow":
        return bool(draft.policy.network.allow)
    return draft.policy.code.spawn


def _group(draft: Draft, group: Group, how: str) -> Setting:
    if not group.clause:
        return draft.by_rule(group.name, _answer(group, group.action), group.name, how=how, order="call")
    granted = _granted(draft, group.clause)
    value = _answer(group, "allow" if granted else group.action)
    if group.clause != "code.spawn" or granted or not draft.starts_node:
        return draft.by_clause(group.name, value, group.clause, how=how, order="call")
    return _spawn_of_node(draft, group)


def _spawn_of_node(draft: Draft, group: Group) -> Setting:
    how = "node has to be executed; "
    how += (
        "Landlock lets no program be executed but node and its loader"
        if draft.host.landlock
        else "nothing says which program"
    )
    return draft.by_clause(group.name, _answer(group, "allow"), group.clause, how=how, status="weaker", order="call")


def _optional(draft: Draft, group: Group, *, allowed: bool) -> Setting:
    return draft.by_rule(
        group.name, _answer(group, "allow" if allowed else "absent"), group.name, how="seccomp", order="call"
    )


def _answer(group: Group, action: str) -> dict[str, Any]:
    return {"calls": group.calls.split(), "action": action, "errno": group.errno}


def _rule(draft: Draft, rule: Rule, how: str) -> Setting:
    granted = bool(rule.clause) and _granted(draft, rule.clause)
    value = {
        "call": rule.call,
        "rules": [_test(test, granted=granted) for test in rule.tests],
        "otherwise": rule.otherwise,
        "errno": rule.errno,
    }
    if rule.clause:
        return draft.by_clause(rule.name, value, rule.clause, how=how, order="call")
    return draft.by_rule(rule.name, value, rule.name, how=how, order="call")


def _test(test: Test, *, granted: bool) -> dict[str, Any]:
    action = test.granted if granted and test.granted is not None else test.action
    value = list(test.value) if isinstance(test.value, tuple) else test.value
    return {"arg": test.arg, "op": test.op, "value": value, "action": action, "errno": test.errno}


def landlock_slice(draft: Draft) -> Slice:
    """Return the trees that Landlock opens, and what else it closes where its ABI knows how."""
    abi = draft.host.landlock
    status, how = _landlock_reach(abi)
    return Slice([
        draft.by_rule("abi", abi, "self-restriction", how=how, status=status),
        *_trees(draft, "enforced" if abi else "absent"),
        *_scopes(draft, abi),
    ])  # fmt: skip


def _landlock_reach(abi: int) -> tuple[Status, str]:
    if not abi:
        return "absent", "this kernel has no Landlock; mounts alone say what can be opened"
    if abi < _SCOPE_ABI:
        missing = "signals and abstract sockets" if abi >= _TCP_ABI else "TCP, signals and abstract sockets"
        return "weaker", f"Landlock ABI {abi}, which knows nothing of {missing}; namespaces hold those"
    return "enforced", f"Landlock ABI {abi}: paths, TCP, signals, abstract sockets"


def _trees(draft: Draft, status: Status) -> Iterator[Setting]:
    policy, host = draft.policy, draft.host
    packages = (PLACE,) if draft.environment.folder else ()
    system = ("/usr", *host.directories, *elsewhere(host.prefixes), *packages)
    yield draft.by_rule("list", ("/",), "listing", how="Landlock", status=status)
    readable = (*system, *((PACKAGE,) if host.package else ()), "/etc", "/dev")
    yield draft.by_rule("read.system", readable, "interpreter", how="Landlock", status=status)
    yield draft.by_clause("read", policy.files.readable, "files.read", how="Landlock", status=status, order="paths")
    yield draft.by_clause("write", policy.files.write, "files.write", how="Landlock", status=status, order="paths")
    yield draft.by_clause("write.scratch", tuple(SCRATCH), "limits.disk", how="Landlock", status=status)
    yield draft.by_rule("write.devices", DEVICES[:3], "devices", how="Landlock", status=status)
    run: tuple[str, ...] = ()
    if policy.code.spawn:
        run = (*system, *SCRATCH, *policy.files.readable)
    elif draft.starts_node:
        run = tuple(path for path in (host.node, host.loader) if path)
    yield draft.by_clause("execute", run, "code.spawn", how="Landlock", status=status, order="paths")
    # /proc/self/mountinfo names the host's folders behind the mounts; shells and node can't do without /proc.
    reads = policy.code.spawn or draft.starts_node
    yield draft.by_clause("proc.read", reads, "code.spawn", how="Landlock", status=status, order="implies")


def _scopes(draft: Draft, abi: int) -> Iterator[Setting]:
    tcp = ("bind", "connect") if not draft.policy.network.allow else ()
    status: Status = "enforced" if abi >= _TCP_ABI else "absent"
    yield draft.by_clause("tcp", tcp, "network.allow", how="Landlock", status=status, order="superset")
    status = "enforced" if abi >= _SCOPE_ABI else "absent"
    yield draft.by_rule(
        "scope", ("signal", "abstract-socket"), "scoped", how="Landlock", status=status, order="superset"
    )
