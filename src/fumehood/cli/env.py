"""`fumehood env list | create | lock | export | diff | remove`."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fumehood.cli.options import folder
from fumehood.cli.progress import Building
from fumehood.environments import comparison, creation
from fumehood.environments.definition import BARE, DATA
from fumehood.environments.store import Store
from fumehood.errors import UsageError

if TYPE_CHECKING:
    from fumehood.environments.creation import Listed
    from fumehood.environments.definition import Definition

_MB = 1_000_000
_DIFFERENT = 1


@click.group("env")
def command() -> None:
    """List, make, compare and export what is installed in sandboxes."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def list_(as_json: bool) -> int:  # noqa: FBT001 -- click's
    """List the environments: name, whether it is built, size, packages."""
    rows = list(creation.every())
    if as_json:
        click.echo(json.dumps([row._asdict() for row in rows]))
        return 0
    click.echo(f"{BARE:16} {'':>9}  the standard library")
    for row in rows:
        size = f"{row.size / _MB:,.0f} MB" if row.built else "not built"
        built = " (builds allowed)" if row.builds else ""
        click.echo(f"{row.name:16} {size:>9}  {', '.join(row.packages)}{built}")
    return 0


@command.command()
@click.argument("name")
@click.argument("packages", nargs=-1, metavar="[PACKAGE ...]")
@click.option("--from", "base", metavar="NAME", help="Begin with the packages of another environment, such as data.")
@click.option(
    "--preload",
    multiple=True,
    metavar="MODULE",
    help="Import a module before sandboxes are forked: faster, but outside a sandbox. Trust it first.",
)
@click.option(
    "--allow-builds",
    is_flag=True,
    help="Let packages without wheels be built: their code runs as you, outside a sandbox. Trust them first.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def create(  # noqa: PLR0917 -- click's
    name: str,
    packages: tuple[str, ...],
    base: str | None,
    preload: tuple[str, ...],
    allow_builds: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> int:
    """Make an environment of packages, for --env NAME. `create data` builds the shipped one now."""
    with closing(Building(name)) as building:
        made = creation.create(name, packages, base=base, imports=preload, listener=building.hear, builds=allow_builds)
    for note in made.notes:
        click.echo(f"fumehood: note: {note}.", err=True)
    _tell(made, as_json=as_json)
    return 0


def _tell(made: Listed, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(made._asdict()))
    else:
        click.echo(f"{made.name}: {made.size / _MB:,.0f} MB, {made.lock[:12]}. Run code in it with --env {made.name}.")


@command.command()
@click.argument("name")
@click.argument("packages", nargs=-1, metavar="[PACKAGE ...]")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def lock(name: str, packages: tuple[str, ...], as_json: bool) -> int:  # noqa: FBT001 -- click's
    """Lock an environment to newer versions.

    It is one of your own; the versions are the newest that fit, with more packages if some are named. It is built when
    it is used next.
    """
    with closing(Building(name)) as building:
        before, after = creation.update(name, packages, listener=building.hear)
    changes = _changes(before, after)
    if as_json:
        click.echo(json.dumps({"name": name, "lock": after.key, "changes": changes}))
        return 0
    for package, (old, new) in changes.items():
        click.echo(f"{package}: {old or 'new'} → {new or 'gone'}")
    click.echo(f"{name}: packages changed: {len(changes)}." if changes else f"{name}: nothing changed.")
    return 0


def _changes(before: Definition, after: Definition) -> dict[str, tuple[str, str]]:
    old, new = (comparison.pins(each) for each in (before, after))
    names = sorted(old.keys() | new.keys())
    return {name: (old.get(name, ""), new.get(name, "")) for name in names if old.get(name) != new.get(name)}


@command.command()
@click.argument("name", default=DATA)
@click.option("--format", "form", type=click.Choice(["requirements", "pylock"]), default="requirements")
@click.option(
    "--out",
    metavar="DIR",
    callback=folder,
    help="Write requirements.txt and pylock.toml there instead of printing one.",
)
def export(name: str, form: str, out: str | None) -> int:
    """Print what production has to install.

    So that it runs the same versions: requirements with hashes, or a pylock.toml.
    """
    definition = Store().define(name)
    if out is None:
        text = creation.requirements(definition) if form == "requirements" else creation.pylock(definition)
        click.echo(text, nl=False)
        return 0
    texts = {"requirements.txt": creation.requirements(definition), "pylock.toml": creation.pylock(definition)}
    for path in _written(Path(out), texts):
        click.echo(path)
    return 0


def _written(out: Path, texts: dict[str, str]) -> list[Path]:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (out / name).write_text(text, encoding="utf-8")
    except OSError as error:
        told = f"--out {out} can't be written: {error.strerror}"
        raise UsageError(told, remedy="Name another folder, or make room there.") from error
    return [out / name for name in texts]


@command.command()
@click.argument("name")
@click.argument("other", metavar="NAME|FILE")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def diff(name: str, other: str, as_json: bool) -> int:  # noqa: FBT001 -- click's
    """Compare an environment with a project's lock.

    Or with another environment; exit code 1 is where code may behave otherwise. Reads requirements.txt, uv.lock,
    pylock.toml, poetry.lock, pdm.lock and pyproject.toml.
    """
    found = comparison.compare(name, other)
    warned = sum(each.warned for each in found)
    if as_json:
        data = {"here": name, "there": other, "warnings": warned, "differences": [each._asdict() for each in found]}
        click.echo(json.dumps(data))
        return _DIFFERENT if warned else 0
    for each in found:
        if each.here and each.there:
            click.echo(f"{'!' if each.warned else ' '} {each.package:24} {each.here:14} {each.there:14} {each.why}")
    _tell_absent([each for each in found if not each.there and each.warned], name, other)
    _tell_absent([each for each in found if not each.here], other, name)
    said = f"{warned} may make code behave otherwise" if warned else "none should change what code does"
    click.echo(f"{name} and {other}: {len(found)} packages differ, of which {said}." if found else "They agree.")
    return _DIFFERENT if warned else 0


def _tell_absent(absent: list[comparison.Difference], one: str, other: str) -> None:
    if absent:
        mark, packages = "!" if absent[0].warned else " ", ", ".join(each.package for each in absent)
        click.echo(f"{mark} in {one} and not in {other}, so that what imports it fails there: {packages}")


@command.command()
@click.argument("name")
def remove(name: str) -> int:
    """Remove an environment; of data, what was built."""
    gone = creation.discard(name)
    click.echo(f"{name} is removed{f', {gone.size / _MB:,.0f} MB' if gone.built else ''}.")
    return 0
