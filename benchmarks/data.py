"""The environment `data`: a warm groupby against a cold Python that imports pandas, and what a sandbox of it costs.

The cold Python is the same interpreter with the same packages; it starts, imports pandas and does the same. Warm is a
sandbox that lives and has done it before; beside it stands what it takes in a fresh sandbox of its own, after a rest.
"""

from __future__ import annotations

import gc
import os
import time
from statistics import median
from typing import TYPE_CHECKING

import idle
import references
from rounds import Case, Ledger, Promise, finish, measure, options
from throughput import COLD_S, SETTLING_S, Account

import fumehood
from fumehood import environments, pool
from fumehood.environments.definition import python
from fumehood.policy import Policy
from fumehood.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable

GROUPBY = """
import pandas as pd
frame = pd.DataFrame({"k": ["a", "b", "a", "b"] * 25, "v": [1.0, 2.0, 3.0, 4.0] * 25})
frame.groupby("k")["v"].sum().to_dict()
"""
_MIB = 1 << 20
PAUSE_S, BURST = 0.3, 10
CROWD, SANDBOXES = 40, 40


def once() -> None:
    """Run it in a sandbox of its own."""
    check(fumehood.run(GROUPBY, env="data"))


def check(result: fumehood.Result) -> None:
    """Be sure that it ran."""
    assert result.value == {"a": 100.0, "b": 150.0}, result  # noqa: S101 -- a benchmark of what fails measures nothing


def cold(site: str) -> None:
    """The same in a new process."""
    program = f"import sys; sys.path.append({site!r})\n{GROUPBY}"
    status = references.start(python(), "-I", "-S", "-c", program)
    assert status == 0, status  # noqa: S101 -- as above


def first(environment: environments.Environment) -> float:
    """Seconds from nothing to the first result; the environment lies built on the disk."""
    pool.shutdown()
    begun = time.perf_counter()
    result = fumehood.run(GROUPBY, env="data")
    assert result.ok, (environment.name, result)  # noqa: S101 -- as above
    return time.perf_counter() - begun


def idle_mib(environment: environments.Environment, rounds: int) -> float:
    """MiB of the machine's memory for each of a crowd that waits."""
    hood = Pool(0)
    plan = hood.prepare(Policy.default(), "python", environment).plan
    for cell in idle.crowd(hood, plan, CROWD):
        cell.close()
    used: list[float] = []
    for _ in range(rounds):
        before = idle.memory()["in use"]
        cells = idle.crowd(hood, plan, CROWD)
        used.append((idle.memory()["in use"] - before) / CROWD / _MIB)
        for cell in cells:
            cell.close()
    hood.close()
    gc.collect()
    return median(used)


def cpu_seconds(call: Callable[[], object], rounds: int) -> tuple[float, bool]:
    """CPU seconds of one sandbox that is made, used for `call` and removed; whether it is CPU time that was counted."""
    pool.shutdown()
    account = Account()
    for _ in range(SANDBOXES):
        call()
    time.sleep(SETTLING_S)
    turns: list[float] = []
    for _ in range(rounds):
        begun = account.seconds()
        for _ in range(SANDBOXES):
            call()
        if account.counted:
            time.sleep(SETTLING_S)
        turns.append((account.seconds() - begun) / SANDBOXES)
    pool.shutdown()
    account.close()
    return median(turns), account.counted


def main() -> None:
    """Measure and judge."""
    arguments = options(__doc__ or "", rounds=20)
    environment = environments.ready("data")
    once()
    with fumehood.Sandbox(env="data") as sandbox:
        check(sandbox.run(GROUPBY))
        cases = [
            Case("cold: python3, pandas, groupby", lambda: cold(environment.folder)),
            Case("groupby in a warm sandbox", lambda: check(sandbox.run(GROUPBY)), burst=BURST),
            Case("groupby in a fresh sandbox, paced", once, pause=PAUSE_S),
        ]
        times = measure(cases, arguments.rounds)
    starts = sorted(first(environment) for _ in range(3))
    size = idle_mib(environment, 3)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    used, counted = cpu_seconds(lambda: fumehood.run("1+1", env="data"), 5)
    grouping, _ = cpu_seconds(once, 5)
    cold_start, _ = cpu_seconds(references.cold().call, 5)
    finish(
        Ledger(
            "data",
            times,
            [
                Promise("a warm groupby, p50", times[1].median / times[0].median, round(1 / 300, 5)),
                Promise("from nothing to the first result", starts[1], 4, "s"),
                Promise("an idle sandbox of data", size, 6, "MiB"),
                Promise("fresh sandboxes of data a second and core", 1 / used, 80, "a second", at_least=True),
                Promise("CPU of one", used / cold_start, round(1 / 80 / COLD_S, 3), "× that of a cold python3 -c pass"),
            ],
            {f"cold ÷ {each.name}": times[0].median / each.median for each in times[1:]}
            | {"CPU ms of a sandbox": used * 1000}
            | {"and of a groupby in it": (grouping - used) * 1000},
            [] if counted else ["No cgroup counts CPU here: the load of others counts against us."],
        ),
        arguments,
    )


if __name__ == "__main__":
    main()
