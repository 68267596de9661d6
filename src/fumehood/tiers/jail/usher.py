"""The usher: makes the pid 1 of each sandbox, a process without a program that holds its namespace and ends it.

All of them share the usher's memory, so that they cost next to nothing; they run no instruction but the call that they
sleep in. The usher is forked before any order arrived, keeps nothing that belongs to the host, and ignores SIGCHLD, as
they do by inheritance: the kernel itself then collects what ends in a sandbox without a parent.
"""

from __future__ import annotations

import os
import signal
import socket
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from fumehood.kernel import mount, namespaces, privilege
from fumehood.kernel.clone import Sleepers
from fumehood.kernel.libc import close_from
from fumehood.tiers.jail import seal, wire
from fumehood.tiers.jail.kin import lives

if TYPE_CHECKING:
    from fumehood.tiers.jail.ward import Ward
    from fumehood.tiers.jail.warden import Warden

NAME = "fumehood-usher"
#: Made ahead, so that no birth waits for one, and asked for at once.
_STOCK, _AT_ONCE = 4, 8
_STAGE = "/tmp"  # noqa: S108 -- any folder that every host has; it is covered in our own mount namespace only
_BARE = mount.RDONLY | mount.NOSUID | mount.NODEV | mount.NOEXEC


class Usher:
    """The usher as the warden sees it: its channel, a stock of namespaces, and the wards that wait for one."""

    _warden: Warden

    def __init__(self, channel: socket.socket, pidfd: int) -> None:
        """Take what `start` gave."""
        self.channel = channel
        self.pidfd = pidfd
        self._stock: deque[tuple[int, int]] = deque()
        self._waiting: deque[Ward] = deque()
        self._asked = 0

    def serve(self, warden: Warden) -> None:
        """Answer its wards from here on.

        The usher's own end is told by its pidfd: what it made holds the other end of its channel as well.
        """
        self._warden = warden
        warden.watch(self.channel.fileno(), self._heard)
        warden.watch(self.pidfd, warden.leave)
        self._ask()

    def seat(self, ward: Ward) -> None:
        """Give the ward a namespace of its own, now or when there is one; it is born then."""
        self._waiting.append(ward)
        self._hand_out()

    def _hand_out(self) -> None:
        while self._waiting and self._stock:
            first, namespace = self._stock.popleft()
            if lives(first):
                self._warden.nursery.take(self._waiting.popleft(), first, namespace)
            else:  # something outside killed it
                os.close(first)
                os.close(namespace)
        self._ask()

    def _ask(self) -> None:
        while self._asked < min(_AT_ONCE, _STOCK + len(self._waiting) - len(self._stock)):
            with suppress(OSError):  # it has ended, which is heard by its pidfd
                wire.send(self.channel, wire.NOTHING)
            self._asked += 1

    def _heard(self) -> None:
        """One more pid 1 and its namespace, or why there is none."""
        message, descriptors = wire.receive(self.channel)
        self._asked -= 1
        if message is not None and descriptors:
            first, namespace = descriptors
            self._stock.append((first, namespace))
        elif message is not None and self._waiting:
            self._waiting.popleft().fail(message["failed"])
        if self._waiting:
            self._hand_out()


def start() -> Usher:
    """Fork it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pid = os.fork()
    if pid == 0:
        _be(theirs)
    theirs.close()
    return Usher(ours, os.pidfd_open(pid))


def _be(channel: socket.socket) -> NoReturn:
    """In the fork: give up what a sandbox must never see, then make a pid 1 for each message."""
    os.dup2(channel.fileno(), wire.CONTROL)
    channel.detach()
    close_from(wire.CONTROL + 1)
    control = socket.socket(fileno=wire.CONTROL)
    own, following = _withdraw()
    sleepers = Sleepers()
    while True:
        if not control.recv(len(wire.NOTHING)):
            os._exit(0)
        made: list[int] = []
        try:
            namespaces.unshare("pid")
            made.append(sleepers.start())
            made.append(os.open("pid_for_children", os.O_RDONLY | os.O_CLOEXEC, dir_fd=following))
        except OSError as error:
            for pidfd in made:
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            wire.send(control, {"failed": f"fork: {error.strerror}"})
        else:
            wire.send(control, wire.NOTHING, tuple(made))
        namespaces.rejoin(own, "pid")
        for descriptor in made:
            os.close(descriptor)


def _withdraw() -> tuple[int, int]:
    """Leave the host's files, network and names; this process's pid namespace, and the folder of its namespaces.

    Dispositions must be the default ones: a handler would be code that a signal from inside starts in pid 1.
    """
    privilege.set_name(NAME)
    seal.reset_signals()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    following = os.open("/proc/self/ns", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    own = os.open("pid", os.O_RDONLY | os.O_CLOEXEC, dir_fd=following)
    namespaces.unshare("mount", "net", "ipc", "uts", "cgroup")
    mount.mount("nothing", _STAGE, "tmpfs", _BARE, "size=4k,mode=0555")
    mount.pivot(_STAGE)
    privilege.set_dumpable(dumpable=False)
    os.dup2(0, 2)
    return own, following
