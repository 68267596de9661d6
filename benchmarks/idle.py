"""What a sandbox costs that waits for work: memory of the machine, and of its process.

The kernel's own counters are added up: anonymous pages, tmpfs, slabs, page tables, kernel stacks, per-CPU data.
MemAvailable is shown beside them, but it misses pages that a processor keeps aside after others freed them, and so
tells too little from the second crowd on. What other programs take or give back meanwhile is noise: the crowd is made
and dismissed several times and the median taken.
"""

from __future__ import annotations

import gc
import os
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from rounds import Ledger, Promise, finish, options

from fumehood.policy import Policy
from fumehood.pool import Pool
from fumehood.tiers.jail.waiting import Blocking, complete

if TYPE_CHECKING:
    from fumehood.plan import Plan
    from fumehood.tiers.jail.cell import Cell

CROWD = 100
_MIB = 1 << 20
_SETTLE_S = 1.0
_COUNTERS = ("AnonPages", "Shmem", "Slab", "PageTables", "KernelStack", "Percpu")
_KINDS = ("Pss", "Private_Dirty", "Rss")


def memory() -> dict[str, int]:
    """Bytes by counter: what is in use in all, and what is available."""
    gc.collect()
    time.sleep(_SETTLE_S)  # namespaces of the dead are taken apart later, by the kernel's workers
    fields = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    told = {field[0].rstrip(":"): int(field[1]) * 1024 for field in fields}
    return {"in use": sum(told[name] for name in _COUNTERS if name in told), "available": told["MemAvailable"]}


def crowd(pool: Pool, plan: Plan, count: int) -> list[Cell]:
    """So many cells, sealed and waiting."""
    cells: list[Cell] = []
    for _ in range(count):
        cell = pool.jail.order(plan)
        complete(cell.open(Blocking()))
        cells.append(cell)
    return cells


def runner(cell: Cell) -> dict[str, int]:
    """Bytes of a cell's process 2, its runner, by kind; empty where this user may not look. Pid 1 has no memory."""
    assert cell.meter is not None  # noqa: S101 -- an open cell has one
    try:
        descriptor = os.open("2/smaps_rollup", os.O_RDONLY | os.O_CLOEXEC, dir_fd=cell.meter.descriptors["proc"])
    except PermissionError:
        return {}
    try:
        text = os.read(descriptor, 1 << 16).decode("ascii")
    finally:
        os.close(descriptor)
    fields = [line.split() for line in text.splitlines()]
    return {line[0].rstrip(":"): int(line[1]) * 1024 for line in fields if line[0].rstrip(":") in _KINDS}


def main() -> None:
    """Measure and judge."""
    arguments = options(__doc__ or "", rounds=3)
    pool = Pool()
    plan = pool.prepare(Policy.default(), "python").plan
    for cell in crowd(pool, plan, CROWD):  # what the first crowd leaves in caches and slabs is not its cost
        cell.close()
    used: list[float] = []
    unavailable: list[float] = []
    inside: dict[str, int] = {}
    for _ in range(arguments.rounds):
        before = memory()
        cells = crowd(pool, plan, CROWD)
        during = memory()
        inside = runner(cells[CROWD // 2])
        for cell in cells:
            cell.close()
        for empty in (before, memory()):
            used.append((during["in use"] - empty["in use"]) / CROWD / _MIB)
            unavailable.append((empty["available"] - during["available"]) / CROWD / _MIB)
    pool.close()
    figures = {f"MiB {kind} of the runner": size / _MIB for kind, size in inside.items()}
    finish(
        Ledger(
            "an idle sandbox",
            figures={"MiB in use, least": min(used), "most": max(used), "MiB less available": median(unavailable)}
            | figures,
            promises=[Promise(f"an idle sandbox, one of {CROWD}", median(used), 1.8, "MiB")],
            notes=[] if inside else ["This user may not read the memory maps of the process."],
        ),
        arguments,
    )


if __name__ == "__main__":
    main()
