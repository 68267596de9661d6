"""Read what came of a run: the kernel's account decides what happened, the program's words say only what it said."""

from __future__ import annotations

import math
import os
import re
import signal
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from fumehood.execution import Denial, Display, Dropped, LimitHit, ProgramError, Usage, Words, strict
from fumehood.plan.explain import why
from fumehood.policy import format_bytes, format_seconds

if TYPE_CHECKING:
    from fumehood.execution import Outcome
    from fumehood.plan import Plan
    from fumehood.policy.clauses import Limits
    from fumehood.tiers.jail.meter import Meter
    from fumehood.tiers.jail.seen import Seen
    from fumehood.workspace import Used

FULL = 0.98
#: Where nobody counts refused processes: by the time those that live are counted, some have ended of the refusal.
_CROWDED = 0.75
_TIMES = {"wall", "background", "cpu", "idle", "lifetime"}
#: The limits that the warden holds by ending the sandbox.
_ENDING = {*_TIMES, "memory"}
#: Who else ends a sandbox, and not its program.
_BY_OTHERS = {"closed": "the sandbox was closed while the program ran", "warden": "the jail's warden was killed"}
#: Errors that a limit causes, and the limit; each needs the outside's word too.
_ERRNO = {11: "processes", 24: "files", 28: "disk", 27: "disk"}
_MESSAGES = {"can't start new thread": "processes"}
_FAMILIES = {
    1: "AF_UNIX",
    2: "AF_INET",
    10: "AF_INET6",
    16: "AF_NETLINK",
    17: "AF_PACKET",
    38: "AF_ALG",
    40: "AF_VSOCK",
}
_KINDS = {1: "SOCK_STREAM", 2: "SOCK_DGRAM", 3: "SOCK_RAW"}
#: What the warden tells once there were so many refused calls that it stopped listening.
_UNTOLD = "more calls"
_MOST_TEXT = 1 << 20
_UP = "\x1b[A"
_MOVES = re.compile(r"(\n|\x1b\[A)")
_DEEPEST = 100


class Evidence(NamedTuple):
    """What was seen outside at the end of a run that did not complete."""

    counters: dict[str, Any]
    disk_full: bool
    inodes_full: bool
    files_full: bool
    processes_full: bool


class Account(NamedTuple):
    """What happened: the outcome, the program's error, the limit, whether the sandbox lives."""

    outcome: Outcome
    error: ProgramError | None
    limit: LimitHit | None
    alive: bool

    @property
    def why_lost(self) -> str:
        """Why a sandbox is no more."""
        if self.limit is not None:
            return f"the {self.limit.kind} limit of {self.limit.limit} ended it"
        if self.outcome == "ended":
            return "something was refused to its program, and the policy ends a sandbox for that (on_denial.action)"
        return "the program ended its interpreter" if self.error is None else self.error.message


def evidence(counters: dict[str, Any], disk: Used, limits: Limits) -> Evidence:
    """Read the kernel's counters, taken while the program's last objects were still alive."""
    return Evidence(
        counters=counters,
        disk_full=disk.by_bytes > FULL,
        inodes_full=disk.by_files > FULL,
        files_full=counters.get("open_files", 0) >= limits.open_files,
        processes_full=counters.get("tasks", 0) >= limits.processes * _CROWDED,
    )


def usage(seen: Seen, meter: Meter | None, written: int) -> Usage:
    """What a run used; `meter` is that of a sandbox that lives."""
    return Usage(
        wall_ms=round(seen.wall_s * 1000, 3),
        cpu_ms=round(seen.cpu_ns / 1e6, 3),
        peak_memory=seen.peak,
        processes=seen.processes if meter is None else meter.processes(),
        written=written,
    )


def judge(plan: Plan, seen: Seen, evidence: Evidence | None) -> Account:
    """Say what happened.

    Args:
        plan: The plan that the sandbox was sealed with.
        seen: The cell's account of the run.
        evidence: The run's counters, read afterwards; None for a run whose answer was plainly good.
    """
    if seen.tampered is not None:
        told = f"the program interfered with the channel to its runner: {seen.tampered}"
        return Account("failed", ProgramError("ChannelBroken", told, None, ""), None, alive=False)
    if seen.gone is not None:
        return _ended(plan, seen, seen.gone)
    answer = seen.answer or {}
    if answer.get("ok") is True:
        return Account("completed", None, None, alive=True)
    error, claim = _error(answer.get("error")), _claim(answer.get("error"))
    kind = _limit_behind(claim, evidence) if evidence is not None else None
    if kind is not None:
        return Account("limit", error, _hit(plan, kind, seen), alive=True)
    if error is not None and claim is not None:
        error = error._replace(remedy=f"If it is a limit that was in the way: {why(plan, 'limit', claim).remedy}")
    return Account("failed", error, None, alive=True)


