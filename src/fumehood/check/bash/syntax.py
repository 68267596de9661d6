"""The parts of a bash program, as the parser finds them: words made of parts, commands made of words.

fumehood parses bash itself. tree-sitter-bash reports errors on valid programs (`select`, `<>`, `coproc`, a here-string
after another redirection) and cuts words like `{curl,host}` wrongly, which is where concealed commands live; and Python
code that calls a shell has to be read without any extra installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


class ShellSyntaxError(Exception):
    """The source is no bash program; `offset` is where in characters."""

    def __init__(self, message: str, offset: int) -> None:
        """Keep what is wrong and where."""
        super().__init__(message)
        self.message = message
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Literal:
    """Characters that stand for themselves; unquoted ones may still be a pattern, a tilde or braces."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """`$name` or `${…}`. `operator` and `operand` are what follows the name, the operand unexpanded.

    Attributes:
        name: A variable, a position (`1`) or a special parameter (`@`).
        index: Of an array, unexpanded; None without one.
        prefix: `!` (indirect), `#` (length) or nothing.
    """

    name: str
    index: str | None = None
    prefix: str = ""
    operator: str = ""
    operand: str = ""
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Substitution:
    """`$(…)` or backticks: the output of a program. `kind` is `$`, or `<` and `>` for a process substitution."""

    body: Block
    kind: str = "$"
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Sum:
    """`$((…))`: arithmetic, unexpanded."""

    text: str
    quoted: bool = False


Part: TypeAlias = "Literal | Parameter | Substitution | Sum"


@dataclass(frozen=True, slots=True)
class Word:
    """Parts written without a blank between them; `start` and `end` are offsets in the source."""

    parts: tuple[Part, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """`name=value`, `name[index]+=value` or `name=(…)`, where `value` is None and `items` hold the array."""

    name: str
    index: str | None
    value: Word | None
    items: tuple[tuple[str | None, Word], ...] = ()
    append: bool = False


@dataclass(slots=True)
class Redirect:
    """A redirection. `target` is a word, or the body of a here-document, known only when its line has ended."""

    operator: str
    target: Word
    descriptor: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """Assignments, words and redirections: what a shell runs."""

    assignments: tuple[Assignment, ...]
    words: tuple[Word | Assignment, ...]
    redirects: tuple[Redirect, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Statements whose outputs are the next one's input; `negated` by a `!` before it."""

    parts: tuple[Statement, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """Statements, each with what joins it to the one before: nothing, `&&` or `||`; `background` ones end with `&`."""

    items: tuple[tuple[str, Statement], ...]
    background: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Group:
    """`{ … }`, or `( … )` where `subshell`; with redirections of its own, as any compound statement may have."""

    body: Statement
    redirects: tuple[Redirect, ...] = ()
    subshell: bool = False


@dataclass(frozen=True, slots=True)
class If:
    """Conditions with what follows each, and what is left otherwise."""

    branches: tuple[tuple[Block, Block], ...]
    otherwise: Block | None


@dataclass(frozen=True, slots=True)
class For:
    """`for` and `select` over words; None words stand for the positions."""

    name: str
    words: tuple[Word, ...] | None
    body: Block


@dataclass(frozen=True, slots=True)
class CountedFor:
    """`for ((start; test; step))`, each unexpanded."""

    start: str
    test: str
    step: str
    body: Block


@dataclass(frozen=True, slots=True)
class While:
    """`while`, or `until` where `until`."""

    condition: Block
    body: Block
    until: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """A word and the blocks that its patterns guard."""

    subject: Word
    items: tuple[tuple[tuple[Word, ...], Block], ...]


@dataclass(frozen=True, slots=True)
class Function:
    """A definition; the body is run only when it is called."""

    name: str
    body: Statement


@dataclass(frozen=True, slots=True)
class Test:
    """`[[ … ]]`, its words and operators in order."""

    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`(( … ))`, unexpanded."""

    text: str


Statement: TypeAlias = (
    "Command | Pipeline | Block | Group | If | For | CountedFor | While | Case | Function | Test | Arithmetic"
)
