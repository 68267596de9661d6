"""Sandboxes that were made before they are asked for, and the one jail per process that makes them.

Ordering a sandbox costs the caller a few system calls; the jail makes it meanwhile. A cell that was handed out is
never handed out again.

Who owns what: a cell belongs to the pool, under its lock, until `take` hands it out, and from then on to the taker
alone; the jail's own descriptors are used and closed under the jail's lock. That a pool is closed is a state that
each step looks at under the lock, never something that a descriptor tells by failing.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from fumehood.errors import PolicyUnenforceable, SandboxClosed
from fumehood.plan import BARE, plan
from fumehood.shelves import IMPORTED, PLAIN, WAITING, Shelves
from fumehood.tiers.jail.service import Jail
from fumehood.upkeep import Upkeep

if TYPE_CHECKING:
    from fumehood.execution import Control, Language
    from fumehood.plan import Environment, Host, Plan
    from fumehood.policy import Policy
    from fumehood.tiers.jail.cell import Cell
    from fumehood.tiers.jail.opening import Opening
    from fumehood.tiers.jail.waiting import Waiter

_PLANS_KEPT = 64
#: A zygote is replaced after a crash: of one so many crashes ago nothing can still be on its way.
_CRASHES_KEPT = 64
_TRIES = 3


class Ask(NamedTuple):
    """What a sandbox is asked to be: by which policy, for which language, with what installed."""

    policy: Policy
    language: Language
    environment: Environment = BARE


class Prepared(NamedTuple):
    """A plan, what is asked of it at every run, and the pool on whose host it holds."""

    plan: Plan
    digest: str
    controls: tuple[Control, ...]
    pool: Pool
    cost: int
    policy_sha256: str


def _require_paths(policy: Policy) -> None:
    for clause, paths in (("files.read", policy.files.read), ("files.write", policy.files.write)):
        for path in paths:
            if not os.path.exists(path):  # noqa: PTH110 -- pathlib's raises where this user may not look
                told = f"{clause} names {path}, which is not there, or not for this user to see"
                raise PolicyUnenforceable(told, remedy=f"Make it, or take it out of {clause}.")


class Pool:
    """Hands out fresh cells by plan, from those that wait where there are any."""

    def __init__(self, waiting: int = WAITING, opening: Opening | None = None) -> None:
        """Start the jail, or take over one that was started early; begin with `waiting` cells for each plan in use."""
        self.jail = Jail(opening)
        self._lock = threading.Lock()
        self._shelves = Shelves(waiting)
        self._plans: dict[Ask, Prepared] = {}
        self._crashed = deque[int](maxlen=_CRASHES_KEPT)  # zygotes of which a child crashed
        self.upkeep = Upkeep(self.jail, self._shelves, self._lock)
        if waiting:
            self.upkeep.start()

    @property
    def host(self) -> Host:
        """What this machine can enforce."""
        return self.jail.host

    def prepare(self, policy: Policy, language: Language, environment: Environment = BARE) -> Prepared:
        """The plan for a policy on this host, with what is installed; made once.

        Raises:
            Unavailable: This machine can't run sandboxes, or can't enforce the policy.
            PolicyError: A limit is above the machine's.
        """
        key = Ask(policy, language, environment)
        ready = self._plans.get(key)
        if ready is None:
            _require_paths(policy)
            ready = self._keep(key, plan(policy, self.host, language=language, environment=environment))
        return ready

    def _keep(self, ask: Ask, made: Plan) -> Prepared:
        cost = IMPORTED if ask.environment.imports else PLAIN
        ready = Prepared(made, made.digest, made.controls(), self, cost, ask.policy.sha256)
        with self._lock:
            if len(self._plans) >= _PLANS_KEPT:
                del self._plans[next(iter(self._plans))]
            self._plans[ask] = ready
        return ready

    def expect(self, policy: Policy, made: Plan) -> None:
        """Have the jail begin with a sandbox by the policy's plan, while the caller does other things."""
        cell = self.jail.order(made)
        ready = self._keep(Ask(policy, "python"), made)
        with self._lock:
            self._shelves.reach(ready.digest, ready.cost).cells.append(cell)

    def take(self, ready: Prepared) -> Cell:
        """A fresh cell for a plan; `replenish` afterwards."""
        self.upkeep.taken()
        with self._lock:
            shelf = self._shelves[ready.digest]
            while shelf is not None and (cell := shelf.take()) is not None:
                if cell.ended() is None and not self.shuns(cell):
                    return cell
                cell.close()  # something outside killed it while it waited, or a sibling crashed
        return self.jail.order(ready.plan)

    def rouse(self) -> None:
        """Somebody is about to take a cell, most likely by the plan of the last one: let it wake meanwhile."""
        with self._lock:
            self._shelves.rouse()

    def replenish(self, ready: Prepared) -> None:
        """Have what was taken ordered anew, by a thread that runs while the callers wait for something else.

        A jail that was killed is replaced at the next use; what can't be ordered now is ordered, or refused with the
        reason, when it is asked for.
        """
        self.upkeep.want(ready.plan, ready.digest, ready.cost)

    def waiting(self, ready: Prepared) -> int:
        """How many cells wait for a plan."""
        with self._lock:
            shelf = self._shelves[ready.digest]
            return 0 if shelf is None else len(shelf.cells)

    def discard(self, cell: Cell, again: Prepared | None = None) -> None:
        """End a cell that was handed out, and `again` have one like it ordered; its caller need not wait for that.

        After a crash none that waits and was forked from the same zygote is handed out any more: who crashes one to
        learn how its memory is laid out finds no other that is laid out so.
        """
        self.upkeep.given_up()
        siblings: list[Cell] = []
        if cell.gone is not None and "crashed" in cell.gone:
            with self._lock:
                self._crashed.append(cell.gone["crashed"])
                siblings = self._shelves.part_with(cell.gone["crashed"])
        self.upkeep.end(*siblings)
        self.upkeep.end(cell)
        if again is not None:
            self.replenish(again)

    def shuns(self, cell: Cell) -> bool:
        """Whether a sibling of it crashed."""
        return cell.lifeline.mother in self._crashed

    def close(self) -> None:
        """End all that waits and the jail itself. Safe to call twice."""
        with self._lock:
            self.upkeep.closed = True
            self._let_go()
        self.upkeep.stop()
        self.jail.close()

    def abandon(self) -> None:
        """In a fork: let go of what belongs to the parent, and of a lock whose holder is not here."""
        self._lock = threading.Lock()
        self._let_go()
        self.upkeep.abandon()
        self.jail.abandon()

    def _let_go(self) -> None:
        for cell in self._shelves.clear():
            cell.close()


