"""Where code would behave otherwise than in another environment: «it worked in the sandbox and fails in production»."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from fumehood.environments.definition import BARE, Definition, interpreter
from fumehood.environments.store import Store
from fumehood.errors import MissingFile, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Kind = Literal["major", "minor", "patch", "range", "missing", "extra", "python"]
_WARNED: frozenset[Kind] = frozenset({"major", "minor", "range", "extra", "python"})
_FORMS = "requirements.txt, uv.lock, pylock.toml, poetry.lock, pdm.lock or pyproject.toml"
_DEEPEST = 5


class Side(NamedTuple):
    """What is installed at one side: the versions that may be, or the range asked for; which Pythons.

    `complete` says that what is not named is not installed; a list of wishes brings more than it names.
    """

    name: str
    versions: dict[str, frozenset[Version]]
    ranges: dict[str, SpecifierSet]
    python: SpecifierSet
    complete: bool

    def has(self, package: str) -> bool:
        """Whether it names a package."""
        return package in self.versions or package in self.ranges


class Difference(NamedTuple):
    """One package that differs, how, and whether code may behave otherwise for it."""

    package: str
    kind: Kind
    here: str
    there: str
    warned: bool
    why: str


def compare(name: str, other: str) -> list[Difference]:
    """Hold an environment against another, or against a project's lock; what matters most first.

    Raises:
        UsageError: There is no such environment, or the file is of no known form.
        MissingFile: There is no such file.
    """
    here = _environment(name)
    there = read(other)
    found = [*_python(there), *_packages(here, there, asked=_asked(name))]
    return sorted(found, key=lambda each: (not each.warned, each.package))


def read(other: str) -> Side:
    """The other side: an environment by its name, else a file."""
    store = Store()
    if other in (BARE, *store.known()):
        return _environment(other)
    path = Path(other)
    try:
        text = path.read_text(encoding="utf-8")
        if path.name.endswith(".txt") or path.name.endswith(".in"):
            return _requirements(path.name, list(_lines(path)))
        if path.name.endswith((".lock", ".toml")):
            return _toml(path.name, tomllib.loads(text))
    except FileNotFoundError:
        told = f"{other!r} is neither an environment nor a file"
        raise MissingFile(told, remedy=f"Name one of `fumehood env list`, or a {_FORMS}.") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{other} can't be read: {error}", remedy=f"It should be a {_FORMS}.") from error
    raise UsageError(f"{other} is of no form that is known", remedy=f"It should be a {_FORMS}.")


def _environment(name: str) -> Side:
    definition = Definition(BARE, (), "") if name == BARE else Store().define(name)
    side = _requirements(name, _joined(definition.lock))
    return side._replace(python=SpecifierSet(f"=={_python_version()}"), complete=True)


def pins(definition: Definition) -> dict[str, str]:
    """The versions that a lock comes to on this machine."""
    side = _requirements(definition.name, _joined(definition.lock))
    return {package: _told(side, package) for package in side.versions}


def _asked(name: str) -> frozenset[str]:
    packages = () if name == BARE else Store().define(name).packages
    return frozenset(canonicalize_name(Requirement(each).name) for each in packages)


def _lines(path: Path, depth: int = 0) -> Iterator[str]:
    """The lines of a requirements file, and of those that it includes."""
    for line in _joined(path.read_text(encoding="utf-8")):
        included = re.match(r"(?:-r|--requirement)[ =]*(\S+)", line)
        if included is None:
            yield line
        elif depth < _DEEPEST:
            yield from _lines(path.parent / included[1], depth + 1)


def _joined(text: str) -> list[str]:
    lines = text.replace("\\\n", " ").splitlines()
    return [stripped for line in lines if (stripped := re.sub(r"(^|\s)#.*|\s--hash=\S+", "", line).strip())]


def _requirements(name: str, lines: Iterable[str]) -> Side:
    """Pins and ranges; what is no requirement, such as an option, an address or a folder, is not compared."""
    versions: dict[str, frozenset[Version]] = {}
    ranges: dict[str, SpecifierSet] = {}
    for line in lines:
        try:
            parsed = Requirement(line)
        except InvalidRequirement:
            continue
        if parsed.marker is not None and not parsed.marker.evaluate():
            continue
        package, pin = canonicalize_name(parsed.name), _pin(parsed.specifier)
        if pin is None:
            ranges[package] = parsed.specifier
        else:
            versions[package] = frozenset({pin})
    return Side(name, versions, ranges, SpecifierSet(), complete=not ranges)


def _pin(specifier: SpecifierSet) -> Version | None:
    exact = [each.version for each in specifier if each.operator in {"==", "==="} and not each.version.endswith("*")]
    return Version(exact[0]) if exact else None


def _toml(name: str, data: dict[str, Any]) -> Side:
    """A lock of one of the tools, or what a project wishes for."""
    if isinstance(data.get("project"), dict):
        project = cast("dict[str, Any]", data["project"])
        side = _requirements(name, [*project.get("dependencies", [])])
        return side._replace(python=_specifier(project.get("requires-python")), complete=False)
    entries: Any = data.get("package", data.get("packages"))
    if not isinstance(entries, list) or not all(map(_is_entry, cast("list[object]", entries))):
        message = "it has neither packages nor a project"
        raise ValueError(message)
    versions: dict[str, frozenset[Version]] = {}
    for entry in cast("list[dict[str, Any]]", entries):
        if _applies(entry) and "version" in entry:
            package = canonicalize_name(entry["name"])
            versions[package] = versions.get(package, frozenset()) | {Version(entry["version"])}
    asked = data.get("requires-python") or data.get("metadata", {}).get("python-versions")
    return Side(name, versions, {}, _specifier(asked), complete=True)


def _is_entry(told: object) -> bool:
    """Whether it is a table that names a package."""
    return isinstance(told, dict) and isinstance(cast("dict[str, object]", told).get("name"), str)


def _applies(entry: dict[str, Any]) -> bool:
    """Whether a lock's entry is for this machine; one that says nothing is for all."""
    told: Any = entry.get("resolution-markers") or entry.get("marker") or entry.get("markers") or []
    if isinstance(told, dict):  # poetry's, by group
        told = [*cast("dict[str, str]", told).values()]
    markers: list[str] = [told] if isinstance(told, str) else told
    own: dict[str, Any] = entry.get("source", {})
    if {"virtual", "editable"} & own.keys():  # uv's word for the project itself
        return False
    try:
        return not markers or any(Marker(each).evaluate() for each in markers)
    except InvalidMarker:
        return True


