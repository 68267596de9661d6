"""What the shell does itself: directories, variables, nested source, flow."""

from __future__ import annotations

import posixpath
import re

from fumehood.check.bash import expand
from fumehood.check.bash.arithmetic import evaluate
from fumehood.check.bash.call import Call, Handler, sorted_arguments
from fumehood.check.bash.conditions import condition
from fumehood.check.bash.output import DONE, Output, lines
from fumehood.check.bash.values import HOLE, HOME, MARKS, SEALED, UNSET, WORKSPACE, is_known, settled, unknown, whole

_READ_TAKES = frozenset({"-p", "-t", "-n", "-N", "-d", "-i", "-u", "-a"})
_TRAP = re.compile(r"\s*(?:-|)$")


def _cd(call: Call) -> Output:
    operand = next((argument for argument in call.arguments if not argument.startswith("-") or argument == "-"), HOME)
    shell = call.runner.shell
    if operand == "-":
        shell.directory = WORKSPACE
    elif not is_known(operand) or operand.startswith(UNSET):
        shell.directory = HOLE
    elif settled(operand).startswith("/") or is_known(shell.directory):
        shell.directory = posixpath.normpath(posixpath.join(shell.directory, settled(operand)))
    return DONE


def _pwd(call: Call) -> Output:
    return Output(call.runner.shell.directory + "\n", status=True)


def _eval(call: Call) -> Output:
    return run_source(call, " ".join(call.arguments), "eval")


def run_source(call: Call, text: str, what: str, *, apart: bool = False) -> Output:
    """Run a text as source, and note when a decoder had to make it readable first."""
    notes, shell = call.runner.notes, call.runner.shell
    if SEALED in text:
        notes.need("code.concealed", None, why=f"{what} <- a decoder")
    if not is_known(text) and not settled(text).strip(MARKS + " \n;"):
        notes.need("code.dynamic", None, "unknown", why=what)
        return Output(unknown(text))
    decoder = next((how for piece, how in shell.decoded.items() if piece in text), "")
    if decoder:
        notes.need("code.concealed", settled(text).strip()[:80], why=f"{what} <- {decoder}")
    what = f"{what} <- {decoder}" if decoder else what
    if apart:
        return call.runner.apart(text, what, call.stdin, call.arguments)
    return call.runner.source(text, what, call.stdin)


def _source(call: Call) -> Output:
    if not call.arguments:
        return DONE
    text = call.read(call.arguments[0])
    if text is None:
        return Output(HOLE)
    return run_source(call, text, "source")


def _trap(call: Call) -> Output:
    operands = [argument for argument in call.arguments if argument not in {"--", "-l", "-p"}]
    if operands and not _TRAP.match(operands[0]):
        return run_source(call, operands[0], "trap")
    return DONE


def _read(call: Call) -> Output:
    given = sorted_arguments(call.arguments, _READ_TAKES)
    shell, line = call.runner.shell, call.runner.notes.line
    waiting = shell.input if shell.input is not None else lines(call.stdin)
    array = given.value("-a")
    names = list(given.operands) or ([] if array else ["REPLY"])
    if waiting is None:
        for name in names:
            shell.set(name, unknown(call.stdin), line)
        if array:
            shell.arrays[array] = {"0": HOLE}
        return DONE if shell.input is None else Output()
    if not waiting:
        return Output("", status=False)
    text = "\n".join(waiting) if given.value("-d") == "" else waiting[0]
    shell.input = waiting[1:] if given.value("-d") != "" else []
    pieces = _cut(text, settled(shell.get("IFS")), 0 if array else len(names))
    if array:
        shell.arrays[array] = {str(place): piece for place, piece in enumerate(pieces)}
    for place, name in enumerate(names):
        shell.set(name, pieces[place] if place < len(pieces) else "", line)
    return DONE


def _cut(text: str, separators: str, count: int) -> list[str]:
    """Split a line into at most `count` fields, any number for 0; the last keeps the rest."""
    if not separators or count == 1:
        return [text.strip(separators)]
    pattern = f"[{re.escape(separators)}]"
    pattern += "+" if separators.isspace() else ""
    return re.split(pattern, text.strip(separators), maxsplit=max(0, count - 1))


