"""A process of its own that makes the calls of a sequence; one of the tests' may have grown over the sheet's place."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from fumehood.kernel.sequence import Reader

#: Far above what such a process has open.
FIRST = 500
_ROOT = Path(__file__).resolve().parents[2]


def made(written: bytes, descriptors: tuple[int, ...] = ()) -> object:
    """What comes of a sequence: None, where it stopped, or why it was not begun."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        rights = b"".join(descriptor.to_bytes(4, "little") for descriptor in descriptors)
        ours.sendmsg([written], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)] if rights else [])
        return _told("make", theirs)


def made_twice() -> object:
    """What a second reader in one process is told."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        return _told("twice", theirs)


def _told(what: str, channel: socket.socket) -> object:
    number = channel.fileno()
    command = [sys.executable, "-m", "tests.pool.sheet", what, str(number)]
    done = subprocess.run(command, check=True, capture_output=True, pass_fds=(number,), cwd=_ROOT)
    return json.loads(done.stdout)


def _make(channel: socket.socket) -> object:
    """All numbers below `FIRST` are taken."""
    taken = channel.fileno()
    while taken < FIRST - 1:
        taken = os.dup(channel.fileno())
    reader = Reader(channel, FIRST, 8)
    reader.clear()
    try:
        return reader.perform() if reader.receive() else "end"
    except OSError as error:
        return errno.errorcode[error.errno or 0]


def _twice(channel: socket.socket) -> object:
    Reader(channel, FIRST, 1)
    with suppress(FileExistsError):
        return str(Reader(channel, FIRST, 1))
    return "taken"


if __name__ == "__main__":
    what, number = sys.argv[1:]
    channel = socket.socket(fileno=os.dup(int(number)))  # that one may be above FIRST, where the tests hold much open
    print(json.dumps({"make": _make, "twice": _twice}[what](channel)))  # noqa: T201 -- read
