"""From a command's words to what it is: a function, a builtin, or one of the programs that the tables know."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from fumehood.check.bash import assigning, builtins, expand, interpreters, network, operands, system, texts, wrappers
from fumehood.check.bash.call import Call, Handler
from fumehood.check.bash.output import DONE, Output
from fumehood.check.bash.patterns import matches
from fumehood.check.bash.programs import PROGRAMS
from fumehood.check.bash.syntax import Assignment, Command, Literal, Word
from fumehood.check.bash.values import is_known, settled, unknown

if TYPE_CHECKING:
    from fumehood.check.bash.interpreter import Interpreter

_HANDLERS: dict[str, Handler] = {**system.HANDLERS, **network.HANDLERS, **wrappers.HANDLERS, **interpreters.HANDLERS}
_VERSION = re.compile(r"(?<=[a-z])-?\d[\d.]*$")
_GLOB = re.compile(r"[*?\[]")


def command(runner: Interpreter, given: Command, stdin: str) -> Output:
    """Run a simple command: assignments alone, a declaration, or a program with its arguments."""
    words = given.words
    if not words:
        for assignment in given.assignments:
            assigning.assign(runner, assignment)
        return Output("", status=None if given.assignments else True)
    first = words[0]
    name = _literal(first)
    if name in assigning.DECLARATIONS:
        return assigning.declare(runner, name, words[1:])
    arguments = [field for word in words if isinstance(word, Word) for field in expand.fields(word, runner)]
    if name in runner.shell.aliases and name != settled(runner.shell.aliases[name]).split(" ")[0]:
        rest = "".join(f" {shlex.quote(argument)}" for argument in arguments[1:])
        return runner.source(runner.shell.aliases[name] + rest, f"alias {name}", stdin)
    with assigning.temporarily(runner, given.assignments):
        return program(runner, arguments, stdin)


def _literal(word: Word | Assignment) -> str:
    if (
        isinstance(word, Word)
        and len(word.parts) == 1
        and isinstance(word.parts[0], Literal)
        and not word.parts[0].quoted
    ):
        return word.parts[0].text
    return ""


def program(runner: Interpreter, words: list[str], stdin: str) -> Output:
    """Run a program by its words, the first its name."""
    while words and not settled(words[0]):
        words = words[1:]
    if not words:
        return DONE
    runner.notes.budget.step()
    name = settled(words[0])
    shell = runner.shell
    if name in shell.functions:
        return runner.call(name, words[1:], stdin)
    call = Call(runner, name, words[1:], stdin)
    if builtin := builtins.BUILTINS.get(name):
        return builtin(call)
    if (
        written := shell.files.get(name, shell.files.get(name.removeprefix("./")) if "/" in name else None)
    ) is not None:
        return interpreters.run_text(call, written, name, call.arguments)
    call.name = _known_name(name)
    return _outside(call)


def _known_name(name: str) -> str:
    """Answer a program's name without its folder and version; a pattern becomes the first program that it matches."""
    base = name.rpartition("/")[2]
    if _GLOB.search(base):
        base = next((known for known in (*_HANDLERS, *PROGRAMS) if matches(known, base)), base)
    return base if base in _HANDLERS or base in PROGRAMS else _VERSION.sub("", base)


def _outside(call: Call) -> Output:
    if handler := _HANDLERS.get(call.name):
        return handler(call)
    profile = PROGRAMS.get(call.name)
    if profile is None:
        operands.unknown_program(call)
    else:
        operands.note(call, profile)
    if text := texts.TEXTS.get(call.name):
        return Output(text(call), status=None)
    return Output(unknown(call.stdin, *call.arguments) if is_known(call.name) else unknown(), status=None)
