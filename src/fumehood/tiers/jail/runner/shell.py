"""What programs written for notebooks and prompts expect of their shell: `!command`, `%magic`, `input`, `exit`, `help`.

`fumehood.notebook` writes commands and magics as calls of what is put into builtins here.
"""

from __future__ import annotations

import builtins
import os
import re
import sys
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from fumehood.tiers.jail.runner.remark import remark

if TYPE_CHECKING:
    from collections.abc import Callable

_BASH, _SH = "/bin/bash", "/bin/sh"
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")
_REQUIREMENT = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)")
#: Options of pip and conda whose next word is a file, an address or a channel, and no package.
_WITH_A_WORD = frozenset({
    "-r", "--requirement", "-c", "--constraint", "-e", "--editable", "-i", "--index-url", "--extra-index-url",
    "-f", "--find-links", "--trusted-host", "-t", "--target", "--channel", "-n", "--name", "-p", "--prefix", "--file",
})  # fmt: skip
#: Magics that set up what is set up here already.
_SETTLED = frozenset({
    "matplotlib", "pylab", "config", "load_ext", "reload_ext", "autoreload", "precision", "pprint", "xmode", "colors",
    "capture", "warnings",
})  # fmt: skip
_PAGES = {
    "html": "text/html", "HTML": "text/html", "markdown": "text/markdown", "latex": "text/latex",
    "svg": "image/svg+xml", "SVG": "image/svg+xml",
    "javascript": "application/javascript", "js": "application/javascript",
}  # fmt: skip


class Shell:
    """What `get_ipython()` gives."""

    def __init__(self, names: dict[str, Any]) -> None:
        """Be the shell of this namespace."""
        self.user_ns = names
        self._clock: tuple[float, float] | None = None
        self._magics: dict[str, Callable[[str, Any], object]] = {
            "time": self._time, "timed": self._timed, "timeit": self._timeit,
            "pip": _install, "conda": _install, "mamba": _install, "uv": _install,
            "cd": _change_folder, "pwd": lambda _, __: os.getcwd(), "ls": _list_folder,
            "env": _variable, "set_env": _variable, "run": self._run_file,
            "writefile": _write_file, "file": _write_file,
        }  # fmt: skip
        entries = {
            "__shell__": self.command, "__magic__": self.magic, "get_ipython": lambda: self,
            "input": _input, "exit": sys.exit, "quit": sys.exit, "help": _help,
        }  # fmt: skip
        for name, entry in entries.items():
            setattr(builtins, name, entry)

    def command(self, text: str, how: str = "") -> list[str] | None:
        """`!text`: run it by bash, its output ours; with "lines", its output is the value.

        Python's names that are text or numbers are variables of the command.
        """
        import subprocess  # noqa: PLC0415 -- only for programs that start others

        named = {name: self.user_ns.get(name) for name in _VARIABLE.findall(text)}
        variables = {name: str(value) for name, value in named.items() if type(value) in {str, int, float}}
        sys.stdout.flush()
        try:
            done = subprocess.run(  # noqa: S603 -- what the program asked for
                [_BASH if os.path.exists(_BASH) else _SH, "-c", text],
                env={**os.environ, **variables},
                stdout=subprocess.PIPE if how == "lines" else None,
                stdin=subprocess.DEVNULL,
                check=False,
            )
        except PermissionError:
            message = (
                f"!{text[:200]}: this sandbox starts no other programs. Do it in Python, or run it under a policy with "
                "code.spawn = true (fumehood run --policy workbench)."
            )
            raise PermissionError(message) from None
        if done.returncode:
            remark(f"!{text[:80]} exited with status {done.returncode}")
        return None if how != "lines" else done.stdout.decode("utf-8", "replace").splitlines()

    def magic(self, line: str, body: Any = None) -> object:
        """`%line`, or `%%line` with the rest of the program."""
        name, _, rest = line.partition(" ")
        if name in _SETTLED:
            return None
        if name in _PAGES and isinstance(body, str):
            return builtins.display({_PAGES[name]: body}, raw=True)  # type: ignore[attr-defined]  # the screen's
        if name not in self._magics:
            known = ", ".join(sorted({*self._magics, *_SETTLED, *_PAGES, "bash", "sh"} - {"timed"}))
            message = f"%{name} is not a magic that is known here; known are {known}. Write it in Python."
            raise NotImplementedError(message)
        return self._magics[name](rest, body)

    # The names by which notebooks that were exported as programs call these.
    def run_line_magic(self, name: str, line: str = "") -> object:
        """`%name line`."""
        return self.magic(f"{name} {line}".strip())

    def run_cell_magic(self, name: str, line: str, cell: str) -> object:
        """`%%name line` with the cell."""
        return self.command(cell) if name in {"bash", "sh"} else self.magic(f"{name} {line}".strip(), cell)

    def system(self, command: str) -> None:
        """`!command`."""
        self.command(command)

    def getoutput(self, command: str) -> list[str] | None:
        """The lines that a command printed."""
        return self.command(command, "lines")

    def _time(self, _: str, body: Any) -> object:
        self._clock = time.perf_counter(), time.process_time()
        if body is None:
            return None
        value = self._run(body)
        self.stop_clock()
        return value

    def _run(self, body: Any) -> object:
        """A function of the program's, or the text of a cell."""
        if not isinstance(body, str):
            return body()
        exec(body, self.user_ns)  # noqa: S102 -- this is what a sandbox is for
        return None

    def _timed(self, _: str, __: Any) -> None:
        self.stop_clock()

    def stop_clock(self) -> None:
        """Tell what `%time` or `%%time` measured, once."""
        if self._clock is not None:
            wall, cpu = self._clock
            self._clock = None
            spent = time.perf_counter() - wall, time.process_time() - cpu
            print(f"CPU time: {_duration(spent[1])}\nWall time: {_duration(spent[0])}")  # noqa: T201 -- as IPython

    def _timeit(self, rest: str, body: Any) -> None:
        if body is None:
            self._time("", None)
            return
        import timeit  # noqa: PLC0415 -- only for programs that measure

        asked = {flag: int(count) for flag, count in re.findall(r"-([nr])\s*(\d+)", rest)}
        timer, repeats = timeit.Timer(lambda: self._run(body)), asked.get("r", 5)
        loops = asked.get("n") or timer.autorange()[0]
        mean = sum(timer.repeat(repeats, loops)) / repeats / loops
        print(f"{_duration(mean)} per loop (mean of {repeats} runs, {loops:,} loops each)")  # noqa: T201 -- as IPython

    def _run_file(self, rest: str, _: Any) -> None:
        path = next(iter(rest.split()), "")
        with open(path, encoding="utf-8") as file:
            exec(compile(file.read(), path, "exec"), self.user_ns)  # noqa: S102 -- this is what a sandbox is for


