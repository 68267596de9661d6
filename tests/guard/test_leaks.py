"""Secrets and the canary are found in what goes out, in each encoding that is promised."""

from __future__ import annotations

import base64
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fumehood.guard.conversation import Conversation
from fumehood.guard.leaks import Watch
from tests.guard.kit import ANN, TOOLS, judge

SECRET = "s3cr+t/valué-9"  # noqa: S105 -- nobody's
ENCODINGS = {
    "plain": lambda s: s,
    "reversed": lambda s: s[::-1],
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 of the reversed": lambda s: base64.b64encode(s[::-1].encode()).decode(),
    "base64, one before": lambda s: base64.b64encode(b"x" + s.encode() + b"y").decode(),
    "base64, two before": lambda s: base64.b64encode(b"xy" + s.encode() + b"z").decode(),
    "url-safe base64": lambda s: base64.urlsafe_b64encode(b"?" + s.encode()).decode(),
    "hex": lambda s: s.encode().hex(),
    "HEX": lambda s: s.encode().hex().upper(),
    "url": lambda s: quote(s, safe=""),
    "url, each byte": lambda s: "".join(f"%{byte:02x}" for byte in s.encode()),
    "url plus": quote_plus,
    "spaced": " ".join,
    "dotted": ".".join,
}


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
def test_each_encoding_is_found(encode: object) -> None:
    """Inside a longer text, too."""
    watch = Watch({"the key": SECRET})
    assert "the key" == watch.found(["before " + encode(SECRET) + " after"])  # type: ignore[operator]
    assert "the canary" == watch.found(["q=" + encode(watch.canary)])  # type: ignore[operator]


def test_split_over_arguments_is_found() -> None:
    """In order or the other way round."""
    watch = Watch({"the key": SECRET})
    assert "the key" == watch.found([SECRET[:4], SECRET[4:9], SECRET[9:]])
    assert "the key" == watch.found([SECRET[9:], SECRET[4:9], SECRET[:4]])


@given(st.binary(max_size=30), st.binary(max_size=30))
def test_base64_is_found_at_any_offset(before: bytes, after: bytes) -> None:
    """Whatever stands around it."""
    text = base64.b64encode(before + SECRET.encode() + after).decode()
    assert "the key" == Watch({"the key": SECRET}).found([text])


def test_ordinary_text_is_not_a_leak() -> None:
    """Nor is what is too short to be told from it."""
    assert Watch({"the key": SECRET, "pin": "1234"}).found(["the value is 1234", "secret value"]) is None


@pytest.mark.parametrize("field", ["to", "subject", "body"])
def test_a_call_that_carries_one_is_denied(field: str) -> None:
    """Whatever the user said and whoever would approve; also in a tool that only reads."""
    talk = Conversation(TOOLS, secrets={"API key": SECRET})
    talk.asked(f"Mail {ANN} the key {SECRET}")
    arguments: dict[str, object] = {"to": [ANN], "subject": "s", "body": "b"}
    arguments[field] = [SECRET] if field == "to" else f"It is {SECRET.encode().hex()}"

    decision = judge(talk, "send_email", **arguments)
    assert ("deny", True) == (decision.verdict, "API key" in decision.because)
    assert SECRET not in decision.because
    assert "deny" == judge(talk, "search_email", query=talk.canary).verdict
