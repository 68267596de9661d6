"""Whatever a hostile runner sends: frames are parsed strictly and boundedly, or refused; nothing else ever happens."""

from __future__ import annotations

import json
import os
import struct
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fumehood.tiers.jail import wire

#: 10,000 are promised; each run draws others.
EXAMPLES = int(os.environ.get("FUMEHOOD_FUZZ_EXAMPLES", "2000"))

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
messages = st.dictionaries(st.text(max_size=8), json_values, max_size=5)


def framed(data: bytes, length: int | None = None) -> bytes:
    return struct.pack("=I", len(data) if length is None else length) + data


pieces = st.one_of(
    st.binary(max_size=64),
    st.binary(max_size=64).map(framed),
    messages.map(lambda message: framed(json.dumps(message).encode())),
    json_values.map(lambda value: framed(json.dumps(value).encode("utf-8", "surrogatepass"))),
    st.tuples(st.binary(max_size=32), st.integers(0, (1 << 32) - 1)).map(lambda pair: framed(*pair)),
    st.sampled_from(
        [
            framed(b"[" * 5000), framed(b'{"a":' * 5000), framed(b"NaN"), framed(b'{"v": Infinity}'), framed(b'{"v": 1e999}'),
            framed(b'{"v": ' + b"9" * 5000 + b"}"), framed(b"\xff\xfe{\0}\0"), framed(b'{"a": "\\ud800"}'), framed(b""), framed(b"{}" * 3),
        ]
    ),
)  # fmt: skip


@given(stream=st.lists(pieces, max_size=6), cuts=st.lists(st.integers(1, 40), max_size=12))
@settings(max_examples=EXAMPLES)
def test_any_bytes_give_frames_or_tampered(stream: list[bytes], cuts: list[int]) -> None:
    """Any bytes in any cut give objects in order or `Tampered`, and nothing is ever held beyond one frame."""
    data, frames, taken = b"".join(stream), wire.Frames(), list[Any]()
    try:
        for cut in [*cuts, len(data)]:
            taken += frames.feed(data[:cut])
            data = data[cut:]
    except wire.Tampered as refused:
        assert str(refused)

    assert all(isinstance(frame, dict) for frame in taken)
    assert len(frames._buffer) <= wire.FRAME_LIMIT + 4


@given(sent=st.lists(messages, max_size=5), cuts=st.lists(st.integers(1, 30), max_size=30))
@example(
    sent=[{"attached": None}, {"attached": "\n"}], cuts=[7]
)  # what has a meaning in our own messages has none here
@settings(max_examples=EXAMPLES // 4)
def test_what_is_packed_comes_out_however_it_is_cut(sent: list[dict[str, Any]], cuts: list[int]) -> None:
    """Honest frames arrive equal and in order whatever pieces the socket makes of them."""
    data = b"".join(wire.pack(message) for message in sent)
    frames, taken = wire.Frames(), list[dict[str, Any]]()
    for cut in [*cuts, len(data)]:
        taken += frames.feed(data[:cut])
        data = data[cut:]

    assert sent == taken


@pytest.mark.parametrize("length", [wire.FRAME_LIMIT + 1, 1 << 31, (1 << 32) - 1])
def test_a_frame_that_is_too_long_is_refused_at_its_announcement(length: int) -> None:
    """A length beyond the limit is refused before a byte of it is kept."""
    with pytest.raises(wire.Tampered, match="announced"):
        wire.Frames().feed(struct.pack("=I", length))


@pytest.mark.parametrize("piece", [b"[]", b"{}", b"0", b'""', b'{"":[]}'])
def test_a_frame_of_too_many_values_is_refused_before_they_are_made(piece: bytes) -> None:
    """Small values cost fifty times as much once they are objects."""
    data = b'{"x":[' + piece + (b"," + piece) * wire.ELEMENT_LIMIT + b"]}"

    with pytest.raises(wire.Tampered, match="values"):
        wire.Frames().feed(struct.pack("=I", len(data)) + data)


def test_commas_and_brackets_of_a_text_are_no_values() -> None:
    """A long text, with quotes and backslashes in it, counts as one value however it looks."""
    text = '[{,\\"' * wire.ELEMENT_LIMIT

    assert [{"x": text}] == wire.Frames().feed(wire.pack({"x": text}))
