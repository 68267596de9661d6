"""A cell whose runner and warden ends are held by the test: whatever the runner says, a run ends, and in words."""

from __future__ import annotations

import base64
import os
import socket
import tempfile
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fumehood.tiers.jail import events, wire
from fumehood.tiers.jail.cell import Cell
from fumehood.tiers.jail.diary import Terms, ends
from fumehood.tiers.jail.waiting import Blocking, complete
from tests.fuzz.test_frames import json_values, messages, pieces

if TYPE_CHECKING:
    from fumehood.tiers.jail.seen import Seen

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
    diary, far = ends(Terms(1.0, polled=False))
    for descriptor in far:
        os.close(descriptor)
    cell = Cell(lifelines[0], channels[0], (out[0], err[0]), diary=diary, cap=CAP)
    return Rig(cell, lifelines[1], channels[1], out[1], err[1])


def serve_warden(lifeline: socket.socket, runner: socket.socket, folder: int) -> None:
    """Be a warden that does what it is told: opens, counts, and tells the end once it is asked to kill."""
    wire.send(lifeline, {"event": "opened", "meters": ["proc"], "uid": 1000, "mother": 1}, (folder, folder))
    while True:
        message, _ = wire.receive(lifeline)
        if message is None:
            return
        if message["do"] == "count":
            wire.send(lifeline, {"event": "counted", "oom_kills": 0})
        elif message["do"] in {"kill", "hung up"}:
            runner.close()
            with suppress(BrokenPipeError):  # closed meanwhile; the real warden does not mind either
                wire.send(lifeline, {"event": "gone", "reason": message.get("reason", "channel"), "status": None})
            return


def converse(
    said: list[bytes], output: bytes = b"", *, hang_up: bool = False, heard: list[Any] | None = None
) -> tuple[Seen, dict[str, Any]]:
    """Run a program against a runner that is ready, says `said`, prints `output` and perhaps hangs up."""
    here = rig()
    with tempfile.TemporaryDirectory() as path, here.lifeline:
        folder = os.open(path, os.O_RDONLY)
        warden = threading.Thread(target=serve_warden, args=(here.lifeline, here.runner, folder))
        warden.start()
        here.runner.sendall(wire.pack({"ready": True}))
        complete(here.cell.open(Blocking()))
        here.cell.keep(CAP, CAP)
        here.cell.begin(on_event=None if heard is None else heard.append)
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


@pytest.mark.parametrize("births", [1, 2, 3])
def test_a_runner_that_is_born_again_is_ready_again(births: int) -> None:
    """Its zygote ended when it had said so, and the next one's word comes when the program is there; not without end."""
    again = [wire.pack({"ready": True})] * births
    seen, _ = converse([*again, wire.pack({"id": 1, "ok": True})])

    assert (births == 3) == (seen.tampered is not None)


PICTURE = base64.b64encode(events.SIGNATURES["image/png"] + b"picture").decode()
bundles = st.dictionaries(
    st.sampled_from(["text/plain", "text/html", "image/png", "image/svg+xml", "Text/Plain", "text", "image/png; x"])
    | st.text(max_size=12),
    st.sampled_from([PICTURE, "text", "\ud800", "", "é" * 900]) | json_values,
    max_size=3,
)
spoken = st.one_of(
    st.fixed_dictionaries({"event": st.just("display"), "bundle": bundles}),
    st.fixed_dictionaries({"event": st.just("progress"), "done": json_values, "total": json_values}),
    st.fixed_dictionaries(
        {"event": st.just("call"), "call": json_values, "tool": json_values, "arguments": json_values}
    ),
    st.fixed_dictionaries({"event": json_values}, optional={"bundle": bundles, "done": json_values}),
).map(lambda event: wire.pack(event | {"id": 1}))
answers = messages.map(lambda message: wire.pack(message | {"id": 1}))


@given(said=st.lists(pieces | answers | spoken, max_size=4), output=st.binary(max_size=9000), hang_up=st.booleans())
@settings(max_examples=300)
def test_a_run_against_any_runner_ends(said: list[bytes], output: bytes, hang_up: bool) -> None:  # noqa: FBT001 -- hypothesis names it
    """A run against a runner that says anything at all gives an outcome: an answer, tampering or an end; no error."""
    heard: list[dict[str, Any]] = []
    outcome, counted = converse(said, output, hang_up=hang_up, heard=heard)

    assert outcome.answer is not None or outcome.tampered is not None or outcome.gone is not None
    assert isinstance(counted, dict)
    assert output[:CAP] == outcome.stdout
    assert len(output) - len(outcome.stdout) == outcome.dropped[0]
    assert sum(shown.size for shown in outcome.shown) <= CAP
    assert {"display", "progress", "call"} >= {event["event"] for event in heard}


