"""The throw-away world around a weakened jail: own mounts, all read-only, own processes, network and bounded memory.

    python -m tests.escape.outer {weak | without-cgroups} FOLDER -- PROGRAM ARGUMENT ...

Becomes PROGRAM. FOLDER is the one place that can be written in a weakened world, a tmpfs that goes with it.
"""

from __future__ import annotations

import fcntl
import os
import resource
import signal
import socket
import struct
import sys
from pathlib import Path

from fumehood.kernel import mount, namespaces, privilege

_SET_FLAGS, _UP = 0x8914, 0x41
_MEMORY, _FILE = 6 << 30, 1 << 30


def main() -> None:
    """Make the world that the first argument names and execute the rest in it."""
    kind, folder, _, *program = sys.argv[1:]
    if os.geteuid() != 0:
        uid, gid = os.geteuid(), os.getegid()
        namespaces.unshare("user")
        namespaces.map_identity(uid, uid, gid)
    if kind == "weak":
        _enter_weak(Path(folder))
    else:
        namespaces.unshare("mount")
        mount.mount(None, "/", None, mount.REC | mount.PRIVATE)
        mount.mount("none", "/sys/fs/cgroup", "tmpfs", mount.RDONLY)
    os.execv(program[0], program)  # noqa: S606 -- no shell is wanted


def _enter_weak(folder: Path) -> None:
    namespaces.unshare("mount", "pid", "net", "ipc", "uts")
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    privilege.die_with_parent(signal.SIGKILL)
    mount.mount(None, "/", None, mount.REC | mount.PRIVATE)
    whole = os.open("/", os.O_PATH | os.O_DIRECTORY)
    mount.restrict_tree(whole, mount.RDONLY)
    os.close(whole)
    for place in ("/dev/shm", str(folder)):  # noqa: S108 -- covered, so that the machine's own is out of reach
        mount.mount("tmpfs", place, "tmpfs", mount.NOSUID | mount.NODEV, "mode=0777,size=512m")
    mount.mount("proc", "/proc", "proc", mount.NOSUID | mount.NODEV | mount.NOEXEC)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))
    for which, most in ((resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_FSIZE, _FILE)):
        resource.setrlimit(which, (most, most))
    os.chdir(folder)


if __name__ == "__main__":
    main()
