"""Batteries in processes of their own, and what came of their attacks."""

from __future__ import annotations

import compileall
import json
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fumehood.environments.store import Store
from tests.escape.tables import EVERY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.escape.attack import Attack

ROOT = Path(__file__).resolve().parents[2]
BY_NAME = {attack.name: attack for attack in EVERY}
Found = dict[str, tuple[bool, str]]


def environment() -> dict[str, str]:
    """The variables of a process that runs attacks: where to import from, and where environments were built."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    return os.environ | {"PYTHONPATH": paths, "XDG_DATA_HOME": str(Store().folder.parents[1])}


def held(attacks: Sequence[Attack]) -> list[str]:
    """Those that must not win."""
    return [attack.name for attack in attacks if not attack.known and not attack.weaker]


def admitted(attacks: Sequence[Attack]) -> list[str]:
    """Those that win, as the documents say."""
    return [attack.name for attack in attacks if attack.known]


def weaker(attacks: Sequence[Attack]) -> list[str]:
    """Those that a cgroup alone holds."""
    return [attack.name for attack in attacks if attack.weaker]


def proved(attacks: Sequence[Attack]) -> list[str]:
    """Those that have to win where their fences are down."""
    return [attack.name for attack in attacks if (attack.weak or attack.grant) and not attack.known]


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
        self._told = folder.with_name(f"{folder.name}.told")
        with self._told.open("wb") as told:
            self._process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=told, cwd=ROOT, env=environment()
            )
        self._found: Found | None = None

    def found(self) -> Found:
        """Name to (won, what was seen)."""
        if self._found is None:
            answer, _ = self._process.communicate(timeout=1200)
            assert answer, self._told.read_text(encoding="utf-8", errors="replace")[-3000:]
            self._found = {name: (won, seen) for name, (won, seen) in json.loads(answer).items()}
        return self._found

    def end(self) -> None:
        """Let nothing of it go on."""
        if self._found is None:
            self._process.kill()
            self._process.communicate()


def begin(factory: pytest.TempPathFactory, wanted: Mapping[str, list[str]]) -> Iterator[dict[str, Battle]]:
    """By world what is to be tried there, all at once; what still goes on at the end is ended."""
    compileall.compile_dir(ROOT / "src", quiet=1)  # once: each copy that lacks a fence is taken with what is compiled
    begun = {world: Battle(factory.mktemp(world), world, names) for world, names in wanted.items()}
    yield begun
    for battle in begun.values():
        battle.end()


def came_of(found: Found, name: str) -> tuple[bool, str]:
    """Whether an attack won there, and what was seen."""
    if name not in found:
        pytest.skip("for another machine")
    won, seen = found[name]
    return won, f"{BY_NAME[name].tries}\n{seen}"