def _ended(plan: Plan, seen: Seen, gone: dict[str, Any]) -> Account:
    """The sandbox is no more: by whose hand?"""
    reason, status = gone.get("reason") or "", gone.get("status")
    if reason in _ENDING:
        return Account("limit", None, _hit(plan, reason, seen), alive=False)
    if gone.get("oom_kills"):
        return Account("limit", None, _hit(plan, "memory", seen), alive=False)
    if reason == "denied":
        return Account("ended", None, None, alive=False)
    if reason == "channel":
        told = "the program closed the channel to its runner"
        return Account("failed", ProgramError("ChannelBroken", told, None, ""), None, alive=False)
    if status is not None and reason != "closed":
        return _exited(plan, seen, status)
    told = _BY_OTHERS.get(reason, "the sandbox was ended from outside")
    return Account("failed", ProgramError("SandboxEnded", told, None, ""), None, alive=False)


def _exited(plan: Plan, seen: Seen, status: int) -> Account:
    """The interpreter itself ended: by os._exit, a signal, a crash."""
    code = os.waitstatus_to_exitcode(status)
    if code == 0:
        return Account("completed", None, None, alive=False)
    if code == -signal.SIGKILL and seen.cpu_ns >= plan.jail["cpu"].value * 1e9:
        return Account("limit", None, _hit(plan, "cpu", seen), alive=False)
    if code > 0:
        error = ProgramError("ExitStatus", f"the interpreter exited with status {code}", None, "")
    else:
        error = ProgramError("Killed", f"the interpreter was killed by {_signal(-code)}", None, "")
    return Account("failed", error, None, alive=False)


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _claim(error: object) -> str | None:
    """The limit that the program's error is one of, by its own words."""
    told = cast("dict[str, object]", error) if isinstance(error, dict) else {}
    code, message = told.get("errno"), told.get("message")
    if told.get("name") == "MemoryError":
        return "memory"
    if isinstance(message, str) and message in _MESSAGES:
        return _MESSAGES[message]
    return _ERRNO.get(code) if isinstance(code, int) else None


def _limit_behind(claim: str | None, evidence: Evidence) -> str | None:
    """The limit that the program ran into, where what it says and what was seen outside agree."""
    counters = evidence.counters
    if counters.get("oom_kills"):
        return "memory"
    if claim == "disk":
        return "disk" if evidence.disk_full else "inodes" if evidence.inodes_full else None
    refused = bool(counters.get("forks_refused")) or evidence.processes_full
    agreed = {"processes": refused, "files": evidence.files_full}
    return claim if claim is not None and agreed.get(claim) else None


def _hit(plan: Plan, kind: str, seen: Seen) -> LimitHit:
    """The limit of this kind, as the plan has it or as the call did; of "disk" it may be the files that ran out."""
    if kind == "inodes":
        return _hit(plan, "disk", seen)._replace(used=f"{plan.jail[kind].value:,} files")
    setting = {"files": "open_files"}.get(kind, kind)
    limit = seen.wall_limit_s if kind in {"wall", "background"} else plan.jail[setting].value
    used: dict[str, str] = {
        **dict.fromkeys(("wall", "background"), f"{seen.wall_s:.2f}s"),
        "cpu": f"{seen.cpu_ns / 1e9:.2f}s",
        "memory": format_bytes(seen.peak),
    }
    sizes = dict.fromkeys(("memory", "disk"), format_bytes)
    show = (sizes | dict.fromkeys(_TIMES, format_seconds)).get(kind, str)
    shown, most = show(limit), show(plan.jail[setting].value)
    own = f"Give the call more time: limits.{kind} allows timeout={most!r}." if most != shown else ""
    return LimitHit(kind, shown, used.get(kind, shown), own or why(plan, "limit", kind).remedy)


def words(seen: Seen, error: ProgramError | None, *, completed: bool) -> tuple[Words, list[str]]:
    """What the program said, and in which of it characters were replaced that UTF-8 can't hold."""
    answer = seen.answer if completed and seen.answer is not None else {}
    stdout, stderr = _decode(seen.stdout), _decode(seen.stderr)
    told = value(answer.get("value"))
    plain = strict(told)
    said = Words(
        value=plain,
        value_text=text(answer.get("value_text")),
        stdout=stdout.text,
        stderr=last_state(stderr.text),
        displays=displays(seen) if seen.shown else (),
        error=error,
    )
    replaced = ["value"] if plain != told else []
    replaced += ["stdout"] * stdout.changed + ["stderr"] * stderr.changed
    return said, replaced


