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
    "queues": ("rlimit.msgqueue",),
    "core": ("rlimit.core",),
    "cpu": ("cpu",),
    "locked": ("rlimit.memlock",),
}
_HIGHER, _LOCKED = 16, 1 << 24

#: Fences that are lines of the source: file below src/fumehood, the text that makes the fence, what takes its place.
LINES: Final[dict[str, tuple[tuple[str, str, str], ...]]] = {
    "net": (
        ("tiers/jail/seal.py", '"cgroup", "net")', '"cgroup")'),
        ("tiers/jail/root.py", 'unshare("mount", "net")', 'unshare("mount")'),
    ),
    "ipc": (("tiers/jail/seal.py", '"mount", "ipc", ', '"mount", '),),
    "uts": (
        ("tiers/jail/seal.py", '"uts", ', ""),
        ("tiers/jail/seal.py", '    writer.call("sethostname", orders["hostname"].encode(), len(orders["hostname"]))\n', ""),
    ),
    "pids": (
        ("tiers/jail/zygote.py", '            namespaces.rejoin(namespace, "pid")\n', ""),
        ("tiers/jail/seal.py", '"setsid", answer=2)', '"setsid", answer=-(1 << 32))'),
    ),
    "read-only root": (
        ("tiers/jail/root.py", '    mount.mount(None, "/", None, mount.REMOUNT | mount.BIND | _READ_ONLY)\n',
         '    os.chmod("/opt", 0o777)\n'),
    ),
    "read-only packages": (
        ("tiers/jail/root.py", "_READ_ONLY = mount.RDONLY | mount.NOSUID", "_READ_ONLY = mount.NOSUID"),
    ),
    "read-only trees": (
        ("tiers/jail/trees.py", '(0 if spec["writable"] else mount.RDONLY)', "0"),
    ),
    "read-only devices": (
        ("tiers/jail/root.py", "mount.NOSUID | mount.RDONLY if", "mount.NOSUID if"),
    ),
    "environment": (
        ("tiers/jail/spawn.py", '{"LANG": "C.UTF-8"},', "dict(os.environ),"),
        ("tiers/jail/nursery.py", 'definition["environment"])', 'dict(os.environ) | definition["environment"])'),
    ),
    "descriptors": (
        ("tiers/jail/launcher.py", "close_from(BROKER + 1)", "close_from(4096)"),
        ("tiers/jail/nursery.py", "        close_from(wire.CONTROL + 2)\n", ""),
        ("kernel/sequence.py", "_CLOSE_RANGE, self._first, 0xFFFFFFFF, 0)", "_CLOSE_RANGE, self._first, self._first + 40, 0)"),
        ("tiers/jail/seal.py", "    writer.close_from(wire.CONTROL + 1)\n", ""),
    ),
    "keyring": (("tiers/jail/zygote.py", "    privilege.join_empty_keyring()\n", ""),),
    "privileges": (
        ("tiers/jail/seal.py", "    _change_identity(writer, orders)\n", ""),
        ("tiers/jail/seal.py", "    privilege.drop_capabilities(writer, _LAST_CAPABILITY)\n", ""),
        ("tiers/jail/seal.py", '    writer.call("prctl", *privilege.NOT_DUMPABLE)\n', ""),
    ),
    "dumpable": (("tiers/jail/seal.py", '    writer.call("prctl", *privilege.NOT_DUMPABLE)\n', ""),),
    "covered pid 1": (
        ("tiers/jail/seal.py", '    _mount(writer, HOST_PROC, "/proc/1", None, mount.BIND)', "    pass"),
    ),
    "usher's memory": (("tiers/jail/usher.py", "    privilege.set_dumpable(dumpable=False)\n", ""),),
    "usher's namespaces": (
        ("tiers/jail/usher.py", '    namespaces.unshare("mount", "net", "ipc", "uts", "cgroup")\n', ""),
        ("tiers/jail/usher.py", '    mount.mount("nothing", _STAGE, "tmpfs", _BARE, "size=4k,mode=0555")\n', ""),
        ("tiers/jail/usher.py", "    mount.pivot(_STAGE)\n", ""),
    ),
    "usher's signals": (("tiers/jail/usher.py", "    seal.reset_signals()\n", ""),),
    "host root": (
        ("tiers/jail/seal.py", '    writer.call("umount2", HOST_PROC.encode(), mount.DETACH, what=f"umount {HOST_PROC}")\n', ""),
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
        ("workspace.py", "            with opened(folder):\n                names", "            if folder:\n                names"),
    ),
    "plain files": (("workspace.py", "            why = _unwanted(", '            why = "" and _unwanted('),),
    "what was seen": (
        ("workspace.py", 'os.open(f"/proc/self/fd/{seen}", os.O_RDONLY | os.O_CLOEXEC)',
         "__import__('time').sleep(0.002) or os.open(parts[-1], os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)"),
    ),
    "other mounts": (("workspace.py", "        if about.st_dev != self._device:\n", "        if False:\n"),),
    "home limit": (("workspace.py", "        if about.st_size > self._left:\n", "        if False:\n"),),
    "counted size": (
        ("workspace.py", "os.fstat(source).st_size if most is None else most\n",
         "__import__('time').sleep(0.002) or os.fstat(source).st_size\n"),
    ),
    "told paths": (("workspace.py", "        elif self._told > MOST_TOLD:\n", "        elif False:\n"),),
    "whole proc": (("tiers/jail/seal.py", 'mount.NOEXEC, "subset=pid")', "mount.NOEXEC)"),),
    "asked answers": (
        ("tiers/jail/cell.py", 'elif self._answers or not self._is_asked(frame.pop("id", None)):', "elif False:"),
    ),
    "measured outside": (
        ("tiers/jail/cell.py", "                return meter.cpu_ns(), meter.memory_peak()\n",
         '                return self._answers[0].get("cpu_ns", 0), meter.memory_peak()\n'),
    ),
    "two witnesses": (("outcome.py", 'return "disk" if evidence.disk_full else', 'return "disk" if True else'),),
    "plain values": (("outcome.py", "return told if _is_plain(told, depth) else None", "return told"),),
    "parser's depth": (("tiers/jail/wire.py", "except (ValueError, RecursionError)", "except ValueError"),),
    "objects alone": (("tiers/jail/wire.py", "if type(message) is not dict or end != len(text):", "if False:"),),
    "frame length": (("tiers/jail/wire.py", "            if length > FRAME_LIMIT:\n", "            if False:\n"),),
    "frame elements": (("tiers/jail/wire.py", "    if len(data) > ELEMENT_LIMIT and _too_many(data):\n", "    if False:\n"),),
    "deadline": (
        ("tiers/jail/ward.py", "        if run is not None and now >= run.deadline:\n", "        if False:\n"),
        ("tiers/jail/cell.py", "_GRACE_S = 5.0\n", "_GRACE_S = 60.0\n"),
    ),
    "hung up": (("tiers/jail/cell.py", '            self.lifeline.tell({"do": "hung up"})\n', ""),),
    "plain receiving": (
        ("tiers/jail/cell.py", "self.channel.recv(min(there(self.channel.fileno()), CHUNK))",
         "self.channel.recvmsg(CHUNK, 1 << 16)[0]"),
    ),
    "each kind told": (("tiers/jail/refusals.py", "        if kind in self._told:\n", "        if self._told:\n"),),
    "drowned told": (
        ("tiers/jail/ward.py", "            self._tell(UNTOLD)\n", "            pass\n"),
    ),
    "output cap": (("tiers/jail/stream.py", "data[: max(self.cap - len(self.kept), 0)]", "data"),),
    "dear markup": (("guard/dear.py", '    tags = text.count("<")\n', '    return False\n    tags = text.count("<")\n'),),
    "one look at a word": (
        ("guard/formats.py", "(?<![A-Za-z0-9_-])(?P<before>", "(?<![A-Za-z0-9])(?P<before>"),
    ),
    "own files": (
        ("tiers/jail/root.py", "    os.umask(old_mask)\n",
         "    os.umask(old_mask)\n    os.mkdir(_STAGE + '/shared')\n    os.chmod(_STAGE + '/shared', 0o777)\n"),
        ("tiers/jail/root.py", '    mount.mount(None, "/", None, mount.REMOUNT | mount.BIND | _READ_ONLY)\n', ""),
        ("tiers/jail/seal.py", '    _mount(writer, "workspace", SCRATCH, "tmpfs", flags, options)\n',
         '    _mount(writer, "/shared", SCRATCH, None, mount.BIND)\n'),
        ("tiers/jail/seal.py", 'path.encode(), 0o755, what=f"mkdir {path}")\n',
         'path.encode(), 0o755, answer=-(1 << 32), what=f"mkdir {path}")\n'),
        ("tiers/jail/seal.py", 'path, 0o755, what=f"mkdir {target}")', 'path, 0o755, answer=-(1 << 32), what=f"mkdir {target}")'),
        ("tiers/jail/packages.py", "    for part in _burn_ins:\n", "    for part in []:\n"),  # there all would meet
    ),
    "renewed chance": (("tiers/jail/zygote.py", "    seeds.renew()\n", ""),),
    "never handed out again": (
        ("pool.py", "        self.upkeep.end(cell)\n",
         "        next(reversed(self._shelves._held.values())).cells.appendleft(cell)\n"),
    ),
    "no shared memory": (
        ("tiers/jail/zygote.py", "    gc.freeze()\n",
         "    gc.freeze()\n    import mmap\n    _OURS.append(mmap.mmap(-1, 4096))\n"),
    ),
    "own chance": (
        ("tiers/jail/runner/__init__.py", "            packages.move_in()\n",
         "            packages.move_in()\n            import random\n            random.seed(1)\n"),
    ),
    "arguments": (
        ("tiers/jail/spawn.py", "_SYSTEM, folder, str(os.getpid())],", "_SYSTEM, folder, str(os.getpid()), *sys.argv],"),
        ("tiers/jail/nursery.py", 'code, json.dumps(definition["packages"])]', 'code, *sys.argv, json.dumps(definition["packages"])]'),
        ("tiers/jail/nursery.py", "import socket\n", "import socket\nimport sys\n"),
    ),
    "launcher's descriptors": (("tiers/jail/launcher.py", "close_from(BROKER + 1)", "close_from(4096)"),),
    "launcher's folder": (("tiers/jail/launcher.py", '    os.chdir("/")\n', ""),),
    "architecture": (("kernel/bpf.py", "(_EQUAL, 1, 0, _ARCHITECTURE[machine])", "(_EQUAL, 1, 1, _ARCHITECTURE[machine])"),),
}  # fmt: skip


