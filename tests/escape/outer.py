"""The throw-away world around a weakened jail: own users, mounts, processes and network; little memory, all read-only.

    python -m tests.escape.outer {weak | without-cgroups} FOLDER -- PROGRAM ARGUMENT ...

Becomes PROGRAM. FOLDER is the one place that can be written in a weakened world, a tmpfs that goes with it. Even where
the machine's root starts it, what runs there is root in a user namespace alone: without power over the machine.
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
from fumehood.kernel.libc import syscall

_SET_FLAGS, _UP = 0x8914, 0x41
_MEMORY, _FILE, _PROCESSES = 6 << 30, 1 << 30, 2000


def main() -> None:
    """Make the world that the first argument names and execute the rest in it."""
    kind, folder, _, *program = sys.argv[1:]
    if kind == "weak":
        _own_users()
        _enter_weak(Path(folder))
    else:
        if os.geteuid() != 0:
            _own_users()
        namespaces.unshare("mount")
        mount.mount(None, "/", None, mount.REC | mount.PRIVATE)
        mount.mount("none", "/sys/fs/cgroup", "tmpfs", mount.RDONLY)
    os.execv(program[0], program)  # noqa: S606 -- no shell is wanted


def require_weak_world() -> None:
    """Refuse to go on anywhere but where `main` leads: a fence is never taken down on the machine itself.

    Raises:
        AssertionError: This is not that place.
    """
    outside = not os.statvfs("/").f_flag & os.ST_RDONLY or 1 not in {os.getpid(), os.getppid()}
    networked = {name for _, name in socket.if_nameindex()} != {"lo"}
    bounded = resource.getrlimit(resource.RLIMIT_AS)[1] == _MEMORY
    elsewhere = outside or networked or not bounded
    assert not elsewhere, "a weakened jail runs inside tests.escape.outer alone"


def _own_users() -> None:
    """Enter a user namespace: with all users where we are root, else with ourselves alone."""
    uid, gid = os.geteuid(), os.getegid()
    if uid != 0:
        namespaces.unshare("user")
        namespaces.map_identity(uid, uid, gid)
        return
    entered, telling = os.pipe()
    parent, helper = os.getpid(), os.fork()
    if helper == 0:  # only somebody outside may write a map of more than one user
        os.read(entered, 1)
        for name in ("uid_map", "gid_map"):
            lines = [line.split() for line in Path(f"/proc/self/{name}").read_text(encoding="ascii").splitlines()]
            same = "\n".join(f"{inside} {inside} {count}" for inside, _, count in lines)
            Path(f"/proc/{parent}/{name}").write_text(same, encoding="ascii")
        os._exit(0)
    namespaces.unshare("user")
    os.write(telling, b"x")
    assert os.waitpid(helper, 0)[1] == 0, "the world's users could not be mapped"


def _enter_weak(folder: Path) -> None:
    namespaces.unshare("mount", "pid", "net", "ipc", "uts", "cgroup")
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    privilege.die_with_parent(signal.SIGKILL)
    mount.mount(None, "/", None, mount.REC | mount.PRIVATE)
    mount.mount("/dev/null", "/dev/null", None, mount.BIND)
    whole = os.open("/", os.O_PATH | os.O_DIRECTORY)
    mount.restrict_tree(whole, mount.RDONLY)
    os.close(whole)
    # Times of the null device may be changed, which is one attack's only proof.
    syscall("mount_setattr", -100, b"/dev/null", 0, struct.pack("QQQQ", 0, mount.RDONLY, 0, 0), 32)
    for place in ("/dev/shm", str(folder)):  # noqa: S108 -- covered, so that the machine's own is out of reach
        mount.mount("tmpfs", place, "tmpfs", mount.NOSUID | mount.NODEV, "mode=0777,size=512m")
    mount.mount("proc", "/proc", "proc", mount.NOSUID | mount.NODEV | mount.NOEXEC)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))
    for which, most in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_FSIZE, _FILE),
        (resource.RLIMIT_NPROC, _PROCESSES),
    ):
        resource.setrlimit(which, (most, most))
    os.chdir(folder)


if __name__ == "__main__":
    main()
