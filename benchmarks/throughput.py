"""Fresh sandboxes a second and core, each made, used for one program, and removed.

Everything shares one processor. CPU time is counted by a cgroup around caller and jail together where this user may
make one, since the dead are not counted elsewhere; without, the wall clock of that one processor stands in for it.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import references
from rounds import Ledger, Promise, finish, options

import fumehood
from fumehood import pool

if TYPE_CHECKING:
    from collections.abc import Callable

SANDBOXES, COLDS = 60, 10
#: What a cold python takes where so many sandboxes a second were promised: a machine may be slower, and slower at both.
COLD_S = 0.011
#: By then the last sandboxes are gone and others wait in their places.
SETTLING_S = 0.5


class Account:
    """CPU seconds of this process and all that it starts, living or dead."""

    def __init__(self) -> None:
        """Enter a group of our own; `counted` says whether that went."""
        self.group: Path | None = None
        self.home: Path | None = None
        for folder, counter in _hierarchies():
            group = folder / f"benchmark-{os.getpid()}"
            with suppress(OSError):
                group.mkdir()
                (group / "cgroup.procs").write_text(str(os.getpid()))
                self.group, self.home, self.counter = group, folder, group / counter
                return

    @property
    def counted(self) -> bool:
        """Whether `seconds` is CPU time of everything."""
        return self.group is not None

    def seconds(self) -> float:
        """CPU seconds until now; without a group, those of the wall."""
        if self.group is None:
            return time.perf_counter()
        told = self.counter.read_text()
        if self.counter.name == "cpuacct.usage":
            return int(told) / 1e9
        return int(told.split()[1]) / 1e6

    def close(self) -> None:
        """Go home and leave no group."""
        if self.group is not None and self.home is not None:
            (self.home / "cgroup.procs").write_text(str(os.getpid()))
            with suppress(OSError):
                self.group.rmdir()


def _hierarchies() -> list[tuple[Path, str]]:
    """(this process's folder, file that counts CPU) in each hierarchy that could count."""
    own: dict[str, str] = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        own.update(dict.fromkeys(controllers.split(","), path))
    found: list[tuple[Path, str]] = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        kind, _, held = right.split(" ", 2)
        folder = left.split(" ")[4]
        if kind == "cgroup" and "cpuacct" in held.split(","):
            found.insert(0, (Path(folder + own.get("cpuacct", "/")), "cpuacct.usage"))
        elif kind == "cgroup2":
            found.append((Path(folder + own.get("", "/")), "cpu.stat"))
    return found


def each(account: Account, call: Callable[[], object], count: int) -> tuple[float, float]:
    """(wall, CPU) seconds of one call, over a row of `count` and what is done for it after the last of them."""
    wall, used = time.perf_counter(), account.seconds()
    for _ in range(count):
        call()
    wall = time.perf_counter() - wall
    if account.counted:
        time.sleep(SETTLING_S)
    return wall / count, (account.seconds() - used) / count


def once() -> None:
    """One fresh sandbox, used."""
    fumehood.run("1+1")


def main() -> None:
    """Measure and judge."""
    arguments = options(__doc__ or "", rounds=20)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    account = Account()
    each(account, once, SANDBOXES)
    cold_start = references.cold().call
    turns = [(each(account, once, SANDBOXES), each(account, cold_start, COLDS)) for _ in range(arguments.rounds)]
    pool.shutdown()
    account.close()
    wall, used = (median(turn[0][kind] for turn in turns) for kind in (0, 1))
    cold = median(turn[1][1] for turn in turns)
    finish(
        Ledger(
            "throughput",
            figures={
                "sandboxes a second on one processor, wall": 1 / wall,
                f"{'CPU' if account.counted else 'wall'} ms of a sandbox": used * 1000,
                "the same of a cold python": cold * 1000,
            },
            promises=[
                Promise("fresh sandboxes a second and core", 1 / used, 150, "a second", at_least=True),
                Promise("CPU of a fresh sandbox", used / cold, round(1 / 150 / COLD_S, 3), "× that of a cold python"),
            ],
            notes=[] if account.counted else ["No cgroup counts CPU here: the load of others counts against us."],
        ),
        arguments,
    )


if __name__ == "__main__":
    main()
