"""Which host user each sandbox is: its own where we are real root, the caller's where we are not."""

from __future__ import annotations

import errno
import os
import socket

#: 0x70000000 up to 0x7fffffff: above every range that distributions, systemd and subuid hand out. A warden takes one
#: block of 65,536 for as long as it lives.
FIRST, BLOCK, BLOCKS = 0x70000000, 1 << 16, 1 << 12


class Identities:
    """Hands out host user ids, each to one living sandbox."""

    def __init__(self, *, root: bool) -> None:
        """As real root, claim a block of ids; else there is only our own."""
        self._claim: socket.socket | None = None
        self._used = bytearray()
        self._first = self._next = 0
        if root:
            self._claim, block = _claim()
            self._first = FIRST + block * BLOCK
            self._used = bytearray(BLOCK)  # a fixed size: a list of those that came back would grow with every sandbox

    def take(self) -> int:
        """An id that no living sandbox has; `OSError(EAGAIN)` when the block is used up.

        They go round: a fresh one as long as there is one, then that of a sandbox that is long dead.
        """
        if self._claim is None:
            return os.getuid()
        found = self._used.find(0, self._next)
        if found < 0 and (found := self._used.find(0)) < 0:
            raise OSError(errno.EAGAIN, "all user ids of this warden are in use")
        self._used[found] = 1
        self._next = found + 1
        return self._first + found

    def give_back(self, uid: int) -> None:
        """The sandbox with this id is gone."""
        if self._claim is not None:
            self._used[uid - self._first] = 0


def _claim() -> tuple[socket.socket, int]:
    """A block that no other warden on this host has: an abstract socket's name is free again when its owner dies."""
    first = int.from_bytes(os.urandom(2), "little")
    for block in ((first + step) % BLOCKS for step in range(BLOCKS)):
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0fumehood-identities-{block}")
        except OSError:
            claim.close()
            continue
        return claim, block
    raise OSError(errno.EAGAIN, "all blocks of user ids are in use")
