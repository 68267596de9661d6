"""prctl(2), capabilities(7), keyrings(7): giving up what a process may do. Nothing here can be undone."""

from __future__ import annotations

import ctypes

from fumehood.kernel.libc import LIBC, check, syscall

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


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


# Made once, before any fork: building ctypes objects in a fresh child costs more than the calls themselves.
_HEADER = _Header(_CAPABILITY_VERSION_3, 0)
_NO_CAPABILITIES = (_Data * 2)()


def _prctl(option: int, argument: int = 0, second: int = 0) -> int:
    zero = ctypes.c_ulong(0)
    return check(LIBC.prctl(option, ctypes.c_ulong(argument), ctypes.c_ulong(second), zero, zero), f"prctl({option})")


def die_with_parent(signal: int) -> None:
    """Have the kernel send `signal` to this process when the thread that made it ends."""
    _prctl(_SET_PDEATHSIG, signal)


def set_dumpable(*, dumpable: bool) -> None:
    """Whether others of the same user may look into this process, and who owns its /proc entries."""
    _prctl(_SET_DUMPABLE, int(dumpable))


def keep_capabilities() -> None:
    """Keep the permitted set over the next change of user id."""
    _prctl(_SET_KEEPCAPS, 1)


def set_name(name: str) -> None:
    """Set the name that ps shows, at most 15 bytes."""
    buffer = ctypes.create_string_buffer(name.encode()[:15])
    check(LIBC.prctl(_SET_NAME, buffer, 0, 0, 0), "prctl(PR_SET_NAME)")


def set_no_new_privileges() -> None:
    """From here on no exec gains anything: no setuid, no file capabilities."""
    _prctl(_SET_NO_NEW_PRIVS, 1)


def last_capability() -> int:
    """The highest capability number that this kernel knows."""
    for capability in range(_LAST_CAPABILITY + 1):
        if LIBC.prctl(_CAPBSET_READ, capability, 0, 0, 0) < 0:
            return capability - 1
    return _LAST_CAPABILITY


def raise_capabilities() -> None:
    """Make the whole permitted set effective again, which a change of user id had cleared."""
    data = (_Data * 2)()
    syscall("capget", ctypes.byref(_HEADER), ctypes.byref(data))
    for half in data:
        half.effective = half.permitted
    syscall("capset", ctypes.byref(_HEADER), ctypes.byref(data))


def drop_capabilities(last: int) -> None:
    """Empty the bounding, ambient, permitted, effective and inheritable sets; `last` as from `last_capability`."""
    prctl = LIBC.prctl
    for capability in range(last + 1):
        prctl(_CAPBSET_DROP, capability, 0, 0, 0)
    _prctl(_CAP_AMBIENT, _CAP_AMBIENT_CLEAR_ALL)
    syscall("capset", ctypes.byref(_HEADER), ctypes.byref(_NO_CAPABILITIES))


def join_empty_keyring() -> None:
    """Leave the caller's session keyring for a new, empty one."""
    syscall("keyctl", _JOIN_SESSION_KEYRING, None)
