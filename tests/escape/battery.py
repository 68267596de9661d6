"""Runs attacks as a caller of fumehood would run programs, and tells for each whether it won. One process a battery.

    python -m tests.escape.battery FOLDER WORLD CANARY [NAME ...]

WORLD is "weak" where each attack's own fences are taken down. Prints one JSON object: name to [won, what was seen].
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fumehood import pool
from fumehood.policy import Policy
from fumehood.pool import Prepared
from fumehood.sandbox import Sandbox
from tests.escape.attack import Seen
from tests.escape.fences import weaken
from tests.escape.ground import Ground
from tests.escape.inside import PRELUDE
from tests.escape.tables import ATTACKS

if TYPE_CHECKING:
    from tests.escape.attack import Attack

_TIMEOUT_S = 12
_TOLD = 2000


def main() -> None:
    """Run the attacks that the arguments name, or all."""
    folder, world, canary, *names = sys.argv[1:]
    answer = os.dup(1)
    os.dup2(2, 1)
    wanted = [attack for attack in ATTACKS if not names or attack.name in names]
    ground = Ground(Path(folder))
    ground.words["argv"] = canary
    pool.shared(0)
    found = {attack.name: fight(ground, attack, weak=world == "weak") for attack in wanted if _possible(attack)}
    pool.shutdown()
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
    if weak:
        hood = pool.shared()
        plan = weaken(hood.prepare(policy, "python").plan, attack.weak)
        hood._plans[policy, "python"] = Prepared(plan, plan.digest, plan.controls())
    for listener in ground.listeners:
        ground.heard(listener)
    try:
        return _fight(ground, attack, policy)
    except Exception:  # noqa: BLE001 -- told as what it is
        return True, f"fumehood raised: {traceback.format_exc()}"
    finally:
        if weak:
            hood._plans.pop((policy, "python"), None)


def _fight(ground: Ground, attack: Attack, policy: Policy) -> tuple[bool, str]:
    neighbour = None
    began = time.monotonic()
    out = ground.folder / "out" / attack.name
    with Sandbox(policy=policy, data=[ground.data]) as other, Sandbox(policy=policy, data=[ground.data], out=out) as it:
        if attack.neighbour:
            neighbour = other.run(PRELUDE + ground.fill(attack.neighbour), timeout=_TIMEOUT_S)
            if not attack.beside:
                other.close()
        result = it.run(PRELUDE + ground.fill(attack.code), timeout=_TIMEOUT_S)
        json.dumps(result.to_dict(), allow_nan=False).encode()
        seen = Seen(result, neighbour, time.monotonic() - began, out)
        won = not attack.afterwards and attack.won(ground, seen)
    if attack.afterwards:
        won = attack.won(ground, seen)
    denied = [denial.what for denial in result.denials]
    return won, f"{result.outcome} {result.limit} {denied} {seen.text[-_TOLD:]}"


def _policy(ground: Ground, changes: dict[str, Any]) -> Policy:
    """The default policy with an attack's changes; the planted words are put into paths."""
    changes = {"check.mode": "record"} | changes  # the sandbox must hold whatever the reading of the code says
    filled = {
        key: [ground.fill(path) for path in value] if isinstance(value, list) else value
        for key, value in changes.items()
    }
    return Policy.default().but(**filled)


if __name__ == "__main__":
    main()
