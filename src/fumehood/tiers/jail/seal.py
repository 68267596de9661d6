"""How a new sandbox gives up everything, in the one order that works: written down outside, call by call, made inside.

The order matters. Mounts need capabilities, so they come first; the user namespace is entered when nothing
needs the outer one any more; Landlock forbids mounting and comes after all mounts; capabilities go before the filter,
which comes last because it refuses what the steps before it use.
"""

from __future__ import annotations

import os
import signal
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from fumehood.kernel import landlock, limits, mount, namespaces, privilege, seccomp
from fumehood.kernel.libc import AT_FDCWD
from fumehood.kernel.sequence import GROUP, USER, Form, Writer
from fumehood.tiers.jail import wire

if TYPE_CHECKING:
    from fumehood.tiers.jail.wire import Message

HOST_PROC, WORKSPACE = "/.proc", "/workspace"
#: Where the workspace is mounted before its parts are: a folder of the host's /proc, since both go by one call. Each
#: such call waits until no processor of the host can be looking at what goes.
SCRATCH = f"{HOST_PROC}/fs"
FOLDERS = ("data", "out")
#: On which descriptor a new process hears how it is to be sealed, and from which on those are that come with it: the
#: runner's channel, standard output and error, the doors of its cgroups, its trees.
BIRTH = wire.CONTROL + 1
CHANNEL, OUT, ERR, _DOORS = range(BIRTH + 1, BIRTH + 5)
_LAST_CAPABILITY = privilege.last_capability()
_OWN = (f"{WORKSPACE}/", "/tmp/", "/dev/shm/")  # noqa: S108 -- the sandbox's own
_MINE = mount.NOSUID | mount.NODEV
_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class Special(NamedTuple):
    """What is not the same for all sandboxes of a plan."""

    doors: int
    trees: tuple[tuple[str, bool], ...]  # where each goes inside, and whether it is a folder
    processors: frozenset[int]  # none: all


class Seal(NamedTuple):
    """A sequence of calls, to be signed with a user and a group, and the names of the steps: first, to receive it."""

    form: Form
    names: tuple[str, ...]


@lru_cache(maxsize=64)
def write(described: bytes, special: Special) -> Seal:
    """Write down what seals a process. It answers with [workspace, proc, listener?]: descriptors for the warden.

    Args:
        described: The plan's slices, as `service` wrote them.
        special: The rest.
    """
    orders = wire.decode(described)
    writer = Writer(_DOORS - CHANNEL + special.doors + len(special.trees), CHANNEL)
    trees = _DOORS + special.doors
    for door in range(_DOORS, trees):
        writer.call("write", door, b"0", 1, answer=1, what="enter the cgroup")
    writer.call("unshare", namespaces.flags("mount", "ipc", "uts", "cgroup", "net"))
    writer.call("sethostname", orders["hostname"].encode(), len(orders["hostname"]))
    _mount_workspace(writer, orders)
    _attach(writer, special.trees, first=trees)
    if special.doors or special.trees:
        writer.close_from(_DOORS)
    _mount(writer, "proc", "/proc", "proc", _MINE | mount.NOEXEC, "subset=pid")
    writer.call("umount2", HOST_PROC.encode(), mount.DETACH, what=f"umount {HOST_PROC}")
    _mount(writer, HOST_PROC, "/proc/1", None, mount.BIND)  # empty now: much in there asks for no right to look
    for pipe in (OUT, ERR):
        writer.call("fchown", pipe, USER, GROUP)  # the code may reopen them by name
    _change_identity(writer, orders)
    for name, value in orders["rlimits"].items():
        if name != "nofile":
            limits.lower(writer, name, value)
    if special.processors:
        mask = sum(1 << processor for processor in special.processors).to_bytes(128, "little")
        writer.call("sched_setaffinity", 0, len(mask), mask)
    writer.call("chdir", WORKSPACE.encode())
    handed = [writer.open("openat", AT_FDCWD, path, _OPEN_FOLDER) for path in (WORKSPACE.encode(), b"/proc")]
    writer.call("prctl", *privilege.NO_NEW_PRIVILEGES, what="no_new_privs")
    if orders["landlock"]:
        landlock.restrict(writer, orders["landlock"], orders["rules"])
    privilege.drop_capabilities(writer, _LAST_CAPABILITY)
    writer.call("prctl", *privilege.NOT_DUMPABLE)
    listener = seccomp.load(writer, orders["attached"], listener=orders["listener"])
    writer.send(BIRTH, b'{"sealed":true}', handed if listener < 0 else [*handed, listener])
    _settle(writer, orders)
    return Seal(Form(writer.written()), ("take the orders", *writer.names))


