"""The broker's answers to the calls that code makes while it runs, on their way into the sandbox."""

from __future__ import annotations

import errno
import os
import select
import socket
import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from fumehood.tiers.jail import wire
from fumehood.tiers.jail.events import AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fumehood.tiers.jail.wire import Message


class Replies:
    """Sends answers as the program takes them, and never waits for it. Any thread may have one to send."""

    def __init__(self, channel: socket.socket, epoll: select.epoll) -> None:
        """Send on this channel, which is watched by this epoll."""
        self.bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.serve: Callable[[], Awaitable[None]] | None = None
        self._channel = channel
        self._epoll = epoll
        epoll.register(self.bell, select.EPOLLIN)
        self._open: set[int] = set()
        self._last = -1
        self._ready: deque[Message] = deque()
        self._going = b""
        self._number = -1
        self._watched: int = select.EPOLLIN
        self._closed = False
        self._lock = threading.Lock()

    async def attend(self) -> None:
        """See to the calls that came."""
        if self.serve is not None:
            await self.serve()

    def called(self, number: int) -> None:
        """The program made a call.

        Raises:
            Tampered: It has that number from before, or more calls wait than the runner lets through.
        """
        if number <= self._last or len(self._open) >= AT_ONCE:
            message = "the channel carried a call that the runner never makes"
            raise wire.Tampered(message)
        self._last = number
        self._open.add(number)

    def put(self, message: Message) -> None:
        """Have an answer sent, from any thread; a sandbox that is gone needs none."""
        with self._lock:
            if not self._closed:
                self._ready.append(message)
                os.eventfd_write(self.bell, 1)

    def flush(self) -> bool:
        """Send what there is, as far as the program takes it."""
        with suppress(BlockingIOError):
            os.eventfd_read(self.bell)
        while self._next():
            try:
                self._going = self._going[self._channel.send(self._going, socket.MSG_NOSIGNAL | socket.MSG_DONTWAIT) :]
            except BlockingIOError:
                self._watch(select.EPOLLIN | select.EPOLLOUT)
                return True
            except OSError as error:
                if error.errno not in {errno.EPIPE, errno.ECONNRESET}:
                    raise
                return False  # the sandbox's end is told elsewhere
        self._watch(select.EPOLLIN)
        return True

    def _next(self) -> bool:
        """Whether there is something to send now."""
        if self._going:
            return True
        self._open.discard(self._number)
        while self._ready:
            message = self._ready.popleft()
            if message["reply"] in self._open:  # a call of this run, and not answered before
                self._number, self._going = message["reply"], wire.pack(message)
                return True
        return False

    def _watch(self, events: int) -> None:
        if events != self._watched:
            with suppress(FileNotFoundError):  # the channel is heard no more
                self._epoll.modify(self._channel.fileno(), events)
            self._watched = events

    def forget(self) -> None:
        """The run is over: nobody waits for an answer any more. What is half sent is sent to its end."""
        self.serve = None
        self._open = {self._number} if self._going else set()
        self._ready.clear()

    def close(self) -> None:
        """Let go of the descriptor; its number may be another's soon."""
        with self._lock:
            self._closed = True
            os.close(self.bell)