_shared: Pool | None = None
_guard = threading.Lock()


def shared(waiting: int = WAITING, opening: Opening | None = None) -> Pool:
    """The pool of this process, started at first use and again after it failed to start or died."""
    global _shared  # noqa: PLW0603 -- one jail a process is the point
    with _guard:
        if _shared is None:
            _shared = Pool(waiting, opening)
            atexit.unregister(shutdown)
            atexit.register(shutdown)
        return _shared


def rouse() -> None:
    """Somebody is about to ask for a cell of the shared pool."""
    if _shared is not None:
        _shared.rouse()


async def fresh(ask: Ask, trees: list[dict[str, object]], waiter: Waiter) -> tuple[Prepared, Cell]:
    """A cell of the shared pool, sealed and waiting for code; with `trees`, one that was made for them.

    What was killed before it was handed out is replaced without a word: nothing of the caller's was in it.

    Raises:
        Unavailable: This machine can't make one, or can't enforce the policy.
        SandboxClosed: The jail's processes are being killed again and again.
    """
    for _ in range(_TRIES - 1):
        with suppress(SandboxClosed):
            return await _fresh(shared(), ask, trees, waiter=waiter)
    return await _fresh(shared(), ask, trees, waiter=waiter)


async def _fresh(pool: Pool, ask: Ask, trees: list[dict[str, object]], *, waiter: Waiter) -> tuple[Prepared, Cell]:
    try:
        ready = pool.prepare(*ask)
        cell = pool.jail.order(ready.plan, trees) if trees else pool.take(ready)
    except SandboxClosed:
        _replace(pool)
        raise
    await _open(pool, cell, waiter)
    if pool.shuns(cell):  # it was on its way when a sibling crashed; what is ordered now is another zygote's
        cell.close()
        cell = pool.jail.order(ready.plan, trees)
        await _open(pool, cell, waiter)
    pool.upkeep.taken()  # to wait for one that is being made is not a moment's calm
    kept = ready.plan.output  # the settings that are not sealed in
    cell.keep(kept["output"].value, kept["displays"].value)
    return ready, cell


async def _open(pool: Pool, cell: Cell, waiter: Waiter) -> None:
    try:
        await cell.open(waiter)
    except SandboxClosed:
        if cell.orphaned:
            _replace(pool)
        raise
    except BaseException:  # cancelled, too: what nobody waits for any more is given up
        cell.close()
        raise


def _replace(pool: Pool) -> None:
    """Forget a pool whose jail is gone, unless another thread did, and perhaps started the next one already."""
    global _shared  # noqa: PLW0603 -- one jail a process is the point
    with _guard:
        if _shared is not pool:
            return
        _shared = None
    pool.close()


def shutdown() -> None:
    """End this process's pool; the next use starts another."""
    pool = _shared
    if pool is not None:
        _replace(pool)


def _forget() -> None:
    """In a fork: the jail belongs to the parent; this process starts its own when it needs one."""
    global _shared, _guard  # noqa: PLW0603 -- as above
    _guard = threading.Lock()
    if _shared is not None:
        _shared.abandon()
        _shared = None


os.register_at_fork(after_in_child=_forget)
