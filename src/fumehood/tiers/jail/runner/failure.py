"""What a person or a model needs of an exception: its name, its message, the program's own lines."""

from __future__ import annotations

import linecache
import os
import sys
import traceback
from contextlib import suppress
from itertools import groupby
from typing import TYPE_CHECKING, Any

from fumehood.tiers.jail import wire
from fumehood.tiers.jail.runner.value import TEXT_LIMIT, name, represent

if TYPE_CHECKING:
    from types import TracebackType

_OURS = os.path.dirname(os.path.dirname(os.path.dirname(wire.__file__)))
#: Where a sandbox's code can write: what lies elsewhere on the disk is a library.
_WRITABLE = ("/workspace/", "/tmp/", "/dev/shm/")  # noqa: S108 -- the sandbox's own
_COMPILED = (".pyx", ".pxi", ".pxd")  # Cython tells its files as they lay where it was built
#: Of a long run of frames, how many lines are told at each end.
_ENDS = 12


class Failures:
    """Tells failures of one sandbox's programs, whose functions call each other."""

    def __init__(self) -> None:
        """Know no program yet."""
        self._programs: set[str] = set()

    def tell(self, error: BaseException, program: str) -> wire.Message:
        """What came of a program that raised. An exception may raise, lie or loop when it is asked about itself."""
        self._programs.add(program)
        try:
            return _exit(error.code) if isinstance(error, SystemExit) else self._fail(error, program)
        except BaseException as failure:  # noqa: BLE001 -- it raised
            told = f"<no message: it raised {name(failure)}>"
            return {"ok": False, "error": {"name": name(error), "message": told, "line": None, "traceback": ""}}

    def _fail(self, error: BaseException, program: str) -> wire.Message:
        trace = _program_frames(error.__traceback__, program)
        told = traceback.TracebackException(type(error), error, trace, compact=True)
        self._trim(told)
        message = "".join(told.format_exception_only()).strip().partition(": ")[2] or str(error)
        line, code = _line(trace, program), None
        if isinstance(error, SyntaxError):
            message = str(error.msg)
            if trace is None:  # the program itself; compiled from its tree, it is told without its text
                line = _number(error.lineno)
                told.text = told.text or linecache.getline(program, line or 0)
        elif isinstance(error, OSError):
            code = error.errno
        return {
            "ok": False,
            "error": {
                "name": name(error),
                "message": _cut(message),
                "line": _number(line),
                "traceback": _cut("".join(told.format())),
                "errno": _number(code),
            },
        }

    def _trim(self, told: traceback.TracebackException) -> None:
        """Have each exception of the chain tell the program's frames, and of a library's only where it raised."""
        waiting, seen = [told], set[int]()
        while waiting:
            each = waiting.pop()
            if id(each) in seen:
                continue
            seen.add(id(each))
            each.stack = Frames(each.stack, frozenset(self._programs))
            waiting += [other for other in (each.__cause__, each.__context__, *(each.exceptions or ())) if other]


class Frames(traceback.StackSummary):
    """The frames of one exception, told shortly."""

    def __init__(self, frames: traceback.StackSummary, programs: frozenset[str]) -> None:
        """Leave fumehood's own out; what is no library's is a file of the sandbox or one of these programs."""
        super().__init__(frame for frame in frames if not frame.filename.startswith(_OURS))
        self._programs = programs

    def format(self, **options: Any) -> list[str]:
        """As Python does, with a note where frames are left out."""
        lines: list[str] = []
        for is_own, group in groupby(self, self._is_own):
            frames = list(group)
            lines += _few(frames, options) if is_own else _where_it_raised(frames, options)
        return lines

    def _is_own(self, frame: traceback.FrameSummary) -> bool:
        path = frame.filename
        if path in self._programs or path.startswith(_WRITABLE):
            return True
        return not path.startswith(("/", "<frozen ", "<__")) and not path.endswith(_COMPILED)


def _few(frames: list[traceback.FrameSummary], options: dict[str, Any]) -> list[str]:
    """The program's own; of a recursion its ends."""
    lines = traceback.StackSummary.from_list(frames).format(**options)
    left = len(lines) - 2 * _ENDS
    return lines if left <= 1 else [*lines[:_ENDS], f"  … {left} more frames\n", *lines[-_ENDS:]]


def _where_it_raised(frames: list[traceback.FrameSummary], options: dict[str, Any]) -> list[str]:
    """A library's last frame, and how many lie before it."""
    last = traceback.StackSummary.from_list(frames[-1:]).format(**options)
    count = len(frames) - 1
    return [f"  … {count} frame{'s' if count > 1 else ''} of libraries\n", *last] if count else last


def _exit(code: object) -> wire.Message:
    """As Python itself: nothing and 0 are success, a number is a status, anything else is printed."""
    if code is None or (type(code) in {int, bool} and not code):
        return {"ok": True}
    if type(code) in {int, bool}:
        message = f"exited with status {represent(code)}"
    else:
        message = code[:TEXT_LIMIT] if type(code) is str else represent(code)
        with suppress(BaseException):  # the program may have put anything there
            sys.stderr.write(message + "\n")
    return {"ok": False, "error": {"name": "SystemExit", "message": message, "line": None, "traceback": ""}}


def _number(told: object) -> int | None:
    """A line or an error's number as such; the program may have put anything there."""
    return told if type(told) is int and 0 < told < 1 << 31 else None


def _cut(text: str) -> str:
    """Keep both ends: a traceback says most in its last lines."""
    half = TEXT_LIMIT // 2
    return (
        text
        if len(text) <= TEXT_LIMIT
        else f"{text[:half]}\n… [{len(text) - TEXT_LIMIT} more characters]\n{text[-half:]}"
    )


def _program_frames(trace: TracebackType | None, name: str) -> TracebackType | None:
    """Skip fumehood's own frames, down to the program's first."""
    while trace is not None and trace.tb_frame.f_code.co_filename != name:
        trace = trace.tb_next
    return trace


def _line(trace: TracebackType | None, name: str) -> int | None:
    """The line of the program that was last entered."""
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == name:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
