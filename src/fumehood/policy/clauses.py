"""The clauses of a policy, table by table. Each field carries its kind and one line that says what it is for."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, cast

from fumehood.errors import PolicyError
from fumehood.policy.kinds import Bytes, Choice, Count, Demands, Entries, Flag, Kind, Modules, Seconds, Share, Span
from fumehood.policy.places import read_exact_host, read_host, read_path, read_source
from fumehood.policy.reach import covered, host_covers, path_covers, widest

if TYPE_CHECKING:
    from collections.abc import Iterator

V = TypeVar("V")

TIERS: Final = ("oci", "jail", "wasm", "gvisor", "microvm")
"""The known tiers, the strongest last; of two policies the stronger tier is the narrower."""

CONTROLS: Final = (
    "filesystem", "network", "syscalls", "landlock", "privileges", "identity", "environment",
    "wall", "cpu", "cpus", "memory", "processes", "open_files", "disk", "output", "spawn", "native",
)  # fmt: skip
"""The guarantees that `isolation.require` may name and that `Result.controls` reports."""

_DAY: Final = 86400
_PIB: Final = 1024**5
_MIB: Final = 1024**2

_SPAN: Final = Seconds(0.001, 366 * _DAY)
_GRANTED_SPAN: Final = Span(0.001, 366 * _DAY, off=0.0)
_LEASE: Final = Span(0.001, 366 * _DAY, off=math.inf)
# Below this an interpreter can't start, and a bare number of megabytes would be taken for bytes.
_MEMORY: Final = Bytes(8 * _MIB, _PIB)
_SIZE: Final = Bytes(1, _PIB)
_PATHS: Final = Entries(read_path, path_covers, 'a list of absolute paths such as ["/srv/data"]')
_HOSTS: Final = Entries(
    read_host, host_covers, 'a list of "host:port" or "*.host:port", such as ["api.example.org:443"]'
)
_TIER_STRENGTH: Final = Choice(*TIERS)


def _same(outer: str, inner: str) -> bool:
    return outer == inner


def _control(text: str) -> str:
    if text not in CONTROLS:
        fault = "is not one of " + ", ".join(CONTROLS)
        raise ValueError(fault)
    return text


def _one(entry: Any, accepted: str) -> Kind[str]:
    return _Text(entry, accepted)


class _Text(Kind[str]):
    """One text, read by one function. What is refused is not repeated: it may be a secret."""

    def __init__(self, entry: Any, accepted: str) -> None:
        self.entry = entry
        self.accepted = accepted

    def read(self, value: object, where: str) -> str:
        """Accept one text."""
        if not isinstance(value, str):
            self.refuse("…", where)
        try:
            return cast("str", self.entry(value))
        except ValueError as error:
            self.refuse("…", where, str(error))


def clause(default: V, kind: Kind[V], says: str) -> V:
    """Declare a clause: its default, its kind, and what it is for in one line."""
    return field(default=default, metadata={"kind": kind, "says": says})


@dataclass(frozen=True, slots=True)
class Table:
    """A table of clauses. Building one reads each value, so that a table that exists has a meaning."""

    def __post_init__(self) -> None:
        """Put each value in its normal form.

        Raises:
            PolicyError: A value has no meaning.
        """
        for name, kind in kinds(type(self)):
            value = kind.read(getattr(self, name), f"{type(self).table_name()}.{name}")
            object.__setattr__(self, name, value)

    @classmethod
    def table_name(cls) -> str:
        """Return the name of the table in TOML."""
        return "on_denial" if cls.__name__ == "OnDenial" else cls.__name__.lower()

    def meet(self, other: Self) -> Self:
        """Return the table that permits exactly what both permit."""
        values = {name: kind.meet(getattr(self, name), getattr(other, name)) for name, kind in kinds(type(self))}
        return type(self)(**values)


def kinds(table: type[Table]) -> Iterator[tuple[str, Kind[Any]]]:
    """Yield each clause of a table: its name and its kind."""
    return ((each.name, each.metadata["kind"]) for each in fields(table))


@dataclass(frozen=True, slots=True)
class Limits(Table):
    """How much a run may use. Sizes are in bytes, times in seconds."""

    wall: float = clause(30.0, _SPAN, "time of one execution; waiting for an approval is not counted")
    cpu: float = clause(30.0, _SPAN, "processor time of one execution, all its processes together")
    cpus: float = clause(1.0, Share(0.01, 4096), "processors that may be busy at once")
    memory: int = clause(2 * 1024 * _MIB, _MEMORY, "memory of all processes together, files in memory included")
    processes: int = clause(64, Count(1, 4_194_304), "processes and threads alive at once")
    open_files: int = clause(256, Count(16, 1_048_576), "open files of one process")
    disk: int = clause(512 * _MIB, _SIZE, "what the writable places hold together")
    output: int = clause(_MIB, _SIZE, "of stdout and stderr each, kept; more is dropped and counted")
    displays: int = clause(
        16 * _MIB, _SIZE, "of pictures, tables and all else displayed together, kept; more is dropped and counted"
    )
    background: float = clause(0.0, _GRANTED_SPAN, "time of work that `start` leaves running; off lets it start none")
    idle: float = clause(math.inf, _LEASE, "time that a sandbox is kept without a call")
    lifetime: float = clause(math.inf, _LEASE, "time that a sandbox is kept at all")


@dataclass(frozen=True, slots=True)
class Files(Table):
    """Host paths that show inside at the same place, besides `data/`, `out/` and the workspace."""

    read: tuple[str, ...] = clause((), _PATHS, "host paths that may be read")
    write: tuple[str, ...] = clause((), _PATHS, "host paths that may be read and changed")

    def __post_init__(self) -> None:
        """Refuse a path that is said to be for reading alone and lies in one that may be changed."""
        Table.__post_init__(self)
        for path in self.read:
            if covered(path, self.write, path_covers):
                message = f"files.read names {path}, which files.write lets be changed"
                raise PolicyError(
                    message, remedy=f"Take {path} out of files.read, or name in files.write what lies beside it."
                )

    @property
    def readable(self) -> tuple[str, ...]:
        """Return all that may be read: what may be changed too."""
        return (*self.read, *self.write)

    def meet(self, other: Self) -> Self:  # pyright: ignore[reportIncompatibleMethodOverride] -- Self on both sides
        """Permit what both permit; what one lets be changed and the other only read may be read."""
        write = _PATHS.meet(self.write, other.write)
        read = _PATHS.meet(self.readable, other.readable)
        only_read = tuple(path for path in read if not covered(path, write, path_covers))
        return type(self)(read=widest(only_read, path_covers), write=write)


@dataclass(frozen=True, slots=True)
class Network(Table):
    """Where the code may connect to."""

    allow: tuple[str, ...] = clause((), _HOSTS, "hosts and ports; none is no network at all")


@dataclass(frozen=True, slots=True)
class Code(Table):
    """What the code may do with the machine's programs and libraries."""

    spawn: bool = clause(False, Flag(grant=True), "may start other programs")  # noqa: FBT003 -- the clause's value
    native: bool = clause(False, Flag(grant=True), "may load native code that is not part of the environment")  # noqa: FBT003 -- the clause's value
    modules: str | tuple[str, ...] = clause("*", Modules(), 'modules that may be imported, or "*" for any')


