"""The first process of the jail: finds out what this machine allows, starts the warden, and outlives it.

It waits for two ends, the caller's and the warden's, and then leaves nothing behind. The warden is pid 1 of a pid
namespace that holds every other process of the jail, so the kernel itself ends them all with it, whatever killed it.
The warden in turn watches the launcher, and ends when that was killed.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import time

from fumehood.kernel import cgroup, namespaces, privilege
from fumehood.kernel.libc import close_from
from fumehood.tiers.jail import host, warden, wire

BROKER = 3
PREFIX = "fumehood-"
_PATIENCE_S, _SHORT_S = 5.0, 0.001


def main() -> None:
    """Start the jail for the broker at the other end of descriptor 3."""
    privilege.set_name("fumehood")
    close_from(BROKER + 1)  # what the caller lets its children inherit is not for these
    os.chdir("/")
    broker = socket.socket(fileno=BROKER)
    caller = os.pidfd_open(os.getppid())
    if str(os.getppid()) != sys.argv[2]:  # it was gone before we looked, and a fork of it may hold the channel open
        return
    myself = os.pidfd_open(os.getpid())
    groups = cgroup.Cgroups.open(f"{PREFIX}{os.getpid()}")
    for place in cgroup.abandoned(groups.places, PREFIX):
        cgroup.thaw(place)
        cgroup.sweep(place)
    problem = None
    try:
        root = _enter()
    except OSError as error:
        problem, root = error, False
    facts = host.facts(root=root, groups=groups, problem=problem)
    if problem is not None:
        wire.send(broker, {"hello": facts})
        groups.remove()
        return
    alive, held = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(caller)
        os.close(alive)
        warden.main(broker, groups, facts, launcher=myself)
        os._exit(0)
    broker.close()
    os.close(held)
    _compile()
    _wait(caller, alive)
    os.kill(child, signal.SIGKILL)
    for mine in groups.places:
        cgroup.thaw(mine.path)
    os.waitpid(child, 0)
    _clean(groups)


def _enter() -> bool:
    """Gain the right to make namespaces: as real root it is there, else in a user namespace of our own.

    Returns:
        Whether this is real root: all of the host's user ids can be given to sandboxes.

    Raises:
        OSError: This machine refuses; nothing can run.
    """
    root = host.is_real_root()
    if not root:
        uid, gid = os.geteuid(), os.getegid()
        namespaces.unshare("user")
        namespaces.map_identity(0, uid, gid)
    namespaces.unshare("pid")
    return root


def _compile() -> None:
    """Write the byte code that an installer left out: a zygote, whose root is read-only, would compile it each time."""
    folder = os.path.dirname(__file__)
    if sys.dont_write_bytecode or os.path.exists(f"{folder}/__pycache__/zygote.{sys.implementation.cache_tag}.pyc"):
        return
    import compileall  # noqa: PLC0415 -- once for an installation

    for each in (folder, os.path.dirname(cgroup.__file__)):
        compileall.compile_dir(each, quiet=2)


def _wait(caller: int, alive: int) -> None:
    """Until the caller or the warden is no more.

    Of a warden that was killed its pidfd tells only once all of its namespace has gone, which what is frozen can't;
    its end of a pipe is closed before that.
    """
    poll = select.poll()
    poll.register(caller, select.POLLIN)
    poll.register(alive, select.POLLIN)
    poll.poll()


def _clean(groups: cgroup.Cgroups) -> None:
    """Remove the cgroups; the kernel may need a moment to let the last processes go."""
    end = time.monotonic() + _PATIENCE_S
    left = [place.path for place in groups.places]
    while left and time.monotonic() < end:
        left = [place for place in left if not cgroup.sweep(place)]
        if left:
            time.sleep(_SHORT_S)
