"""What reading a program yields: the seam between the languages and the judge.

A language module (`check.python`, `check.bash`, `check.javascript`) turns source into a `Reading`; `check.judge`
turns the
reading and a policy into findings. A need says what code would use, never whether it may: policy is the judge's alone.

The capabilities, and what `value` holds:

    fs.read, fs.write, fs.delete, fs.list   a path as written, `~` and `..` kept
    net.connect, net.listen                 host:port, a URL's host:port, or host alone
    net.resolve                             a host name
    process.spawn                           the command line, shell-quoted
    process.signal                          the target
    env.read, env.write                     the variable's name
    code.dynamic                            the code's beginning, where it could be resolved
    code.native                             the library
    escape.introspection                    the attribute or function that leaves the program's own objects
    persistence                             the path that another program reads at start
    runner.tamper                           what of the interpreter or the runner is changed
    resource.exhaust                        what grows without bound
    module.unknown                          a module that no table knows
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from fumehood.execution import Confidence


class Need(NamedTuple):
    """Something that a program would use, where it stands, and how that is known.

    Attributes:
        capability: One of the names in this module's docstring.
        value: The target; None where it could not be resolved.
        line: From 1, in the source that was handed in (of nested code: the line that carries it).
        col: From 0, in characters.
        snippet: The source text at fault, at most 200 characters.
        trace: How it was resolved, outermost first: `("exec <- b64decode <- literal, line 2",)`.
        confidence: resolved (value known), referenced (named, not called), unknown (value not known).
    """

    capability: str
    value: str | None
    line: int
    col: int
    snippet: str
    trace: tuple[str, ...]
    confidence: Confidence


class ParseError(NamedTuple):
    """Why source is no program of its language. `line` from 1, `col` from 0."""

    message: str
    line: int
    col: int


class Reading(NamedTuple):
    """All that one reading of a source found.

    Attributes:
        needs: In the order found, duplicates possible.
        imports: Top-level names of imported modules, sorted.
        complete: False where a budget ended the reading early.
        error: Set where the source does not parse; `needs` is then empty.
    """

    needs: tuple[Need, ...] = ()
    imports: tuple[str, ...] = ()
    complete: bool = True
    error: ParseError | None = None
