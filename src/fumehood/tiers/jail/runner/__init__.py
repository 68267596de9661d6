"""Pid 2 of a sandbox: runs programs one after another in one namespace and tells what came of each.

The code that it runs owns this process. Nothing here protects anything: it only makes an honest program's life
ordinary, and a dishonest one's lies parse as what they are.

    namespace   one program after another in one `__main__`
    value       the last expression's value, as data and as text
    failure     what a person or a model needs of an exception
    screen      what is displayed, sent as events while the program runs
    progress    how far a program says that it is
    bundle      the representations of one object, by MIME type
    figures     matplotlib without a display
    arrivals    what is done to a library when it is first imported
    ipython     `IPython.display` where IPython is not installed
    shell       what programs for notebooks and prompts expect: `!command`, `%magic`, `input`, `exit`
    line        its end of the channel
    calls       host functions as plain functions, answered by the broker
    foreign     programs of other languages
    interrupts  whose SIGINT is when
"""

from __future__ import annotations

import linecache
import os
import socket
import sys
from typing import TYPE_CHECKING, NoReturn, cast

from fumehood.tiers.jail import packages, wire
from fumehood.tiers.jail.runner import foreign, interrupts
from fumehood.tiers.jail.runner.calls import stub
from fumehood.tiers.jail.runner.line import Line
from fumehood.tiers.jail.runner.namespace import Namespace
from fumehood.tiers.jail.runner.progress import Progress
from fumehood.tiers.jail.runner.screen import Screen

if TYPE_CHECKING:
    import io

#: The exit status of a runner that the program broke.
BROKEN = 70
#: Python writes into code and type caches until a function ran often enough; each such write copies a page.
_REHEARSALS = 24
_TRIVIAL: wire.Message = {"code": "1+1", "name": "<warm>", "language": "python", "id": 0, "displays": 0}
_FAILING: wire.Message = _TRIVIAL | {"code": "import math\nmath.tau\n1/0"}


class Runner:
    """One place where programs run, made before the fork: what is made after it costs each sandbox its own pages."""

    def __init__(self) -> None:
        """Be ready, but for the channel."""
        self._line = Line()
        self._screen = Screen(self._line)
        Progress(self._screen)
        self._namespace = Namespace(self._screen)

    def begin(self, line: socket.socket) -> NoReturn:
        """Become this runner: serve the broker on `line` to its end."""
        try:
            packages.move_in()
            self.serve(line)
        except BaseException as error:  # noqa: BLE001 -- the program took apart what its runner is made of, or its channel
            _last_words(error)
        os._exit(0)

    def serve(self, channel: socket.socket) -> None:
        """Answer each request with what came of it, until the broker closes the channel."""
        line = self._line
        line.open(channel)
        channel.sendall(wire.pack({"ready": True}))
        while (request := line.request()) is not None:
            if "code" not in request:
                if request == wire.WARM:
                    packages.burn_in()
                self._touch()
                continue
            if "tools" in request:
                self._namespace.offer({each["name"]: stub(line, each) for each in request["tools"]})
            line.begin(request["id"])
            answer = self._answer(request)
            if not line.is_ours():  # the program forked and its child came back out of exec
                os._exit(0)
            line.answer(answer)

    def _answer(self, request: wire.Message) -> wire.Message:
        namespace, screen = self._namespace, self._screen
        screen.begin(request["id"], request["displays"])
        answer = interrupts.felt(
            lambda: foreign.run(request) if "program" in request else namespace.run(request["code"], request["name"]),
            lambda error: namespace.failed(error, request["name"]),
        )
        dropped = screen.end()
        return answer | {"dropped": dropped} if dropped else answer

    def _touch(self) -> None:
        """Go once through all that a run needs, so that its pages are this process's own before a program comes."""
        for request in wire.Frames().feed(wire.pack(_TRIVIAL)):
            wire.pack(self._answer(request) | {"id": request["id"]})
        linecache.cache.clear()


def warm_up() -> Runner:
    """In the zygote: touch what every run needs, so that no sandbox pays for the first time; a runner, made ready."""
    for stream in (sys.stdout, sys.stderr):
        cast("io.TextIOWrapper", stream).reconfigure(line_buffering=True, errors="surrogateescape")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for turn in range(_REHEARSALS):
            ours.sendall(wire.pack(_FAILING if turn % 8 == 0 else _TRIVIAL))
        ours.shutdown(socket.SHUT_WR)
        Runner().serve(theirs)
    linecache.clearcache()
    interrupts.ignore()
    return Runner()


def _last_words(error: BaseException) -> NoReturn:
    """Say on standard error that there is no going on; a traceback would show fumehood's lines, not the program's."""
    try:
        os.write(2, b"fumehood: the runner can't go on: %s\n" % type(error).__name__.encode("ascii", "replace"))
    finally:
        os._exit(BROKEN)