@dataclass(frozen=True, slots=True)
class Output(Table):
    """What is done to everything that leaves the sandbox."""

    redact_secrets: bool = clause(True, Flag(grant=False), "replace the values of secrets")  # noqa: FBT003 -- the clause's value
    inert_html: bool = clause(True, Flag(grant=False), "make HTML and SVG inert")  # noqa: FBT003 -- the clause's value
    strip_terminal_escapes: bool = clause(True, Flag(grant=False), "take control sequences out of text")  # noqa: FBT003 -- the clause's value


@dataclass(frozen=True, slots=True)
class OnDenial(Table):
    """What happens when the code tries what it may not."""

    action: str = clause("record", Choice("record", "end"), "record the refusal and go on, or end the program")


@dataclass(frozen=True, slots=True)
class Isolation(Table):
    """How the code is kept apart from the machine."""

    tier: str = clause("jail", _TIER_STRENGTH, "the way to isolate")
    require: tuple[str, ...] = clause(
        (),
        Demands(_control, _same, 'a list of guarantees such as ["memory", "landlock"]'),
        "guarantees that this machine must enforce fully, or nothing runs",
    )


@dataclass(frozen=True, slots=True)
class Check(Table):
    """What the reading of code before it runs decides in doubt."""

    mode: str = clause("enforce", Choice("record", "enforce"), "whether findings refuse the code or are only recorded")
    unknown: str = clause("allow", Choice("allow", "ask", "refuse"), "a need whose value can't be resolved")
    incomplete: str = clause("ask", Choice("allow", "ask", "refuse"), "code that could not be read to its end")


@dataclass(frozen=True, slots=True)
class Guard(Table):
    """How the calls of host functions are gated."""

    mode: str = clause(
        "default",
        Choice("default", "strict"),
        "by origins, or no consequential call at all once something untrusted was read",
    )


@dataclass(frozen=True, slots=True)
class Secret(Table):
    """Where a secret's value comes from and the one host it may go to. The value itself never enters a sandbox."""

    source: str = clause("", _one(read_source, '"env:NAME" or "file:/absolute/path"'), "where the value comes from")
    host: str = clause("", _one(read_exact_host, '"host:port"'), "the one host that the value may be sent to")


TOOL: Final = Choice("allow", "ask", "deny")
"""What a policy can say of a host function. Handing it over makes it callable; the gate decides about each call
of one that is not named or is allowed, and a policy can only narrow that."""
