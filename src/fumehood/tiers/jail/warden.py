"""The warden: the one process that makes sandboxes and ends them. Single-threaded, a loop over descriptors.

It never reads a byte that sandboxed code wrote: the code's channel and output go straight to the broker. What it
does hear of the code are system calls that the filter refused, as numbers, and the end of processes.
"""

from __future__ import annotations

import math
import os
import select
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from fumehood.kernel import limits, mount, namespaces, privilege
from fumehood.tiers.jail import usher, wire
from fumehood.tiers.jail.nursery import Nursery
from fumehood.tiers.jail.ward import Ward

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from types import FrameType

    from fumehood.kernel.cgroup import Cgroups, Group
    from fumehood.tiers.jail.kin import Kin
    from fumehood.tiers.jail.usher import Usher
    from fumehood.tiers.jail.wire import Message

_BROOM_MS = 50
_LONGEST_S = 3600.0  # epoll takes no number of any size
_PATIENCE_S, _SHORT_S = 2.0, 0.001
#: Open files that the warden keeps for itself, and that it allows for each sandbox: fourteen are used, and those of
#: sandboxes that are just ending are still open.
_FILES_KEPT, _FILES_EACH = 96, 20


def main(broker: socket.socket, groups: Cgroups, facts: Message, *, launcher: int) -> None:
    """Serve the broker until it or the launcher, a pidfd, goes away; called in pid 1 of the jail's pid namespace."""
    privilege.set_name("fumehood-warden")
    namespaces.unshare("mount")
    mount.mount(None, "/", None, mount.REC | mount.PRIVATE)
    mount.mount("proc", "/proc", "proc", mount.NOSUID | mount.NODEV | mount.NOEXEC)
    # It takes the number 2, which each sandbox's runner has: what tells a fork by its process number would not tell it
    # from a zygote with that number.
    ushering = usher.start()
    files = limits.raise_open_files()
    wire.send(broker, {"hello": facts | {"places": [place.path for place in groups.places]}})
    try:
        made = Warden(broker, groups, ushering, root=facts["root"], most=max(files - _FILES_KEPT, 0) // _FILES_EACH)
        made.watch(launcher, made.leave)
        made.mourn()
        ushering.serve(made)
        made.serve()
    finally:
        groups.remove()


def _heed(_number: int, _frame: FrameType | None) -> None:
    """A signal: that it came is told by the bell."""


class Warden:
    """Holds all wards of one broker and turns the loop."""

    def __init__(self, broker: socket.socket, groups: Cgroups, usher: Usher, *, root: bool, most: int) -> None:
        """Begin with no sandbox; there will be `most` at once."""
        self.broker = broker
        self.most = most
        self.groups = groups
        self.usher = usher
        self.root = root
        self.epoll = select.epoll()
        self.callbacks: dict[int, Callable[[], None]] = {}
        self.nursery = Nursery(self, root=root)
        self.wards: set[Ward] = set()
        self.ended: list[Group] = []
        self.runners: dict[int, Kin] = {}  # by their numbers here
        self._serial = 0
        self.gone = False

    def watch(self, descriptor: int, callback: Callable[[], None]) -> None:
        """Call back whenever `descriptor` can be read or has been hung up."""
        self.callbacks[descriptor] = callback
        self.epoll.register(descriptor, select.EPOLLIN)

    def forget(self, descriptor: int) -> None:
        """Stop watching, if it is watched; before the descriptor is closed."""
        if self.callbacks.pop(descriptor, None) is not None:
            self.epoll.unregister(descriptor)

    def mourn(self) -> None:
        """Hear of every child's end: a zygote's, and that of runners whose zygote ended before them."""
        bell, rope = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, _heed)  # only what has a handler rings the bell
        signal.set_wakeup_fd(rope, warn_on_full_buffer=False)
        self.watch(bell, lambda: self._bury(bell))

    def _bury(self, bell: int) -> None:
        os.read(bell, 4096)
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                if ended[0] in self.runners:
                    self.runners[ended[0]].buried(ended[1])

    def next_serial(self) -> int:
        """A number that no sandbox had."""
        self._serial += 1
        return self._serial

    def serve(self) -> None:
        """Turn the loop until the broker hangs up; then end everything."""
        orders = self.broker.fileno()
        self.watch(orders, self._command)
        patience = -1.0
        while not self.gone:
            ready = [(descriptor, self.callbacks[descriptor]) for descriptor, _ in self.epoll.poll(patience)]
            ready.sort(key=lambda pair: pair[0] == orders)  # last: what was let go of before makes room for them
            for descriptor, callback in ready:
                # An earlier callback of this turn may have ended it, and the number may already be another's, which
                # has nothing to read and would hold us up.
                if self.callbacks.get(descriptor) is callback:
                    callback()
            due = self._look(time.monotonic())
            self.ended = [group for group in self.ended if not group.remove()]
            patience = self._patience(due)
        for ward in list(self.wards):
            ward.kill("broker")
        self._sweep()

    def _look(self, now: float) -> float:
        """Look at whoever wants it now; when the next one will, in monotonic seconds."""
        due = math.inf
        for ward in list(self.wards):
            wanted = ward.wanted()
            if wanted <= now:
                ward.look(now)
                wanted = ward.wanted()
            due = min(due, wanted)
        return due

    def _patience(self, due: float) -> float:
        """Seconds until something has to be looked at unasked; -1 for ever."""
        if self.ended:
            due = min(due, time.monotonic() + _BROOM_MS / 1000)
        return -1.0 if due == math.inf else min(max(0.0, due - time.monotonic()), _LONGEST_S)

    def leave(self) -> None:
        """End everything after this turn of the loop."""
        self.gone = True

    def _sweep(self) -> None:
        """Wait for the last groups to empty."""
        self.ended += [ward.group for ward in self.wards if ward.group is not None]
        end = time.monotonic() + _PATIENCE_S
        while self.ended and time.monotonic() < end:
            self.ended = [group for group in self.ended if not group.remove()]
            time.sleep(_SHORT_S)

    def _command(self) -> None:
        """One message of the broker: define a root, or open a sandbox."""
        message, descriptors = wire.receive(self.broker)
        if message is None:
            self.leave()
        elif message["do"] == "root":
            self.nursery.define(message)
        elif message["do"] == "open":
            ward = Ward(self, message, descriptors)
            self.wards.add(ward)
            if sum(ward.reason is None for ward in self.wards) > self.most:
                ward.fail(f"the jail's limit of open files allows {self.most} sandboxes at once (ulimit -Hn)")
            else:
                self.usher.seat(ward)
