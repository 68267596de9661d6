"""Host files and folders that a sandbox may see: detached, restricted mounts, opened by the warden."""

from __future__ import annotations

import errno
import os
import signal
import stat
from typing import TYPE_CHECKING

from fumehood.kernel import mount, namespaces

if TYPE_CHECKING:
    from fumehood.tiers.jail.wire import Message

_RESTRICTED = mount.NOSUID | mount.NODEV


def open_tree(spec: Message, owner: list[int] | None) -> int:
    """A detached mount of `spec["source"]`, which the broker resolved: links in it are not followed on the host.

    Args:
        spec: source, writable.
        owner: As real root, the (uid, gid) that what belongs to the source's owner shall belong to inside.

    Raises:
        OSError: It is not there, or the sandbox's user could not read it and its file system can't be remapped.
    """
    try:
        tree = mount.clone_tree(spec["source"])
    except OSError as error:
        raise OSError(error.errno, f"{spec['source']}: {os.strerror(error.errno or 0)}") from error
    try:
        flags = _RESTRICTED | (0 if spec["writable"] else mount.RDONLY)
        if owner is None:
            mount.restrict_tree(tree, flags)
        else:
            _show_as(tree, flags, spec, owner=owner)
    except OSError:
        os.close(tree)
        raise
    return tree


def _show_as(tree: int, flags: int, spec: Message, *, owner: list[int]) -> None:
    about = os.fstat(tree)
    mapping = _mapping((about.st_uid, about.st_gid), owner)
    try:
        mount.restrict_tree(tree, flags, idmap=mapping)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        needed = stat.S_IROTH | (stat.S_IXOTH if stat.S_ISDIR(about.st_mode) else 0)
        if spec["writable"] or about.st_mode & needed != needed:
            message = f"{spec['source']}: its file system can't show it to the sandbox's user; chmod o+r it"
            raise OSError(errno.EACCES, message) from error
        mount.restrict_tree(tree, flags)
    finally:
        os.close(mapping)


def _mapping(inside: tuple[int, int], outside: list[int]) -> int:
    """A user namespace that maps one user and group, made by a process that does nothing else, as a descriptor."""
    ready, told = os.pipe2(os.O_CLOEXEC)
    child = os.fork()
    if child == 0:
        namespaces.unshare("user")
        os.write(told, b"1")
        signal.pause()
        os._exit(0)
    os.close(told)
    try:
        os.read(ready, 1)
        for name, first, second in zip(("uid_map", "gid_map"), inside, outside, strict=True):
            with open(f"/proc/{child}/{name}", "w", encoding="ascii") as file:
                file.write(f"{first} {second} 1")
        return os.open(f"/proc/{child}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(ready)
        os.kill(child, signal.SIGKILL)
