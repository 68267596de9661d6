"""A pre-imported, frozen interpreter inside the read-only root, from which sandboxes are forked.

It is executed there, not forked from the warden, so its memory never held anything of the host; it reads no orders
either: what a sandbox is to be goes over its birth socket to the sandbox alone.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import struct
import sys
from typing import TYPE_CHECKING, NoReturn

from fumehood.kernel import hugepages, mappings, namespaces, privilege
from fumehood.kernel.sequence import ANY, Reader, Writer
from fumehood.tiers.jail import arenas, packages, root, runner, seal, seeds, wire
from fumehood.tiers.jail.runner import arrivals

if TYPE_CHECKING:
    from types import ModuleType

#: What the warden sends: `{}` with a birth's socket and a namespace, or `{"ended":[…]}` with numbers of children.
_LONGEST, _ONE, _TWO = 4096, struct.Struct("=i"), struct.Struct("=2i")
_ROOM = socket.CMSG_SPACE(_TWO.size)
_REHEARSALS = 24
#: Our modules, which nothing imports any more: programs don't find them in sys.modules.
_OURS: list[ModuleType] = []
#: What keeps gaps filled.
_FILLING: list[object] = []


def main(reserve: arenas.Reserve) -> None:
    """Serve births on descriptor 3 until the warden is gone; `reserve` is for what is imported before."""
    control = socket.socket(fileno=wire.CONTROL)
    installed = json.loads(sys.argv.pop())
    birth, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    assert birth.fileno() == seal.BIRTH  # noqa: S101 -- nothing but the control is open
    own = os.open(f"{seal.HOST_PROC}/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    reader = _rehearse(birth, other)
    other.close()
    _serve(control, own, reader=reader, ready=_settle(installed, reserve))


def _rehearse(birth: socket.socket, other: socket.socket) -> Reader:
    """Do often what each sandbox will do once: Python writes into a function's code until then."""
    reader = Reader(birth, seal.CHANNEL, wire.DESCRIPTOR_LIMIT)
    writer = Writer(0, seal.CHANNEL)
    for _ in range(_REHEARSALS):
        writer.call("getppid", answer=ANY)
    for _ in range(_REHEARSALS):
        other.send(writer.written())
        reader.receive()
        reader.perform()
    return reader


def _serve(control: socket.socket, own: int, *, reader: Reader, ready: runner.Runner) -> NoReturn:
    """Fork a sandbox for each message with descriptors, into a namespace where it is the second process.

    Of each page that is written between two births the sandboxes before keep the old version, each for itself alone: no
    function is called here that need not be, and the reader's channel is one object whose number means another socket
    each time.
    """
    null = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
    while True:
        data, ancillary, _, _ = control.recvmsg(_LONGEST, _ROOM, wire.CLOSE_ON_EXEC)
        if not ancillary:
            _bury(control, data)
            continue
        received, namespace = _TWO.unpack(ancillary[0][2])
        os.dup2(received, seal.BIRTH, inheritable=False)
        os.close(received)
        try:
            namespaces.rejoin(namespace, "pid")
            child = os.fork()
        except OSError as error:
            wire.send(control, {"failed": f"fork: {error.strerror}"})
        else:
            if child == 0:
                _be_born(control, reader, ready)
            pidfd = os.pidfd_open(child)
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, _ONE.pack(pidfd))
            control.sendmsg([b'{"pid":%d}' % child], [rights])
            os.close(pidfd)
        namespaces.rejoin(own, "pid")
        os.dup2(null, seal.BIRTH, inheritable=False)
        os.close(namespace)


def _bury(control: socket.socket, data: bytes) -> None:
    """Say how the children ended that are asked for, which they have; without a question the warden has, too."""
    if not data:
        os._exit(0)
    statuses = [os.waitpid(int(child), 0)[1] for child in data[data.index(b"[") + 1 : data.index(b"]")].split(b",")]
    control.sendmsg([b'{"statuses":[%b]}' % b",".join(b"%d" % status for status in statuses)])


def _settle(installed: wire.Message, reserve: arenas.Reserve) -> runner.Runner:
    """Make forks cheap and alike: everything imported, garbage gone, the rest out of the collector's sight.

    Of what a program finds in its process, all is put in place here.
    """
    arrivals.watch()
    packages.load(installed)
    seeds.prepare()
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 2)
    os.close(null)
    os.umask(0o022)
    with open(f"{seal.HOST_PROC}/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("1000")
    privilege.join_empty_keyring()
    seal.reset_signals()
    sys._clear_type_cache()  # noqa: SLF001 -- else it is full of names, and each that a sandbox replaces costs it a page
    ready = runner.warm_up()
    sys.path[:] = [entry for entry in sys.path if entry != root.PACKAGE_FOLDER]
    ours = [name for name in sys.modules if name.partition(".")[0] == "fumehood"]
    _OURS.extend(sys.modules.pop(name) for name in ours)
    reserve.release()
    gc.collect()
    _FILLING.extend(arenas.fill())
    gc.freeze()
    with open(f"{seal.HOST_PROC}/self/maps", encoding="utf-8") as file:
        maps = file.read()
    mappings.merge(maps)
    hugepages.collapse(maps)
    return ready


def _be_born(line: socket.socket, reader: Reader, ready: runner.Runner) -> NoReturn:
    """In the child, in a namespace that has only its pid 1 yet: take orders, seal, run.

    `line` was the channel of the zygote; sealed, its number is that of the runner's.
    """
    seeds.renew()
    reader.clear()
    try:
        if not reader.receive():
            os._exit(1)
        failed = reader.perform()
    except OSError as error:
        failed = 0, error.errno or 0
    if failed is not None:  # half sealed, there is nothing to go back to
        reader.channel.send(b'{"failed":[%d,%d]}' % failed)
        os._exit(1)
    ready.begin(line)
