"""Build the read-only root that an environment's zygote lives in, and move into it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fumehood.kernel import mount, namespaces
from fumehood.tiers.jail.seal import HOST_PROC

if TYPE_CHECKING:
    from fumehood.tiers.jail.wire import Message

#: Where fumehood itself lies inside: what the zygote is executed from.
PACKAGE_FOLDER = "/opt/fumehood"
_STAGE = "/tmp"  # noqa: S108 -- any folder that every host has; it is covered in our own mount namespace only
_READ_ONLY = mount.RDONLY | mount.NOSUID | mount.NODEV


def enter(entries: list[Message]) -> None:
    """Leave the host's mount tree for a tmpfs that holds only `entries`, read-only.

    The host's /proc stays below `HOST_PROC` until a sandbox has mounted its own: the kernel lets a user namespace
    mount /proc only where a whole one is in sight.

    Args:
        entries: Values of the plan's mounts: kind, source, target, writable, executable. A "folder" or a
            "point" is what each sandbox mounts its own on.

    Raises:
        OSError: The kernel refused a step.
    """
    namespaces.unshare("mount", "net")  # an import must not even learn the host's network card
    mount.mount(None, "/", None, mount.REC | mount.PRIVATE)
    trees = {entry["target"]: _tree(entry) for entry in entries if entry["kind"] in {"bind", "dev"}}
    folders = {entry["target"] for entry in entries if os.path.isdir(entry["source"])}
    proc = mount.clone_tree("/proc")
    mount.mount("root", _STAGE, "tmpfs", mount.NOSUID | mount.NODEV, "mode=0755,size=4m")
    old_mask = os.umask(0)
    for entry in entries:
        _place(entry, trees, folder=entry["target"] in folders)
    os.mkdir(_STAGE + HOST_PROC, 0o755)
    mount.attach_tree(proc, _STAGE + HOST_PROC)
    os.close(proc)
    os.umask(old_mask)
    mount.pivot(_STAGE)
    mount.mount(None, "/", None, mount.REMOUNT | mount.BIND | _READ_ONLY)


def _tree(entry: Message) -> int:
    """A detached, restricted copy of a host path."""
    tree = mount.clone_tree(os.path.realpath(entry["source"]))
    flags = mount.NOSUID | mount.RDONLY if entry["kind"] == "dev" else _READ_ONLY  # a device is written all the same
    mount.restrict_tree(tree, flags if entry["executable"] else flags | mount.NOEXEC)
    return tree


def _place(entry: Message, trees: dict[str, int], *, folder: bool) -> None:
    path = _STAGE + entry["target"]
    os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
    kind = entry["kind"]
    if kind == "symlink":
        os.symlink(entry["source"], path)
    elif kind == "text":
        _write(path, entry["source"].encode())
    elif folder or kind == "folder":
        os.makedirs(path, 0o755, exist_ok=True)
    elif not os.path.exists(path):  # a point may lie in what is mounted already
        _write(path, b"")
    if entry["target"] in trees:
        mount.attach_tree(trees[entry["target"]], path)
        os.close(trees[entry["target"]])


def _write(path: str, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o444)
    try:
        os.write(descriptor, data)
    finally:
        os.close(descriptor)
