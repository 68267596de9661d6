"""One `__main__` for all programs of a sandbox, which run in it one after another."""

from __future__ import annotations

import ast
import linecache
import sys
import types
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from fumehood.notebook import translate
from fumehood.tiers.jail.runner import bundle, figures, interrupts, value
from fumehood.tiers.jail.runner.failure import Failures
from fumehood.tiers.jail.runner.remark import remark
from fumehood.tiers.jail.runner.shell import Shell

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop  # noqa: TID251 -- the program's own, which `await` means
    from types import CodeType

    from fumehood.tiers.jail.runner.screen import Screen
    from fumehood.tiers.jail.wire import Message

_AWAITS = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_CO_COROUTINE = 0x80  # as in inspect, which is large


class Namespace:
    """What the runs of one sandbox share."""

    def __init__(self, screen: Screen) -> None:
        """Begin with an empty `__main__`; what its programs show goes to the screen."""
        self.failure: BaseException | None = None
        self.main = types.ModuleType("__main__")
        self.main.__dict__["__builtins__"] = __builtins__
        self._screen = screen
        self._shell = Shell(self.main.__dict__)
        self._failures = Failures()
        self._loop: AbstractEventLoop | None = None

    def offer(self, names: dict[str, Any]) -> None:
        """Have these names mean this from now on."""
        self.main.__dict__.update(names)

    def run(self, code: str, name: str) -> Message:
        """Run one program and say what came of it: the answer frame."""
        sys.modules["__main__"] = self.main
        linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
        self.failure = None
        try:
            answer = self._run(code, name)
        except BaseException as error:  # noqa: BLE001 -- whatever the program raised is its result
            answer = self.failed(error, name)
            self._show_rest()
        finally:
            interrupts.overhear()
            figures.tell_missing()
        for stream in (sys.stdout, sys.stderr):
            with suppress(BaseException):  # the program may have put anything there, and there is nobody to tell
                stream.flush()
        return answer

    def failed(self, error: BaseException, name: str) -> Message:
        """What came of a program that raised; what it holds open is counted from outside before the next lets it go."""
        self.failure = error
        return self._failures.tell(error, name)

    def _run(self, code: str, name: str) -> Message:
        body, last = _compile(code, name)
        interrupts.hear()
        if body is not None:
            self._evaluate(body)
        result = None if last is None else self._evaluate(last)
        described = value.describe(result)
        if representations := bundle.of(result):
            self._screen.show({"text/plain": described["value_text"]} | representations)
        self._show_figures()
        self._shell.stop_clock()
        return {"ok": True, **described}

    def _evaluate(self, code: CodeType) -> object:
        result = eval(code, self.main.__dict__)  # noqa: S307 -- this is what a sandbox is for
        return self._wait(result) if code.co_flags & _CO_COROUTINE else result

    def _wait(self, awaitable: Any) -> object:
        """The value of a program that awaits at its top level; all of them share one loop."""
        if self._loop is None:
            import asyncio  # noqa: PLC0415, TID251 -- only for programs that await; it is the loop that they mean

            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
        return self._loop.run_until_complete(awaitable)

    def _show_figures(self) -> None:
        try:
            figures.show_open()
        except Exception as error:
            error.add_note("It was raised by drawing a figure that was open at the program's end.")
            raise

    def _show_rest(self) -> None:
        """After a failure: the figures that were drawn before it."""
        try:
            figures.show_open()
        except Exception as error:  # noqa: BLE001 -- the program failed already
            remark(f"an open figure can't be drawn: {value.name(error)}")


def _compile(code: str, name: str) -> tuple[CodeType | None, CodeType | None]:
    """The program without its last statement if that is an expression, and that expression; also of a notebook."""
    try:
        return _parts(code, name)
    except SyntaxError:
        translated = translate(code)
        if translated == code:
            raise
    return _parts(translated, name)


def _parts(code: str, name: str) -> tuple[CodeType | None, CodeType | None]:
    if "\r" not in code:  # which ends a line, too
        with suppress(SyntaxError):
            return _cut(code, name)
    tree = ast.parse(code, name)
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr) and not _is_hushed(code, tree.body[-1]):
        final = cast("ast.Expr", tree.body.pop())
        last = compile(ast.Expression(final.value), name, "eval", _AWAITS, dont_inherit=True)
    return compile(tree, name, "exec", _AWAITS, dont_inherit=True), last


def _cut(code: str, name: str) -> tuple[CodeType | None, CodeType]:
    """The same of a program whose last line is an expression by itself, without a tree of Python objects.

    What stands before that line is whole, or it would not compile: the line is no part of a text or of brackets.

    Raises:
        SyntaxError: It is not such a program.
    """
    start = code.rfind("\n", 0, len(code.rstrip())) + 1
    before, line = code[:start], code[start:]
    if line[:1].isspace():
        raise IndentationError
    last = compile("\n" * before.count("\n") + line, name, "eval", _AWAITS, dont_inherit=True)
    return compile(before, name, "exec", _AWAITS, dont_inherit=True) if start else None, last


def _is_hushed(code: str, last: ast.stmt) -> bool:
    """Whether a semicolon follows, by which notebooks show no value: `plt.hist(x);`."""
    lines = code.replace("\r\n", "\n").replace("\r", "\n").encode().split(b"\n")  # as the tree counts: in bytes
    end, column = last.end_lineno or 0, last.end_col_offset or 0
    return lines[end - 1][column:].lstrip().startswith(b";")
