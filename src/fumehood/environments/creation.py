"""How users make, update, list, export and remove environments."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fumehood.environments import asking, uv
from fumehood.environments.build import build
from fumehood.environments.definition import BARE, DATA, Definition, interpreter
from fumehood.environments.store import Store, read_about, remove, writing
from fumehood.errors import SandboxBusy, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from fumehood.environments.uv import Step


class Listed(NamedTuple):
    """An environment as `env list` shows it. `size` is in bytes, 0 until it is built."""

    name: str
    packages: tuple[str, ...]
    built: bool
    size: int
    interpreter: str
    lock: str
    folder: str
    imports: tuple[str, ...]
    notes: tuple[str, ...]
    builds: bool


def listed(definition: Definition, store: Store) -> Listed:
    """What is to be said of one."""
    place = store.find(definition)
    about = None if place is None else read_about(place)
    return Listed(
        definition.name,
        definition.packages,
        built=about is not None,
        size=about.size if about else 0,
        interpreter=interpreter(),
        lock=definition.key,
        folder=str(place or ""),
        imports=definition.imports,
        notes=tuple(about.notes) if about else (),
        builds=definition.builds,
    )


def every() -> Iterator[Listed]:
    """All environments that have packages."""
    store = Store()
    return (listed(store.define(name), store) for name in store.known())


def create(
    name: str,
    packages: Iterable[str],
    *,
    base: str | None,
    imports: Iterable[str],
    listener: Callable[[Step], None],
    builds: bool = False,
) -> Listed:
    """Resolve packages, build what they come to, and give it a name; a shipped name without packages is just built.

    Args:
        name: Its name.
        packages: Requirements.
        base: An environment whose packages it has too, in the same versions.
        imports: Modules that are imported before sandboxes are forked: their code runs outside a sandbox.
        listener: Told of each step.
        builds: Whether packages without wheels may be built, by code of their own that runs as this user.

    Raises:
        UsageError: The name is taken or none; a package does not exist, or only as source; versions don't fit.
        Unavailable: Network, disk, hashes; nothing is left of it.
    """
    store = Store()
    asked = asking.read_packages(packages)
    if name == DATA and not asked:
        definition = store.define(DATA)
        build(definition, store, listener)
        return listed(definition, store)
    asking.read_name(name)
    _require_free(name, store)
    if not asked:
        told = f"no package was named for {name!r}"
        raise UsageError(told, remedy=f"Name some: fumehood env create {name} PACKAGE ...")
    below = None if base in {None, BARE} else store.define(str(base))
    store.prepare()
    definition = _resolved(
        Definition(name, asked, "", asking.read_modules(imports), builds=builds), below, store=store, listener=listener
    )
    build(definition, store, listener)
    _name(definition, store)
    return listed(definition, store)


def _require_free(name: str, store: Store) -> None:
    if name in store.known():
        told = f"there is an environment {name!r} already"
        remedy = (
            f"Update it with `fumehood env lock {name} [PACKAGE ...]`, remove it with `fumehood env remove {name}`, "
        )
        raise UsageError(told, remedy=remedy + "or take another name.")


def _resolved(
    definition: Definition, below: Definition | None, *, store: Store, listener: Callable[[Step], None]
) -> Definition:
    """With the lock of its packages, and of those below it in the versions that they have there."""
    listener(uv.Step("resolve", 0, 0))
    packages = (*(below.packages if below else ()), *definition.packages)
    asked = "".join(f"{each}\n" for each in packages)
    if below is None:
        return replace(definition, lock=uv.resolve(asked, store.folder, builds=definition.builds))
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder) / "below.txt"
        pins.write_text(below.lock, encoding="utf-8")
        lock = uv.resolve(asked, store.folder, f"--constraints={pins}", builds=definition.builds)
    return replace(definition, packages=packages, lock=lock)


def _name(definition: Definition, store: Store, *, anew: bool = True) -> None:
    """Write its definition, whole or not at all; `anew` only where no other took the name meanwhile."""
    with writing(store.folder), tempfile.NamedTemporaryFile("w", dir=store.names, encoding="utf-8") as file:
        file.write(definition.dump())
        file.flush()
        target = store.names / f"{definition.name}.json"
        if not anew:
            target.unlink()
        try:
            os.link(file.name, target)
        except FileExistsError:
            _require_free(definition.name, store)


def update(name: str, packages: Iterable[str], *, listener: Callable[[Step], None]) -> tuple[Definition, Definition]:
    """Resolve its packages, and more, to the newest versions that fit: before and after. It is built when it is used.

    Raises:
        UsageError: There is no such environment of the user's own; versions don't fit.
        Unavailable: Network, disk.
    """
    store = Store()
    before = store.define(asking.read_name(name))
    asked = tuple(dict.fromkeys((*before.packages, *asking.read_packages(packages))))
    after = _resolved(replace(before, packages=asked), None, store=store, listener=listener)
    if after != before:
        _name(after, store, anew=False)
        _drop(before, store)
    return before, after


def discard(name: str) -> Listed:
    """Remove an environment; of a shipped one, what was built.

    Raises:
        UsageError: There is none.
        SandboxBusy: Sandboxes use it.
    """
    store = Store()
    definition = store.define(name)
    found = listed(definition, store)
    if name == DATA and not found.built:
        raise UsageError("data is not built", remedy="There is nothing to remove.")
    _drop(definition, store)
    (store.names / f"{name}.json").unlink(missing_ok=True)
    return found


def _drop(definition: Definition, store: Store) -> None:
    """Remove what was built, unless another name stands for the same."""
    place = store.find(definition)
    names = [name for name in store.known() if store.define(name).key == definition.key]
    if place is None or [name for name in names if name != definition.name]:
        return
    try:
        with store.building(definition.key), store.unused(definition.key), writing(store.folder):
            part = store.built / f"{definition.key}.part"
            place.rename(part)  # in one step: who is killed from here on leaves what the next build sweeps
            for folder in (part, *store.built.glob(f"{definition.key}.fonts-*")):
                remove(folder) if folder.is_dir() else folder.unlink()
    except BlockingIOError as error:
        told = f"sandboxes that are open use the environment {definition.name!r}"
        raise SandboxBusy(told, remedy="Close the programs that hold them, and try again.") from error
    (store.built / f"{definition.key}.building").unlink()


def requirements(definition: Definition) -> str:
    """Its lock as a requirements file, with hashes: `pip install --require-hashes -r` gives the same versions."""
    return f"# fumehood environment {definition.name}: {', '.join(definition.packages)}\n{definition.lock}"


def pylock(definition: Definition) -> str:
    """Its lock as a pylock.toml, which has the addresses of the files.

    Raises:
        Unavailable: They can't be looked up: network.
    """
    store = Store()
    store.prepare()
    return uv.pylock(definition.lock, store.folder, builds=definition.builds)