def _duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


_read_line = builtins.input


def _input(prompt: object = "") -> str:
    """As Python's, with what to do about it where there is nothing to read."""
    try:
        return _read_line(prompt)
    except EOFError:
        message = (
            "input() has nobody to ask: there is no terminal inside the sandbox. Put the value into the program, "
            "or read it from a file."
        )
        raise EOFError(message) from None


def _help(*asked: object) -> None:
    import pydoc  # noqa: PLC0415 -- only for programs that ask

    for each in asked:
        print(pydoc.plain(pydoc.render_doc(each)))  # noqa: T201 -- as Python's


def _install(rest: str, _: Any) -> None:
    """`pip install …`: what is there is there; all else is made outside."""
    from importlib import metadata  # noqa: PLC0415 -- only for programs that ask

    words = rest.split()
    if words[:1] in (["list"], ["freeze"]):
        print("\n".join(sorted(f"{each.name}=={each.version}" for each in metadata.distributions())))  # noqa: T201 -- as pip
        return
    if words[:1] != ["install"]:
        message = f"pip {rest[:80]}: packages are part of the environment, and can't be changed from inside."
        raise NotImplementedError(message)
    asked = [word.strip("'\"") for before, word in pairwise(words) if before not in _WITH_A_WORD]
    names = [match[1] for word in asked if (match := _REQUIREMENT.match(word))]
    missing: list[str] = []
    for name in names:
        try:
            print(f"{name} {metadata.version(name)} is installed already")  # noqa: T201 -- as pip
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing or not names:
        message = (
            f"{' '.join(missing) or ' '.join(words[1:])} can't be installed from inside: there is no network. "
            f"Outside, take an environment that has it (--env data has the usual ones for data), or make one: "
            f"fumehood env create NAME {' '.join(names) or 'PACKAGE …'}; "
            "then run with --env NAME."
        )
        raise ModuleNotFoundError(message, name=next(iter(missing), None))


def _change_folder(rest: str, _: Any) -> None:
    os.chdir(os.path.expanduser(rest.strip("'\"") or "/workspace"))
    print(os.getcwd())  # noqa: T201 -- as IPython


def _list_folder(rest: str, _: Any) -> None:
    paths = [word for word in rest.split() if not word.startswith("-")]
    print("  ".join(sorted(os.listdir(paths[0] if paths else "."))))  # noqa: T201 -- as IPython


def _variable(rest: str, _: Any) -> object:
    """`%env`, `%env NAME`, `%env NAME=value`."""
    name, _, value = rest.replace("=", " ", 1).partition(" ") if "=" in rest or " " in rest else (rest, "", "")
    if not name:
        return dict(os.environ)
    if not value:
        return os.environ[name]
    os.environ[name] = value.strip()
    return None


def _write_file(rest: str, body: Any) -> None:
    words = rest.split()
    appends = "-a" in words
    path = next((word.strip("'\"") for word in words if word != "-a"), "")
    with open(path, "a" if appends else "w", encoding="utf-8") as file:
        file.write(str(body or ""))
    print(f"{'Appended to' if appends else 'Wrote'} {path}")  # noqa: T201 -- as IPython
