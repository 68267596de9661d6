"""Pid 2 of a sandbox: runs programs one after another in one namespace and tells what came of each.

The code that it runs owns this process. Nothing here protects anything: it only makes an honest program's life
ordinary, and a dishonest one's lies parse as what they are.
"""

from __future__ import annotations

import ast
import fcntl
import json
import linecache
import os
import signal
import socket
import sys
import traceback
import types
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn, cast

from fumehood.kernel.libc import close_from
from fumehood.tiers.jail import wire

if TYPE_CHECKING:
    import io
    from types import CodeType, TracebackType

#: The exit status of a runner that the program broke.
BROKEN = 70
VALUE_LIMIT = 1024 * 1024
TEXT_LIMIT = 64 * 1024
NAME_LIMIT = 200
_DEPTH_LIMIT = 50
_CHUNK = 1 << 16
#: Python writes into code and type caches until a function ran often enough; each such write copies a page.
_REHEARSALS = 24
_TRIVIAL: wire.Message = {"code": "1+1", "name": "<warm>", "language": "python", "id": 0}
_FAILING: wire.Message = _TRIVIAL | {"code": "import math\nmath.tau\n1/0"}
#: Ours in sys.modules, listed before the fork: to look through all names there would write to each of them.
_MODULES: list[str] = []
_SUFFIX = {"bash": ".sh", "javascript": ".cjs", "module": ".mjs"}


def warm_up() -> None:
    """In the zygote: touch what every run needs, so that no sandbox pays for the first time."""
    for stream in (sys.stdout, sys.stderr):
        cast("io.TextIOWrapper", stream).reconfigure(line_buffering=True, errors="surrogateescape")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for turn in range(_REHEARSALS):
            ours.sendall(wire.pack(_FAILING if turn % 8 == 0 else _TRIVIAL))
        ours.shutdown(socket.SHUT_WR)
        serve(theirs)
    linecache.clearcache()
    _MODULES.extend(name for name in sys.modules if name.partition(".")[0] == "fumehood")


def begin(control: int, out: int, err: int) -> NoReturn:
    """Become the runner: three standard streams, one channel, nothing else open; serve it to its end."""
    os.setsid()
    null = os.open("/dev/null", os.O_RDWR)
    # Above the numbers that they are to have, and no higher: limits.open_files counts already.
    high = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, wire.CONTROL + 1) for descriptor in (null, out, err, control)]
    for number, descriptor in enumerate(high[:3]):
        os.dup2(descriptor, number)
    os.dup2(high[3], wire.CONTROL, inheritable=False)
    close_from(wire.CONTROL + 1)
    for number in (
        signal.SIGPIPE,
        signal.SIGXFSZ,
        signal.SIGINT,
    ):  # as Python itself begins; SIGINT only while code runs
        signal.signal(number, signal.SIG_IGN)
    for name in _MODULES:
        del sys.modules[name]
    try:
        serve(socket.socket(fileno=wire.CONTROL))
    except BaseException as error:  # noqa: BLE001 -- the program took apart what its runner is made of, or its channel
        _last_words(error)
    os._exit(0)


def _last_words(error: BaseException) -> NoReturn:
    """Say on standard error that there is no going on; a traceback would show fumehood's lines, not the program's."""
    try:
        os.write(2, b"fumehood: the runner can't go on: %s\n" % type(error).__name__.encode("ascii", "replace"))
    finally:
        os._exit(BROKEN)


def serve(channel: socket.socket) -> None:
    """Answer each request with what came of it, until the broker closes the channel."""
    _touch()
    session = Session()
    me = os.getpid()
    channel.sendall(wire.pack({"ready": True}))
    frames = wire.Frames()
    while True:
        data = channel.recv(_CHUNK)
        if not data:
            return
        for request in frames.feed(data):
            answer = session.run(request)
            if os.getpid() != me:  # the program forked and its child came back out of exec
                os._exit(0)
            channel.sendall(wire.pack(answer | {"id": request["id"]}))


def _touch() -> None:
    """Go once through all that a run needs, so that its pages are this process's own before the first program comes."""
    for request in wire.Frames().feed(wire.pack(_TRIVIAL)):
        wire.pack(Session().run(request) | {"id": request["id"]})
    linecache.cache.clear()


class Session:
    """The namespace that the runs of one sandbox share."""

    def __init__(self) -> None:
        """Begin with an empty `__main__`."""
        self.failure: BaseException | None = None
        self.main = types.ModuleType("__main__")
        self.main.__dict__["__builtins__"] = __builtins__

    def run(self, request: wire.Message) -> wire.Message:
        """Run one program and say what came of it: the answer frame."""
        sys.modules["__main__"] = self.main
        answer = _spawn(request) if "program" in request else self._run_python(request["code"], request["name"])
        for stream in (sys.stdout, sys.stderr):
            with suppress(BaseException):  # the program may have put anything there, and there is nobody to tell
                stream.flush()
        return answer

    def _run_python(self, code: str, name: str) -> wire.Message:
        linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
        value = self.failure = None
        try:
            body, last = _compile(code, name)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            if body is not None:
                exec(body, self.main.__dict__)  # noqa: S102 -- this is what a sandbox is for
            if last is not None:
                value = eval(last, self.main.__dict__)  # noqa: S307
            return {"ok": True, **_describe(value)}
        except BaseException as error:  # noqa: BLE001 -- whatever the program raised is its result
            self.failure = error  # what it holds open is counted from outside before the next run lets it go
            return _failure(error, name)
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def _compile(code: str, name: str) -> tuple[CodeType | None, CodeType | None]:
    """The program without its last statement if that is an expression, and that expression."""
    if "\n" not in code and not code[:1].isspace():  # most often one expression: no tree of Python objects is needed
        with suppress(SyntaxError):
            return None, compile(code, name, "eval", dont_inherit=True)
    tree = ast.parse(code, name)
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        final = tree.body.pop()
        assert isinstance(final, ast.Expr)  # noqa: S101 -- for the type checker
        last = compile(ast.Expression(final.value), name, "eval", dont_inherit=True)
    return compile(tree, name, "exec", dont_inherit=True), last