def _specifier(text: object) -> SpecifierSet:
    try:
        return SpecifierSet(text if isinstance(text, str) else "")
    except InvalidSpecifier:  # poetry's carets and tildes
        return SpecifierSet()


def _python_version() -> str:
    return interpreter().split()[1]


def _python(there: Side) -> Iterator[Difference]:
    own = _python_version()
    pinned = re.fullmatch(r"==(\d+\.\d+)\.\d+", str(there.python))
    fits = own.startswith(f"{pinned[1]}.") if pinned else there.python.contains(own, prereleases=True)
    if not fits:
        why = f"sandboxes run Python {own}; {there.name} is for {there.python}"
        yield Difference("python", "python", own, str(there.python), warned=True, why=why)


def _packages(here: Side, there: Side, *, asked: frozenset[str]) -> Iterator[Difference]:
    for package in sorted({*here.versions, *there.versions, *there.ranges}):
        own = _told(here, package)
        if not own:
            why = f"{there.name} has it and {here.name} has not: importing it fails here"
            yield _difference(package, "missing", there, why=why)
        elif there.has(package):
            yield from _versions(package, here, there)
        elif there.complete or package in asked:  # what only came along is seldom imported by name
            why = f"{here.name} has it and {there.name} does not name it: what works here may fail there"
            yield _difference(package, "extra", there, own=own, why=why)._replace(warned=package in asked)


def _versions(package: str, here: Side, there: Side) -> Iterator[Difference]:
    (own,) = here.versions[package]
    if package in there.ranges:
        if not there.ranges[package].contains(own, prereleases=True):
            yield _difference(package, "range", there, own=str(own), why=f"{there.name} does not take this version")
        return
    if own in there.versions[package]:
        return
    other = max(there.versions[package])
    kind: Kind = "major" if own.major != other.major else "minor" if own.minor != other.minor else "patch"
    why = f"{kind} version {'newer' if own > other else 'older'} in {here.name}" if kind != "patch" else "fixes alone"
    yield _difference(package, kind, there, own=str(own), why=why)


def _told(side: Side, package: str) -> str:
    if package in side.ranges:
        return str(side.ranges[package]) or "any"
    return " or ".join(map(str, sorted(side.versions.get(package, ()))))


def _difference(package: str, kind: Kind, there: Side, *, why: str, own: str = "") -> Difference:
    return Difference(package, kind, own, _told(there, package), warned=kind in _WARNED, why=why)
