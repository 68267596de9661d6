"""What users ask for, read strictly: the names of environments and of packages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

from fumehood.environments.definition import AUTO, BARE, DATA, NAME
from fumehood.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)


def read_name(name: str) -> str:
    """The name for an environment of the user's own.

    Raises:
        UsageError: It is none.
    """
    if name in {AUTO, BARE, DATA}:
        told = f"{name!r} is a name of fumehood's own"
        raise UsageError(told, remedy=f"Take another: `fumehood env create my-{name} --from data PACKAGE ...`.")
    if not NAME.fullmatch(name):
        told = f"{name!r} can't be the name of an environment"
        raise UsageError(told, remedy="Use up to 40 small letters, digits and hyphens, a letter first.")
    return name


def read_packages(packages: Iterable[str]) -> tuple[str, ...]:
    """Requirements in their normal form, each once.

    Raises:
        UsageError: One is no name with versions: an address, a path, an option.
    """
    return tuple(dict.fromkeys(str(read_requirement(text)) for text in packages))


def read_requirement(text: str) -> Requirement:
    """One requirement.

    Raises:
        UsageError: It is something else.
    """
    try:
        parsed = Requirement(text)
    except InvalidRequirement:
        parsed = None
    if parsed is None or parsed.url:
        told = f"{text!r} is not the name of a package, with or without versions"
        remedy = "Write it like pandas or 'pandas>=2.2,<3'; addresses and folders are not taken."
        raise UsageError(told, remedy=remedy)
    return parsed


def read_modules(modules: Iterable[str]) -> tuple[str, ...]:
    """The names of modules.

    Raises:
        UsageError: One can't be imported by that name.
    """
    for module in (named := tuple(dict.fromkeys(modules))):
        if not _MODULE.fullmatch(module):
            raise UsageError(f"{module!r} is not the name of a module", remedy="Write it as it is imported.")
    return named
