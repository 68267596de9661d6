"""Words to fields: what a command gets as its arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from fumehood.check.bash.arithmetic import evaluate
from fumehood.check.bash.braces import braced
from fumehood.check.bash.parameters import values
from fumehood.check.bash.parser import Parser
from fumehood.check.bash.patterns import escaped
from fumehood.check.bash.shell import WELL_KNOWN, Shell
from fumehood.check.bash.syntax import Literal, Parameter, Part, Substitution, Sum, Word
from fumehood.check.bash.values import HOLE, HOME, UNSET, is_known, settled

if TYPE_CHECKING:
    from fumehood.check.bash.notes import Notes

MAX_FIELDS = 500
_NEVER_ENVIRONMENT = frozenset("@*#?$!-_") | frozenset(WELL_KNOWN)


class Runner(Protocol):
    """What expansion needs of the interpreter: the state, the notes, and the output of a substitution."""

    shell: Shell
    notes: Notes

    def substitute(self, substitution: Substitution) -> str:
        """Run what a substitution holds and answer its output, or the path that stands for it."""
        ...


def text(word: Word, runner: Runner) -> str:
    """Answer a word as one text: no splitting, as in an assignment."""
    pieces = [_joint(part, runner).join(_pieces(part, runner)) for part in word.parts]
    return _tilde(word, "".join(_bounded(pieces, runner)))


def fields(word: Word, runner: Runner) -> list[str]:
    """Answer the fields that a word becomes: braces, parameters, substitutions, splitting."""
    found: list[str] = []
    for variant in braced(word):
        found.extend(_split(variant, runner))
        if len(found) > MAX_FIELDS:
            break
    return found[:MAX_FIELDS]


def pattern(word: Word, runner: Runner) -> str:
    """Answer a word as a pattern: quoted characters stand for themselves."""
    pieces: list[str] = []
    for part in word.parts:
        folded = " ".join(_pieces(part, runner))
        pieces.append(escaped(folded) if part.quoted else folded)
    return "".join(_bounded(pieces, runner))


def source_text(source: str, runner: Runner, *, as_pattern: bool = False, quoted: bool = False) -> str:
    """Expand a piece of source, such as the operand of `${name:-…}` or the body of an arithmetic expression."""
    if not any(mark in source for mark in "$`'\"\\~"):
        return source
    word = _operand_word(source, runner, quoted=quoted)
    return pattern(word, runner) if as_pattern else text(word, runner)


def _operand_word(source: str, runner: Runner, *, quoted: bool) -> Word:
    parser = Parser(source, runner.notes.budget, 1)
    if quoted:
        parts: list[Part] = []
        parser.quoted(parts, "")
        return Word(tuple(parts), 0, 0)
    return parser.word(frozenset()) or Word((), 0, 0)


def _bounded(pieces: list[str], runner: Runner) -> list[str]:
    runner.notes.budget.produce(sum(map(len, pieces)))
    return pieces


def _tilde(word: Word, folded: str) -> str:
    first = word.parts[0] if word.parts else None
    if isinstance(first, Literal) and not first.quoted and folded.startswith("~") and folded[1:2] in {"", "/"}:
        return HOME + folded[1:]
    return folded


def _pieces(part: Part, runner: Runner) -> list[str]:
    if isinstance(part, Literal):
        return [part.text]
    if isinstance(part, Parameter):
        return _parameter(part, runner)
    if isinstance(part, Sum):
        shell, line = runner.shell, runner.notes.line
        return [evaluate(source_text(part.text, runner), shell.get, lambda name, value: shell.set(name, value, line))]
    return [runner.substitute(part)]


def _parameter(part: Parameter, runner: Runner) -> list[str]:
    def operand(source: str, *, as_pattern: bool = False) -> str:
        quoted = part.quoted and not as_pattern and "'" in source
        return source_text(source, runner, as_pattern=as_pattern, quoted=quoted)

    folded = values(part, runner.shell, operand, runner.notes.line)
    if part.operator == "@" and part.operand == "P":
        return [source_text(value, runner, quoted=True) for value in folded]
    name = settled(runner.shell.get(part.name)) if part.prefix == "!" else part.name
    if folded == [UNSET] and name.isupper() and name not in _NEVER_ENVIRONMENT:
        runner.notes.need("env.read", name)
    return folded


def _joint(part: Part, runner: Runner) -> str:
    """Answer what stands between the elements of `"${name[*]}"`: the first separator."""
    starred = isinstance(part, Parameter) and part.quoted and "*" in {part.name, part.index}
    return settled(runner.shell.get("IFS"))[:1] if starred else " "


def _split(word: Word, runner: Runner) -> list[str]:
    found: list[str] = []
    open_field: str | None = None
    separators = runner.shell.get("IFS")
    for part in word.parts:
        pieces = _bounded(_pieces(part, runner), runner)
        if _splits(part):
            pieces = _cut(" ".join(pieces), separators)
        elif not _is_list(part):
            pieces = [_joint(part, runner).join(pieces)]
        if pieces:
            joined = [(open_field or "") + pieces[0], *pieces[1:]]
            found.extend(joined[:-1])
            open_field = joined[-1]
    if open_field is not None:
        found.append(open_field)
    if not any(part.quoted for part in word.parts):
        found = [field for field in found if field]
    return [_tilde(word, found[0])] if len(found) == 1 else found


def _splits(part: Part) -> bool:
    return (
        not isinstance(part, Literal) and not part.quoted and not (isinstance(part, Substitution) and part.kind != "$")
    )


def _is_list(part: Part) -> bool:
    return isinstance(part, Parameter) and "@" in {part.name, part.index or ""}


def _cut(folded: str, separators: str) -> list[str]:
    """Split at the separators; one at an end leaves an empty piece there, so that nothing is joined across it."""
    if not is_known(separators):
        return [folded or HOLE]
    blanks = separators.replace(UNSET, "")
    if not blanks:
        return [folded]
    pieces = folded.translate({ord(blank): "\0" for blank in blanks}).split("\0")
    return [piece for place, piece in enumerate(pieces) if piece or place in {0, len(pieces) - 1}]
