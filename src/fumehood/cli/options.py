"""What several commands take: the program's source, the language, the policy."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

import click

from fumehood.errors import MissingFile, UsageError
from fumehood.execution import LANGUAGES
from fumehood.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from fumehood.execution import Language

F = TypeVar("F", bound="Callable[..., object]")
_SUFFIXES = {
    ".py": "python",
    ".sh": "bash",
    ".bash": "bash",
    ".js": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
}
_MOST_BYTES = 32 * 1024 * 1024  # the longest program that is taken, in the longest characters; /dev/zero never ends
_PLAIN = re.compile(r"[0-9]{1,18}(\.[0-9]{1,18})?", re.ASCII)


def source_options(command: F) -> F:
    """Add [FILE | - | -c CODE], --lang and --policy to a command."""
    for option in (
        click.option("--policy", default="default", metavar="FILE|NAME", help="The policy in force."),
        click.option("--lang", type=click.Choice(LANGUAGES), help="By the file's ending, else python."),
        click.option("-c", "code", metavar="CODE", help="The program itself."),
        click.argument("file", required=False, metavar="[FILE | -]"),
    ):
        command = option(command)
    return command


def folder(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:  # noqa: ARG001 -- click's
    """A folder that an option names; "" would be the current one.

    Raises:
        UsageError: It is "".
    """
    if value == "":
        told = f"{param.opts[0]} '' names nothing"
        raise UsageError(told, remedy="Name a folder; is a variable empty?")
    return value


def read_source(file: str | None, code: str | None, lang: str | None) -> tuple[str, str, Language]:
    """The program's text, the name that tracebacks show, its language.

    Raises:
        UsageError: It is named twice, is no file, or is not UTF-8.
        MissingFile: The file is not there.
    """
    if code is not None and file is not None:
        told = "a program was given both as FILE and with -c"
        raise UsageError(told, remedy="Give one of the two.")
    language = cast("Language", lang or _SUFFIXES.get(Path(file or "").suffix.lower(), "python"))
    if code is not None:
        return _decode(os.fsencode(code), "-c CODE"), "<code>", language
    if file is None or file == "-":
        if sys.stdin.isatty():
            click.echo("fumehood: write the program; Ctrl-D ends it.", err=True)
        return _decode(_bounded(sys.stdin.buffer, "standard input"), "standard input"), "<stdin>", language
    return _decode(_read(Path(file)), file), Path(file).name, language


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return _bounded(file, str(path))
    except FileNotFoundError:
        raise MissingFile(f"{path}: no such file", remedy="Check the path, or use -c CODE or - .") from None
    except IsADirectoryError:
        raise UsageError(f"{path} is a folder", remedy="Name the program's file.") from None
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}", remedy="Check its permissions.") from error


def _bounded(file: BinaryIO, where: str) -> bytes:
    data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise UsageError(f"{where} is longer than any program", remedy="Hand data over as a file: --data PATH.")
    return data


def _decode(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        told = f"{where} is not UTF-8: byte {error.start} on line {line} is {data[error.start]:#04x}"
        raise UsageError(told, remedy="Save it as UTF-8.") from None


def load_policy(
    name: str, *, wall: str | None = None, memory: str | None = None, hosts: tuple[str, ...] = ()
) -> Policy:
    """The policy that a word names, with the changes that options make for this run; a number alone has no unit."""
    policy = Policy.load(name)
    changes: dict[str, object] = {}
    if wall is not None:
        changes["limits.wall"] = _number(wall)
    if memory is not None:
        changes["limits.memory"] = _number(memory)
    if hosts:
        changes["network.allow"] = tuple(dict.fromkeys((*policy.network.allow, *hosts)))
    return policy.but(**changes) if changes else policy


def _number(text: str) -> str | float:
    """What TOML would have without quotes: 30 is seconds, or bytes."""
    if not _PLAIN.fullmatch(text):
        return text
    return float(text) if "." in text else int(text)
