"""What every attack finds at hand inside: raw system calls by name, and a way to say what came of them."""

from __future__ import annotations

import os
from typing import Final

from fumehood.kernel.syscalls import numbers

_TOOLS: Final = '''
import ctypes, errno, os, signal, socket, struct, sys, threading, time
LIBC = ctypes.CDLL(None, use_errno=True)

def call(name, *arguments):
    """A raw system call: its result, or minus the error's number."""
    number = name if isinstance(name, int) else NUMBERS[name]
    wide = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = LIBC.syscall(ctypes.c_long(number), *wide)
    return result if result >= 0 else -ctypes.get_errno()

def won(*what):
    print("WON", *what, flush=True)

def attempt(action, *arguments, **named):
    """What an action gives, or None where it is refused in whatever way."""
    try:
        return action(*arguments, **named)
    except Exception as error:
        print("refused:", type(error).__name__, error)
        return None

def frame(data):
    """Say something on the runner's channel."""
    data = memoryview(struct.pack("=I", len(data)) + data)
    while data:
        data = data[os.write(3, data):]

def slurp_bytes(path):
    with open(path, "rb") as file:
        return file.read(1 << 20)

def slurp(path):
    return slurp_bytes(path).decode("utf-8", "replace")

def machine_code(data):
    """A function of raw instructions."""
    import mmap
    page = mmap.mmap(-1, 4096, prot=7)
    page.write(data)
    kept.append(page)
    return ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))

kept = []
'''

PRELUDE: Final = f"NUMBERS = {numbers(os.uname().machine)!r}\n{_TOOLS}\n"
