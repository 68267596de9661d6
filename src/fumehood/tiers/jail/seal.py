"""Inside a new sandbox: give up everything, in the one order that works.

The order matters. Mounts need capabilities, so they come first; the user namespace is entered when nothing
needs the outer one any more; Landlock forbids mounting and comes after all mounts; capabilities go before the filter,
which comes last because it refuses what the steps before it use.
"""

from __future__ import annotations

import os
import signal
import socket
from typing import TYPE_CHECKING

from fumehood.kernel import landlock, limits, mount, namespaces, privilege, seccomp

if TYPE_CHECKING:
    from fumehood.tiers.jail.wire import Message

HOST_PROC, WORKSPACE = "/.proc", "/workspace"
#: Where the workspace is mounted before its parts are: a folder of the host's /proc, since both go by one call. Each
#: such call waits until no processor of the host can be looking at what goes.
SCRATCH = f"{HOST_PROC}/fs"
_LAST_CAPABILITY = privilege.last_capability()
FOLDERS = ("data", "out")
_OWN = (f"{WORKSPACE}/", "/tmp/", "/dev/shm/")  # noqa: S108 -- the sandbox's own
_MINE = mount.NOSUID | mount.NODEV


def join(doors: list[int]) -> None:
    """Move this process into its cgroups, before it uses anything that they count."""
    for door in doors:
        os.write(door, b"0")
        os.close(door)


def seal(orders: Message, trees: list[int], outputs: tuple[int, int]) -> list[int]:
    """Seal this process. Returns [workspace, proc, listener?]: descriptors for the warden.

    Args:
        orders: The plan's slices for this sandbox, as `service.orders` wrote them.
        trees: Detached mount trees, in the order of `orders["trees"]`.
        outputs: The pipes for standard output and error, which the code may reopen by name.

    Raises:
        OSError: A step failed; the caller must exit without running anything.
    """
    namespaces.unshare("mount", "ipc", "uts", "cgroup", "net")
    socket.sethostname(orders["hostname"])
    owner = orders["owner"]
    _mount_workspace(orders, owner)
    for (target, folder), tree in zip(orders["trees"], trees, strict=True):
        _attach(tree, target, folder=folder)
    mount.mount("proc", "/proc", "proc", _MINE | mount.NOEXEC, "subset=pid")
    mount.unmount(HOST_PROC)
    mount.mount(HOST_PROC, "/proc/1", None, mount.BIND)  # an empty folder now: much in there asks for no right to look
    for pipe in outputs:
        os.fchown(pipe, *owner)
    _change_identity(orders, owner)
    for name in orders["rlimits"].keys() - {"nofile"}:
        limits.lower(name, orders["rlimits"][name])
    if orders["processors"]:
        os.sched_setaffinity(0, orders["processors"])
    os.umask(0o022)
    os.chdir(WORKSPACE)
    handed = [os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC) for path in (WORKSPACE, "/proc")]
    privilege.set_no_new_privileges()
    if orders["landlock"]:
        landlock.restrict(orders["landlock"], orders["rules"])
    privilege.drop_capabilities(_LAST_CAPABILITY)
    privilege.set_dumpable(dumpable=False)
    listener = seccomp.load(orders["attached"], listener=orders["listener"])
    return handed if listener < 0 else [*handed, listener]


def limit_files(orders: Message) -> None:
    """The last limit, when this process has sent its descriptors.

    While they are on their way the kernel counts them, over all processes of the host's user, against the sender's
    own limit: a small one would let neighbours keep a sandbox from being made. The filter lets limits be lowered.
    """
    limits.lower("nofile", orders["rlimits"]["nofile"])


def _mount_workspace(orders: Message, owner: tuple[int, int]) -> None:
    """One tmpfs, one quota: the workspace, /tmp and /dev/shm are folders of it."""
    options = f"size={orders['disk']},nr_inodes={orders['inodes']},mode=0755"
    flags = _MINE if orders["executable"] else _MINE | mount.NOEXEC
    mount.mount("workspace", SCRATCH, "tmpfs", flags, options)
    for name, target, mode in (("work", WORKSPACE, 0o755), ("tmp", "/tmp", 0o1777), ("shm", "/dev/shm", 0o1777)):  # noqa: S108 -- the sandbox's own
        path = f"{SCRATCH}/{name}"
        os.mkdir(path)
        os.chmod(path, mode)
        os.chown(path, *owner)
        mount.mount(path, target, None, mount.BIND)
    for folder in FOLDERS:
        os.mkdir(f"{WORKSPACE}/{folder}")
        os.chown(f"{WORKSPACE}/{folder}", *owner)


def _attach(tree: int, target: str, *, folder: bool) -> None:
    """Mount a host tree; in the sandbox's own folders its mount point is made here, elsewhere the root has it."""
    if target.startswith(_OWN) and not os.path.lexists(target):
        os.makedirs(target if folder else os.path.dirname(target), 0o755, exist_ok=True)
        if not folder:
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444))
    mount.attach_tree(tree, target)
    os.close(tree)


def _change_identity(orders: Message, owner: tuple[int, int]) -> None:
    """Become `owner` where we are real root, then the one user of a namespace of our own."""
    uid, gid = owner
    if orders["root"]:
        privilege.keep_capabilities()
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        privilege.raise_capabilities()
        privilege.set_dumpable(dumpable=True)  # the kernel cleared it, and with it our right to write our own maps
    namespaces.unshare("user")
    namespaces.map_identity(orders["identity"], uid, gid)


def reset_signals() -> None:
    """Default dispositions, whatever the interpreter has set: none has a handler and none is ignored."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        if signal.getsignal(number) is not signal.SIG_DFL:
            signal.signal(number, signal.SIG_DFL)
