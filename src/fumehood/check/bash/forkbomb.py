"""Programs that only start processes: seen in the shape of the code, for no run would end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fumehood.check.bash.syntax import (
    Block,
    Case,
    Command,
    CountedFor,
    For,
    Function,
    Group,
    If,
    Literal,
    Parameter,
    Part,
    Pipeline,
    Statement,
    While,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_WAITS = frozenset({"wait", "sleep", "read", "break", "exit", "return", "inotifywait", "jobs"})
_QUICK = frozenset(
    {
        ":",
        "true",
        "false",
        "echo",
        "printf",
        "cd",
        "mkdir",
        "touch",
        "cp",
        "cat",
        "seq",
        "head",
        "yes",
        "dd",
        "let",
        "test",
        "[",
        "eval",
    }
)
"""Commands that are done at once: a loop of nothing else gives the machine no rest."""
_ITSELF = frozenset({"$0", "$BASH_SOURCE", "./script.sh"})


def multiplies(function: Function) -> bool:
    """Say whether a function starts itself in the background or on more than one side of a pipe."""
    for statement in _statements(function.body):
        if isinstance(statement, Pipeline) and sum(_calls(part, function.name) for part in statement.parts) > 1:
            return True
        if isinstance(statement, Block):
            behind = [statement.items[place][1] for place in statement.background]
            if any(_calls(inner, function.name) for item in behind for inner in _statements(item)):
                return True
    return False


def endless(loop: While | CountedFor) -> bool:
    """Say whether a loop without end only starts processes or uses up the machine, and never waits or leaves."""
    if isinstance(loop, While):
        always = [_name(item) for _, item in loop.condition.items]
        if always not in ([":"], ["true"]) or loop.until:
            return False
    elif loop.test.strip():
        return False
    inside = list(_statements(loop.body))
    names = {name for statement in inside if (name := _name(statement))}
    if names & _WAITS:
        return False
    return names <= _QUICK or any(isinstance(statement, Block) and statement.background for statement in inside)


def _calls(statement: Statement, name: str) -> bool:
    return _name(statement) == name or (name in _ITSELF and _name(statement) in _ITSELF)


def _name(statement: Statement) -> str:
    if not isinstance(statement, Command) or not statement.words:
        return ""
    first = statement.words[0]
    parts: tuple[Part, ...] = getattr(first, "parts", ())
    return "".join(
        part.text if isinstance(part, Literal) else f"${part.name}" if isinstance(part, Parameter) else "*"
        for part in parts
    )


def _statements(root: Statement) -> Iterator[Statement]:
    """Answer a statement and all within it, without recursion."""
    waiting = [root]
    while waiting:
        statement = waiting.pop()
        yield statement
        waiting.extend(_inner(statement))


def _inner(statement: Statement) -> Sequence[Statement]:  # noqa: PLR0911 - one way for each kind
    match statement:
        case Block(items=items):
            return [item for _, item in items]
        case Pipeline(parts=parts):
            return list(parts)
        case Group(body=body) | For(body=body) | CountedFor(body=body):
            return [body]
        case While(condition=condition, body=body):
            return [condition, body]
        case If(branches=branches, otherwise=otherwise):
            return [block for pair in branches for block in pair] + ([otherwise] if otherwise else [])
        case Case(items=cases):
            return [block for _, block in cases]
        case _:
            return []
