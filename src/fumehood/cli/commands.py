"""The commands, and what their errors become."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click

from fumehood import __version__
from fumehood.errors import Error, Unavailable

if TYPE_CHECKING:
    from fumehood.execution import Outcome

EXIT: dict[Outcome, int] = {
    "completed": 0,
    "failed": 1,
    "refused": 3,
    "limit": 4,
    "unavailable": 5,
    "ended": 6,
}
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
    try:
        code: int = group.main(standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Abort:
        code = INTERRUPTED
    except click.ClickException as error:
        error.show()
        code = USAGE
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        _complain("standard output was closed before all was written", "Read all of it, or write it to a file.")
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # nothing is flushed into the closed pipe at exit
        code = USAGE
    except Error as error:
        _complain(str(error), error.remedy())
        code = UNAVAILABLE if isinstance(error, Unavailable) else USAGE
    return code


def _complain(what: str, remedy: str) -> None:
    click.echo(f"fumehood: {what.rstrip('.')}.\n  {remedy}", err=True)
