"""Reads bash before it runs: what a script would touch, whichever way its branches go and however it is quoted."""

from __future__ import annotations

from fumehood.check.bash.interpreter import Interpreter
from fumehood.check.bash.notes import Notes
from fumehood.check.bash.parser import Parser
from fumehood.check.bash.shell import Shell
from fumehood.check.bash.syntax import ShellSyntaxError
from fumehood.check.bash.values import plain
from fumehood.check.budget import MAX_SOURCE, Budget, Exhausted
from fumehood.check.need import Need, ParseError, Reading

__all__ = ["read"]


def read(source: str, budget: Budget) -> Reading:
    """Read a bash program; nothing of it is run.

    The first need is always `process.spawn` of `bash` itself: what a script starts stands in its own needs.
    """
    if len(source) > MAX_SOURCE:
        return Reading(complete=False)
    notes = Notes(source, budget)
    notes.needs[("process.spawn", "bash", 1)] = Need("process.spawn", "bash", 1, 0, source.strip()[:80], (), "resolved")
    try:
        program = Parser(plain(source.replace("\r\n", "\n").replace("\0", "")), budget).program()
        interpreter = Interpreter(Shell(), notes)
        interpreter.run(program)
        interpreter.finish()
    except ShellSyntaxError as error:
        return Reading(error=_located(source, error))
    except (Exhausted, RecursionError):
        notes.complete = False
    return Reading(tuple(notes.needs.values()), tuple(sorted(notes.imports)), notes.complete)


def _located(source: str, error: ShellSyntaxError) -> ParseError:
    before = source[: error.offset]
    return ParseError(error.message, before.count("\n") + 1, len(before) - before.rfind("\n") - 1)
