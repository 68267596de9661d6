"""The warden's loop: what one callback ends in a turn, another must not hear in the same turn."""

from __future__ import annotations

import os
import socket
import threading

from fumehood.kernel.cgroup import Cgroups
from fumehood.tiers.jail.usher import Usher
from fumehood.tiers.jail.warden import Warden


def test_a_number_used_anew_is_not_heard_for_the_old_one() -> None:
    """A callback that closes a ready descriptor whose number another takes at once leaves the new one unheard."""
    broker, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    warden = Warden(ours, Cgroups("none", []), Usher(ours, -1), root=False, most=1)
    first, second, quiet = os.pipe(), os.pipe(), os.pipe()
    heard: list[str] = []

    def replace(ready: int, other: int) -> None:
        """Whichever of the two is heard first takes the other's number for a pipe that nobody writes to."""
        if heard:
            return
        heard.append("first")
        warden.forget(other)
        os.dup2(quiet[0], other)
        warden.watch(other, lambda: heard.append("what has nothing to say"))
        os.read(ready, 1)
        broker.close()

    warden.watch(first[0], lambda: replace(first[0], second[0]))
    warden.watch(second[0], lambda: replace(second[0], first[0]))
    for pipe in (first, second):
        os.write(pipe[1], b"x")
    thread = threading.Thread(target=warden.serve)
    thread.start()
    thread.join(10)
    ours.close()
    warden.epoll.close()
    for descriptor in (*first, *second, *quiet):
        os.close(descriptor)

    assert not thread.is_alive()
    assert ["first"] == heard
