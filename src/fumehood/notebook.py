"""What programs written for notebooks have beyond Python: `!command`, `%magic`, `%%magic`, `name?`.

Each is written as a call on the line where it stood, for the reading before the run and for the run alike:

    !ls {folder}            __shell__('ls ' + str(folder))
    lines = !ls             lines = __shell__('ls', 'lines')
    %cd data                __magic__('cd data')
    %time f(x)              __magic__('time', lambda: f(x))
    %time y = f(x)          __magic__('time'); y = f(x); __magic__('timed')
    %%bash                  __shell__('all the rest of the program')
    %%writefile a.py        __magic__('writefile a.py', 'all the rest of the program')
    %%time                  __magic__('time'), and the rest as it is
    !pip install x          __magic__('pip install x')
    name?                   help(name)

No line of Python begins with these signs, so only a program that does not parse needs to be asked about.
"""

from __future__ import annotations

import ast
import builtins
import re
from typing import Final

_CELL: Final = re.compile(r"[ \t]*%%(\w+)[ \t]*(.*)")
_LINE: Final = re.compile(r"([ \t]*)((?:[\w(*\[][\w.,()\[\]'\" \t*]*?=[ \t]*)?)(!!?|%)(?!=)(.*\S.*)")
_HELP: Final = re.compile(r"([ \t]*)(?:\?{1,2}([A-Za-z_][\w.]*)|([A-Za-z_][\w.]*)\?{1,2})[ \t]*")
_SIGN: Final = re.compile(r"'''|\"\"\"|['\"#\[({\])}]|\\.?")
_FIELD: Final = re.compile(r"\{\{|\}\}|(\$?)\{([^{}\n]{1,200})\}")
_INSTALL: Final = re.compile(
    r"(?:sudo[ ]+)?(?:\S*python[\d.]*[ ]+-m[ ]+)?(?:uv[ ]+)?(pip|conda|mamba)[\d.]*[ ]+(install[ ].*)"
)
_REDIRECTION: Final = re.compile(r"[ ][12&]?>>?[ ]?&?[\w./]+")
_MORE: Final = re.compile(r"[;|&`\n]|\$\(")
_OPTIONS: Final = re.compile(r"(?:-\w+(?:[ ]\d+)?[ ]+)*")
#: Cell magics whose body is Python and runs as it is.
_AROUND: Final = frozenset({"time", "timeit", "capture"})
_SHELLS: Final = frozenset({"bash", "sh", "shell", "system", "sx"})


