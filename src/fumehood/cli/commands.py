"""The commands, and what their errors become."""

from __future__ import annotations

import errno
import sys
from importlib import import_module
from io import FileIO
from typing import TYPE_CHECKING

import click

from fumehood import __version__
from fumehood.cli.text import lost
from fumehood.errors import Error, Unavailable

if TYPE_CHECKING:
    from typing import TextIO

    from fumehood.execution import Outcome

EXIT: dict[Outcome, int] = {
    "completed": 0,
    "failed": 1,
    "refused": 3,
    "limit": 4,
    "unavailable": 5,
    "ended": 6,
}
_UNWRITTEN = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}
USAGE, UNAVAILABLE, INTERRUPTED = 2, 5, 130
_COMMANDS = {
    "run": "Run a program in a sandbox of its own.",
    "ask": "Have a model answer a question by programs that it writes, read and run in a sandbox.",
    "check": "Read a program before it runs: what it could do, held against a policy.",
    "explain": "Show the page of a rule.",
    "doctor": "Show what this machine can enforce, what it can't, and what mends it.",
    "policy": "List, show and lint policies.",
    "env": "List, make, compare and export what is installed in sandboxes.",
}


class _Lazy(click.Group):
    """Imports a command's module when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 -- click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 -- as above
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"fumehood.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 -- as above
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def group() -> None:
    """Run code that a language model wrote, where it can do no harm, and know what it did."""


def execute() -> int:
    """Run the command that the process was started with; its exit code."""
    streams = sys.stdout, sys.stderr
    try:
        code = _execute()
        sys.stdout.flush()
    except OSError as error:
        failed = next((stream for stream in (sys.stdout, sys.stderr) if _fails(stream, error)), None)
        if failed is None:
            raise
        code = _give_up(failed, error)
    except SystemExit:
        if sys.stdout is streams[0]:
            raise
        sys.stdout, sys.stderr = streams  # where a pipe was closed, click replaces them and leaves
        code = _give_up(sys.stdout, BrokenPipeError())
    return code


def _execute() -> int:
    try:
        code: int = group.main(standalone_mode=False)
    except click.exceptions.Abort:
        code = INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = USAGE
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Error as error:
        _complain(str(error), error.remedy())
        code = UNAVAILABLE if isinstance(error, Unavailable) else USAGE
    return code


def _complain(what: str, remedy: str) -> None:
    try:
        click.echo(f"fumehood: {what.rstrip('.')}.\n  {remedy}", err=True)
    except OSError as error:  # nobody can be told: the exit code says it
        lost(sys.stderr, error)


def _give_up(stream: TextIO, error: OSError) -> int:
    told = lost(stream, error)
    _complain(told.message, told.remedy())
    return USAGE


def _fails(stream: TextIO, error: OSError) -> bool:
    """Whether what was written is still in the buffer and can't leave; of a stream without one the error must tell."""
    try:
        stream.flush()
    except OSError:
        return True
    return isinstance(stream.buffer, FileIO) and error.filename is None and error.errno in _UNWRITTEN