#: These change only what one judge looks at, and can be down together without one another's help: one copy for them all.
_TOGETHER: Final = frozenset({
    "asked answers", "measured outside", "two witnesses", "plain values", "parser's depth", "objects alone", "frame length",
    "hung up", "plain receiving", "each kind told", "drowned told", "output cap",
    "plain names",  "depth", "what was seen", "other mounts", "home limit", "launcher's descriptors",
    "launcher's folder", "own chance", "architecture",
})  # fmt: skip


def in_source(fences: Iterable[str]) -> tuple[str, ...]:
    """The fences that are lines of the source, and are down together with those of `fences` that are."""
    lines = frozenset(name for name in fences if name in LINES)
    return tuple(sorted(_TOGETHER if lines and lines <= _TOGETHER else lines))


def copy_source(source: Path, target: Path, fences: Iterable[str]) -> None:
    """Copy the package, without the fences, into a throw-away world.

    Raises:
        AssertionError: A fence's line is no longer there: the table above has to follow the source. Or this is the
            machine itself.
    """
    require_weak_world()
    # With times, and so with what is compiled already; what somebody is compiling now is gone a moment later.
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.pyc.*"))
    for fence in fences:
        for file, fenced, open_ in LINES[fence]:
            path = target / file
            text = path.read_text(encoding="utf-8")
            assert text.count(fenced) == 1, f"{file} has {text.count(fenced)} times {fenced!r}, the fence {fence!r}"
            path.write_text(text.replace(fenced, open_), encoding="utf-8")
            for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
                compiled.unlink()


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
    return Slice([*part.values(), part[name]._replace(value=value)])


def _allow(plan: Plan, calls: tuple[str, ...]) -> Plan:
    """A last setting wins: these calls are allowed, whatever the table says of them."""
    table = {"calls": list(calls), "action": "allow", "errno": "EPERM"}
    setting = Setting(f"weakened {calls[0]}", table, "test", "to see that the attack bites", order="call")
    return replace(plan, syscalls=Slice([*plan.syscalls.values(), setting]))
