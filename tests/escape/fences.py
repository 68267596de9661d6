"""Taking fences down, to see that an attack bites: some are settings of the plan, some lines of the source.

A weakened jail is never let loose on the machine: `battery.py` runs it inside namespaces of its own.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from fumehood.kernel.syscalls import numbers
from fumehood.plan import Plan, Setting, Slice

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_ALL: Final = tuple(numbers("x86_64").keys() | numbers("aarch64").keys())

#: Fences that are lines of the source: file below src/fumehood, the text that makes the fence, what takes its place.
LINES: Final[dict[str, tuple[tuple[str, str, str], ...]]] = {
    "net": (("tiers/jail/seal.py", '"cgroup", "net")', '"cgroup")'),),
    "ipc": (("tiers/jail/seal.py", '"mount", "ipc", ', '"mount", '),),
    "uts": (
        ("tiers/jail/seal.py", '"uts", ', ""),
        ("tiers/jail/seal.py", '    socket.sethostname(orders["hostname"])\n', ""),
    ),
    "pids": (
        ("tiers/jail/zygote.py", '        namespaces.unshare("pid")\n', ""),
        ("tiers/jail/launcher.py", '    namespaces.unshare("pid")\n', ""),
    ),
    "read-only root": (
        ("tiers/jail/root.py", '    mount.mount(None, "/", None, mount.REMOUNT | mount.BIND | _READ_ONLY)\n',
         '    os.chmod("/opt", 0o777)\n'),
    ),
    "read-only trees": (
        ("tiers/jail/trees.py", '(0 if spec["writable"] else mount.RDONLY)', "0"),
    ),
    "read-only devices": (
        ("tiers/jail/root.py", "mount.NOSUID | mount.RDONLY if", "mount.NOSUID if"),
    ),
    "environment": (
        ("tiers/jail/spawn.py", '{"LANG": "C.UTF-8"},', "dict(os.environ),"),
        ("tiers/jail/nursery.py", 'definition["environment"])', "dict(os.environ))"),
    ),
    "descriptors": (
        ("tiers/jail/nursery.py", "        close_from(wire.CONTROL + 2)\n", ""),
        ("tiers/jail/runner.py", "    close_from(wire.CONTROL + 1)\n", ""),
    ),
    "keyring": (("tiers/jail/zygote.py", "    privilege.join_empty_keyring()\n", ""),),
    "privileges": (
        ("tiers/jail/seal.py", "    _change_identity(orders, owner)\n", ""),
        ("tiers/jail/seal.py", "    privilege.drop_capabilities(_LAST_CAPABILITY)\n", ""),
        ("tiers/jail/seal.py", "    privilege.set_dumpable(dumpable=False)\n", ""),
    ),
    "dumpable": (("tiers/jail/seal.py", "    privilege.set_dumpable(dumpable=False)\n", ""),),
    "host root": (
        ("tiers/jail/seal.py", "    mount.unmount(HOST_PROC)\n", ""),
    ),
    "plain links": (("workspace.py", "_LOOK = os.O_PATH | os.O_NOFOLLOW", "_LOOK = os.O_PATH"),),
    "plain files": (("workspace.py", "            why = _unwanted(", '            why = "" and _unwanted('),),
    "one answer": (("tiers/jail/cell.py", "            elif self._answers:\n", "            elif False:\n"),),
    "shared memory": (
        ("tiers/jail/seal.py", '    mount.mount("workspace", SCRATCH, "tmpfs", flags, options)\n',
         '    mount.mount("/opt", SCRATCH, None, mount.BIND)\n'),
    ),
}  # fmt: skip


def in_source(fences: Iterable[str]) -> tuple[str, ...]:
    """Those of `fences` that are lines of the source, in one order."""
    return tuple(sorted(name for name in fences if name in LINES))


def copy_source(source: Path, target: Path, fences: Iterable[str]) -> None:
    """Copy the package, without the fences.

    Raises:
        AssertionError: A fence's line is no longer there: the table above has to follow the source.
    """
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    for fence in fences:
        for file, fenced, open_ in LINES[fence]:
            path = target / file
            text = path.read_text(encoding="utf-8")
            assert text.count(fenced) == 1, f"{file} has {text.count(fenced)} times {fenced!r}, the fence {fence!r}"
            path.write_text(text.replace(fenced, open_), encoding="utf-8")


def weaken(plan: Plan, fences: Iterable[str]) -> Plan:
    """The plan without the fences that are settings: "landlock", "seccomp", "call NAME", "proc", "executable"."""
    for fence in fences:
        plan = _weaken(plan, fence)
    return plan


def _weaken(plan: Plan, fence: str) -> Plan:
    if fence in LINES:
        return plan
    if fence == "landlock":
        return replace(plan, landlock=_with(plan.landlock, "abi", 0))
    if fence == "proc":
        return replace(plan, landlock=_with(plan.landlock, "proc.read", True))  # noqa: FBT003 -- a setting's value
    if fence == "executable":
        mount = plan.jail["mount:/workspace"].value | {"executable": True}
        return replace(plan, jail=_with(plan.jail, "mount:/workspace", mount))
    if fence == "seccomp":
        return _allow(plan, _ALL)
    kind, _, name = fence.partition(" ")
    assert kind == "call", f"there is no fence {fence!r}"
    return _allow(plan, (name,))


def _with(part: Slice, name: str, value: Any) -> Slice:
    return Slice([*part.values(), replace(part[name], value=value)])


def _allow(plan: Plan, calls: tuple[str, ...]) -> Plan:
    """A last setting wins: these calls are allowed, whatever the table says of them."""
    table = {"calls": list(calls), "action": "allow", "errno": "EPERM"}
    setting = Setting("weakened", table, "test", "to see that the attack bites", order="call")
    return replace(plan, syscalls=Slice([*plan.syscalls.values(), setting]))
