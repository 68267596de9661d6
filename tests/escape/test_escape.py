"""Every attack of the table is tried and held; and those whose fences are settings win where these are taken down."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.escape.tables import ATTACKS

if TYPE_CHECKING:
    from tests.escape.attack import Attack

ROOT = Path(__file__).resolve().parents[2]
PLAIN = [attack.name for attack in ATTACKS if not attack.known]
SETTINGS = {"landlock", "proc", "executable", "seccomp"}

Found = dict[str, tuple[bool, str]]


def _by_settings(attack: Attack) -> bool:
    """Whether its fences are settings of the plan, which a weakened plan takes down."""
    return bool(attack.weak) and all(fence in SETTINGS or fence.startswith("call ") for fence in attack.weak)


BITING = [attack.name for attack in ATTACKS if _by_settings(attack) and not attack.root and not attack.known]


def battery(folder: Path, world: str, names: list[str]) -> Found:
    """Run attacks in a process of their own; name to (won, what was seen)."""
    words = [sys.executable, "-m", "tests.escape.battery", str(folder), world, secrets.token_hex(8), *names]
    if world != "strong":
        words = [sys.executable, "-m", "tests.escape.outer", world, str(folder), "--", *words]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    environment = os.environ | {"PYTHONPATH": paths}
    done = subprocess.run(words, capture_output=True, check=False, cwd=ROOT, env=environment, timeout=300)
    assert done.stdout, done.stderr.decode("utf-8", "replace")[-3000:]
    return {name: (won, seen) for name, (won, seen) in json.loads(done.stdout).items()}


@pytest.fixture(scope="module")
def strong(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """The sandbox as it is."""
    folder = tmp_path_factory.mktemp("strong")
    folder.chmod(0o755)
    return battery(folder, "strong", PLAIN)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """The sandbox on a machine without cgroups."""
    folder = tmp_path_factory.mktemp("bare")
    folder.chmod(0o755)
    return battery(folder, "without-cgroups", PLAIN)


def _attack(name: str) -> Attack:
    return next(attack for attack in ATTACKS if attack.name == name)


@pytest.mark.jail
@pytest.mark.parametrize("name", PLAIN)
def test_the_sandbox_holds(strong: Found, name: str) -> None:
    """What the attack tries for, it does not get."""
    if name not in strong:
        pytest.skip("for another machine")
    won, seen = strong[name]

    assert not won, f"{_attack(name).tries}\n{seen}"


@pytest.mark.jail
@pytest.mark.parametrize("name", PLAIN)
def test_the_sandbox_holds_without_cgroups(bare: Found, name: str) -> None:
    """Nor does it where no cgroup can be had."""
    if name not in bare:
        pytest.skip("for another machine")
    won, seen = bare[name]

    assert not won, f"{_attack(name).tries}\n{seen}"


@pytest.fixture(scope="module")
def weak(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Each attack without its own fences, in a throw-away world."""
    folder = tmp_path_factory.mktemp("weak")
    folder.chmod(0o755)
    return battery(folder, "weak", BITING)


@pytest.mark.jail
@pytest.mark.parametrize("name", BITING)
def test_the_attack_bites_where_its_fence_is_down(weak: Found, name: str) -> None:
    """The same attack wins without its fence: the test above could fail."""
    if name not in weak:
        pytest.skip("for another machine")
    won, seen = weak[name]

    assert won, f"{_attack(name).tries}\n{seen}"
