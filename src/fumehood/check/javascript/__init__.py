"""Reads JavaScript before it runs: what it would touch, whichever way its branches go and however names are made."""

from __future__ import annotations

from fumehood.check.bash.notes import Notes
from fumehood.check.bash.values import plain
from fumehood.check.budget import MAX_SOURCE, Budget, Exhausted
from fumehood.check.javascript import statements
from fumehood.check.javascript.grammar import load, parse
from fumehood.check.javascript.machine import Machine
from fumehood.check.need import ParseError, Reading

_MAX_SOURCE = MAX_SOURCE // 4
"""The grammar can't be stopped while it parses; this much it reads within the time that a check may take."""

__all__ = ["load", "read"]


def read(source: str, budget: Budget) -> Reading:
    """Read a JavaScript program for Node; nothing of it is run.

    Raises:
        UsageError: The grammar is not installed.
    """
    if len(source) > _MAX_SOURCE:
        return Reading(complete=False)
    source = plain(source.replace("\0", " "))
    notes = Notes(source, budget)
    try:
        tree, error = parse(source, budget)
        if error is not None:
            return Reading(error=_located(source, error))
        machine = Machine(notes)
        statements.program(machine, tree, machine.globals)
        machine.finish()
    except (Exhausted, RecursionError):
        notes.complete = False
    return Reading(tuple(notes.needs.values()), tuple(sorted(notes.imports)), notes.complete)


def _located(source: str, offset: int) -> ParseError:
    before = source[:offset]
    return ParseError("this is no JavaScript", before.count("\n") + 1, len(before) - before.rfind("\n") - 1)
