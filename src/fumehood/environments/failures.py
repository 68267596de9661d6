"""What uv says when it gives up, as errors that say what to do next."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from fumehood.environments.store import refused
from fumehood.errors import BuildFailed, Error, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_MOST_TOLD: Final = 600


def failure(said: str, folder: Path) -> Error:
    """The error for what uv said on its way out; `folder` is where it wrote."""
    for pattern, error in _TELLING:
        found = pattern.search(said)
        if found is not None:
            return error(found)
    if found := _OS_ERROR.search(said):
        return refused(folder, int(found[2]), found[1].strip())
    if "No solution found" in said:
        told = "these packages do not fit together: " + _because(said)
        return UsageError(told, remedy="Loosen or drop one of the versions.")
    return BuildFailed(f"uv could not do it: {_because(said)}", remedy="Mend what it says and try again.")


def _mismatch(found: re.Match[str]) -> Error:
    told = f"{found[1]} is not the file that the lock names: its hash differs. Nothing of it was kept"
    return BuildFailed(told, remedy="Do not use it. See who serves your packages, and try again from another source.")


def _offline(_: re.Match[str]) -> Error:
    return BuildFailed("a package is not in uv's cache, and the network is off", remedy="Unset UV_OFFLINE.")


def _source_only(found: re.Match[str]) -> Error:
    told = f"{found[1]} comes without a wheel for this machine, and building one would run its code outside a sandbox"
    remedy = (
        "Take a version or a package that has wheels, or build a wheel yourself and name its folder in UV_FIND_LINKS. "
        "If you would run its code as yourself, let it be built: `fumehood env create --allow-builds`."
    )
    return UsageError(told, remedy=remedy)


def _unbuilt(found: re.Match[str]) -> Error:
    told = f"{found[1]} could not be built by its own code: {_because(found[2])}"
    return BuildFailed(told, remedy="Install what its build needs on this machine, or take a version that has wheels.")


def _unreachable(found: re.Match[str]) -> Error:
    address = re.sub(r"//[^/@]*@", "//", found[1])
    told = f"{address} could not be reached: {found[2].strip().splitlines()[-1].strip().removeprefix('cause: ')}"
    remedy = "Check the network, HTTPS_PROXY, SSL_CERT_FILE and UV_DEFAULT_INDEX, and try again."
    return BuildFailed(told, remedy=remedy)


def _absent(found: re.Match[str]) -> Error:
    told = f"there is no package {found[1]} where packages are looked for"
    return UsageError(told, remedy="Check its name: the name to install may differ from the one to import.")


def _no_version(found: re.Match[str]) -> Error:
    told = f"there is no {found[1]} where packages are looked for"
    return UsageError(told, remedy="Name a version that there is, or none: the newest that fits is taken.")


def _broken(found: re.Match[str]) -> Error:
    told = f"the file of {found[1] or found[2]} is broken or was cut off. Nothing of it was kept"
    return BuildFailed(told, remedy="Try again; if it stays so, see who serves your packages.")


#: The most telling first: an error may name several causes.
_TELLING: Final[list[tuple[re.Pattern[str], Callable[[re.Match[str]], Error]]]] = [
    (re.compile(r"Hash mismatch for `([^`]+)`"), _mismatch),
    (re.compile(r"because the network was disabled"), _offline),
    (re.compile(r"Wheels are required for `([^`]+)`"), _source_only),
    (re.compile(r"Failed to build `([^`]+)`\n(.+)", re.DOTALL), _unbuilt),
    (re.compile(r"Failed to fetch: `?(\S+?)`?\n(.+)", re.DOTALL), _unreachable),
    (re.compile(r"(\S+) was not found in (?:the package registry|the provided package locations)"), _absent),
    (re.compile(r"there is no version of (\S+==\S+)"), _no_version),
    (re.compile(r"there (?:is|are) no versions? of (\S+)"), _absent),
    (re.compile(r"structure of `([^`]+)`[^\n]* was invalid|Failed to extract [^\n]*`([^`]+)`"), _broken),
]
_OS_ERROR: Final = re.compile(r"([^:\n]+) \(os error (\d+)\)")


def _because(said: str) -> str:
    """The reason in one line: from `Because` on, else its last words."""
    lines = [line.strip().removeprefix("error: ").removeprefix("cause: ") for line in said.splitlines()]
    start = next((number for number, line in enumerate(lines) if line.startswith("Because")), max(len(lines) - 4, 0))
    return " ".join(line for line in lines[start:] if line)[:_MOST_TOLD].rstrip(".")
