"""Every attack of the table is tried and held; and each wins where its fences are taken down."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from fumehood import environments
from tests.escape.battle import BY_NAME, ROOT, admitted, begin, came_of, environment, held, proved, weaker
from tests.escape.fences import LINES, exists
from tests.escape.tables import EVERY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.escape.battle import Battle, Found

HELD, ADMITTED, WEAKER, PROVED = held(EVERY), admitted(EVERY), weaker(EVERY), proved(EVERY)
pytestmark = pytest.mark.jail


@pytest.fixture(scope="module")
def battles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Battle]]:
    """The sandbox as it is, on a machine without cgroups, and with each attack's own fences down; all at once."""
    environments.ready("data")  # once, from a registry, where this user has it not yet
    wanted = {"strong": [*HELD, *ADMITTED, *WEAKER], "without-cgroups": [*HELD, *WEAKER], "weak": PROVED}
    yield from begin(tmp_path_factory, wanted)


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
    assert {fence for each in EVERY for fence in each.weak} >= LINES.keys()


def test_every_attack_is_proved_to_bite_or_says_why_not() -> None:
    """An attack that could never win proves nothing."""
    mute = [each.name for each in EVERY if not (each.weak or each.grant or each.known or each.unproved)]

    assert [] == mute
    assert [] == [fence for each in EVERY for fence in each.weak if not exists(fence)]
    assert len(EVERY) == len(BY_NAME)


@pytest.mark.parametrize("module", ["battery", "breach"])
def test_no_fence_is_taken_down_on_the_machine_itself(module: str, tmp_path: Path) -> None:
    """Outside the throw-away world the weakened runs refuse to begin."""
    world = ["weak", "canary"] if module == "battery" else []
    words = [sys.executable, "-m", f"tests.escape.{module}", str(tmp_path), *world, "files-secret"]

    done = subprocess.run(words, capture_output=True, check=False, cwd=ROOT, env=environment(), timeout=60)

    assert 0 != done.returncode
    assert b"a weakened jail runs inside" in done.stderr
    assert [] == list(tmp_path.iterdir())
