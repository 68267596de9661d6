"""setrlimit(2): limits of one process. They are only ever lowered."""

from __future__ import annotations

import resource
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fumehood.kernel.sequence import Writer

NAMES = {
    "core": resource.RLIMIT_CORE,
    "nofile": resource.RLIMIT_NOFILE,
    "fsize": resource.RLIMIT_FSIZE,
    "cpu": resource.RLIMIT_CPU,
    "memlock": resource.RLIMIT_MEMLOCK,
    "msgqueue": resource.RLIMIT_MSGQUEUE,
    "as": resource.RLIMIT_AS,
    "nproc": resource.RLIMIT_NPROC,
    "nice": resource.RLIMIT_NICE,
    "rtprio": resource.RLIMIT_RTPRIO,
    "sigpending": resource.RLIMIT_SIGPENDING,
}


def lower(writer: Writer, name: str, value: int) -> None:
    """Write down: set soft and hard limit to `value`, or to this process's own hard limit where that is lower."""
    which = NAMES[name]
    hard = resource.getrlimit(which)[1]
    target = value if hard == resource.RLIM_INFINITY else min(value, hard)
    writer.call("prlimit64", 0, which, struct.pack("=QQ", target, target), None, what=f"setrlimit({name})")


def raise_open_files() -> int:
    """Lift this process's own soft limit of open files to its hard limit, and say what it is."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
