"""seccomp(2), seccomp_unotify(2): a BPF program loaded, and its listener served."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

from fumehood.kernel.libc import syscall

if TYPE_CHECKING:
    from fumehood.kernel.sequence import Writer


class Notice:
    """A call that the filter refers to the listener; the caller is stopped until `refuse`."""

    def __init__(self, identity: int, number: int, arguments: tuple[int, ...]) -> None:
        """Hold what the kernel told of it."""
        self.identity = identity
        self.number = number
        self.arguments = arguments


_NOTIFY = 0x7FC00000
_SET_MODE_FILTER, _GET_ACTION_AVAILABLE, _NEW_LISTENER = 1, 2, 8
_NOTIFY_RECEIVE, _NOTIFY_SEND = 0xC0502100, 0xC0182101
_RECORD, _REPLY = struct.Struct("=QIIiIQ6Q"), struct.Struct("=QqiI")


def load(writer: Writer, program: bytes, *, listener: bool) -> int:
    """Write down: put a process and all it starts under `program` for good; needs no_new_privs.

    Returns:
        The listener's descriptor, or -1 where none was asked for.
    """
    packed = struct.pack("=HxxxxxxQ", len(program) // 8, writer.place(program))
    if listener:
        return writer.open("seccomp", _SET_MODE_FILTER, _NEW_LISTENER, packed)
    writer.call("seccomp", _SET_MODE_FILTER, 0, packed)
    return -1


def receive(listener: int) -> Notice | None:
    """The next refused call, or None where its caller is gone already."""
    record = bytearray(_RECORD.size)
    try:
        fcntl.ioctl(listener, _NOTIFY_RECEIVE, record)
    except FileNotFoundError:
        return None
    identity, _pid, _flags, number, _machine, _pointer, *arguments = _RECORD.unpack(record)
    return Notice(identity, number, tuple(arguments))


def refuse(listener: int, notice: Notice) -> None:
    """Let the stopped caller go, with EPERM."""
    with suppress(FileNotFoundError):  # it was killed while it waited
        fcntl.ioctl(listener, _NOTIFY_SEND, bytearray(_REPLY.pack(notice.identity, 0, -errno.EPERM, 0)))


def available() -> tuple[bool, bool]:
    """Whether this kernel filters system calls, and whether it can tell a listener of the refused ones."""
    words = (ctypes.c_uint32 * 1)(_NOTIFY)
    try:
        syscall("seccomp", _GET_ACTION_AVAILABLE, 0, ctypes.byref(words))
    except OSError as error:
        return error.errno != errno.ENOSYS, False
    return True, True
