"""A pre-imported, frozen interpreter inside the read-only root, from which sandboxes are forked.

It is executed there, not forked from the warden, so its memory never held anything of the host; it reads no orders
either: what a sandbox is to be goes over its birth socket to the sandbox alone.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import sys
from typing import TYPE_CHECKING, NoReturn

from fumehood.kernel import hugepages, namespaces, privilege
from fumehood.tiers.jail import packages, root, runner, seal, wire
from fumehood.tiers.jail.runner import arrivals

if TYPE_CHECKING:
    from types import ModuleType

#: Our modules, which nothing imports any more: programs don't find them in sys.modules.
_OURS: list[ModuleType] = []


def main() -> None:
    """Serve births on descriptor 3 until the warden is gone."""
    control = socket.socket(fileno=wire.CONTROL)
    installed = json.loads(sys.argv.pop())
    own = os.open(f"{seal.HOST_PROC}/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    ready = _settle(installed)
    while True:
        message, descriptors = wire.receive(control)
        if message is None:
            os._exit(0)
        if "ended" in message:
            wire.send(control, {"statuses": [os.waitpid(child, 0)[1] for child in message["ended"]]})
        else:
            _bear(control, own, descriptors, ready=ready)


def _bear(control: socket.socket, own: int, descriptors: list[int], *, ready: runner.Runner) -> None:
    """Fork one more, into a namespace where it is the second."""
    birth, namespace = socket.socket(fileno=descriptors[0]), descriptors[1]  # to make it in the child would cost pages
    try:
        namespaces.rejoin(namespace, "pid")
        child = os.fork()
    except OSError as error:
        wire.send(control, {"failed": f"fork: {error.strerror}"})
    else:
        if child == 0:
            for descriptor in (wire.CONTROL, own, namespace):
                os.close(descriptor)
            _be_born(birth, control, ready)
        pidfd = os.pidfd_open(child)
        wire.send(control, {"pid": child}, (pidfd,))
        os.close(pidfd)
    namespaces.rejoin(own, "pid")
    birth.close()
    os.close(namespace)


def _settle(installed: wire.Message) -> runner.Runner:
    """Make forks cheap and alike: everything imported, garbage gone, the rest out of the collector's sight.

    Of what a program finds in its process, all is put in place here.
    """
    arrivals.watch()
    packages.load(installed)
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 2)
    os.close(null)
    with open(f"{seal.HOST_PROC}/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("1000")
    privilege.join_empty_keyring()
    seal.reset_signals()
    ready = runner.warm_up()
    sys.path[:] = [entry for entry in sys.path if entry != root.PACKAGE_FOLDER]
    ours = [name for name in sys.modules if name.partition(".")[0] == "fumehood"]
    _OURS.extend(sys.modules.pop(name) for name in ours)
    gc.collect()
    gc.freeze()
    with open(f"{seal.HOST_PROC}/self/maps", encoding="utf-8") as file:
        hugepages.collapse(file.read())
    return ready


def _be_born(channel: socket.socket, line: socket.socket, ready: runner.Runner) -> NoReturn:
    """In the child, in a namespace that has only its pid 1 yet: take orders, seal, run.

    `line` was the zygote's own channel; its number is where the runner's will be.
    """
    try:
        orders, descriptors = wire.receive(channel)
        if orders is None:
            os._exit(1)
        control, out, err, *rest = descriptors
        doors, trees = rest[: orders["doors"]], rest[orders["doors"] :]
        seal.join(doors)
        handed = seal.seal(orders, trees, (out, err))
        wire.send(channel, {"sealed": True}, tuple(handed))
        seal.limit_files(orders)
    except BaseException as error:  # noqa: BLE001 -- half sealed, there is nothing to go back to
        wire.send(channel, {"failed": f"{type(error).__name__}: {error}"})
        os._exit(1)
    channel.close()
    ready.begin(line, control, (out, err))
