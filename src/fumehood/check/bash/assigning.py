"""Assignments and declarations, and the variables whose value other programs run or load."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from fumehood.check.bash import expand
from fumehood.check.bash.arithmetic import evaluate, nowhere
from fumehood.check.bash.output import DONE, Output
from fumehood.check.bash.syntax import Assignment, Word
from fumehood.check.bash.values import HOLE, UNSET, is_known, settled

if TYPE_CHECKING:
    from collections.abc import Generator

    from fumehood.check.bash.interpreter import Interpreter

DECLARATIONS = frozenset({"declare", "typeset", "local", "export", "readonly", "alias"})
_MAX_VALUE = 200_000
_PRELOADS = frozenset({"LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES", "GCONV_PATH"})
_COMMANDS = frozenset(
    {
        "PROMPT_COMMAND",
        "PAGER",
        "MANPAGER",
        "GIT_PAGER",
        "GIT_SSH_COMMAND",
        "GIT_EXTERNAL_DIFF",
        "GIT_EDITOR",
        "EDITOR",
        "VISUAL",
    }
    | {"LESSOPEN", "LESSCLOSE", "BROWSER", "GIT_ASKPASS", "SSH_ASKPASS", "TAR_OPTIONS", "RSYNC_RSH", "FCEDIT"},
)
_STARTUP_FILES = frozenset({"BASH_ENV", "ENV", "PYTHONSTARTUP", "PERL5OPT", "RUBYOPT", "NODE_OPTIONS"})


def assign(runner: Interpreter, assignment: Assignment) -> None:
    """Give a variable, an element or an array its value."""
    shell, line = runner.shell, runner.notes.line
    if assignment.value is None:
        _assign_array(runner, assignment)
        return
    value = _bounded(runner, expand.text(assignment.value, runner))
    _powerful(runner, assignment.name, value)
    if assignment.index is not None:
        _assign_element(runner, assignment, value)
    elif assignment.append:
        before = shell.get(assignment.name)
        shell.set(assignment.name, _bounded(runner, ("" if before == UNSET else before) + value), line)
    else:
        shell.set(assignment.name, value, line)


def _bounded(runner: Interpreter, value: str) -> str:
    """Let go of a text that has grown beyond what any program holds in a variable."""
    if len(value) < _MAX_VALUE:
        return value
    runner.notes.need("resource.exhaust", "memory", why="a variable that grows and grows")
    return HOLE


def _assign_array(runner: Interpreter, assignment: Assignment) -> None:
    name = runner.shell.references.get(assignment.name, assignment.name)
    items = dict(runner.shell.arrays.get(name, {})) if assignment.append else {}
    place = len(items)
    for index, word in assignment.items:
        if index is not None:
            items[settled(expand.source_text(index, runner))] = expand.text(word, runner)
            continue
        for field in expand.fields(word, runner):
            items[str(place)] = field
            place += 1
    runner.shell.variables.pop(name, None)
    runner.shell.arrays[name] = items


def _assign_element(runner: Interpreter, assignment: Assignment, value: str) -> None:
    shell = runner.shell
    key = settled(expand.source_text(assignment.index or "", runner))
    items = shell.arrays.setdefault(shell.references.get(assignment.name, assignment.name), {})
    if key not in items and not key.isalpha():
        number = evaluate(key, shell.get, nowhere)
        key = number if is_known(number) else key
    items[key] = items.get(key, "") + value if assignment.append else value


def _powerful(runner: Interpreter, name: str, value: str) -> None:
    """Note what follows from a value that the loader, a shell or another program acts on."""
    if name in _PRELOADS and name != "LD_LIBRARY_PATH" and settled(value):
        runner.notes.need("code.native", value if is_known(value) else None)
    elif name in _STARTUP_FILES and settled(value):
        runner.notes.path("fs.read", value, runner.shell.directory)
    elif name in _COMMANDS and is_known(value) and settled(value):
        runner.apart(value.removeprefix("|").replace("%s", ""), f"${name}")


@contextmanager
def temporarily(runner: Interpreter, assignments: tuple[Assignment, ...]) -> Generator[None]:
    """Hold assignments that stand before a command while it runs."""
    variables = runner.shell.variables
    before = {assignment.name: variables.get(assignment.name) for assignment in assignments}
    for assignment in assignments:
        assign(runner, assignment)
    yield
    runner.shell.restore(before)


def declare(runner: Interpreter, name: str, words: tuple[Word | Assignment, ...]) -> Output:
    """Run `declare`, `local`, `export`, `readonly` or `alias`."""
    flags, named = "", False
    for word in words:
        if isinstance(word, Word):
            for field in expand.fields(word, runner):
                flag = field.startswith(("-", "+"))
                flags += field[1:] if flag else ""
                named = named or not flag
                _declare_field(runner, name, field, flags)
            continue
        named = True
        if name == "alias":
            runner.shell.aliases[word.name] = expand.text(word.value, runner) if word.value else ""
            continue
        _declared(runner, name, word.name)
        assign(runner, word)
        if "n" in flags and name != "export":
            _refer(runner, word.name)
    if not named and name not in {"local", "alias"} and not set(flags) & set("fFaA"):
        runner.notes.need("env.read", "*")  # all variables are printed
        return Output(HOLE)
    return DONE


def _declare_field(runner: Interpreter, name: str, field: str, flags: str) -> None:  # noqa: PLR0917 - the shape that its siblings have too
    if field.startswith(("-", "+")):
        return
    key, equals, value = field.partition("=")
    if name == "alias":
        if equals:
            runner.shell.aliases[key] = value
        return
    _declared(runner, name, key)
    if equals:
        runner.shell.set(key, value, runner.notes.line)
        _powerful(runner, key, value)
    elif "A" in flags or "a" in flags:
        runner.shell.arrays.setdefault(key, {})


def _declared(runner: Interpreter, name: str, key: str) -> None:
    """Keep what a variable held, where a function makes it its own."""
    if name in {"local", "declare", "typeset"}:
        runner.shell.local.setdefault(key, runner.shell.variables.get(key))


def _refer(runner: Interpreter, name: str) -> None:
    target = settled(runner.shell.get(name))
    runner.shell.variables.pop(name, None)
    if is_known(target) and target != name and runner.shell.references.get(target) != name:
        runner.shell.references[name] = target