def _mapfile(call: Call) -> Output:
    given = sorted_arguments(call.arguments, frozenset({"-d", "-n", "-O", "-s", "-u", "-C", "-c"}))
    if text := given.value("-C"):
        run_source(call, text, call.name)
    name = given.operands[0] if given.operands else "MAPFILE"
    found = lines(call.stdin)
    call.runner.shell.arrays[name] = {"0": HOLE} if found is None else {str(n): text for n, text in enumerate(found)}
    return DONE


def _set(call: Call) -> Output:
    if "--" in call.arguments:
        call.runner.shell.positions = call.arguments[call.arguments.index("--") + 1 :]
    elif call.arguments and not call.arguments[0].startswith(("-", "+")):
        call.runner.shell.positions = list(call.arguments)
    elif not call.arguments:
        call.runner.notes.need("env.read", "*")
        return Output(HOLE)
    return DONE


def _shift(call: Call) -> Output:
    count = (whole(call.arguments[0]) if call.arguments else None) or 1
    call.runner.shell.positions = call.runner.shell.positions[count:]
    return DONE


def _unset(call: Call) -> Output:
    shell = call.runner.shell
    for name in call.arguments:
        if name == "-f":
            continue
        shell.variables.pop(name, None)
        shell.arrays.pop(name, None)
    return DONE


def _unalias(call: Call) -> Output:
    for name in call.arguments:
        call.runner.shell.aliases.pop(name, None)
    return DONE


def _let(call: Call) -> Output:
    shell, line = call.runner.shell, call.runner.notes.line
    for text in call.arguments:
        evaluate(expand.source_text(text, call.runner), shell.get, lambda name, value: shell.set(name, value, line))
    return DONE


def _flow(call: Call) -> Output:
    call.runner.shell.flow = call.name
    return DONE


def _true(_call: Call) -> Output:
    return DONE


def _colon(call: Call) -> Output:
    """Do nothing, but leave the last argument in `$_`."""
    call.runner.shell.set("_", call.arguments[-1] if call.arguments else "", call.runner.notes.line)
    return DONE


def _false(_call: Call) -> Output:
    return Output("", status=False)


def _test(call: Call) -> Output:
    words = call.arguments[:-1] if call.name == "[" and call.arguments[-1:] == ["]"] else call.arguments
    return Output("", condition(words))


def _enable(call: Call) -> Output:
    given = sorted_arguments(call.arguments, frozenset({"-f"}))
    if library := given.value("-f"):
        call.runner.notes.need("code.native", library if is_known(library) else None)
    return DONE


def _complete(call: Call) -> Output:
    given = sorted_arguments(call.arguments, frozenset({"-C", "-W", "-F", "-G", "-X", "-x", "-S", "-P", "-A", "-o"}))
    if text := given.value("-C", "-x"):
        return run_source(call, text, call.name)
    return DONE


def _history(call: Call) -> Output:
    call.path("fs.read", f"{HOME}/.bash_history")
    return Output(HOLE)


BUILTINS: dict[str, Handler] = {
    "cd": _cd,
    "pushd": _cd,
    "popd": _true,
    "pwd": _pwd,
    "eval": _eval,
    "source": _source,
    ".": _source,
    "trap": _trap,
    "read": _read,
    "mapfile": _mapfile,
    "readarray": _mapfile,
    "set": _set,
    "shift": _shift,
    "unset": _unset,
    "unalias": _unalias,
    "let": _let,
    "break": _flow,
    "continue": _flow,
    "return": _flow,
    "true": _true,
    ":": _colon,
    "false": _false,
    "test": _test,
    "[": _test,
    "enable": _enable,
    "complete": _complete,
    "compgen": _complete,
    "bind": _complete,
    "history": _history,
    **dict.fromkeys(
        ("exit", "logout", "wait", "shopt", "umask", "ulimit", "hash", "bg", "fg", "disown", "getopts"), _true
    ),
}
