"""The state of a shell as far as it is known: variables, functions, aliases, directory, files it wrote."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from fumehood.check.bash.syntax import Statement
from fumehood.check.bash.values import HOLE, HOME, UNSET, WORKSPACE, whole

MAX_ALTERNATIVES = 4
_MOST_ARGUMENTS = 5
"""A position beyond is no argument of a script but a way to write nothing."""

WELL_KNOWN = {
    "HOME": HOME,
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "SHELL": "/bin/bash",
    "BASH": "/bin/bash",
    "IFS": " \t\n",
    "TMPDIR": "/tmp",  # noqa: S108 - what the run would find there, not a file that is made
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TERM": "xterm",
    "USER": "user",
    "LOGNAME": "user",
    "HOSTNAME": "sandbox",
    "HOSTTYPE": "x86_64",
    "OSTYPE": "linux-gnu",
    "SHLVL": "1",
    "BASH_VERSION": "5.2.15(1)-release",
    "BASH_SOURCE": "./script.sh",
    "0": "./script.sh",
    "OPTIND": "1",
    "PS4": "+ ",
    "-": "hB",
}


@dataclass(slots=True)
class Shell:
    """One shell process. `files` is shared by all of them, as the file system is.

    Attributes:
        variables: Each with the values it may have, most often one.
        origins: The line that last set a variable.
        flow: `break`, `continue` or `return` while the reading leaves a block because of it.
        local: What the variables that the running function made its own held before.
        input: Lines left for `read`, None where the input is not the program's own.
        files: What the program wrote, by path, as far as it is known.
        decoded: Texts that came out of a decoder, and which; running one is concealment.
    """

    variables: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    arrays: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    origins: dict[str, int] = field(default_factory=dict[str, int])
    references: dict[str, str] = field(default_factory=dict[str, str])
    functions: dict[str, Statement] = field(default_factory=dict[str, Statement])
    aliases: dict[str, str] = field(default_factory=dict[str, str])
    positions: list[str] = field(default_factory=list[str])
    open_ended: bool = False
    directory: str = WORKSPACE
    flow: str = ""
    local: dict[str, tuple[str, ...] | None] = field(default_factory=dict[str, tuple[str, ...] | None])
    input: list[str] | None = None
    files: dict[str, str] = field(default_factory=dict[str, str])
    decoded: dict[str, str] = field(default_factory=dict[str, str])

    def fork(self) -> Shell:
        """Answer a copy, as a subshell or a branch not surely taken has."""
        return replace(
            self,
            variables=dict(self.variables),
            arrays={name: dict(items) for name, items in self.arrays.items()},
            origins=dict(self.origins),
            references=dict(self.references),
            functions=dict(self.functions),
            aliases=dict(self.aliases),
            positions=list(self.positions),
        )

    def join(self, others: list[Shell], *, surely: bool = False) -> None:
        """Become the state after one of several branches: values that differ are alternatives, unless one is sure."""
        for other in others:
            for name, values in other.variables.items():
                own = self.variables.get(name, ())
                if own == values:
                    continue
                both = values if surely else tuple(dict.fromkeys((*own, *values)))
                self.variables[name] = both[:MAX_ALTERNATIVES]
                self.origins[name] = other.origins.get(name, 1)
            for name, items in other.arrays.items():
                self.arrays[name] = items if surely else self.arrays.get(name, {}) | items
            self.functions.update(other.functions)
            self.aliases.update(other.aliases)
            self.references.update(other.references)
            self.positions = other.positions if surely else self.positions
            self.directory = other.directory
            self.flow = other.flow if surely else self.flow

    def restore(self, saved: dict[str, tuple[str, ...] | None]) -> None:
        """Put variables back to what they were before a function made them its own."""
        for name, values in saved.items():
            if values is None:
                self.variables.pop(name, None)
            else:
                self.variables[name] = values

    def get(self, name: str) -> str:
        """Answer a variable's value: the first of several, a mark where it is not known."""
        name = self.references.get(name, name)
        if name in self.variables:
            return self.variables[name][0]
        if name in self.arrays:
            return next(iter(self.arrays[name].values()), "")
        if name == "PWD":
            return self.directory
        if (number := whole(name)) is not None and number > 0:
            return self._position(number)
        return WELL_KNOWN.get(name, UNSET)

    def _position(self, number: int) -> str:
        if number <= len(self.positions):
            return self.positions[number - 1]
        if self.open_ended:
            return HOLE
        return UNSET if number <= _MOST_ARGUMENTS else ""

    def set(self, name: str, value: str, line: int) -> None:
        """Give a variable one value."""
        name = self.references.get(name, name)
        if name in self.arrays:
            self.arrays[name]["0"] = value
            return
        self.variables[name] = (value,)
        self.origins[name] = line

    def elements(self, name: str) -> list[str]:
        """Answer the elements of an array, or the positions for `@` and `*`."""
        name = self.references.get(name, name)
        if name in {"@", "*"}:
            return [*self.positions, HOLE] if self.open_ended and not self.positions else list(self.positions)
        if name in self.arrays:
            return list(self.arrays[name].values())
        value = self.get(name)
        return [] if value == UNSET else [value]
