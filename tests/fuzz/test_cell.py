"""A cell whose runner and warden ends are held by the test: whatever the runner says, a run ends, and in words."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from fumehood.tiers.jail import wire
from fumehood.tiers.jail.cell import Cell, Outcome
from fumehood.tiers.jail.waiting import Blocking, complete
from tests.fuzz.test_frames import messages, pieces

CAP = 4096


class Rig(NamedTuple):
    """A cell, and the other ends of its sockets and pipes."""

    cell: Cell
    lifeline: socket.socket
    runner: socket.socket
    out: int
    err: int


def rig() -> Rig:
    lifelines = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    channels = socket.socketpair()
    out, err = os.pipe(), os.pipe()
    return Rig(Cell(lifelines[0], channels[0], (out[0], err[0]), cap=CAP), lifelines[1], channels[1], out[1], err[1])


def serve_warden(lifeline: socket.socket, runner: socket.socket, folder: int) -> None:
    """Be a warden that does what it is told: opens, counts, and tells the end once it is asked to kill."""
    wire.send(lifeline, {"event": "opened", "meters": ["proc"], "uid": 1000}, (folder, folder))
    while True:
        message, _ = wire.receive(lifeline)
        if message is None:
            return
        if message["do"] == "count":
            wire.send(lifeline, {"event": "counted", "oom_kills": 0})
        elif message["do"] in {"kill", "hung up"}:
            runner.close()
            wire.send(lifeline, {"event": "gone", "reason": message.get("reason", "channel"), "status": None})
            return


def converse(said: list[bytes], output: bytes, *, hang_up: bool) -> tuple[Outcome, dict[str, Any]]:
    """Run a program against a runner that is ready, says `said`, prints `output` and perhaps hangs up."""
    here = rig()
    with tempfile.TemporaryDirectory() as path, here.lifeline:
        folder = os.open(path, os.O_RDONLY)
        warden = threading.Thread(target=serve_warden, args=(here.lifeline, here.runner, folder))
        warden.start()
        here.runner.sendall(wire.pack({"ready": True}))
        complete(here.cell.open(Blocking()))
        here.cell.begin(None, None)
        os.write(here.out, output)
        for piece in said:
            here.runner.sendall(piece)
        if hang_up:
            here.runner.shutdown(socket.SHUT_RDWR)
        else:  # so that a run that nothing answered ends soon: what the warden does at the wall limit
            threading.Timer(0.02, here.cell.kill, ("wall",)).start()
        outcome = complete(here.cell.run({"code": "1"}, {"wall": 5, "cpu": 5}, Blocking()))
        counted = complete(here.cell.count(Blocking()))
        here.cell.close()
        warden.join()
        here.runner.close()
        for descriptor in (folder, here.out, here.err):
            os.close(descriptor)
    return outcome, counted


answers = messages.map(lambda message: wire.pack(message | {"id": 1}))


@given(said=st.lists(pieces | answers, max_size=4), output=st.binary(max_size=9000), hang_up=st.booleans())
@settings(max_examples=300)
def test_a_run_against_any_runner_ends(said: list[bytes], output: bytes, hang_up: bool) -> None:  # noqa: FBT001 -- hypothesis names it
    """A run against a runner that says anything at all gives an outcome: an answer, tampering or an end; no error."""
    outcome, counted = converse(said, output, hang_up=hang_up)

    assert outcome.answer is not None or outcome.tampered is not None or outcome.gone is not None
    assert isinstance(counted, dict)
    assert output[:CAP] == outcome.stdout
    assert len(output) - len(outcome.stdout) == outcome.dropped[0]
