"""The runner's end of the channel: requests come in, events and answers go out, calls get their replies.

Any thread of the program may say something or wait for a reply; one of those that wait reads for all of them.
The locks are `_thread`'s own: once `threading` is imported, every fork runs it, and copies the pages that it touches.
"""

from __future__ import annotations

import builtins
import json
import os
import signal
from _queue import SimpleQueue
from _thread import allocate_lock
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fumehood.tiers.jail import wire
from fumehood.tiers.jail.events import AT_ONCE

if TYPE_CHECKING:
    import socket
    from _thread import LockType
    from collections.abc import Callable, Generator

_CHUNK = 1 << 16
_MOST_ARGUMENTS = 8 * 1024 * 1024
_RAISED = ("PermissionError", "RuntimeError", "TimeoutError", "TypeError")


class Line:
    """One channel, whole frames only."""

    _channel: socket.socket
    _process = 0

    def __init__(self) -> None:
        """Have all that is needed, but nobody at the other end."""
        self._frames = wire.Frames()
        self._changing = allocate_lock()
        self._sending = allocate_lock()
        self._slots = SimpleQueue[None]()
        for _ in range(AT_ONCE):
            self._slots.put(None)
        self._asleep: list[LockType] = []
        self._reading = False
        self._closed = False
        self._requests: list[wire.Message] = []
        self._replies: dict[int, wire.Message] = {}
        self._run: int | None = None
        self._called = 0

    def open(self, channel: socket.socket) -> None:
        """Read this channel from now on; nobody else may, and in no other process."""
        self._channel, self._process = channel, os.getpid()

    def is_ours(self) -> bool:
        """Whether this is the process that opened it, not one that the program forked."""
        return os.getpid() == self._process

    def begin(self, run: int) -> None:
        """A run begins: from now on its program may say something."""
        with self._changing:
            self._run = run
            self._replies.clear()

    def answer(self, message: wire.Message) -> None:
        """The run is over: say what came of it, and nothing more. Who still waits for a reply is told so."""
        with self._sending:  # and SIGINT is nobody's any more
            run, self._run = self._run, None
            self._channel.sendall(wire.pack(message | {"id": run}))
        with self._changing:
            self._wake()

    def say(self, event: wire.Message) -> bool:
        """Say something of the run in progress; False where there is none."""
        with self._sending, _uninterrupted():
            if self._run is None:
                return False
            self._channel.sendall(wire.pack(event | {"id": self._run}))
        return True

    def request(self) -> wire.Message | None:
        """Wait for the next program; None at the end of the channel."""
        self._wait(lambda: bool(self._requests) or self._closed)
        return self._requests.pop(0) if self._requests else None

    def call(self, tool: str, arguments: dict[str, Any]) -> Any:
        """Make one call and wait for its answer."""
        if not self.is_ours():
            message = f"{tool}() can be called in the sandbox's first process alone"
            raise RuntimeError(message)
        _require_json(tool, arguments)
        slot = self._slots.get()
        try:
            run, number = self._call(tool, arguments)
            self._wait(lambda: number in self._replies or self._run != run or run is None or self._closed)
            with self._changing:
                reply = self._replies.pop(number, None) if run is not None else None
        finally:
            self._slots.put(slot)
        if reply is None:
            message = f"{tool}() was not answered: it can be called only while a program runs"
            raise RuntimeError(message)
        if "error" in reply:
            name = reply["error"]["name"]
            raise getattr(builtins, name if name in _RAISED else "RuntimeError")(reply["error"]["message"])
        return reply["value"]

    def _call(self, tool: str, arguments: dict[str, Any]) -> tuple[int | None, int]:
        """Send the call: its run and its number."""
        with self._sending, _uninterrupted():
            run, number = self._run, self._called
            if run is not None:
                self._called += 1
                event = {"id": run, "event": "call", "call": number, "tool": tool, "arguments": arguments}
                self._channel.sendall(wire.pack(event))
        return run, number

    def _wait(self, done: Callable[[], bool]) -> None:
        """Until it is so; meanwhile read for all who wait, unless another thread does."""
        while True:
            with self._changing:
                if done():
                    return
                asleep = allocate_lock() if self._reading else None
                if asleep is not None:
                    asleep.acquire()
                    self._asleep.append(asleep)
                self._reading = True
            if asleep is None:
                self._read()
            else:
                asleep.acquire()  # until another thread wakes us

    def _read(self) -> None:
        try:
            data = self._channel.recv(_CHUNK)
            if self._run is None:  # between programs SIGINT is nobody's
                self._take(data)
            else:
                with _uninterrupted():
                    self._take(data)
        finally:
            with self._changing:
                self._reading = False
                self._wake()

    def _wake(self) -> None:
        """Have all who wait look again; the caller holds `_changing`."""
        for asleep in self._asleep:
            asleep.release()
        self._asleep.clear()

    def _take(self, data: bytes) -> None:
        with self._changing:
            self._closed = not data
            for frame in self._frames.feed(data):
                if "reply" in frame:
                    self._replies[frame["reply"]] = frame
                else:
                    self._requests.append(frame)


def _require_json(tool: str, arguments: dict[str, Any]) -> None:
    """Arguments that can't travel are the program's error, like any other wrong argument."""
    try:
        size = len(json.dumps(arguments, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        message = f"{tool}() takes texts, numbers, truth values, None, and lists and dicts of them: {error}"
        raise TypeError(message) from None
    if size > _MOST_ARGUMENTS:
        message = f"the arguments of {tool}() have {size:,} characters, more than {_MOST_ARGUMENTS:,}"
        raise TypeError(message)


@contextmanager
def _uninterrupted() -> Generator[None]:
    """An interrupt in the middle of a frame would leave half of it in the channel."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
