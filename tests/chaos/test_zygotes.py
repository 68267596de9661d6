"""Fifty callers of `data` while its zygotes are killed, and crash from inside: right results, or errors that say why."""

from __future__ import annotations

import gc
import os
import random
import signal
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import pytest

from fumehood import environments, pool
from tests import unread as fh
from tests.chaos.remains import census, children, family, settled, survivors, zygotes

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.jail, pytest.mark.timeout(300)]

CALLERS = 50
SECONDS, PATIENCE_S = float(os.environ.get("FUMEHOOD_CHAOS_S", "8")), 60.0
SUM = "import numpy as np\nnumbers = np.arange({0}, dtype=np.int64)\nint((numbers * numbers).sum())"
CRASH = "import numpy as np, os\nnp.zeros({0}); os.kill(os.getpid(), 11)"
#: What becomes of a run whose sandbox was ended from outside.
ENDED = "SandboxEnded: the sandbox was ended from outside"


class Call(NamedTuple):
    """What one call came to: right, wrong, ended from outside, or an error of fumehood's."""

    kind: str
    told: str = ""


def call(number: int, code: str) -> Call:
    """Run a program and judge what came of it."""
    try:
        result = fh.run(code.format(number), env="data")
    except fh.Error as error:
        return Call("error" if error.remedy() else "wrong", f"{type(error).__name__}: {error}")
    told = "" if result.error is None else f"{result.error.name}: {result.error.message}"
    if code == CRASH:
        return Call("crashed" if "SIGSEGV" in told else "wrong", told)
    if told == ENDED:
        return Call("ended", told)
    right = result.outcome == "completed" and result.value == sum(each * each for each in range(number))
    return Call("right" if right else "wrong", f"{result.outcome} {result.value} {result.error}")


def crowd(until: float, *, crashes: float) -> list[Call]:
    """What fifty threads saw that call until then, and now and then crash; however slow, each until it was right once."""
    calls: list[Call] = []

    def work(number: int) -> None:
        dice, right = random.Random(number), False
        while time.monotonic() < until or (not right and time.monotonic() < until + PATIENCE_S):
            code = CRASH if dice.random() < crashes else SUM
            calls.append(told := call(dice.randrange(1, 2000), code))
            right = right or told.kind == "right"

    threads = [threading.Thread(target=work, args=(number,)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return calls


def killing(until: float, number: signal.Signals) -> Callable[[], None]:
    """Send a signal to every zygote that bore somebody, at random moments: three in a row that did not are an error."""

    def work() -> None:
        dice = random.Random(7)
        while time.monotonic() < until:
            time.sleep(dice.uniform(0, 4))
            for pid in filter(children, zygotes()):
                with suppress(ProcessLookupError):
                    os.kill(pid, number)

    return work


@pytest.fixture(autouse=True)
def settled_before() -> None:
    """Have what is opened once open, and no jail."""
    environments.ready("data")
    fh.run("1", env="data")
    pool.shutdown()
    gc.collect()


@pytest.mark.parametrize("how", ["SIGKILL", "SIGSEGV", "from inside"])
def test_fifty_callers_while_zygotes_go(how: str) -> None:
    """Each gets its own answer or is told; afterwards the pool works, and closed it leaves nothing."""
    before = census()
    assert 55 == fh.run(SUM.format(6), env="data").value
    until = time.monotonic() + SECONDS
    killer = threading.Thread(target=lambda: None)
    if how != "from inside":
        killer = threading.Thread(target=killing(until, signal.Signals[how]))
    killer.start()
    calls = crowd(until, crashes=0.05 if how == "from inside" else 0)
    killer.join()
    kinds = {kind: sum(each.kind == kind for each in calls) for kind in {each.kind for each in calls}}
    print(how, kinds, {each.told for each in calls if each.kind in {"error", "ended"}})  # noqa: T201 -- seen with -s

    assert [] == [each for each in calls if each.kind == "wrong"]
    assert kinds["right"] >= CALLERS
    assert all(fh.run(SUM.format(6), env="data").value == 55 for _ in range(10))
    old = family(os.getpid())
    pool.shutdown()
    gc.collect()
    assert {} == survivors(old)
    assert before == settled(before)
