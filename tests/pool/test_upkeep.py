"""When the pool makes new sandboxes and ends used ones: not while callers come in a row, and few at once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from fumehood import Policy, shelves, upkeep
from fumehood.pool import Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fumehood.pool import Prepared
    from fumehood.tiers.jail.cell import Cell

pytestmark = pytest.mark.jail
PATIENCE_S = 60.0
#: A row is over after it.
ROW_S = 4.0
#: Never passes in a test.
LONG_S = 600.0
STOCK, FEW = 8, 5


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    """One in which eight are ready for the default policy, and none is let go for want of callers."""
    monkeypatch.setattr(upkeep, "_TIDY_S", LONG_S)
    made = Pool(STOCK)
    ready = made.prepare(Policy.default(), "python")
    made.replenish(ready)
    assert comes(lambda: (made.waiting(ready), pending(made, ready)) == (STOCK, 0))
    yield made
    made.close()


def comes(true: Callable[[], bool]) -> bool:
    """Whether it becomes true, and still is a moment later."""
    end = time.monotonic() + PATIENCE_S
    while not true() and time.monotonic() < end:
        time.sleep(0.005)
    time.sleep(0.1)
    return true()


def pending(pool: Pool, ready: Prepared) -> int:
    """How many are being made."""
    with pool._lock:
        shelf = pool._shelves[ready.digest]
        return 0 if shelf is None else shelf.pending()


def row(pool: Pool, ready: Prepared, calls: int) -> list[Cell]:
    """So many callers, one after another; what they used."""
    used: list[Cell] = []
    for _ in range(calls):
        used.append(pool.take(ready))
        pool.discard(used[-1], ready)
    return used


def test_callers_in_a_row_have_the_processors(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is made and nothing ended until they are done; then all of it."""
    ready = pool.prepare(Policy.default(), "python")
    monkeypatch.setattr(upkeep, "_CALM_S", ROW_S)
    monkeypatch.setattr(upkeep, "_SHORT_RUN_S", ROW_S)
    monkeypatch.setattr(upkeep, "_LATEST_S", LONG_S)

    used = row(pool, ready, FEW)

    time.sleep(0.1)
    assert STOCK - FEW == pool.waiting(ready)
    assert not any(cell.lifeline.closed for cell in used)
    assert comes(lambda: pool.waiting(ready) == STOCK)
    assert comes(lambda: all(cell.lifeline.closed for cell in used))


def test_almost_none_is_too_few_in_a_row_too(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many are made as the next callers need, and no more."""
    ready = pool.prepare(Policy.default(), "python")
    monkeypatch.setattr(upkeep, "_CALM_S", LONG_S)
    monkeypatch.setattr(upkeep, "_SHORT_RUN_S", LONG_S)
    monkeypatch.setattr(upkeep, "_LATEST_S", LONG_S)

    row(pool, ready, STOCK)

    assert comes(lambda: pool.waiting(ready) == shelves.LOW)


def test_a_row_without_end_puts_nothing_off_for_long(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was used is ended, and made anew, though it is never calm."""
    ready = pool.prepare(Policy.default(), "python")
    monkeypatch.setattr(upkeep, "_CALM_S", LONG_S)

    used = row(pool, ready, FEW)

    assert comes(lambda: pool.waiting(ready) == STOCK)
    assert comes(lambda: all(cell.lifeline.closed for cell in used))


def test_few_are_made_at_once(pool: Pool) -> None:
    """Who comes meanwhile has to wait for few."""
    ready = pool.prepare(Policy.default(), "python")
    row(pool, ready, STOCK)
    seen: list[int] = []
    while pool.waiting(ready) < STOCK or pending(pool, ready):
        seen.append(pending(pool, ready))

    assert 0 < max(seen) <= upkeep._AT_ONCE


def test_a_closed_pool_keeps_nothing_that_was_put_off(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is used ends with it, and what is given up afterwards at once."""
    ready = pool.prepare(Policy.default(), "python")
    monkeypatch.setattr(upkeep, "_CALM_S", LONG_S)
    used, late = row(pool, ready, FEW), pool.take(ready)

    pool.close()
    pool.discard(late, ready)

    assert all(cell.lifeline.closed for cell in (*used, late))


def test_a_run_in_progress_is_no_calm(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """None of those that wait is made warm while somebody may be in a short run; then the next two are."""
    ready = pool.prepare(Policy.default(), "python")
    assert comes(lambda: warmed(pool, ready) == shelves.WARM)
    monkeypatch.setattr(upkeep, "_SHORT_RUN_S", LONG_S)
    taken = [pool.take(ready) for _ in range(shelves.WARM)]
    pool.replenish(ready)

    time.sleep(upkeep._CALM_S * 5)
    assert warmed(pool, ready) == 0

    for cell in taken:
        pool.discard(cell, ready)
    assert comes(lambda: warmed(pool, ready) == shelves.WARM)


def warmed(pool: Pool, ready: Prepared) -> int:
    """How many of those that wait are warm."""
    with pool._lock:
        shelf = pool._shelves[ready.digest]
        return 0 if shelf is None else sum(cell._warmed for cell in shelf.cells)
