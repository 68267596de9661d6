"""Every attack of the table is tried and held; and each wins where its fences are taken down."""

from __future__ import annotations

import ast
import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.escape.fences import LINES, exists
from tests.escape.tables import ATTACKS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
BY_NAME = {attack.name: attack for attack in ATTACKS}
HELD = [attack.name for attack in ATTACKS if not attack.known and not attack.weaker]
ADMITTED = [attack.name for attack in ATTACKS if attack.known]
WEAKER = [attack.name for attack in ATTACKS if attack.weaker]
PROVED = [attack.name for attack in ATTACKS if (attack.weak or attack.grant) and not attack.known]

Found = dict[str, tuple[bool, str]]
pytestmark = pytest.mark.jail


class Battle:
    """Attacks that run in a process of their own, begun now; `found` waits for what came of them."""

    def __init__(self, folder: Path, world: str, names: list[str]) -> None:
        """Begin."""
        folder.chmod(0o755)
        program = ["tests.escape.breach", str(folder)]
        if world != "weak":
            program = ["tests.escape.battery", str(folder), world, secrets.token_hex(8)]
        words = [sys.executable, "-m", *program, *names]
        if world != "strong":
            words = [sys.executable, "-m", "tests.escape.outer", world, str(folder), "--", *words]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
        self._told = folder.with_name(f"{folder.name}.told")
        with self._told.open("wb") as told:
            self._process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=told, cwd=ROOT, env=environment
            )
        self._found: Found | None = None

    def found(self) -> Found:
        """Name to (won, what was seen)."""
        if self._found is None:
            answer, _ = self._process.communicate(timeout=600)
            assert answer, self._told.read_text(encoding="utf-8", errors="replace")[-3000:]
            self._found = {name: (won, seen) for name, (won, seen) in json.loads(answer).items()}
        return self._found

    def end(self) -> None:
        """Let nothing of it go on."""
        if self._found is None:
            self._process.kill()
            self._process.communicate()


@pytest.fixture(scope="module")
def battles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Battle]]:
    """The sandbox as it is, on a machine without cgroups, and with each attack's own fences down; all at once."""
    wanted = {"strong": [*HELD, *ADMITTED, *WEAKER], "without-cgroups": [*HELD, *WEAKER], "weak": PROVED}
    begun = {world: Battle(tmp_path_factory.mktemp(world), world, names) for world, names in wanted.items()}
    yield begun
    for battle in begun.values():
        battle.end()


# They wait in fixtures, whose time is not counted as a test's.
@pytest.fixture(scope="module")
def strong(battles: dict[str, Battle]) -> Found:
    """The sandbox as it is."""
    return battles["strong"].found()


@pytest.fixture(scope="module")
def bare(battles: dict[str, Battle]) -> Found:
    """The sandbox on a machine without cgroups."""
    return battles["without-cgroups"].found()


@pytest.fixture(scope="module")
def weak(battles: dict[str, Battle]) -> Found:
    """Each attack without its own fences, in a throw-away world."""
    return battles["weak"].found()


def came_of(found: Found, name: str) -> tuple[bool, str]:
    """Whether an attack won there, and what was seen."""
    if name not in found:
        pytest.skip("for another machine")
    won, seen = found[name]
    return won, f"{BY_NAME[name].tries}\n{seen}"


@pytest.mark.parametrize("name", HELD)
def test_the_sandbox_holds(strong: Found, name: str) -> None:
    """What the attack tries for, it does not get."""
    won, told = came_of(strong, name)

    assert not won, told


@pytest.mark.parametrize("name", HELD)
def test_the_sandbox_holds_without_cgroups(bare: Found, name: str) -> None:
    """Nor does it where no cgroup can be had."""
    won, told = came_of(bare, name)

    assert not won, told


@pytest.mark.parametrize("name", PROVED)
def test_the_attack_bites_where_its_fence_is_down(weak: Found, name: str) -> None:
    """The same attack wins without its fence: the tests above could fail."""
    if BY_NAME[name].root and os.geteuid() != 0:
        pytest.skip("an ordinary user's own namespaces hold this by themselves")
    won, told = came_of(weak, name)

    assert won, told


@pytest.mark.parametrize("name", ADMITTED)
def test_an_admitted_weakness_is_still_there(strong: Found, name: str) -> None:
    """What the documents admit is true: it wins. Where this fails, the weakness is mended: say so in the documents."""
    won, told = came_of(strong, name)

    assert won, told


@pytest.mark.parametrize("name", WEAKER)
def test_a_cgroup_holds_what_nothing_else_does(strong: Found, bare: Found, name: str) -> None:
    """Some attacks are held by a cgroup alone; without one they win, as the documents admit."""
    has_cgroup, _ = strong["cgroup"]
    won, told = came_of(strong, name)
    assert won != has_cgroup, told

    won, told = came_of(bare, name)
    assert won, told


def test_every_fence_is_still_there() -> None:
    """Each line that a copy of the source is without is there, once, and the copy is a program all the same."""
    texts = {
        file: (ROOT / "src/fumehood" / file).read_text(encoding="utf-8")
        for fence in LINES.values()
        for file, *_ in fence
    }

    assert [] == [line for fence in LINES.values() for file, line, _ in fence if texts[file].count(line) != 1]
    for fence in LINES.values():
        for file, line, instead in fence:
            ast.parse(texts[file].replace(line, instead))
    assert {fence for each in ATTACKS for fence in each.weak} >= LINES.keys()


def test_every_attack_is_proved_to_bite_or_says_why_not() -> None:
    """An attack that could never win proves nothing."""
    mute = [each.name for each in ATTACKS if not (each.weak or each.grant or each.known or each.unproved)]

    assert [] == mute
    assert [] == [fence for each in ATTACKS for fence in each.weak if not exists(fence)]
    assert len(ATTACKS) == len(BY_NAME)


@pytest.mark.parametrize("module", ["battery", "breach"])
def test_no_fence_is_taken_down_on_the_machine_itself(module: str, tmp_path: Path) -> None:
    """Outside the throw-away world the weakened runs refuse to begin."""
    world = ["weak", "canary"] if module == "battery" else []
    words = [sys.executable, "-m", f"tests.escape.{module}", str(tmp_path), *world, "files-secret"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}

    done = subprocess.run(words, capture_output=True, check=False, cwd=ROOT, env=environment, timeout=60)

    assert 0 != done.returncode
    assert b"a weakened jail runs inside" in done.stderr
    assert [] == list(tmp_path.iterdir())