class _Text(NamedTuple):
    """Output as text, and whether bytes of it that are not UTF-8 were replaced."""

    text: str
    changed: bool


_NO_TEXT = _Text("", changed=False)


def _decode(data: bytes | bytearray) -> _Text:
    """All of an output as text."""
    if not data:
        return _NO_TEXT
    try:
        return _Text(data.decode(), changed=False)
    except UnicodeDecodeError:
        return _Text(data.decode("utf-8", "replace"), changed=True)


def value(told: object, depth: int = _DEEPEST) -> Any:
    """The value that the program's side sent, or None: what the runner never sends is not handed on.

    That is an infinite number (JSON's 1e999) and data so deep that taking it apart would exhaust our own stack.
    """
    return told if _is_plain(told, depth) else None


def _is_plain(told: object, depth: int) -> bool:
    kind = type(told)
    if kind is float:
        return math.isfinite(cast("float", told))
    if kind is list:
        return depth > 0 and all(_is_plain(item, depth - 1) for item in cast("list[object]", told))
    if kind is dict:
        return depth > 0 and all(_is_plain(item, depth - 1) for item in cast("dict[str, object]", told).values())
    return True


def text(value: object, most: int = _MOST_TEXT) -> str:
    """A text that the program's side sent, or nothing: bounded, of the right type, without lone surrogates."""
    return str(strict(value[:most])) if isinstance(value, str) else ""


def last_state(text: str) -> str:
    """Text as a terminal shows it in the end: of a line that was written over, what was written last."""
    if _UP in text:
        text = _by_line(text)
    return "\n".join(map(_last_state, text.split("\n"))) if "\r" in text else text


def _by_line(text: str) -> str:
    """All that was written at a line, together: bars below each other go down and up again."""
    lines: list[list[str]] = [[]]
    at, start = 0, ""
    for piece in _MOVES.split(text):
        if piece == "\n":
            at += 1
            if at == len(lines):
                lines.append([])
            start = "\r" if lines[at] else ""
        elif piece == _UP:
            at = max(at - 1, 0)
        elif piece:
            lines[at] += [start, piece]
            start = ""
    return "\n".join(map("".join, lines))


def _last_state(line: str) -> str:
    end = "\r" if line.endswith("\r") else ""  # of a line that ends in both
    return line.removesuffix(end).rpartition("\r")[2] + end


def displays(seen: Seen) -> tuple[Display, ...]:
    """What the program showed; each representation was checked as it came."""
    return tuple(Display(shown.mime, str(strict(shown.data)), shown.size, shown.item) for shown in seen.shown)


def dropped(seen: Seen) -> Dropped:
    """What was cut: counted here, and of displays also what the program's side did not send at all, by its own word."""
    told = (seen.answer or {}).get("dropped")
    stdout, stderr, shown = seen.dropped
    return Dropped(stdout, stderr, shown + (told if type(told) is int and 0 < told < 1 << 53 else 0))


def _error(told: object) -> ProgramError | None:
    if not isinstance(told, dict):
        return ProgramError("UnknownError", "the program's side told no error", None, "")
    told = cast("dict[str, object]", told)
    line = told.get("line")
    return ProgramError(
        text(told.get("name"), 200) or "UnknownError",
        text(told.get("message")),
        line if isinstance(line, int) and not isinstance(line, bool) and 0 < line < 1 << 31 else None,
        text(told.get("traceback")),
    )


@cache
def _call_names() -> dict[int, str]:
    """Number to name of this machine's system calls."""
    from fumehood.tiers.jail.calls import names  # noqa: PLC0415 -- only where something was refused

    return names()


def denials(plan: Plan, seen: Seen) -> tuple[Denial, ...]:
    """What the filter refused, each once, with the clause behind it and what would allow it."""
    names = _call_names()
    found: dict[tuple[str, str], Denial] = {}
    for event in seen.denied:
        call = names.get(event["call"], f"system call {event['call']}") if event["call"] >= 0 else _UNTOLD
        what = _what(call, event["arguments"])
        reason = why(plan, "seccomp", call)
        found.setdefault((what, call), Denial(what, "seccomp", reason.clause, None, reason.remedy))
    return tuple(found.values())


def _what(call: str, arguments: list[int]) -> str:
    """The call as a reader knows it; only arguments that are numbers can be trusted to mean what they say."""
    if call == _UNTOLD:
        return "more refused calls than are recorded"
    if call == "socket":
        family, kind = arguments[0] & 0xFFFFFFFF, arguments[1] & 0xF
        return f"socket {_FAMILIES.get(family, f'family {family}')} {_KINDS.get(kind, f'type {kind}')}"
    return "execve (start another program)" if call == "execve" else call
