from __future__ import annotations

import re
import tomllib
from itertools import chain
from typing import Any

import pytest

from tests.style.tree import ROOT

PIN = re.compile(r"^([a-z0-9.-]+)==(\S+)", re.MULTILINE)
DATA = "src/fumehood/environments/shipped/data"
PEERS = [f"requirements/peers/{path.stem}" for path in sorted((ROOT / "requirements/peers").glob("*.in"))]
NAME = re.compile(r"^[A-Za-z0-9._-]+")


@pytest.mark.parametrize("lock", ["requirements/core", "requirements/dev", DATA, *PEERS])
def test_every_pin_has_hashes_and_no_address(lock: str) -> None:
    """Each requirement is pinned with at least one sha256, and none says where it comes from."""
    text = locked(lock)
    entries = re.split(r"\n(?=\S)", text.strip())

    assert [] == [entry for entry in entries if not re.match(PIN, entry) or "--hash=sha256:" not in entry]
    assert "://" not in text


def test_both_locks_agree() -> None:
    """What ./demo runs with is what ./test tested: each pin of core stands in dev, word for word."""
    assert set(PIN.findall(locked("requirements/core"))) <= set(PIN.findall(locked("requirements/dev")))


def test_every_direct_dependency_is_locked() -> None:
    """What pyproject.toml asks for is in the lock; `python tools/lock.py` writes it anew."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    core = [*project["project"]["dependencies"], *project["dependency-groups"]["build"]]
    extra: chain[Any] = chain.from_iterable(project["project"]["optional-dependencies"].values())
    dev = [*core, *extra, *project["dependency-groups"]["dev"]]

    assert set() == names(core) - pinned("requirements/core")
    assert set() == names(dev) - pinned("requirements/dev")


@pytest.mark.parametrize("lock", [DATA, *PEERS])
def test_each_package_that_is_asked_for_is_locked(lock: str) -> None:
    """Every package of data.in, and of what benchmarks compare with, has a pin, and a reason beside it."""
    asked = [
        line for line in (ROOT / f"{lock}.in").read_text(encoding="utf-8").splitlines() if line[:1] not in {"", "#"}
    ]

    assert set() == names(asked) - pinned(lock)
    assert [] == [line for line in asked if not line.partition("#")[2].strip()]


def test_peers_have_the_pandas_of_data() -> None:
    """What is compared by one snippet has the same packages for it."""
    shared = {"numpy", "pandas", "pyarrow"}
    ours = {pin for pin in PIN.findall(locked(DATA)) if pin[0] in shared}

    assert len(PEERS) > 1
    assert [] == [peer for peer in PEERS if not {pin for pin in PIN.findall(locked(peer)) if pin[0] in shared} <= ours]


def locked(lock: str) -> str:
    return (ROOT / f"{lock}.txt").read_text(encoding="utf-8")


def pinned(lock: str) -> set[str]:
    return {package for package, _version in PIN.findall(locked(lock))}


def names(requirements: list[str]) -> set[str]:
    return {match[0].lower() for requirement in requirements if (match := NAME.match(requirement))}
