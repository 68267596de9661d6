"""What a jail could leave behind on this machine, counted from outside: processes, cgroups, mounts, descriptors."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    import fumehood as fh

PREFIX = "fumehood-"
_PATIENCE_S = 15.0


class Remains(NamedTuple):
    """A census of this process and what it started."""

    processes: int
    cgroups: int
    mounts: int
    descriptors: int
    temporary: frozenset[str]


def census() -> Remains:
    """Count what is there now."""
    return Remains(
        processes=len(family(os.getpid())),
        cgroups=len(cgroups()),
        mounts=len(read("/proc/self/mountinfo").splitlines()),
        descriptors=len(os.listdir("/proc/self/fd")),
        temporary=frozenset(_own("/tmp")),  # noqa: S108
    )


class Window:
    """A living sandbox's own /proc, held open: the kernel lists in it whatever still runs there, and nothing else."""

    def __init__(self, descriptor: int) -> None:
        """Borrow the folder's descriptor."""
        self._descriptor = descriptor

    def processes(self) -> list[str]:
        """List what runs inside now; nothing once the namespace is gone."""
        try:
            return [name for name in os.listdir(self._descriptor) if name.isdigit()]
        except OSError:
            return []

    def left(self, patience: float = _PATIENCE_S) -> list[str]:
        """List what still runs inside after a while."""
        end = time.monotonic() + patience
        while (left := self.processes()) and time.monotonic() < end:
            time.sleep(0.01)
        return left


@contextmanager
def window(sandbox: fh.Sandbox) -> Iterator[Window]:
    """Look into a sandbox that has run something, also after it was closed."""
    cell = sandbox._session.cell
    assert cell is not None
    assert cell.meter is not None
    descriptor = os.dup(cell.meter.descriptors["proc"])
    try:
        yield Window(descriptor)
    finally:
        os.close(descriptor)


def is_over(sandbox: fh.Sandbox, patience: float = _PATIENCE_S) -> bool:
    """Whether the word of its end comes to its caller; what ran in it may be gone for a moment by then."""
    cell, end = sandbox._session.cell, time.monotonic() + patience
    assert cell is not None
    while (ended := cell.ended()) is None and time.monotonic() < end:
        time.sleep(0.01)
    return ended is not None


def family(pid: int) -> dict[int, int]:
    """Every process below `pid`, itself not counted: process number to start time, which no reuse repeats."""
    parents, started = dict[int, int](), dict[int, int]()
    for number in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        if (stat := _stat(number)) is not None:
            parents[number], started[number] = stat
    found, layer = dict[int, int](), {pid}
    while layer:
        layer = {child for child, parent in parents.items() if parent in layer and child not in found}
        found |= {child: started[child] for child in layer}
    return found


def children(pid: int) -> list[int]:
    """List the processes whose parent is `pid`, oldest first."""
    below = family(pid)
    return by_age({child: started for child, started in below.items() if (_stat(child) or (0, 0))[0] == pid})


def by_age(processes: dict[int, int]) -> list[int]:
    """Sort them, the oldest first: numbers begin anew at their highest, and only of those of one tick tell who is older."""
    return sorted(processes, key=lambda pid: (processes[pid], pid))


def zygotes() -> list[int]:
    """List the living zygotes of this process's jail: what runs their program in the warden's own pid namespace.

    A sandbox whose zygote died is the warden's child too, and runs the same.
    """
    launcher = next((pid for pid in children(os.getpid()) if len(family(pid)) >= 3), 0)
    warden = next(iter(children(launcher)), 0)
    return [pid for pid in children(warden) if "jail.zygote" in _name(pid) and _depth(pid) == _depth(warden)]


def _depth(pid: int) -> int:
    """In how many pid namespaces a process has a number."""
    try:
        status = read(f"/proc/{pid}/status")
    except OSError:
        return 0
    return len(status.partition("NSpid:")[2].partition("\n")[0].split())


def named(name: str) -> int:
    """Find the oldest process below this one that calls itself so."""
    return next(pid for pid in by_age(family(os.getpid())) if _comm(pid) == name)


def survivors(processes: dict[int, int], patience: float = _PATIENCE_S) -> dict[int, str]:
    """Those of `processes` that still run after a while, with what they are; a zombie is a process that ended."""
    end = time.monotonic() + patience
    while (left := _alive(processes)) and time.monotonic() < end:
        time.sleep(0.02)
    return left


def cgroups() -> list[str]:
    """List the cgroups, those of single sandboxes included, of jails whose launcher descends from this process."""
    mine, found = family(os.getpid()), list[str]()
    for root in _hierarchies():
        for folder, _, _ in os.walk(root):  # what is removed meanwhile is passed over
            ours = [part for part in folder.split("/") if part.startswith(PREFIX)]
            if ours and _owner(ours[0]) in mine:
                found.append(folder)
    return found


def read(path: str) -> str:
    """Read a file of /proc. A `Path` would intern its parts, in a table that grows in the memory of who counts."""
    with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 -- see above
        return file.read()


def settled(before: Remains, patience: float = _PATIENCE_S) -> Remains:
    """Take the census when it equals `before`, or after a while as it is."""
    end = time.monotonic() + patience
    while (now := census()) != before and time.monotonic() < end:
        time.sleep(0.05)
    return now


def _own(folder: str) -> Iterator[str]:
    """Names of ours in a folder of everybody's: other users may be running the same tests."""
    for entry in os.scandir(folder):
        with suppress(FileNotFoundError):
            if "fumehood" in entry.name and entry.stat(follow_symlinks=False).st_uid == os.geteuid():
                yield entry.name


def _owner(place: str) -> int:
    number = place.removeprefix(PREFIX).partition("-")[0]
    return int(number) if number.isdigit() else 0


def _hierarchies() -> list[str]:
    lines = read("/proc/self/mountinfo").splitlines()
    return [line.split(" ")[4] for line in lines if " - cgroup" in line]


def _alive(processes: dict[int, int]) -> dict[int, str]:
    return {pid: _name(pid) for pid, started in processes.items() if (_stat(pid) or (0, 0))[1] == started}


def _comm(pid: int) -> str:
    try:
        return read(f"/proc/{pid}/comm").strip()
    except OSError:
        return ""


def _name(pid: int) -> str:
    try:
        return read(f"/proc/{pid}/cmdline").replace("\0", " ")
    except OSError:
        return "?"


def _stat(pid: int) -> tuple[int, int] | None:
    """(parent, start time) of a process that is not a zombie."""
    try:
        text = read(f"/proc/{pid}/stat")
    except OSError:
        return None
    fields = text.rpartition(") ")[2].split()
    return None if fields[0] in {"Z", "X"} else (int(fields[1]), int(fields[19]))
