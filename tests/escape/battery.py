"""Runs attacks as a caller of fumehood would run programs, and tells for each whether it won. One process a battery.

    python -m tests.escape.battery FOLDER WORLD CANARY [NAME ...]

WORLD is "weak" where each attack's own fences are taken down: those that are settings here, those that are lines of the
source by `breach.py`. Prints one JSON object: name to [won, what was seen].
"""

from __future__ import annotations

import json
import os
import platform
import resource
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fumehood import pool
from fumehood.errors import StateLost
from fumehood.policy import Policy
from fumehood.sandbox import Sandbox
from tests.escape.attack import Seen
from tests.escape.fences import weaken
from tests.escape.ground import Ground
from tests.escape.inside import PRELUDE
from tests.escape.outer import require_weak_world
from tests.escape.tables import EVERY

if TYPE_CHECKING:
    from fumehood.execution import Result
    from fumehood.pool import Prepared
    from fumehood.tiers.jail.cell import Cell
    from tests.escape.attack import Attack

_TIMEOUT_S, _PATIENCE_S = "12s", 30.0
_WAITING = 3
_OPEN_FILES = 1024  # as most callers may have
_TOLD = 2000


class Stocked(pool.Pool):
    """A pool that hands out, where it keeps any, only what waited and was ready before it was asked for."""

    def take(self, ready: Prepared) -> Cell:
        """As in `Pool`, once one waits."""
        self.replenish(ready)
        end = time.monotonic() + _PATIENCE_S
        while self._shelves.first and not self._has_ready(ready):
            assert time.monotonic() < end, "no sandbox was made ahead"
            time.sleep(0.005)
        return super().take(ready)

    def _has_ready(self, ready: Prepared) -> bool:
        with self._lock:
            shelf = self._shelves[ready.digest]
            first = shelf.cells[0] if shelf is not None and shelf.cells else None
            return first is not None and (first.ready or (first.hear() and first.ready))


class Breached(Stocked):
    """One whose plans lack the fences that are settings."""

    fences: tuple[str, ...] = ()

    def prepare(self, *asked: Any) -> Prepared:
        """As in `Pool`, but weakened."""
        ready = super().prepare(*asked)
        made = weaken(ready.plan, self.fences)
        return ready._replace(plan=made, digest=made.digest, controls=made.controls())


def _jail(attack: Attack, *, weak: bool) -> None:
    """Make this process's pool one that can be weakened, or one that is stocked, as an attack needs it."""
    kind, waiting = Breached if weak else Stocked, 0 if attack.env == "bare" else _WAITING
    held = pool._shared
    if not isinstance(held, kind) or held._shelves.first != waiting:
        pool.shutdown()
        pool._shared = held = kind(waiting)
    if isinstance(held, Breached):
        held.fences = attack.weak


def main() -> None:
    """Run the attacks that the arguments name, or all."""
    folder, world, canary, *names = sys.argv[1:]
    if world == "weak":
        require_weak_world()
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    answer = os.dup(1)
    os.dup2(2, 1)
    wanted = [attack for attack in EVERY if not names or attack.name in names]
    ground = Ground(Path(folder))
    ground.words["argv"] = canary
    try:
        found = {attack.name: fight(ground, attack, weak=world == "weak") for attack in wanted if _possible(attack)}
        found["cgroup"] = "memory" in pool.shared().host.controllers, "whether memory is held by a cgroup"
        pool.shutdown()
    finally:
        ground.close()
    with os.fdopen(answer, "w", encoding="utf-8") as file:
        json.dump(found, file)


def _possible(attack: Attack) -> bool:
    return attack.machine in {"", platform.machine()}


def fight(ground: Ground, attack: Attack, *, weak: bool) -> tuple[bool, str]:
    """Run one attack in a sandbox of its own; whether it won, and what was seen.

    Whatever it tries: a call of fumehood that raises, or a result that is no strict JSON, is won too.
    """
    policy = _policy(ground, attack.policy | (attack.grant if weak else {}))
    for listener in ground.listeners:
        ground.heard(listener)
    sys.stderr.write(f"{time.monotonic():.2f} {attack.name}\n")
    try:
        _jail(attack, weak=weak)
        if weak:
            ground.mend()
        return _fight(ground, attack, policy)
    except Exception:  # noqa: BLE001 -- told as what it is; where fences are down it may prove nothing
        return not weak or attack.breaks, f"fumehood raised: {traceback.format_exc()}"


def _fight(ground: Ground, attack: Attack, policy: Policy) -> tuple[bool, str]:
    neighbour = after = None
    began, open_before, size_before = time.monotonic(), len(os.listdir("/proc/self/fd")), _size_kb("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
    out = ground.folder / "out" / attack.name
    env = ground.environment if attack.env == "given" else attack.env
    data = [ground.data] if attack.env == "bare" else []  # what is to show a folder is not made ahead
    with (
        Sandbox(policy=policy, env=env, data=data) as other,
        Sandbox(policy=policy, env=env, data=data, out=out) as it,
    ):
        if attack.neighbour:
            neighbour = other.run(PRELUDE + ground.fill(attack.neighbour))
            if not attack.beside:
                other.close()
        result = it.run(PRELUDE + ground.fill(attack.code))
        json.dumps(result.to_dict(), allow_nan=False).encode()
        if attack.then:
            after = _follow(it, attack.then)
        lives = not attack.beside or _answers(other)
        opened = len(os.listdir("/proc/self/fd")) - open_before
        grown = _size_kb("VmHWM") - size_before
        seen = Seen(result, time.monotonic() - began, out, neighbour, lives, after, grown, opened)
        won = not attack.afterwards and attack.won(ground, seen)
        for _ in range(attack.again):
            won = won or (_follow(it, "0") is not None and attack.won(ground, seen))
    if attack.afterwards:
        won = attack.won(ground, seen)
    denied = [denial.what for denial in result.denials]
    told = f"{result.outcome} {result.limit} {denied} {seen.text[-_TOLD:]}"
    return (
        won,
        f"{told} {after.to_dict() if after is not None else ''} {neighbour.stdout if neighbour is not None else ''}",
    )


def _answers(sandbox: Sandbox) -> bool:
    result = _follow(sandbox, "6 * 7")
    return result is not None and result.outcome == "completed"


def _size_kb(name: str) -> int:
    """A size of this process as the kernel tells it."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition(f"{name}:")[2].split()[0])


def _follow(sandbox: Sandbox, code: str) -> Result | None:
    """One more run, or None where the sandbox is gone."""
    try:
        return sandbox.run(code)
    except StateLost:
        return None


def _policy(ground: Ground, changes: dict[str, Any]) -> Policy:
    """The default policy with an attack's changes; the planted words are put into paths."""
    changes = {
        "check.mode": "record",
        "limits.wall": _TIMEOUT_S,
    } | changes  # the sandbox must hold whatever the reading of the code says
    filled = {
        key: [ground.fill(path) for path in value] if isinstance(value, list) else value
        for key, value in changes.items()
    }
    return Policy.default().but(**filled)


if __name__ == "__main__":
    main()
