"""Programs that run code: shells, Python, Node, and the languages that are only looked through."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING

from fumehood.check.bash import foreign
from fumehood.check.bash.builtins import run_source
from fumehood.check.bash.call import Arguments, Call, Handler, sorted_arguments
from fumehood.check.bash.operands import note
from fumehood.check.bash.output import Output
from fumehood.check.bash.programs import PROGRAMS
from fumehood.check.bash.values import HOLE, is_known, settled

if TYPE_CHECKING:
    from collections.abc import Callable

    from fumehood.check.need import Reading

_SHELLS = (
    "sh",
    "bash",
    "dash",
    "ash",
    "zsh",
    "ksh",
    "mksh",
    "rbash",
    "lksh",
    "fish",
    "csh",
    "tcsh",
    "pwsh",
    "bash.exe",
)
_SHELL_TAKES = frozenset({"-c", "-O", "-o", "--rcfile", "--init-file", "+O", "+o"})
_PYTHON_TAKES = frozenset({"-c", "-m", "-W", "-X", "-Q"})
_SHEBANG = re.compile(r"#!\s*(\S+)(?:\s+(?:-S\s+)?(\S+))?")
_VIM_SHELL = re.compile(r"(?:^|[:|])\s*(?:silent\s+)?!\s*(.+)|system\(\s*['\"](.+?)['\"]", re.DOTALL)
_PYTHON_NAME = re.compile(r"(?:python|pypy|ipython)[\d.]*$")
_SERVES = frozenset(
    {"http.server", "SimpleHTTPServer", "smtpd", "pydoc", "xmlrpc.server", "websockets", "uvicorn", "flask", "gunicorn"}
)


def _shell(call: Call) -> Output:
    given = sorted_arguments(call.arguments, _SHELL_TAKES, stop_at_operand=True)
    startup = given.value("--rcfile", "--init-file")
    if startup:
        call.read(startup)
    text = given.value("-c")
    if text is not None:
        inner = Call(call.runner, call.name, [*given.operands][1:], call.stdin)
        return run_source(inner, text, f"{call.name} -c", apart=True)
    if given.operands and not given.has("-s"):
        return _script(call, given, run_text)
    if given.has("-n", "--version", "--help"):
        return Output(HOLE)
    return run_source(Call(call.runner, call.name, [], HOLE), call.stdin, call.name, apart=True)


def _script(call: Call, given: Arguments, run: Callable[[Call, str, str, list[str]], Output]) -> Output:
    """Run a script file: its text where the program wrote it, else only its path is known."""
    path = given.operands[0]
    text = call.read(path)
    return Output(HOLE) if text is None else run(call, text, f"{call.name} {settled(path)}", [*given.operands][1:])


def run_text(call: Call, text: str, what: str, arguments: list[str]) -> Output:  # noqa: PLR0917 - the shape that its siblings have too
    """Run a text as the program that its first line names, a shell where it names none."""
    match = _SHEBANG.match(settled(text))
    name = (match[2] or match[1]).rpartition("/")[2] if match else "sh"
    inner = Call(call.runner, name, arguments, call.stdin)
    if _PYTHON_NAME.match(name):
        return _python_code(inner, text, what)
    if name == "node":
        return _node_code(inner, text, what)
    if name in _FOREIGN:
        return _foreign_code(inner, text, what)
    return run_source(inner, text, what, apart=True)


def _another(call: Call, language: str, text: str, what: str) -> Output:  # noqa: PLR0917 - the shape that its siblings have too
    """Hand code to the reader of its own language."""
    notes = call.runner.notes
    if not is_known(text):
        if settled(text).strip(HOLE + " \n") == "":
            notes.need("code.dynamic", None, "unknown", why=what)
            return Output(HOLE)
        text = text.replace(HOLE, "None" if language == "python" else "null")
    decoder = next((how for piece, how in call.runner.shell.decoded.items() if piece in text), "")
    if decoder:
        notes.need("code.concealed", settled(text).strip()[:80], why=f"{what} <- {decoder}")
    reader = importlib.import_module(f"fumehood.check.{language}")
    with notes.inside(what):
        reading: Reading = reader.read(settled(text), budget=notes.budget)
        notes.adopt(reading)
    for need in reading.needs:
        if need.capability == "process.spawn" and need.confidence == "resolved" and need.value:
            run_source(Call(call.runner, language, [], HOLE), need.value, f"{what} <- command line", apart=True)
    return Output(HOLE)


def _python_code(call: Call, text: str, what: str, _arguments: list[str] | None = None) -> Output:
    return _another(call, "python", text, what)


def _node_code(call: Call, text: str, what: str, _arguments: list[str] | None = None) -> Output:
    return _another(call, "javascript", text, what)


def _python(call: Call) -> Output:
    given = sorted_arguments(call.arguments, _PYTHON_TAKES, stop_at_operand=True)
    if (text := given.value("-c")) is not None:
        return _python_code(call, text, "python -c")
    if module := given.value("-m"):
        return _python_module(call, module, [*given.operands])
    if given.operands and given.operands[0] != "-":
        return _script(call, given, _python_code)
    if given.has("-V", "--version", "-h", "--help"):
        return Output(HOLE)
    return _python_code(call, call.stdin, "python")


def _python_module(call: Call, module: str, operands: list[str]) -> Output:

    if module in {"pip", "black", "ruff", "pytest"}:
        return call.runner.program([module, *operands], call.stdin)
    if module == "timeit":
        return _python_code(call, "\n".join(word for word in operands if not word.startswith("-")), "python -m timeit")
    if module in _SERVES:
        port = next((word for word in operands if word.isdigit()), "8000")
        call.runner.notes.need("net.listen", f"0.0.0.0:{port}")
        return Output(HOLE)
    for operand in operands:
        if not operand.startswith("-"):
            call.path("fs.read", operand)
    return Output(HOLE)


def _evaluator(run: Callable[[Call, str, str, list[str]], Output], *options: str, takes: str = "") -> Handler:
    """Make the handler of an interpreter whose `options` hold code."""
    all_takes = frozenset(options) | frozenset(takes.split())

    def handle(call: Call) -> Output:
        given = sorted_arguments(call.arguments, all_takes, stop_at_operand=True)
        codes = [value for name, value in given.options if name in options]
        for code in codes:
            run(call, code, f"{call.name} {options[0]}", [])
        for operand in given.operands if codes else ():
            call.path("fs.read", operand)
        if codes or given.has("-v", "--version", "-h", "--help"):
            return Output(HOLE)
        if given.operands and given.operands[0] in {"eval", "-"} and len(given.operands) > 1:
            return run(call, given.operands[1], call.name, [])
        if given.operands:
            return _script(call, given, run)
        return run(call, call.stdin, call.name, [])

    return handle


def _foreign_code(call: Call, text: str, what: str, _arguments: list[str] | None = None) -> Output:
    foreign.read(call, text, what)
    return Output(HOLE)


def _awk(call: Call) -> Output:
    given = note(call, PROGRAMS["awk"])
    if not given.has("-f", "--file") and given.operands:
        foreign.read(call, given.operands[0], call.name)
    text = call.stdin if given.has("-f") and given.value("-f") == "-" else ""
    if text:
        foreign.read(call, text, call.name)
    return Output(foreign.awk_output(call, given))


def _vim(call: Call) -> Output:
    given = sorted_arguments(
        [f"-c{word[1:]}" if word.startswith("+") else word for word in call.arguments],
        frozenset({"-c", "-S", "-u", "--cmd", "-W"}),
    )
    commands = [value for name, value in given.options if name in {"-c", "--cmd"}]
    for text in (*commands, *settled(call.stdin if is_known(call.stdin) else "").splitlines()):
        if match := _VIM_SHELL.search(text):
            call.runner.notes.need(
                "code.concealed", (match[1] or match[2])[:80], why=f"a shell from within {call.name}"
            )
            run_source(call, match[1] or match[2], call.name, apart=True)
        else:
            foreign.read(call, text, call.name)
    for operand in given.operands:
        call.path("fs.read", operand)
        call.path("fs.write", operand)
    return Output(HOLE)


_FOREIGN = frozenset(
    {
        "perl",
        "ruby",
        "php",
        "lua",
        "tclsh",
        "expect",
        "Rscript",
        "R",
        "julia",
        "octave",
        "groovy",
        "scala",
        "elixir",
        "erl",
        "ghc",
        "guile",
        "scheme",
        "racket",
        "sbcl",
        "clisp",
        "osascript",
        "irb",
        "jshell",
        "luajit",
        "wish",
        "jjs",
        "jrunscript",
        "gnuplot",
        "m4",
    }
)

HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(_SHELLS, _shell),
    **dict.fromkeys(("python", "pypy", "ipython", "python3", "python2", "pypy3"), _python),
    **dict.fromkeys(
        ("node", "nodejs", "deno", "bun", "qjs"),
        _evaluator(_node_code, "-e", "--eval", "-p", "--print", "-pe", takes="-r --require --input-type"),
    ),
    **dict.fromkeys(
        _FOREIGN,
        _evaluator(
            _foreign_code, "-e", "-E", "-r", "-ne", "-pe", "-ex", "--eval", "-c", "--expr", takes="-M -I -m -F -n -x"
        ),
    ),
    **dict.fromkeys(("awk", "gawk", "mawk", "nawk", "original-awk", "goawk"), _awk),
    **dict.fromkeys(("vim", "vi", "nvim", "ex", "ed", "red", "view", "gvim", "rvim", "vimdiff"), _vim),
}
