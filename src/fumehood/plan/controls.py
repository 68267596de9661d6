"""The guarantees of a plan, one line each: whether this host enforces it, how, and why it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fumehood.execution import Control, Status
    from fumehood.plan.settings import Setting, Slice

GUARANTEES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "filesystem": ("jail", ("files.read", "files.write")),
    "network": ("jail", ("network",)),
    "syscalls": ("syscalls", ("default",)),
    "landlock": ("landlock", ("abi",)),
    "privileges": ("jail", ("capabilities", "no_new_privs")),
    "identity": ("jail", ("identity",)),
    "environment": ("jail", ("environment",)),
    "wall": ("jail", ("wall",)),
    "cpu": ("jail", ("cpu",)),
    "cpus": ("jail", ("cpus",)),
    "memory": ("jail", ("memory",)),
    "processes": ("jail", ("processes",)),
    "open_files": ("jail", ("open_files",)),
    "disk": ("jail", ("disk",)),
    "output": ("output", ("output", "displays")),
    "spawn": ("syscalls", ("spawn",)),
    "native": ("jail", ("native",)),
}
"""Each guarantee: the slice and the settings that carry it."""


def controls(slices: Mapping[str, Slice]) -> tuple[Control, ...]:
    """Return every guarantee as it stands on this host."""
    return tuple(
        _control(name, [slices[where][setting] for setting in settings])
        for name, (where, settings) in GUARANTEES.items()
    )


def _control(name: str, settings: list[Setting]) -> Control:
    from fumehood.execution import Control  # noqa: PLC0415 -- 4 ms for which no jail waits

    return Control(name, _worst(settings), _joined(each.how for each in settings), _joined(map(_cause, settings)))


def _worst(settings: list[Setting]) -> Status:
    held = {each.status for each in settings}
    if "absent" in held:
        return "absent"
    return "weaker" if "weaker" in held else "enforced"


def _cause(setting: Setting) -> str:
    """Return the clause as it stands in the policy, or the baseline rule with its reason."""
    return f"{setting.because}: {setting.why}" if setting.because.startswith("baseline.") else setting.why


def _joined(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(texts))
