"""How many sandboxes wait: as many as were missed, fewer when nobody comes, and never more than the budget."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fumehood import Policy, shelves, upkeep
from fumehood.plan import BARE
from fumehood.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fumehood.pool import Prepared

pytestmark = pytest.mark.jail
PATIENCE_S = 60.0
#: Never passes in a test.
LONG_S = 600.0


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    """One that begins with two for each plan, and lets nothing go by itself."""
    monkeypatch.setattr(upkeep, "_TIDY_S", LONG_S)
    made = Pool(2)
    yield made
    made.close()


def plan(pool: Pool, wall: int = 30) -> Prepared:
    """One of several plans; no two share what waits."""
    return pool.prepare(Policy.default().but(**{"limits.wall": f"{wall}s"}), "python")


def ask(pool: Pool, ready: Prepared, callers: int) -> None:
    """So many callers at once, each with a sandbox of its own, that is done with when all have one."""
    cells = [pool.take(ready) for _ in range(callers)]
    for cell in cells:
        pool.discard(cell)
    pool.replenish(ready)


def comes_to_wait(pool: Pool, ready: Prepared, least: int, *, most: int) -> bool:
    """Whether the pool's thread makes it so many, in the end, and then has nothing more to make."""
    end = time.monotonic() + PATIENCE_S
    while not (least <= pool.waiting(ready) <= most and is_done(pool)) and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.05)  # and not more than that a moment later
    return least <= pool.waiting(ready) <= most


def is_done(pool: Pool) -> bool:
    """Whether all is made that was wanted: else callers would find what comes between them."""
    return not (pool.upkeep._wanted or pool.upkeep._filling)


def test_as_many_wait_as_were_missed(pool: Pool) -> None:
    """Six callers at once who find two: from then on six wait, or as many more as were not ready yet."""
    ask(pool, plan(pool), 1)
    assert comes_to_wait(pool, plan(pool), 2, most=2)

    ask(pool, plan(pool), 6)

    assert comes_to_wait(pool, plan(pool), 6, most=8)


def test_what_nobody_needed_is_let_go(pool: Pool) -> None:
    """By halves, down to a few; those are there for the next caller."""
    ask(pool, plan(pool), 1)
    assert comes_to_wait(pool, plan(pool), 2, most=2)
    ask(pool, plan(pool), 10)
    assert comes_to_wait(pool, plan(pool), 10, most=12)

    seen: list[int] = []
    for _ in range(8):
        pool.upkeep.tidy()
        seen.append(pool.waiting(plan(pool)))

    assert sorted(seen, reverse=True) == seen
    assert len(set(seen)) > 2  # not all at once
    assert shelves.LEAST == seen[-1]


def test_no_crowd_makes_it_hold_more_than_its_budget(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same callers, and a budget of five: five wait. A new plan has its two from it all the same."""
    monkeypatch.setattr(shelves, "BUDGET", 5 * shelves.PLAIN)
    for _ in range(3):
        ask(pool, plan(pool), 10)
        assert comes_to_wait(pool, plan(pool), 2, most=5)
    assert comes_to_wait(pool, plan(pool), 5, most=5)

    ask(pool, plan(pool, wall=20), 1)

    assert comes_to_wait(pool, plan(pool, wall=20), 2, most=2)
    assert 3 == pool.waiting(plan(pool))


def test_plans_are_few(pool: Pool) -> None:
    """What was not asked for longest has none waiting where many others were."""
    for wall in range(10, 10 + shelves.PLANS + 1):
        ask(pool, plan(pool, wall), 1)
        assert comes_to_wait(pool, plan(pool, wall), 2, most=2)

    assert 0 == pool.waiting(plan(pool, 10))
    assert 2 == pool.waiting(plan(pool, 11))


def test_what_imports_beforehand_is_reckoned_dearer(pool: Pool) -> None:
    """Of an environment with packages in memory fewer fit."""
    dear = pool.prepare(Policy.default(), "python", replace(BARE, imports=("json",)))

    assert plan(pool).cost == shelves.PLAIN
    assert dear.cost == shelves.IMPORTED > 2 * shelves.PLAIN
