"""What code finds installed: `bare`, `data`, and what users make, each built once and the same for every sandbox.

definition.py   what an environment is made from
selection.py    which one a program needs
store.py        where they lie
build.py        how one is built, with uv.py and fonts.py
creation.py     how users make, update and remove their own
comparison.py   where two of them, or one and a project's lock, differ
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fumehood.environments.definition import AUTO, BARE, DATA, interpreter
from fumehood.environments.selection import needed, remedy
from fumehood.environments.store import Store
from fumehood.plan import BARE as PLAIN
from fumehood.plan import Environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fumehood.environments.definition import Definition
    from fumehood.environments.uv import Step

__all__ = ["AUTO", "BARE", "DATA", "PLAIN", "Environment", "check", "is_built", "needed", "ready", "remedy"]

_ready: dict[tuple[str, Path], Environment] = {}


def check(name: str) -> None:
    """Raise if there is no environment of that name.

    Raises:
        UsageError: There is none.
    """
    if name not in {AUTO, BARE, DATA}:
        Store().define(name)


def ready(name: str, listener: Callable[[Step], None] | None = None) -> Environment:
    """The environment of that name, built now if it is not yet; `listener` is told of each step.

    Without a listener nothing is printed: the logger `fumehood.environments` says when a build begins and ends.

    Raises:
        UsageError: There is none, or one of its packages does not exist.
        Unavailable: It can't be built: network, disk, hashes.
    """
    if name == BARE:
        return PLAIN
    store = Store()
    definition = store.define(name)
    place = store.place(definition)
    if (name, place) not in _ready or not place.exists():
        _ready[name, place] = _obtain(definition, store, listener)
    return _ready[name, place]


def is_built(name: str) -> bool:
    """Whether the environment of that name needs no building."""
    store = Store()
    return name == BARE or store.find(store.define(name)) is not None


def _obtain(definition: Definition, store: Store, listener: Callable[[Step], None] | None) -> Environment:
    import logging  # noqa: PLC0415 -- 4 ms that a run of what is built saves

    from fumehood.environments.build import build, fonts_for  # noqa: PLC0415 -- for what is not in use yet

    log, place = logging.getLogger("fumehood.environments"), store.find(definition)
    if place is None:
        log.info("building the environment %s, once", definition.name)
        place = build(definition, store, listener or _unheard)
        log.info("the environment %s is ready", definition.name)
    store.hold(definition.key)
    made = Environment(
        definition.name, definition.key, interpreter(), folder=str(place / "site"),
        imports=definition.imports, rehearsal=definition.rehearsal,
    )  # fmt: skip
    home = fonts_for(made, place, store)
    return replace(made, home=str(home)) if home else made


def _unheard(step: Step) -> None:
    """Nobody listens."""
