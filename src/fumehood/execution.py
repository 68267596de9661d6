"""The values that stand for one execution: what was asked, what came of it, what was found. All frozen."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from fumehood.errors import LimitExceeded, MemoryLimitExceeded, ProgramFailed, Refused, WallLimitExceeded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fumehood.errors import Error
    from fumehood.showing import OnConsole

Language = Literal["python", "bash", "javascript"]
LANGUAGES: tuple[Language, ...] = ("python", "bash", "javascript")
Outcome = Literal["completed", "failed", "refused", "limit", "unavailable", "ended"]
Verdict = Literal["allow", "ask", "refuse"]
Confidence = Literal["resolved", "referenced", "unknown"]
Status = Literal["enforced", "weaker", "absent"]
State = Literal["fresh", "kept", "lost"]


class Capability(NamedTuple):
    """Something that code needs: `fs.read` of a path, `net.connect` to a host.

    `value` is None where it could not be resolved; `confidence` says how it is known.
    """

    capability: str
    value: str | None
    line: int
    confidence: Confidence


class Finding(NamedTuple):
    """One cause for a verdict other than `allow`, complete enough to be acted on by a person or a model."""

    rule: str
    name: str
    capability: str
    value: str | None
    line: int
    col: int
    snippet: str
    trace: tuple[str, ...]
    confidence: Confidence
    clause: str
    why: str
    fix: str
    allow: str
    verdict: Verdict


class Analysis(NamedTuple):
    """How the reading of a program went: its time in milliseconds, whether it saw all of it, by which version."""

    ms: float
    complete: bool
    version: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was found by reading a program; nothing of it was executed."""

    verdict: Verdict
    capabilities: tuple[Capability, ...]
    findings: tuple[Finding, ...]
    imports: tuple[str, ...]
    analysis: Analysis
    policy_sha256: str
    code_sha256: str


class ProgramError(NamedTuple):
    """An exception or a failing exit of the program, as the program told it.

    `remedy` is fumehood's: what to install where an import failed, which limit may have been in the way, "" where it
    knows nothing better than the traceback.
    """

    name: str
    message: str
    line: int | None
    traceback: str
    remedy: str = ""


class LimitHit(NamedTuple):
    """The limit that ended a run: its kind, its size, what was used, how to raise it."""

    kind: str
    limit: str
    used: str
    remedy: str


class Denial(NamedTuple):
    """Something the sandbox refused while the program ran, recorded from outside.

    `line` is None unless the layer that refused could know it without asking the program.
    """

    what: str
    layer: str
    clause: str
    line: int | None
    remedy: str


class Control(NamedTuple):
    """One guarantee: whether this host enforces it, how, and the clause or baseline rule behind it."""

    name: str
    status: Status
    how: str
    why: str


class Display(NamedTuple):
    """One MIME representation of something that the program showed.

    `data` is text, or base64 where the type is one of bytes; `size` is in bytes before base64. `item` counts the things
    shown: the representations of one thing share it, so that a reader can choose one. `inert` says that showing it runs
    and fetches nothing: it is of a type that can't, or was made so by `output.inert_html`.
    """

    mime: str
    data: str
    size: int
    item: int = 0
    inert: bool = False


class Words(NamedTuple):
    """What a program itself said of a run: these fields of its result."""

    value: Any = None
    value_text: str = ""
    stdout: str = ""
    stderr: str = ""
    displays: tuple[Display, ...] = ()
    error: ProgramError | None = None


class File(NamedTuple):
    """A plain file below `out/` after the run. `size` is in bytes."""

    path: str
    size: int
    sha256: str


class LeftOut(NamedTuple):
    """Something below `out/` that was not copied, and why."""

    path: str
    why: str


class Dropped(NamedTuple):
    """Bytes beyond the output cap, counted and thrown away."""

    stdout: int = 0
    stderr: int = 0
    displays: int = 0


class Progress(NamedTuple):
    """How far a program said that it is; `total` is None where it did not say of how much."""

    done: float
    total: float | None = None


class FileInfo(NamedTuple):
    """Something in a sandbox's workspace. `kind` is "file", "folder", "link" or "other"; `modified` is seconds."""

    path: str
    kind: Literal["file", "folder", "link", "other"]
    size: int
    modified: float


class Copied(NamedTuple):
    """What was copied into a sandbox or out of it, and what was left out, and why."""

    files: tuple[File, ...]
    left_out: tuple[LeftOut, ...]


class Usage(NamedTuple):
    """What a run used, measured from outside: milliseconds, bytes, processes (the peak, or a lower bound)."""

    wall_ms: float = 0.0
    cpu_ms: float = 0.0
    peak_memory: int = 0
    processes: int = 0
    written: int = 0


class Timing(NamedTuple):
    """Where the time of a call went, in milliseconds."""

    check_ms: float = 0.0
    wait_ms: float = 0.0
    run_ms: float = 0.0
    total_ms: float = 0.0


