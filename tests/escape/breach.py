"""Runs each attack where its own fences are down: one copy of the source for each set of fences that are lines of it.

    python -m tests.escape.breach FOLDER NAME ...

Prints what `battery.py` prints. Runs inside `outer.py` alone, and so do the copies: they lie in its tmpfs.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fumehood
from tests.escape.fences import copy_source, in_source
from tests.escape.outer import require_weak_world
from tests.escape.tables import EVERY

ROOT = Path(__file__).resolve().parents[2]
SOURCE = Path(str(fumehood.__file__)).parent
_AT_ONCE, _TIMEOUT_S = 2, 600


def main() -> None:
    """Run what the arguments name, grouped by copy."""
    require_weak_world()
    folder, *names = sys.argv[1:]
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for attack in EVERY:
        if attack.name in names:
            groups[in_source(attack.weak)].append(attack.name)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(lambda group: _run(Path(folder), *group), groups.items()))
    json.dump({name: result for part in found for name, result in part.items()}, sys.stdout)


def _run(folder: Path, fences: tuple[str, ...], names: list[str]) -> dict[str, Any]:
    place = folder / secrets.token_hex(4)
    ground = place / "ground"
    ground.mkdir(parents=True)
    try:
        copy_source(SOURCE, place / "src/fumehood", fences)
    except AssertionError as missing:
        return dict.fromkeys(names, (False, str(missing)))
    paths = os.pathsep.join([str(place / "src"), str(ROOT)])
    words = [sys.executable, "-m", "tests.escape.battery", str(ground), "weak", secrets.token_hex(8), *names]
    environment = os.environ | {"PYTHONPATH": paths}
    try:
        done = subprocess.run(words, capture_output=True, check=False, cwd=ROOT, env=environment, timeout=_TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        return dict.fromkeys(
            names, (False, f"without {fences}: took too long, after {(error.stderr or b'')[-3000:]!r}")
        )
    shutil.rmtree(place, ignore_errors=True)
    if not done.stdout:  # no attack of this copy won, and here is why
        return dict.fromkeys(names, (False, f"without {fences}: {done.stderr.decode('utf-8', 'replace')[-3000:]}"))
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


if __name__ == "__main__":
    main()
