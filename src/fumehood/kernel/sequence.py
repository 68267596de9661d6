"""System calls that one process writes down and another makes, one after the other, without looking at them.

What is written holds addresses of its own parts, so it lies at the same place in every process that reads it, and
numbers of descriptors, which the kernel gives out lowest first: each call has the one answer that is the right one.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import socket
import struct
from typing import TYPE_CHECKING

from fumehood.kernel.libc import LIBC, number

if TYPE_CHECKING:
    from collections.abc import Sequence as Row

#: Where the kernel puts nothing by itself, and a number that fits a C int, as which ctypes passes Python's fastest.
BASE, SIZE = 0x7000_0000, 1 << 18
#: Whatever it answers: for calls that only grant something more, where that applies.
ANY = -(1 << 32)
_FIRST = 2  # of the words that make a call: before it stand where they end, and the answer
#: Stand for the user and group that are known last. Neither a path nor a text has a zero byte in it.
USER, GROUP = 0x7573_6572_0000_0001, 0x6772_6F75_7000_0001
USER_TEXT, GROUP_TEXT = b"\0user\0\0\0\0\0", b"\0group\0\0\0\0"

_CLOSE_RANGE = number("close_range")
_CLOSE_ON_EXEC = int(socket.MSG_CMSG_CLOEXEC)
_HEAD, _CALL, _LONG, _INT = struct.Struct("=3q"), struct.Struct("=9q"), struct.Struct("=q"), struct.Struct("=i")
_PRIVATE, _ANONYMOUS, _NO_RESERVE, _NO_REPLACE = 0x02, 0x20, 0x4000, 0x100000
_READ_WRITE, _DONT_NEED = 0x1 | 0x2, 4
_MESSAGE = struct.Struct("=QIxxxxQQQQixxxx")  # struct msghdr
_CONTROL = struct.Struct("=Qii")  # struct cmsghdr


class Writer:
    """Writes calls down. Arguments are numbers, or bytes, of which the call gets the address; None is no address."""

    def __init__(self, received: int, first: int) -> None:
        """Begin with none.

        Args:
            received: How many descriptors come along.
            first: The number of the first of them, below which all are taken.
        """
        self.names: list[str] = []
        self._received = received
        self._open = first + received
        self._calls: list[Row[int]] = []
        self._data = bytearray(_HEAD.size)
        self._places: dict[bytes, int] = {}

    def place(self, data: bytes) -> int:
        """The address where these bytes will lie, followed by a zero."""
        if data not in self._places:
            self._data += bytes(-len(self._data) % 8)
            self._places[data] = BASE + len(self._data)
            self._data += data + b"\0"
        return self._places[data]

    def call(self, name: str, *arguments: int | bytes | None, answer: int = 0, what: str = "") -> None:
        """One more call, which has to give this answer; `what` tells people about it, if it does not.

        Numbers have 32 bits, with or without sign.
        """
        words = [self.place(each) if isinstance(each, bytes) else each or 0 for each in arguments]
        end = _FIRST + 1 + len(words)
        self._calls.append((end, answer, number(name), *words, *[0] * (6 - len(words))))
        self.names.append(what or name)

    def open(self, name: str, *arguments: int | bytes | None, what: str = "") -> int:
        """One more call, which opens a descriptor; its number."""
        descriptor, self._open = self._open, self._open + 1
        self.call(name, *arguments, answer=descriptor, what=what)
        return descriptor

    def close(self, descriptor: int) -> None:
        """Close the descriptor that was opened last."""
        self.call("close", descriptor)
        self._open = descriptor

    def close_from(self, first: int) -> None:
        """Close all descriptors from this one up."""
        self.call("close_range", first, 0xFFFFFFFF, 0)
        self._open = first

    def send(self, channel: int, data: bytes, descriptors: list[int]) -> None:
        """Send a datagram with open descriptors."""
        vector = self.place(struct.pack("=QQ", self.place(data), len(data)))
        rights = b"".join(_INT.pack(descriptor) for descriptor in descriptors)
        head = _CONTROL.pack(_CONTROL.size + len(rights), socket.SOL_SOCKET, socket.SCM_RIGHTS)
        control = self.place(head + rights)
        message = _MESSAGE.pack(0, 0, vector, 1, control, _CONTROL.size + len(rights), 0)
        self.call("sendmsg", channel, message, int(socket.MSG_NOSIGNAL), answer=len(data))

    def forget(self) -> None:
        """Give back the pages in which all this lies; nothing can come after it."""
        self.call("madvise", BASE, SIZE, _DONT_NEED)

    def written(self) -> bytes:
        """All of it, with `USER` and `GROUP` still to be put in by a `Form`.

        Raises:
            OSError: It is longer than the place that is set aside for it.
        """
        self._data += bytes(-len(self._data) % 8)
        start = len(self._data)
        whole = self._data + b"".join(_CALL.pack(*call) for call in self._calls)
        _HEAD.pack_into(whole, 0, self._received, start, len(whole))
        if len(whole) > SIZE:
            raise OSError(errno.E2BIG, f"the policy names too many paths: sealing takes {len(whole):,} bytes")
        return bytes(whole)


class Form:
    """What was written once, to be signed for many users and groups."""

    def __init__(self, written: bytes) -> None:
        """Look where they stand."""
        self._written = written
        self._users, self._user_texts = _places(written, _LONG.pack(USER)), _places(written, USER_TEXT)
        self._groups, self._group_texts = _places(written, _LONG.pack(GROUP)), _places(written, GROUP_TEXT)

    def signed(self, user: int, group: int) -> bytes:
        """What was written, for this user and group."""
        whole = bytearray(self._written)
        for real, numbers, texts in (
            (user, self._users, self._user_texts),
            (group, self._groups, self._group_texts),
        ):
            for place in numbers:
                _LONG.pack_into(whole, place, real)
            for place in texts:
                whole[place : place + len(USER_TEXT)] = b"%10d" % real
        return bytes(whole)


def _places(written: bytes, part: bytes) -> list[int]:
    return [found.start() for found in re.finditer(re.escape(part), written)]


class Reader:
    """Receives what was written, and makes the calls. Made before the fork, to touch few pages after it."""

    def __init__(self, channel: socket.socket, first: int, most: int) -> None:
        """Set the place aside for it.

        Args:
            channel: Where to receive it, from a process of our own.
            first: The number that the first descriptor received will have.
            most: How many there are at most.

        Raises:
            OSError: Something else lies there.
        """
        flags = _PRIVATE | _ANONYMOUS | _NO_RESERVE | _NO_REPLACE
        LIBC.mmap.restype = ctypes.c_void_p
        got = LIBC.mmap(ctypes.c_void_p(BASE), ctypes.c_size_t(SIZE), _READ_WRITE, flags, -1, ctypes.c_long(0))
        if got != BASE:
            raise OSError(errno.EEXIST, f"mmap({BASE:#x})")
        self.channel = channel
        self._sheet = memoryview((ctypes.c_char * SIZE).from_address(BASE)).cast("B")
        self._buffers = [self._sheet]
        self._first = first
        self._descriptors = b"".join(_INT.pack(first + index) for index in range(most))
        self._room = socket.CMSG_SPACE(len(self._descriptors))
        self._syscall = ctypes.PyDLL(None, use_errno=True).syscall

    def clear(self) -> None:
        """Close all descriptors that have numbers from the first up, so that those received will."""
        self._syscall(_CLOSE_RANGE, self._first, 0xFFFFFFFF, 0)

    def receive(self) -> bool:
        """Take what was written, with its descriptors; False at the end of the channel.

        Raises:
            OSError: The descriptors did not all come, or not with the numbers that are counted on.
        """
        size, ancillary, _, _ = self.channel.recvmsg_into(self._buffers, self._room, _CLOSE_ON_EXEC)
        if not size:
            return False
        received = _HEAD.unpack_from(self._sheet)[0] * _INT.size
        if (ancillary[0][2] if ancillary else b"") != self._descriptors[:received]:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return True

    def perform(self) -> tuple[int, int] | None:
        """Make the calls: None if each gave its answer, else which did not, counted from 1, and the error number."""
        syscall = self._syscall
        _, start, end = _HEAD.unpack_from(self._sheet)
        for count, call in enumerate(_CALL.iter_unpack(self._sheet[start:end]), 1):
            if syscall(*call[_FIRST : call[0]]) != call[1] != ANY:
                return count, ctypes.get_errno()
        return None
