"""The attacks that meet packages and siblings, on sandboxes of `data` that the pool made ahead."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from fumehood import environments
from tests.escape.battle import BY_NAME, admitted, begin, came_of, held, proved
from tests.escape.tables import POOLED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.escape.battle import Battle, Found

HELD, ADMITTED, PROVED = held(POOLED), admitted(POOLED), proved(POOLED)
pytestmark = pytest.mark.jail


@pytest.fixture(scope="module")
def battles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Battle]]:
    """The sandbox as it is, on a machine without cgroups, and with each attack's own fences down; all at once."""
    environments.ready("data")  # once, from a registry, where this user has it not yet
    wanted = {"strong": [*HELD, *ADMITTED], "without-cgroups": HELD, "weak": PROVED}
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
def test_a_sandbox_that_waited_holds(strong: Found, name: str) -> None:
    """What the attack tries for, it does not get."""
    won, told = came_of(strong, name)

    assert not won, told


@pytest.mark.parametrize("name", HELD)
def test_a_sandbox_that_waited_holds_without_cgroups(bare: Found, name: str) -> None:
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
    """What the documents admit is true of these too."""
    won, told = came_of(strong, name)

    assert won, told
