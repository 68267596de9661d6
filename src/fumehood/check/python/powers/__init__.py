"""What the functions of the standard library and of known packages can do to the world, as tables.

A table maps `(capability, argument)` to names. `argument` says where the value stands: `"path 0 file|path"` is the
first
positional or either keyword, read as a path; `"=api.example.org:443"` is a value that is always the same; `""` has
none.
A name that ends in `.*` stands for every member of a module; one that ends in `()` counts when called, not when named.

Kinds of value: path, mode (a path opened as a `mode` argument says), place (path or URL), url, address ((host, port)),
host, command, text.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from fumehood.check.python.powers import data, machines, modules, network, packages
from fumehood.check.python.powers.names import canonical

TABLES = (data.TABLE, machines.TABLE, modules.TABLE, network.TABLE, packages.TABLE)


class Power(NamedTuple):
    """One thing a function can do, and which argument says to what."""

    capability: str
    kind: str = ""
    position: int = -1
    keywords: tuple[str, ...] = ()
    constant: str | None = None
    calls_only: bool = False


@cache
def powers_of(path: str) -> tuple[Power, ...]:
    """Answer what the function or object under a dotted name can do; nothing is harmless or not known."""
    exact, whole = _tables()
    name = canonical(path)
    found = exact.get(name)
    if found is not None:
        return found
    while "." in name:
        name = name.rpartition(".")[0]
        if name in whole:
            return whole[name]
    return ()


@cache
def _tables() -> tuple[dict[str, tuple[Power, ...]], dict[str, tuple[Power, ...]]]:
    """Build the lookup once, when the first program is read."""
    exact: dict[str, tuple[Power, ...]] = {}
    whole: dict[str, tuple[Power, ...]] = {}
    for table in TABLES:
        for (capability, argument), names in table.items():
            for spelled in names.split():
                name, power = (
                    spelled.removesuffix("()"),
                    _power(capability, argument, calls_only=spelled.endswith("()")),
                )
                target = whole if name.endswith(".*") else exact
                name = name.removesuffix(".*")
                target[name] = (*target.get(name, ()), power)
    return exact, whole


@cache
def _power(capability: str, argument: str, *, calls_only: bool) -> Power:
    if argument.startswith("="):
        return Power(capability, constant=argument[1:], calls_only=calls_only)
    kind, position, keywords = [*argument.split(), "", "", ""][:3]
    return Power(capability, kind, int(position or -1), tuple(keywords.split("|")), calls_only=calls_only)
