"""The settings that hold the limits, each by the strongest means the host has."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fumehood.execution import Status
    from fumehood.plan.draft import Draft
    from fumehood.plan.settings import Setting

_PAGE: Final = 4096
_MOST_INODES: Final = 262_144
_GIB: Final = 1024**3


def limit_settings(draft: Draft) -> Iterator[Setting]:
    """Yield what the warden measures, the cgroup holds and the kernel counts."""
    yield from _time(draft)
    yield from _leases(draft)
    yield from _memory(draft)
    yield from _processes(draft)
    yield from _files(draft)


def _by_cgroup(draft: Draft, controller: str) -> bool:
    return draft.host.cgroup != "none" and controller in draft.host.controllers


def _time(draft: Draft) -> Iterator[Setting]:
    limits = draft.policy.limits
    how = "timer outside the sandbox, then SIGKILL to its whole process namespace"
    yield draft.by_clause("wall", limits.wall, "limits.wall", how=how, order="at-most")
    strong, weak = (
        "processor time of the cgroup, read from outside",
        "processor time of each process, read from outside",
    )
    by, status, how = _means(draft, "cpu", cgroup=strong, polling=weak)
    yield draft.by_clause("cpu", limits.cpu, "limits.cpu", how=how, order="at-most", status=status)
    yield draft.by_clause("cpu.by", by, "limits.cpu", how=how)
    # A second above: the backstop must not be what ends an honest run, since it can't say which limit it was.
    yield draft.by_clause("rlimit.cpu", math.ceil(limits.cpu) + 1, "limits.cpu", how="RLIMIT_CPU", order="at-most")
    by, status, how = _means(draft, "cpu", cgroup="quota of the cgroup", affinity="processor affinity")
    if by == "affinity" and limits.cpus == int(limits.cpus):
        status = "enforced"
    elif by == "affinity":
        how += f", which allows whole processors only: {math.ceil(limits.cpus)}"
    yield draft.by_clause("cpus", limits.cpus, "limits.cpus", how=how, order="at-most", status=status)
    yield draft.by_clause("cpus.by", by, "limits.cpus", how=how)


def _leases(draft: Draft) -> Iterator[Setting]:
    limits = draft.policy.limits
    how = "timer outside the sandbox, then SIGKILL to its whole process namespace"
    work = f"{how}; it may use as much processor time as that allows"
    yield draft.by_clause("background", limits.background, "limits.background", how=work, order="at-most")
    for name, span in (("idle", limits.idle), ("lifetime", limits.lifetime)):
        value = None if span == math.inf else span
        yield draft.by_clause(name, value, f"limits.{name}", how=how, order="at-most-if")


def _memory(draft: Draft) -> Iterator[Setting]:
    memory = draft.policy.limits.memory
    by, status, how = _means(
        draft,
        "memory",
        cgroup="cgroup, swap included",
        polling="memory and files, read from outside every 20 ms, between runs every 250 ms",
    )
    yield draft.by_clause("memory", memory, "limits.memory", how=how, order="at-most", status=status)
    yield draft.by_clause("memory.by", by, "limits.memory", how=how)
    if by == "polling":
        # Address space is not memory: allocators and V8 reserve far more than they touch, so this only stops a leap
        # between two readings.
        space = max(4 * memory, memory + 8 * _GIB)
        yield draft.by_clause("rlimit.as", space, "limits.memory", how="RLIMIT_AS", order="at-most", status="weaker")


def _processes(draft: Draft) -> Iterator[Setting]:
    processes = draft.policy.limits.processes
    by, status, how = _means(draft, "pids", cgroup="cgroup", rlimit="RLIMIT_NPROC in a user namespace of its own")
    yield draft.by_clause("processes", processes, "limits.processes", how=how, order="at-most", status=status)
    yield draft.by_clause("processes.by", by, "limits.processes", how=how)
    if by == "rlimit":
        yield draft.by_clause("rlimit.nproc", processes, "limits.processes", how=how, order="at-most", status=status)


def _files(draft: Draft) -> Iterator[Setting]:
    limits = draft.policy.limits
    outside = bool(draft.policy.files.write)
    how = "size and inodes of the one tmpfs behind all writable places"
    how += "; files.write lies outside it, and only each file's size is limited there" if outside else ""
    status: Status = "weaker" if outside else "enforced"
    inodes = max(64, min(limits.disk // _PAGE, _MOST_INODES))
    files = limits.open_files
    yield draft.by_clause("disk", limits.disk, "limits.disk", how=how, order="at-most", status=status)
    yield draft.by_clause("inodes", inodes, "limits.disk", how=how, order="at-most")
    yield draft.by_clause("rlimit.fsize", limits.disk, "limits.disk", how="RLIMIT_FSIZE", order="at-most")
    yield draft.by_clause(
        "open_files", files, "limits.open_files", how="RLIMIT_NOFILE of each process", order="at-most"
    )
    yield draft.by_clause("rlimit.nofile", files, "limits.open_files", how="RLIMIT_NOFILE", order="at-most")
    yield draft.by_rule("rlimit.core", 0, "no-core-files", how="RLIMIT_CORE", order="at-most")
    yield draft.by_rule("rlimit.memlock", 0, "no-locked-memory", how="RLIMIT_MEMLOCK", order="at-most")
    yield draft.by_rule("rlimit.msgqueue", 0, "no-locked-memory", how="RLIMIT_MSGQUEUE", order="at-most")
    yield draft.by_rule("rlimit.sigpending", 1024, "few-signals", how="RLIMIT_SIGPENDING", order="at-most")
    yield draft.by_rule("rlimit.nice", 0, "scheduling", how="RLIMIT_NICE", order="at-most")
    yield draft.by_rule("rlimit.rtprio", 0, "scheduling", how="RLIMIT_RTPRIO", order="at-most")


def _means(draft: Draft, controller: str, *, cgroup: str, **otherwise: str) -> tuple[str, Status, str]:
    """Return by what a limit is held, how far that carries, and in words how: the cgroup, or else the other means."""
    if _by_cgroup(draft, controller):
        return "cgroup", "enforced", cgroup
    ((by, how),) = otherwise.items()
    return by, "weaker", f"{how}; no {controller} cgroup is usable for this user"