class Event(NamedTuple):
    """One thing that happened, `t_ms` milliseconds after the call began."""

    t_ms: float
    event: str
    detail: Mapping[str, Any]


class StreamEvent(NamedTuple):
    """One thing that came of a run while it went on: of the other fields the one that `kind` names is set."""

    kind: Literal["stdout", "stderr", "display", "progress", "result"]
    text: str = ""
    displays: tuple[Display, ...] = ()
    progress: Progress | None = None
    result: Result | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one execution. Its attributes are the keys of `fumehood run --json`.

    `value` is the last expression's value where it is plain data (None, bool, int, finite float, str, list, dict), else
    None; `value_text` is its `repr`, cut at 64 KiB. `stdout` and `stderr` hold at most `limits.output` bytes each as
    UTF-8, undecodable bytes replaced; of lines of `stderr` that a progress bar wrote over and over, the last state.
    Everything under `usage`, `limit`, `denials` and the outcome's kind was measured from outside; `value`, `error` and
    the output are the program's own words.
    """

    outcome: Outcome
    value: Any = None
    value_text: str = ""
    stdout: str = ""
    stderr: str = ""
    dropped: Dropped = Dropped()  # noqa: RUF009 -- immutable
    displays: tuple[Display, ...] = ()
    files: tuple[File, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    error: ProgramError | None = None
    limit: LimitHit | None = None
    findings: tuple[Finding, ...] = ()
    denials: tuple[Denial, ...] = ()
    usage: Usage = Usage()  # noqa: RUF009 -- immutable
    tier: str = "jail"
    environment: str = "bare"
    language: Language = "python"
    policy: str = "default"
    controls: tuple[Control, ...] = ()
    state: State = "fresh"
    execution: str = ""
    code_sha256: str = ""
    policy_sha256: str = ""
    timing: Timing = Timing()  # noqa: RUF009 -- immutable
    trail: tuple[Event, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the program completed."""
        return self.outcome == "completed"

    def check(self) -> Result:
        """Return the result of a completed run; raise for every other.

        Raises:
            LimitExceeded: A limit ended it (also a `TimeoutError` or `MemoryError` where that fits).
            Refused: It was refused before it ran, or ended for what it did.
            ProgramFailed: It failed by itself.
        """
        if self.ok:
            return self
        raise _failure(self)

    def to_dict(self) -> dict[str, Any]:
        """Return the object that `fumehood run --json` prints: plain data, strict JSON, no lone surrogates."""
        data = {"ok": self.ok, **{each.name: getattr(self, each.name) for each in fields(self)}}
        data["trail"] = [{"t_ms": event.t_ms, "event": event.event, **event.detail} for event in self.trail]
        return cast("dict[str, Any]", strict(data))

    def _repr_html_(self) -> str:
        """Show what was printed and displayed, the value or the error in a notebook."""
        from fumehood import showing  # noqa: PLC0415 -- only where a result is shown

        return showing.html(self)

    def __rich__(self) -> OnConsole:
        """Show the same on a rich console, as plain text."""
        from fumehood import showing  # noqa: PLC0415 -- only where a result is shown

        return showing.OnConsole(showing.text(self))


def _failure(result: Result) -> Error:
    """The error that `Result.check` raises."""
    if result.limit is not None:
        times = ("wall", "background", "cpu", "lifetime")
        kinds = {**dict.fromkeys(times, WallLimitExceeded), "memory": MemoryLimitExceeded}
        kind = kinds.get(result.limit.kind, LimitExceeded)
        told = f"The {result.limit.kind} limit of {result.limit.limit} ended the run ({result.limit.used} used)."
        return kind(told, remedy=result.limit.remedy)
    if result.outcome in {"refused", "ended"}:
        reasons = [finding.why for finding in result.findings] + [denial.what for denial in result.denials]
        told = "; ".join(reasons) or "The code was refused."
        return Refused(told, remedy="`findings` and `denials` say for each what would allow it.")
    error = result.error
    told = f"{error.name}: {error.message}" if error else "The program failed."
    return ProgramFailed(told, remedy="`error` has the program's traceback.")


_PLAIN = frozenset({type(None), bool, int, float})


def strict(data: object) -> object:
    """Plain data that is strict JSON in UTF-8: values as objects, tuples as lists, lone surrogates as U+FFFD."""
    if type(data) in _PLAIN:
        return data
    if isinstance(data, str):
        return data if data.isascii() else data.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(data, dict):
        return {str(strict(str(key))): strict(value) for key, value in cast("dict[object, object]", data).items()}
    fields_of = getattr(data, "_asdict", None)
    if fields_of is not None:
        return strict(fields_of())
    if isinstance(data, list | tuple):
        return [strict(item) for item in cast("list[object]", data)]
    return data