def translate(source: str) -> str:
    """Write the notebook lines of a program as calls; every other line, and the number of each, stays as it is."""
    if not any(sign in source for sign in "!%?"):
        return source
    lines = source.split("\n")
    first = next((n for n, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")), 0)
    cell = _CELL.fullmatch(lines[first].rstrip())
    if cell is not None:
        name, rest = cell[1], cell[2]
        if name not in _AROUND:
            body = "\n".join(lines[first + 1 :])
            return "\n".join([*lines[:first], _cell(name, rest, body), *[""] * (len(lines) - first - 1)])
        lines[first] = f"__magic__({_named(name, rest)!r})"
    return "\n".join(_translated(lines))


def _translated(lines: list[str]) -> list[str]:
    scan, done = _Scan(), list[str]()
    waiting = iter(lines)
    for line in waiting:
        if scan.inside:
            scan.through(line)
            done.append(line)
            continue
        extra = 0
        if (found := _LINE.fullmatch(line)) is not None:
            while line.endswith("\\") and (more := next(waiting, None)) is not None:
                line, extra = line[:-1] + more.lstrip(), extra + 1  # noqa: PLW2901 -- a command goes on in the next line
            found = _LINE.fullmatch(line) or found
            line = found[1] + _call(found[2], found[3], found[4].strip())  # noqa: PLW2901 -- the same line, as a call
        elif (asked := _HELP.fullmatch(line)) is not None:
            line = f"{asked[1]}help({asked[2] or asked[3]})"  # noqa: PLW2901 -- as above
        else:
            scan.through(line)
        done += [line, *[""] * extra]
    return done


def _cell(name: str, rest: str, body: str) -> str:
    if name in _SHELLS or (name == "script" and rest.split()[:1] in (["bash"], ["sh"])):
        return f"__shell__({body!r})"
    return f"__magic__({_named(name, rest)!r}, {body!r})"


def _call(target: str, mark: str, text: str) -> str:
    """One line as a call; `target` is what its value is assigned to, with the sign of assignment."""
    if mark == "%":
        return _magic(target, text)
    install = _INSTALL.fullmatch(_REDIRECTION.sub("", text))
    if install is not None and not _MORE.search(install[2]):  # what a shell would do besides is the shell's
        return f"{target}__magic__({f'{install[1]} {install[2].strip()}'!r})"
    lines = ", 'lines'" if target or mark == "!!" else ""
    return f"{target}__shell__({_filled(text)}{lines})"


def _magic(target: str, text: str) -> str:
    name, _, rest = text.lstrip("%").partition(" ")
    if name in _SHELLS:
        return f"{target}__shell__({_filled(rest)})"
    if name not in {"time", "timeit"} or not rest.strip():
        return f"{target}__magic__({_named(name, rest)!r})"
    options = _OPTIONS.match(rest)
    rest = rest[options.end() :] if options else rest
    named = _named(name, options[0] if options else "")
    if _is_expression(rest):
        return f"{target}__magic__({named!r}, lambda: {rest})"
    return f"__magic__({named!r}); {rest}; __magic__('timed')"


def _named(name: str, rest: str) -> str:
    return f"{name} {rest.strip()}".strip()


def _is_expression(text: str) -> bool:
    """Whether a function can give its value: an expression that awaits nothing."""
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return not any(isinstance(node, ast.Await | ast.Yield | ast.YieldFrom) for node in ast.walk(tree))


def _filled(command: str) -> str:
    """A command as an expression: `{value}` is Python's, `${name}`, `{a,b}` and `{}` are the shell's."""
    pieces, end = [""], 0
    for found in _FIELD.finditer(command):
        pieces[-1] += command[end : found.start()]
        end = found.end()
        if found[0] in {"{{", "}}"}:
            pieces[-1] += found[0][0]
        elif found[1] or not _is_field(found[2]):
            pieces[-1] += found[0]
        else:
            pieces += [f"str({found[2].strip()})", ""]
    pieces[-1] += command[end:]
    told = [piece if n % 2 else repr(piece) for n, piece in enumerate(pieces)]
    return " + ".join([told[0], *(piece for piece in told[1:] if piece != "''")])


def _is_field(text: str) -> bool:
    if not _is_expression(text.strip()) or text.strip() in vars(builtins):  # awk's {print}
        return False
    return not isinstance(ast.parse(text.strip(), mode="eval").body, ast.Tuple | ast.Constant)


class _Scan:
    """Whether a line begins inside of something: a string, brackets, a statement that goes on."""

    def __init__(self) -> None:
        self._depth = 0
        self._quote = ""
        self._continued = False

    @property
    def inside(self) -> bool:
        return bool(self._depth or self._quote or self._continued)

    def through(self, line: str) -> None:
        """Read one line."""
        self._continued = False
        for found in _SIGN.finditer(line):
            sign = found[0]
            if sign[0] == "\\":
                self._continued = found.end() == len(line) and len(sign) == 1
            elif self._quote:
                if sign == self._quote or (len(self._quote) == 1 and sign[0] == self._quote):
                    self._quote = ""
            elif sign == "#":
                break
            elif sign[0] in "'\"":
                self._quote = sign
            else:
                self._depth = max(self._depth + (1 if sign in "[({" else -1), 0)
        if len(self._quote) == 1 and not self._continued:
            self._quote = ""  # it was never closed: no Python, and the next line is not part of it
