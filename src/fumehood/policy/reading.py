"""From TOML text or plain data to the tables of a policy; every fault names its key and the accepted form."""

from __future__ import annotations

import stat
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final, cast

from fumehood.errors import MissingFile, PolicyError
from fumehood.policy.clauses import (
    TOOL,
    Check,
    Code,
    Files,
    Guard,
    Isolation,
    Limits,
    Network,
    OnDenial,
    Output,
    Secret,
    Table,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

TABLES: Final[dict[str, type[Table]]] = {
    each.table_name(): each for each in (Limits, Files, Network, Code, Output, OnDenial, Isolation, Check, Guard)
}
# Empty, these could be read as «no limit» or «anything»; the others are protections or grant nothing when empty.
_NEVER_EMPTY: Final = ("limits", "files", "network", "code", "isolation", "check", "guard")
_LARGEST: Final = 1024 * 1024  # a policy is some dozens of lines; more is not one


def read_tables(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments for `Policy` out of plain data as TOML has it.

    Raises:
        PolicyError: A key is unknown, or a value has no meaning.
    """
    known = ("name", *TABLES, "secrets", "tools")
    tables: dict[str, Any] = {}
    for key, value in data.items():
        if key not in known:
            raise _unknown(key, known, "a policy has the tables")
        if key == "name":
            tables[key] = read_name(value)
        elif key in TABLES:
            tables[key] = read_table(key, value)
        else:
            tables[key] = value
    return tables


def read_name(value: object) -> str:
    """Return the name of a policy.

    Raises:
        PolicyError: It is not one line of text.
    """
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        message = "name is not one line of text"
        raise PolicyError(message, remedy='Write a name such as name = "nightly".')
    return value


def read_table(name: str, value: object) -> Table:
    """Return one of the tables with fixed keys, which may be one already.

    Raises:
        PolicyError: It is no table, or says what has no meaning.
    """
    table = TABLES[name]
    if isinstance(value, table):
        return value
    if name == "on_denial" and isinstance(value, str):
        value = {"action": value}
    return table(**_entries(name, value, table, required=name in _NEVER_EMPTY))


def _entries(where: str, value: object, table: type[Table], *, required: bool) -> dict[str, Any]:
    keys = tuple(each.name for each in fields(table))
    entries = _mapping(where, value, f"a table with {', '.join(keys)}")
    if required and not entries:
        message = f"[{where}] is empty, which could be read as «anything»"
        remedy = f"Leave [{where}] out for the defaults, or name one of {', '.join(keys)}."
        raise PolicyError(message, remedy=remedy)
    for key in entries:
        if key not in keys:
            raise _unknown(f"{where}.{key}", [f"{where}.{each}" for each in keys], f"[{where}] has")
    return entries


def read_secrets(value: object) -> dict[str, Secret]:
    """Return the secrets by name.

    Raises:
        PolicyError: One has no source or no host. The fault never repeats a value: it may be the secret itself.
    """
    secrets: dict[str, Secret] = {}
    for name, entry in _mapping("secrets", value, 'a table of { source = "env:NAME", host = "host:port" }').items():
        where = f"secrets.{_named('secrets', name)}"
        if isinstance(entry, Secret):
            secrets[name] = entry
            continue
        if not isinstance(entry, dict) or set(cast("dict[str, Any]", entry)) != {"source", "host"}:
            message = f"{where} does not say both where its value comes from and where it may go"
            remedy = f'Write {where} = {{ source = "env:NAME", host = "api.example.org:443" }}; never the value itself.'
            raise PolicyError(message, remedy=remedy)
        try:
            secrets[name] = Secret(**cast("dict[str, Any]", entry))
        except PolicyError as error:
            message = error.message.replace("secret.", f"{where}.", 1)
            raise PolicyError(message, remedy=error.remedy().replace("secret.", f"{where}.", 1)) from None
    return secrets


def read_tools(value: object) -> dict[str, str]:
    """Return what is said of each host function, by name.

    Raises:
        PolicyError: One is said anything but allow, ask or deny.
    """
    tools = _mapping("tools", value, 'a table of NAME = "allow", "ask" or "deny"')
    return {name: TOOL.read(word, f"tools.{_named('tools', name)}") for name, word in tools.items()}


def _mapping(where: str, value: object, accepted: str) -> dict[str, Any]:
    try:
        return {str(key): entry for key, entry in dict(cast("Any", value)).items()}
    except (TypeError, ValueError):
        message = f"{where} is not a table"
        raise PolicyError(message, remedy=f"Write [{where}] as {accepted}.") from None


def _named(table: str, name: str) -> str:
    if not all(part.replace("-", "_").isidentifier() for part in name.split(".")):
        message = f"a name in [{table}] is not a plain name"
        raise PolicyError(message, remedy=f"Name what stands in [{table}] with letters, digits, `_` and `-`.")
    return name


def unknown_clause(key: str) -> PolicyError:
    """Return the error for the name of a clause that no policy has."""
    known = [f"{name}.{each.name}" for name, table in TABLES.items() for each in fields(table)]
    return _unknown(key, [*known, "secrets", "tools"], "the clauses are")


def _unknown(key: str, known: Iterable[str], what: str) -> PolicyError:
    import difflib  # noqa: PLC0415 -- only a fault needs it

    known = tuple(known)
    tails = {each.rpartition(".")[2]: each for each in reversed(known)}
    near = difflib.get_close_matches(key, known, n=1) or [
        tails[tail] for tail in difflib.get_close_matches(key.rpartition(".")[2], tails, n=1)
    ]
    hint = f"Did you mean {near[0]}? " if near else ""
    return PolicyError(f"unknown key {key}", remedy=f"{hint}Here {what} {', '.join(known)}.")


def parse(text: str, where: str) -> dict[str, Any]:
    """Return the plain data of TOML text; `where` is the file's name, for the error.

    Raises:
        PolicyError: It is not TOML.
    """
    import tomllib  # noqa: PLC0415 -- 5 ms that a run under the default policy saves

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = f"{where} is not TOML: {error}"
        raise PolicyError(
            message, remedy="Mend that line; `fumehood policy show default` prints a whole policy."
        ) from None


def _shipped() -> Path:
    """Return the folder of the policies that come with fumehood."""
    from pathlib import Path  # noqa: PLC0415 -- 3 ms that a run under the default policy begins without

    return Path(__file__).parent.parent / "policies"


def shipped() -> tuple[str, ...]:
    """Return the names of the policies that come with fumehood."""
    return tuple(sorted(path.stem for path in _shipped().glob("*.toml")))


def find(name: str) -> Path:
    """Return the file of a policy: a shipped one's name, or a path.

    Raises:
        MissingFile: A path leads nowhere.
        PolicyError: No shipped policy has the name, or the path leads to a folder or where this user may not look.
    """
    folder = _shipped()
    if name in shipped():
        return folder / f"{name}.toml"
    path = type(folder)(name)
    kind = _kind(path)
    if kind is not None and stat.S_ISREG(kind):
        return path
    if kind is not None:
        message = f"{name or repr(name)} is not a file that can hold a policy"
        raise PolicyError(message, remedy=f"Name a TOML file, or one of {', '.join(shipped())}.")
    if "/" in name or name.endswith(".toml"):
        message = f"there is no policy file {name}"
        raise MissingFile(message, remedy=f"Check the path, or name one of {', '.join(shipped())}.")
    error = _unknown(name, shipped(), "the shipped policies are")
    raise PolicyError(f"there is no policy named {name}", remedy=error.remedy())


def _kind(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        message = f"{path} can't be opened: {getattr(error, 'strerror', error)}"
        remedy = f"Check the path and its permissions, or name one of {', '.join(shipped())}."
        raise PolicyError(message, remedy=remedy) from None


def read_text(path: Path) -> str:
    """Return the text of a policy file.

    Raises:
        PolicyError: It can't be read, is far too large, or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"{path} is not UTF-8: byte {error.start} has no meaning there"
        raise PolicyError(message, remedy="Save the policy as UTF-8.") from None
    except OSError as error:
        message = f"{path} can't be read: {error.strerror}"
        raise PolicyError(message, remedy="Make the file readable for this user.") from None
    if len(data) > _LARGEST:
        raise PolicyError(f"{path} is larger than 1MiB", remedy="Name a policy; a policy is some dozens of lines.")
    return text
