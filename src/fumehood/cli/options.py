"""What several commands take: the program's source, the language, the policy."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

import click

from fumehood.errors import MissingFile, UsageError
from fumehood.execution import LANGUAGES
from fumehood.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

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
        return _decode(sys.stdin.buffer.read(), "standard input"), "<stdin>", language
    return _decode(_read(Path(file)), file), Path(file).name, language


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise MissingFile(f"{path}: no such file", remedy="Check the path, or use -c CODE or - .") from None
    except IsADirectoryError:
        raise UsageError(f"{path} is a folder", remedy="Name the program's file.") from None
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}", remedy="Check its permissions.") from error


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
    """The policy that a word names, with the changes that options make for this run; 30 alone means 30 seconds."""
    policy = Policy.load(name)
    changes: dict[str, object] = {}
    if wall is not None:
        changes["limits.wall"] = float(wall) if wall.isdigit() else wall
    if memory is not None:
        changes["limits.memory"] = memory
    if hosts:
        changes["network.allow"] = tuple(dict.fromkeys((*policy.network.allow, *hosts)))
    return policy.but(**changes) if changes else policy
