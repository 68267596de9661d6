"""What the jail's processes tell each other: taken in whole, in as much memory as it needs, also at the end."""

from __future__ import annotations

import os
import socket
import tracemalloc

from fumehood.tiers.jail import wire


def pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def test_a_message_takes_no_more_memory_than_it_needs() -> None:
    """A large buffer that is cut off for a few bytes leaves a gap in the caller's memory at each run."""
    ours, theirs = pair()
    with ours, theirs:
        wire.send(ours, {"event": "counted"})
        tracemalloc.start()
        try:
            message, _ = wire.receive(theirs)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert {"event": "counted"} == message
    assert most < 16 << 10


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