def _settle(writer: Writer, orders: Message) -> None:
    """Three standard streams, one channel, nothing else open; and the last limit.

    While descriptors are on their way the kernel counts them, over all processes of the host's user, against the
    sender's own limit: a small one would let neighbours keep a sandbox from being made. The filter lets limits be
    lowered.
    """
    writer.call("setsid", answer=2)  # its own number: only pid 1 was in its namespace before it
    null = writer.open("openat", AT_FDCWD, b"/dev/null", os.O_RDWR, what="open /dev/null")
    for number, descriptor in enumerate((null, OUT, ERR)):
        writer.call("dup3", descriptor, number, 0, answer=number)
    writer.call("dup3", CHANNEL, wire.CONTROL, os.O_CLOEXEC, answer=wire.CONTROL)
    writer.close_from(wire.CONTROL + 1)
    limits.lower(writer, "nofile", orders["rlimits"]["nofile"])
    writer.forget()


def _mount_workspace(writer: Writer, orders: Message) -> None:
    """One tmpfs, one quota: the workspace, /tmp and /dev/shm are folders of it."""
    options = f"size={orders['disk']},nr_inodes={orders['inodes']},mode=0755"
    flags = _MINE if orders["executable"] else _MINE | mount.NOEXEC
    _mount(writer, "workspace", SCRATCH, "tmpfs", flags, options)
    for name, target, mode in (("work", WORKSPACE, 0o755), ("tmp", "/tmp", 0o1777), ("shm", "/dev/shm", 0o1777)):  # noqa: S108 -- the sandbox's own
        path = f"{SCRATCH}/{name}"
        _make_folder(writer, path)
        writer.call("fchmodat", AT_FDCWD, path.encode(), mode)
        _mount(writer, path, target, None, mount.BIND)
    for folder in FOLDERS:
        _make_folder(writer, f"{WORKSPACE}/{folder}")


def _make_folder(writer: Writer, path: str) -> None:
    writer.call("mkdirat", AT_FDCWD, path.encode(), 0o755, what=f"mkdir {path}")
    writer.call("fchownat", AT_FDCWD, path.encode(), USER, GROUP, 0, what=f"chown {path}")


def _mount(  # noqa: PLR0917 -- the system call's own order
    writer: Writer, source: str, target: str, kind: str | None, flags: int, options: str | None = None
) -> None:
    texts = [text.encode() if text is not None else None for text in (source, target, kind, options)]
    writer.call("mount", *texts[:3], flags, texts[3], what=f"mount {target}")


def _attach(writer: Writer, trees: tuple[tuple[str, bool], ...], *, first: int) -> None:
    """Mount host trees; in the sandbox's own folders their mount points are made here, elsewhere the root has them."""
    there = {WORKSPACE, *(f"{WORKSPACE}/{folder}" for folder in FOLDERS), "/tmp", "/dev/shm"}  # noqa: S108 -- its own
    mounted: list[str] = []
    for tree, (target, folder) in enumerate(trees, first):
        if target.startswith(_OWN) and not any(target.startswith(f"{each}/") for each in mounted):
            _make_point(writer, target, there, folder=folder)
        path = os.fsencode(target)
        writer.call("move_mount", tree, b"", AT_FDCWD, path, mount.FROM_DESCRIPTOR, what=f"mount {target}")
        mounted.append(target)


def _make_point(writer: Writer, target: str, there: set[str], *, folder: bool) -> None:
    """What a tree is mounted on, unless it is there already."""
    if target in there:
        return
    there.add(target)
    path = os.fsencode(target)
    _make_point(writer, os.path.dirname(target), there, folder=True)
    if folder:
        writer.call("mkdirat", AT_FDCWD, path, 0o755, what=f"mkdir {target}")
    else:
        flags = os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        writer.close(writer.open("openat", AT_FDCWD, path, flags, 0o444, what=f"create {target}"))


def _change_identity(writer: Writer, orders: Message) -> None:
    """Become the sandbox's user where we are real root, then the one user of a namespace of our own."""
    if orders["root"]:
        writer.call("prctl", *privilege.KEEP_CAPABILITIES)
        writer.call("setgroups", 0, None)
        writer.call("setresgid", GROUP, GROUP, GROUP)
        writer.call("setresuid", USER, USER, USER)
        privilege.raise_administration(writer)
        # The kernel cleared it, and with it our right to write our own maps.
        writer.call("prctl", *privilege.DUMPABLE)
    writer.call("unshare", namespaces.flags("user"), what="unshare(user)")
    namespaces.write_identity(writer, orders["identity"])


def reset_signals() -> None:
    """Default dispositions, whatever the interpreter has set: none has a handler and none is ignored."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        if signal.getsignal(number) is not signal.SIG_DFL:
            signal.signal(number, signal.SIG_DFL)
