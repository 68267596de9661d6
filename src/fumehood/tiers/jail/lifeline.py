"""The broker's talk with the warden about one sandbox: commands go down, what was seen from outside comes up."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from fumehood.tiers.jail import wire
from fumehood.tiers.jail.meter import Meter
from fumehood.tiers.jail.refusals import UNTOLD

if TYPE_CHECKING:
    from fumehood.tiers.jail.wire import Message

#: The end of a sandbox of which nobody tells any more.
LOST: Message = {"event": "gone", "reason": "warden", "status": None}


class Lifeline:
    """One end of a channel whose closing ends the sandbox.

    Commands may come from any thread at any time: they and the closing exclude each other by a lock, so that no command
    goes to a number that means something else by now.

    Attributes:
        meter: What measures it, once it is sealed.
        workspace: Its working folder's descriptor, likewise.
        mother: The zygote that it was forked from, likewise.
        gone: How it ended, once it did.
        denied: The calls that were refused to the run in progress.
        counted: The kernel's counters, once they came that were asked for.
    """

    def __init__(self, channel: socket.socket) -> None:
        """Take the channel over."""
        self._channel = channel
        self._lock = threading.Lock()
        self._untold = False
        self.closed = False
        self.meter: Meter | None = None
        self.workspace = -1
        self.mother = 0
        self.gone: Message | None = None
        self.denied: list[Message] = []
        self.counted: Message = {}

    def fileno(self) -> int:
        """The descriptor to watch."""
        return self._channel.fileno()

    def begin(self) -> None:
        """A run begins: of refused calls one to which nobody listens any more says only that."""
        self.denied = [UNTOLD] if self._untold else []

    def tell(self, message: Message) -> None:
        """Give the warden a command; one that is gone hears none, and its end is heard."""
        with self._lock, suppress(OSError):
            if not self.closed:
                wire.send(self._channel, message)

    def hear(self) -> bool:
        """Take in what the warden told, in the order in which it happened; False once it tells nothing more."""
        while True:
            try:
                message, descriptors = wire.receive(self._channel)
            except BlockingIOError:
                return True
            except OSError as error:  # descriptors came, and this process may have no more
                self.gone = self.gone or {"event": "failed", "why": f"this process: {error.strerror} (ulimit -n)"}
                return False
            if message is None:
                self.gone = self.gone or LOST
                return False
            self._take(message, descriptors)

    def _take(self, message: dict[str, Any], descriptors: list[int]) -> None:
        event = message["event"]
        if event == "opened":
            self.workspace, self.mother = descriptors[0], message["mother"]
            self.meter = Meter(dict(zip(message["meters"], descriptors[1:], strict=True)))
        elif event == "denied":
            self.denied.append(message)
            self._untold = self._untold or message == UNTOLD
        elif event == "counted":
            self.counted = message
        else:  # "failed" says why; the "gone" after it only that
            self.gone = self.gone or message

    def cut(self) -> bool:
        """Have the sandbox ended; False where that was done before."""
        with self._lock:
            if not self.closed:
                with suppress(OSError):  # other forks may hold copies: to close ours would not be heard
                    self._channel.shutdown(socket.SHUT_RDWR)
            return self.let_go()

    def let_go(self) -> bool:
        """Close our copy, without the lock, which nobody holds in a fork of the caller; False where that was done."""
        if self.closed:
            return False
        self.closed = True
        self._channel.close()
        if self.meter is not None:
            self.meter.close()
            os.close(self.workspace)
        return True
