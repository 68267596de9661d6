"""prctl(2), capabilities(7), keyrings(7): giving up what a process may do. Nothing here can be undone."""

from __future__ import annotations

import ctypes
import struct
from typing import TYPE_CHECKING

from fumehood.kernel.libc import LIBC, check, syscall

if TYPE_CHECKING:
    from fumehood.kernel.sequence import Writer

_SET_PDEATHSIG = 1
_SET_DUMPABLE = 4
_SET_KEEPCAPS = 8
_SET_NAME = 15
_CAPBSET_READ = 23
_CAPBSET_DROP = 24
_SET_NO_NEW_PRIVS = 38
_SET_CHILD_SUBREAPER = 36
_CAP_AMBIENT = 47
_CAP_AMBIENT_CLEAR_ALL = 4
_CAPABILITY_VERSION_3 = 0x20080522
_JOIN_SESSION_KEYRING = 1
_LAST_CAPABILITY = 63


_HEADER, _SETS = struct.Struct("=Ii").pack(_CAPABILITY_VERSION_3, 0), struct.Struct("=6I")
_ADMINISTRATION = 1 << 21

# For prctl(2), in a sequence of calls.
#: Keep the permitted set over the next change of user id.
KEEP_CAPABILITIES = _SET_KEEPCAPS, 1, 0, 0, 0
#: From here on no exec gains anything: no setuid, no file capabilities.
NO_NEW_PRIVILEGES = _SET_NO_NEW_PRIVS, 1, 0, 0, 0
#: Whether others of the same user may look into this process, and who owns its /proc entries.
DUMPABLE, NOT_DUMPABLE = (_SET_DUMPABLE, 1, 0, 0, 0), (_SET_DUMPABLE, 0, 0, 0, 0)


def _prctl(option: int, argument: int) -> int:
    zero = ctypes.c_ulong(0)
    return check(LIBC.prctl(option, ctypes.c_ulong(argument), zero, zero, zero), f"prctl({option})")


def die_with_parent(signal: int) -> None:
    """Have the kernel send `signal` to this process when the thread that made it ends."""
    _prctl(_SET_PDEATHSIG, signal)


def set_dumpable(*, dumpable: bool) -> None:
    """Whether others of the same user may look into this process, and who owns its /proc entries."""
    _prctl(_SET_DUMPABLE, int(dumpable))


def set_name(name: str) -> None:
    """Set the name that ps shows, at most 15 bytes."""
    buffer = ctypes.create_string_buffer(name.encode()[:15])
    check(LIBC.prctl(_SET_NAME, buffer, 0, 0, 0), "prctl(PR_SET_NAME)")


def last_capability() -> int:
    """The highest capability number that this kernel knows."""
    for capability in range(_LAST_CAPABILITY + 1):
        if LIBC.prctl(_CAPBSET_READ, capability, 0, 0, 0) < 0:
            return capability - 1
    return _LAST_CAPABILITY


def raise_administration(writer: Writer) -> None:
    """Write down: make CAP_SYS_ADMIN effective again, which a change of user id had cleared; drop the others."""
    writer.call(
        "capset", _HEADER, _SETS.pack(_ADMINISTRATION, _ADMINISTRATION, 0, 0, 0, 0), what="capset(administration)"
    )


def drop_capabilities(writer: Writer, last: int) -> None:
    """Write down: empty the bounding, ambient, permitted, effective and inheritable sets.

    Args:
        writer: Takes it.
        last: As from `last_capability`.
    """
    for capability in range(last + 1):
        writer.call("prctl", _CAPBSET_DROP, capability, 0, 0, 0, what=f"drop capability {capability}")
    writer.call("prctl", _CAP_AMBIENT, _CAP_AMBIENT_CLEAR_ALL, 0, 0, 0, what="drop ambient capabilities")
    writer.call("capset", _HEADER, _SETS.pack(0, 0, 0, 0, 0, 0), what="drop capabilities")


def join_empty_keyring() -> None:
    """Leave the caller's session keyring for a new, empty one."""
    syscall("keyctl", _JOIN_SESSION_KEYRING, None)
