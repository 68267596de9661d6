"""Redirections: which files a command is fed from and writes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fumehood.check.bash import expand
from fumehood.check.bash.call import STANDARD_INPUT
from fumehood.check.bash.output import Output, lines
from fumehood.check.bash.values import HOLE, settled

if TYPE_CHECKING:
    from collections.abc import Callable

    from fumehood.check.bash.expand import Runner
    from fumehood.check.bash.syntax import Redirect

_WRITES = frozenset({">", ">>", ">|", "&>", "&>>", ">&", "<>"})
_STANDARD_OUTPUT = frozenset({"", "1"})


def applied(runner: Runner, redirects: tuple[Redirect, ...], stdin: str, action: Callable[[str], Output]) -> Output:  # noqa: PLR0917 - the shape that its siblings have too
    """Do `action` with its input as redirected; what it says goes to the files that it is redirected to."""
    if not redirects:
        return action(stdin)
    shell = runner.shell
    before = shell.input
    files: list[tuple[str, bool]] = []
    for redirect in redirects:
        given = _input(runner, redirect)
        if given is not None and redirect.descriptor in {"", "0"}:
            stdin = given
            shell.input = lines(given)
        elif redirect.operator in _WRITES and (path := _written(runner, redirect)):
            files.append((path, redirect.operator in {">>", "&>>"}))
    output = action(stdin)
    shell.input = before
    for path, appended in files:
        shell.files[path] = shell.files.get(path, "") + output.text if appended else output.text
    return Output("", output.status) if files else output


def _input(runner: Runner, redirect: Redirect) -> str | None:
    if redirect.operator not in {"<<", "<<-", "<<<", "<"}:
        return None
    text = expand.text(redirect.target, runner)
    if redirect.operator == "<":
        if settled(text) in STANDARD_INPUT:
            return None
        runner.notes.path("fs.read", text, runner.shell.directory)
        return runner.shell.files.get(settled(text), HOLE)
    return text + "\n" if redirect.operator == "<<<" else text


def _written(runner: Runner, redirect: Redirect) -> str:
    """Note the file written to; answer its path where standard output goes there."""
    path = expand.text(redirect.target, runner)
    if redirect.operator == ">&" and (path.isdigit() or path.endswith("-")):
        return ""
    runner.notes.path("fs.write", path, runner.shell.directory)
    return settled(path) if redirect.descriptor in _STANDARD_OUTPUT else ""