def display(**bundle: object) -> bytes:
    """A display as the runner sends it; the names' double underscores stand for a slash."""
    return event(event="display", bundle={mime.replace("__", "/"): data for mime, data in bundle.items()})


def event(**told: object) -> bytes:
    return wire.pack({"id": 1, **told})


OVER = wire.pack({"id": 1, "ok": True})


def test_displays_are_kept_in_order_up_to_the_cap_and_the_rest_is_counted() -> None:
    """What fits is kept with its size before base64; what does not is left out and counted, and the run completes."""
    heard: list[Any] = []
    said = [display(image__png=PICTURE, text__plain="é"), display(text__html="x" * (CAP + 1)), display(text__plain="")]
    outcome, _ = converse([*said, OVER], heard=heard)

    assert outcome.tampered is None
    assert outcome.answer == {"ok": True}
    assert [(0, "image/png", PICTURE, 15), (0, "text/plain", "é", 2), (2, "text/plain", "", 0)] == outcome.shown
    assert (0, 0, CAP + 1) == outcome.dropped
    assert [{"image/png", "text/plain"}, {"text/plain"}] == [set(told["bundle"]) for told in heard]


def test_progress_and_calls_are_handed_to_the_listener_as_they_come() -> None:
    """Each event reaches the listener as it was sent, without the number of the run, before the answer."""
    heard: list[Any] = []
    told = [
        {"event": "progress", "done": 1, "total": 2.5},
        {"event": "progress", "done": 0, "total": None},
        {"event": "call", "call": 0, "tool": "send", "arguments": {"to": ["a"]}},
    ]
    outcome, _ = converse([event(**each) for each in told] + [OVER], heard=heard)

    assert outcome.answer == {"ok": True}
    assert told == heard


@pytest.mark.parametrize(
    "said",
    [
        event(event="other"), event(event=None), event(event=["display"]), event(event="display"),
        event(event="display", bundle={}), event(event="display", bundle=[]), event(event="display", bundle={"text/plain": 1}),
        event(event="display", bundle={f"text/{n}": "" for n in range(events.BUNDLE_LIMIT + 1)}),
        event(event="display", bundle={"text/plain": ""}, more=1),
        *(display(**{mime: ""}) for mime in ("text", "TEXT/plain", "text/plain;a=b", "text/" + "x" * 200, "text/plain\n", "/", "a/é")),
        *(display(image__png=data) for data in ("?", "YQ", "YQ==", "YWJj\n", "é", "<svg>", PICTURE + "!")),
        display(image__jpeg=PICTURE), display(application__pdf="no base64"),
        *(event(event="progress", done=done, total=1) for done in (None, True, -1, "1", [])),
        event(event="progress", done=1), event(event="progress", done=1, total="2"), event(event="progress", done=1, total=None, x=1),
        *(event(event="call", call=call, tool="t", arguments={}) for call in (True, -1, 1.0, "1", None, 1 << 53)),
        *(event(event="call", call=1, tool=tool, arguments={}) for tool in ("", "t" * 300, None, 1)),
        *(event(event="call", call=1, tool="t", arguments=arguments) for arguments in ([], None, "")),
        *(wire.pack({"id": wrong, "event": "progress", "done": 1, "total": 2}) for wrong in (0, 2, True, 1.0, "1", None)),
    ],
)  # fmt: skip
def test_an_event_that_the_runner_never_sends_is_tampering(said: bytes) -> None:
    """An unknown kind, a missing or further key, a wrong type, a false picture, another run's number: the run ends."""
    heard: list[Any] = []
    outcome, _ = converse([said, OVER], heard=heard)

    assert outcome.tampered is not None
    assert [] == heard


def test_displays_are_bounded_in_number() -> None:
    """One display more than the runner ever sends is tampering; until then each is kept."""
    outcome, _ = converse([display(text__plain="") * (events.DISPLAY_LIMIT + 1), OVER])

    assert outcome.tampered is not None
    assert events.DISPLAY_LIMIT == len(outcome.shown)


def test_a_false_picture_passes_where_nothing_looks_at_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the look at how a picture begins taken out, what is refused above is handed on: that look is what holds."""
    forged = display(image__png=base64.b64encode(b"<svg onload=alert(1)>").decode())

    assert converse([forged, OVER])[0].tampered is not None
    monkeypatch.setattr(events, "SIGNATURES", {})
    outcome, _ = converse([forged, OVER])
    assert (None, ["image/png"]) == (outcome.tampered, [shown.mime for shown in outcome.shown])


def test_a_flood_of_displays_passes_where_they_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a larger bound the same flood is kept to its end."""
    flood = [display(text__plain="") * (events.DISPLAY_LIMIT + 1), OVER]

    assert converse(flood)[0].tampered is not None
    monkeypatch.setattr(events, "DISPLAY_LIMIT", events.DISPLAY_LIMIT + 1)
    assert converse(flood)[0].tampered is None
