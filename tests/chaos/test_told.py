"""What the jail's processes and the code tell: taken in whole, in as much memory as it needs, also at the end."""

from __future__ import annotations

import os
import socket
import tracemalloc
from typing import TYPE_CHECKING

from fumehood.tiers.jail import wire
from tests.fuzz.test_cell import rig

if TYPE_CHECKING:
    from collections.abc import Callable

#: A large buffer that is cut off for a few bytes leaves a gap in the heap of the caller's thread at each run.
LITTLE = 16 << 10


def pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def most_taken(work: Callable[[], object]) -> int:
    """Measure how much memory is taken at once."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_message_takes_no_more_memory_than_it_needs() -> None:
    ours, theirs = pair()
    with ours, theirs:
        wire.send(ours, {"event": "counted"})

        assert most_taken(lambda: wire.receive(theirs)) < LITTLE


def test_what_the_code_says_takes_no_more_memory_than_it_needs() -> None:
    """On its channel as on its outputs; each is heard to its end."""
    here = rig()
    with here.lifeline:
        with here.runner:
            here.runner.sendall(wire.pack({"ready": True}))
            for output in (here.out, here.err):
                os.write(output, b"said")
                os.close(output)

            assert most_taken(here.cell.hear) < LITTLE

        assert here.cell.ready
        assert ["said", "said"] == [stream.take().decode() for stream in here.cell.streams]
        here.cell.hear()  # the ends
        assert not here.cell.hear()
        here.cell.close()


def test_messages_of_any_length_arrive_in_order() -> None:
    """Each comes with its descriptors; then comes the end."""
    ours, theirs = pair()
    told = [{"attached": bytes(length)} for length in (100_000, 1, 5_000)]
    with theirs:
        with ours:
            for message in told:
                wire.send(ours, message, (theirs.fileno(),))
        heard = [wire.receive(theirs) for _ in told]
        assert (None, []) == wire.receive(theirs)

    for _, descriptors in heard:
        os.close(*descriptors)
    assert told == [message for message, _ in heard]


def test_what_was_told_before_the_end_is_heard() -> None:
    """Whoever ends without having heard everything resets the channel: what it had said comes all the same."""
    ours, theirs = pair()
    with ours:
        with theirs:
            wire.send(ours, {"do": "hurry"})
            wire.send(theirs, {"event": "gone"})
        assert ({"event": "gone"}, []) == wire.receive(ours)
        assert (None, []) == wire.receive(ours)
