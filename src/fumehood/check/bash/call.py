"""One call of a program or builtin, as its handler gets it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fumehood.check.bash.output import Output
from fumehood.check.bash.values import settled

if TYPE_CHECKING:
    from fumehood.check.bash.interpreter import Interpreter


_COUNTABLE = re.compile(
    r"/proc/(?:cpuinfo|meminfo|loadavg|uptime|version)|/(?:usr/)?(?:local/)?(?:bin|sbin|lib|share)/?"
)
STANDARD_INPUT = frozenset({"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})


@dataclass(slots=True)
class Call:
    """A program's name without its folder, its arguments, and what it is fed."""

    runner: Interpreter
    name: str
    arguments: list[str]
    stdin: str

    def path(self, capability: str, text: str) -> None:
        """Note the use of a file, from the directory where the shell stands.

        What is only counted tells nothing of it: `ls /usr/bin | wc -l` is no look at what is installed.
        """
        if self.runner.counted and capability in {"fs.read", "fs.list"} and _COUNTABLE.fullmatch(settled(text)):
            return
        self.runner.notes.path(capability, text, self.runner.shell.directory)

    def read(self, text: str) -> str | None:
        """Note that a file is read; answer what the program wrote into it, None where that is not known."""
        if settled(text) in STANDARD_INPUT:
            return self.stdin
        self.path("fs.read", text)
        return self.runner.shell.files.get(settled(text))


def words(text: str) -> frozenset[str]:
    """Answer the words of a table."""
    return frozenset(text.split())


Handler = Callable[[Call], Output]


@dataclass(frozen=True, slots=True)
class Arguments:
    """Arguments sorted: options with their values (empty without one), and the rest."""

    options: tuple[tuple[str, str], ...]
    operands: tuple[str, ...]

    def value(self, *names: str) -> str | None:
        """Answer the value of the first of these options that was given, None without one."""
        return next((value for name, value in self.options if name in names), None)

    def has(self, *names: str) -> bool:
        """Say whether one of these options was given."""
        return any(name in names for name, _ in self.options)


def sorted_arguments(arguments: list[str], takes: frozenset[str], *, stop_at_operand: bool = False) -> Arguments:
    """Sort arguments into options and operands; `takes` are the options (`-o`, `--output`) that a value follows."""
    options: list[tuple[str, str]] = []
    rest: list[str] = []
    place = 0
    while place < len(arguments):
        argument = settled(arguments[place])
        place += 1
        if argument == "--" or (stop_at_operand and not argument.startswith("-")):
            rest.extend(arguments[place - (argument != "--") :])
            break
        if not argument.startswith("-") or argument == "-":
            rest.append(arguments[place - 1])
            continue
        found, wants = _options(argument, takes)
        if wants and place < len(arguments):
            found[-1] = (found[-1][0], arguments[place])
            place += 1
        options.extend(found)
    return Arguments(tuple(options), tuple(rest))


def _options(argument: str, takes: frozenset[str]) -> tuple[list[tuple[str, str]], bool]:
    """Read `--name=value`, `-name`, or `-abc` where each letter is an option; say whether the last wants a value."""
    name, equals, value = argument.partition("=")
    if argument.startswith("--") or name in takes:
        return [(name, value)], not equals and name in takes
    found: list[tuple[str, str]] = []
    for place, letter in enumerate(argument[1:], 1):
        option = f"-{letter}"
        if option in takes:
            value = argument[place + 1 :]
            return [*found, (option, value)], not value
        found.append((option, ""))
    return [*found, (argument, "")] if len(found) > 1 else found, False
