"""Taking fences down, to see that an attack bites: some are settings of the plan, some lines of the source.

A weakened jail is never let loose on the machine: `battery.py` runs it inside namespaces of its own.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from fumehood.kernel.syscalls import numbers
from fumehood.plan import Plan, Setting, Slice
from tests.escape.outer import require_weak_world

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_ALL: Final = tuple(numbers("x86_64").keys() | numbers("aarch64").keys())

#: The settings by which a limit is held; taken down they are this many times as high.
_LIMITS: Final = {
    "memory": ("memory", "rlimit.as"),
    "processes": ("processes", "rlimit.nproc"),
    "disk": ("disk", "inodes", "rlimit.fsize"),
    "files": ("open_files", "rlimit.nofile"),
    "signals": ("rlimit.sigpending",),
    "locked": ("rlimit.memlock",),
}
_HIGHER, _LOCKED = 16, 1 << 24

#: Fences that are lines of the source: file below src/fumehood, the text that makes the fence, what takes its place.
LINES: Final[dict[str, tuple[tuple[str, str, str], ...]]] = {
    "net": (("tiers/jail/seal.py", '"cgroup", "net")', '"cgroup")'),),
    "ipc": (("tiers/jail/seal.py", '"mount", "ipc", ', '"mount", '),),
    "uts": (
        ("tiers/jail/seal.py", '"uts", ', ""),
        ("tiers/jail/seal.py", '    socket.sethostname(orders["hostname"])\n', ""),
    ),
    "pids": (("tiers/jail/zygote.py", '        namespaces.unshare("pid")\n', ""),),
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
        ("tiers/jail/runner/__init__.py", "    close_from(wire.CONTROL + 1)\n", ""),
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
    "plain links": (
        ("workspace.py", "_LOOK = os.O_PATH | os.O_NOFOLLOW", "_LOOK = os.O_PATH"),
        ("workspace.py", "_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW", "_FOLDER = os.O_RDONLY | os.O_DIRECTORY"),
    ),
    "plain names": (
        ("workspace.py", '    if not parts[-1].isprintable() or "\\\\" in parts[-1]:\n', "    if False:\n"),
        ("workspace.py", "part if part.isprintable() else ascii(part)[1:-1]", "part"),
    ),
    "depth": (("workspace.py", "_DEEPEST = 64\n", "_DEEPEST = 1000\n"),),
    "one at a time": (
        ("workspace.py", "            with _opened(folder):\n                names", "            if folder:\n                names"),
    ),
    "plain files": (("workspace.py", "            why = _unwanted(", '            why = "" and _unwanted('),),
    "what was seen": (
        ("workspace.py", 'os.open(f"/proc/self/fd/{seen}", os.O_RDONLY | os.O_CLOEXEC)',
         "os.open(parts[-1], os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)"),
    ),
    "other mounts": (("workspace.py", "        if about.st_dev != self._device:\n", "        if False:\n"),),
    "home limit": (("workspace.py", "        if about.st_size > self._left:\n", "        if False:\n"),),
    "whole proc": (("tiers/jail/seal.py", 'mount.NOEXEC, "subset=pid")', "mount.NOEXEC)"),),
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
    """Copy the package, without the fences, into a throw-away world.

    Raises:
        AssertionError: A fence's line is no longer there: the table above has to follow the source. Or this is the
            machine itself.
    """
    require_weak_world()
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    for fence in fences:
        for file, fenced, open_ in LINES[fence]:
            path = target / file
            text = path.read_text(encoding="utf-8")
            assert text.count(fenced) == 1, f"{file} has {text.count(fenced)} times {fenced!r}, the fence {fence!r}"
            path.write_text(text.replace(fenced, open_), encoding="utf-8")


def exists(fence: str) -> bool:
    """Whether there is a fence of this name."""
    kind, _, name = fence.partition(" ")
    return fence in LINES or (kind in _WEAKEN and name in {"call": _ALL, "limit": tuple(_LIMITS)}.get(kind, ("",)))


def weaken(plan: Plan, fences: Iterable[str]) -> Plan:
    """The plan without the fences that are settings, such as "landlock", "seccomp", "call NAME" and "limit NAME"."""
    for fence in fences:
        if fence not in LINES:
            kind, _, name = fence.partition(" ")
            plan = _WEAKEN[kind](plan, name)
    return plan


def _without_landlock(plan: Plan, _: str) -> Plan:
    return replace(plan, landlock=_with(plan.landlock, "abi", 0))


def _with_proc(plan: Plan, _: str) -> Plan:
    return replace(plan, landlock=_with(plan.landlock, "proc.read", True))  # noqa: FBT003 -- a setting's value


def _executable(plan: Plan, _: str) -> Plan:
    mount = plan.jail["mount:/workspace"].value | {"executable": True}
    return replace(plan, jail=_with(plan.jail, "mount:/workspace", mount))


def _without_seccomp(plan: Plan, _: str) -> Plan:
    return _allow(plan, _ALL)


def _with_call(plan: Plan, name: str) -> Plan:
    return _allow(plan, (name,))


def _with_higher_limit(plan: Plan, name: str) -> Plan:
    jail = plan.jail
    for setting in _LIMITS[name]:
        if setting in jail:
            jail = _with(jail, setting, jail[setting].value * _HIGHER or _LOCKED)
    return replace(plan, jail=jail)


_WEAKEN: Final = {
    "landlock": _without_landlock,
    "proc": _with_proc,
    "executable": _executable,
    "seccomp": _without_seccomp,
    "call": _with_call,
    "limit": _with_higher_limit,
}


def _with(part: Slice, name: str, value: Any) -> Slice:
    return Slice([*part.values(), replace(part[name], value=value)])


def _allow(plan: Plan, calls: tuple[str, ...]) -> Plan:
    """A last setting wins: these calls are allowed, whatever the table says of them."""
    table = {"calls": list(calls), "action": "allow", "errno": "EPERM"}
    setting = Setting("weakened", table, "test", "to see that the attack bites", order="call")
    return replace(plan, syscalls=Slice([*plan.syscalls.values(), setting]))
