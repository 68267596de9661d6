"""What lies in an open folder, for looks that are taken at every run.

The C library takes 32 KiB for each look; given back, they leave gaps in the heap of each thread that looks.
"""

from __future__ import annotations

import ctypes
import os
import struct

from fumehood.kernel.libc import LIBC, check, number

_GET = ctypes.c_long(number("getdents64"))
#: struct linux_dirent64 up to its name: inode, place, length, type.
_ENTRY = struct.Struct("=QqHB")
_ROOM = 1 << 10
_Room = ctypes.c_char * _ROOM


def entries(descriptor: int) -> bytes:
    """What the kernel tells of all that lies in a folder, to be told apart, or taken apart by `names`.

    Whoever has the descriptor shares its place in the folder: as `os.listdir`, this begins there and leaves it at the
    beginning. It is not for two at once.
    """
    told, room = b"", _Room()
    while size := check(LIBC.syscall(_GET, descriptor, room, _ROOM), "getdents64"):
        told += room.raw[:size]
    os.lseek(descriptor, 0, os.SEEK_SET)
    return told


def names(told: bytes) -> list[bytes]:
    """The names among these entries, `.` and `..` too."""
    found, place = list[bytes](), 0
    while place < len(told):
        start = place + _ENTRY.size
        found.append(told[start : told.index(b"\0", start)])
        place += _ENTRY.unpack_from(told, place)[2]
    return found
