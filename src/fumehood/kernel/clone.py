"""clone(2): processes without a program, which only sleep until they are killed."""

from __future__ import annotations

import ctypes
import mmap

from fumehood.kernel.libc import LIBC, check

_SIGCHLD = 17
_SHARED = 0x100 | 0x200 | 0x400  # CLONE_VM, CLONE_FS, CLONE_FILES
_PIDFD = 0x1000
_PAUSE = ctypes.cast(LIBC.pause, ctypes.c_void_p)
#: What pause(2) returns to lies on its stack. Nothing returns from it in a process that handles no signal; still no two
#: that have just begun, and write there, may have one stack.
_STACK, _STACKS = 512, 512


class Sleepers:
    """Makes processes that share this one's memory, folder and open files, and call pause(2) for ever.

    The maker must handle no signal: a handler would run in them, on a stack that is too small.
    """

    def __init__(self) -> None:
        """Set stacks aside; what is never used takes no memory."""
        self._stacks = mmap.mmap(-1, _STACK * _STACKS)
        self._base = ctypes.addressof(ctypes.c_char.from_buffer(self._stacks))
        self._made = 0

    def start(self) -> int:
        """Make one, in the namespace that the next child is to be in; its pidfd."""
        self._made += 1
        top = self._base + _STACK * (self._made % _STACKS + 1)
        pidfd = ctypes.c_int(-1)
        flags = _SHARED | _PIDFD | _SIGCHLD
        check(LIBC.clone(_PAUSE, ctypes.c_void_p(top), flags, None, ctypes.byref(pidfd)), "clone")
        return pidfd.value