def _describe(value: object) -> wire.Message:
    """The value as JSON where it is plain data of bounded size, and its bounded `repr`."""
    if value is None:
        return {}
    described: wire.Message = {"value_text": _represent(value)}
    if _is_plain(value, _DEPTH_LIMIT):
        text = json.dumps(value)
        if len(text) <= VALUE_LIMIT:
            described["value"] = json.loads(text)
    return described


def _represent(value: object) -> str:
    try:
        text = repr(value)
    except BaseException as error:  # noqa: BLE001 -- a failing __repr__ is told, not raised
        return f"<{_name(value)} whose repr raised {_name(error)}>"
    return text if len(text) <= TEXT_LIMIT else f"{text[:TEXT_LIMIT]}… [{len(text) - TEXT_LIMIT} more characters]"


def _name(value: object) -> str:
    """The name of its class, which a metaclass can't hide."""
    name: str = type.__dict__["__name__"].__get__(type(value))
    return name[:NAME_LIMIT]


def _is_plain(value: Any, depth: int) -> bool:
    """Whether `value` survives JSON: exact types only, finite numbers, text keys, not too deep."""
    kind: type[object] = type(value)  # pyright: ignore[reportUnknownVariableType]
    if kind is float:
        return bool(value - value == 0)  # neither infinite nor NaN
    if kind is int:
        return bool(abs(value) < 1 << 1024)
    if kind in {list, tuple}:
        return depth > 0 and all(_is_plain(item, depth - 1) for item in value)
    if kind is dict:
        return depth > 0 and all(type(key) is str and _is_plain(value[key], depth - 1) for key in value)
    return value is None or kind in {bool, str}


def _failure(error: BaseException, name: str) -> wire.Message:
    """What came of a program that raised. An exception may raise, lie or loop when it is asked about itself."""
    try:
        return _exit(error.code) if isinstance(error, SystemExit) else _fail(error, name)
    except BaseException as failure:  # noqa: BLE001 -- it raised
        told = f"<no message: it raised {_name(failure)}>"
        return {"ok": False, "error": {"name": _name(error), "message": told, "line": None, "traceback": ""}}


def _exit(code: object) -> wire.Message:
    """As Python itself: nothing and 0 are success, a number is a status, anything else is printed."""
    if code is None or (type(code) in {int, bool} and not code):
        return {"ok": True}
    if type(code) in {int, bool}:
        message = f"exited with status {_represent(code)}"
    else:
        message = code[:TEXT_LIMIT] if type(code) is str else _represent(code)
        with suppress(BaseException):  # the program may have put anything there
            sys.stderr.write(message + "\n")
    return {"ok": False, "error": {"name": "SystemExit", "message": message, "line": None, "traceback": ""}}


def _fail(error: BaseException, name: str) -> wire.Message:
    """What a person or a model needs of an exception: the program's own frames, the line, the text."""
    trace = _program_frames(error.__traceback__, name)
    told = traceback.TracebackException(type(error), error, trace, compact=True)
    text = "".join(told.format())
    message = "".join(told.format_exception_only()).strip().partition(": ")[2] or str(error)
    line, code = _line(trace, name), None
    if isinstance(error, SyntaxError):
        message, line = str(error.msg), error.lineno
    elif isinstance(error, OSError):
        code = error.errno
    return {
        "ok": False,
        "error": {
            "name": _name(error),
            "message": _cut(message),
            "line": _number(line),
            "traceback": _cut(text),
            "errno": _number(code),
        },
    }


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


def _spawn(request: wire.Message) -> wire.Message:
    """Run a program of another language to its end with the interpreter that the request names."""
    path = f"/tmp/.program{_SUFFIX[request['language']]}"  # noqa: S108 -- the sandbox's own /tmp
    with open(path, "w", encoding="utf-8") as file:
        file.write(request["code"])
    try:
        child = os.posix_spawn(request["program"], [os.path.basename(request["program"]), path], os.environ)
        _, status = os.waitpid(child, 0)
    except OSError as error:
        return _failure(error, path)
    finally:
        os.unlink(path)
    code = os.waitstatus_to_exitcode(status)
    if code == 0:
        return {"ok": True}
    message = f"exited with status {code}" if code > 0 else f"killed by {signal.Signals(-code).name}"
    name = "ExitStatus" if code > 0 else "Killed"
    return {"ok": False, "error": {"name": name, "message": message, "line": None, "traceback": ""}}
