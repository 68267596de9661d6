"""What a machine offers for isolation, as a value. It is probed live by the tier; here it is only described."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

Cgroup = Literal["v1", "v2", "hybrid", "none"]


class Problem(NamedTuple):
    """Something without which the jail can't run, and the command or setting that mends it."""

    what: str
    remedy: str


class Host(NamedTuple):
    """A machine as this user finds it. Each fact was tried, none is read off a version or a file's presence.

    Paths are absolute. `landlock` is the ABI, 0 without; `controllers` are the cgroup controllers usable for this
    user, out of memory, pids, cpu and freezer; `memory` is in bytes.
    """

    release: str
    machine: str
    root: bool
    user_namespaces: bool
    landlock: int
    seccomp: bool
    seccomp_notify: bool
    cgroup: Cgroup
    controllers: frozenset[str]
    cpus: int
    memory: int
    python: str
    prefixes: tuple[str, ...] = ()
    links: Mapping[str, str] = MappingProxyType({})
    """Links at the top of a merged-usr system: `{"/bin": "usr/bin"}`."""
    directories: tuple[str, ...] = ()
    """The same names where they are folders of their own: `("/lib64",)`."""
    etc: tuple[str, ...] = ()
    """What exists out of the harmless part of /etc: certificates, fonts, the loader's cache, the time zone."""
    node: str | None = None
    bash: str | None = None
    package: str = ""
    """Where fumehood itself lies: its runner is executed inside."""
    loader: str | None = None
    """The dynamic loader, links resolved; a program can't be executed without it."""
    tiers: tuple[str, ...] = ("jail",)
    egress: bool = False
    """Whether an egress proxy can run here."""
    problems: tuple[Problem, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON; `from_dict` gives the host again."""
        problems = [each._asdict() for each in self.problems]
        return {
            **self._asdict(),
            "controllers": sorted(self.controllers),
            "links": dict(self.links),
            "problems": problems,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Host:
        """Return the host that `to_dict` described; keys that are not known here are left out."""
        values: dict[str, Any] = {name: _frozen(value) for name, value in data.items() if name in cls._fields}
        values["controllers"] = frozenset(values["controllers"])
        values["problems"] = tuple(Problem(**each) for each in values.get("problems", ()))
        return cls(**values)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] -- any list
