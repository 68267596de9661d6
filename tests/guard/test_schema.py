"""Arguments are held to the signature: nothing is converted, nothing is guessed."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable  # noqa: TC003 -- resolved at run time
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fumehood as fh
from fumehood.errors import UsageError
from fumehood.guard.data import ResultRefused, plain
from fumehood.guard.schema import ArgumentsRefused, Schema
from fumehood.guard.tool import Tool, Tools


def pay(
    to: str, amount: float, count: int = 1, tags: list[str] | None = None, how: Literal["sepa", "cash"] = "sepa"
) -> None:
    """Pay."""


SCHEMA = Schema(pay, "pay")
GOOD: dict[str, Any] = {"to": "Ann", "amount": 1}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"to": 1}, "int, not string"),
        ({"to": None}, "NoneType"),
        ({"to": ["Ann"]}, "list"),
        ({"amount": "1"}, "str, not number"),
        ({"amount": True}, "bool"),
        ({"amount": float("nan")}, "finite"),
        ({"amount": float("inf")}, "finite"),
        ({"count": 1.0}, "float, not integer"),
        ({"count": 1 << 63}, "64 bits"),
        ({"count": True}, "bool"),
        ({"tags": "a"}, "not a list"),
        ({"tags": ["a", 1]}, "entry"),
        ({"tags": ["a"] * 10_001}, "entries"),
        ({"to": "x" * (1 << 20) + "x"}, "characters"),
        ({"how": "wire"}, "one of"),
        ({"more": 1}, "no parameter"),
        ({"self": 1}, "no parameter"),
    ],
)
def test_types_that_lie_are_refused(change: dict[str, Any], words: str) -> None:
    """Each wrong type, size or name is refused, and the message names what is wrong."""
    with pytest.raises(ArgumentsRefused, match=words) as caught:
        SCHEMA.validate(GOOD | change)
    assert "pay(to: str, amount: float" in caught.value.remedy()


def test_missing_and_strange_arguments_are_refused() -> None:
    """What is not there can't be guessed, and arguments are an object."""
    wrong: tuple[Any, ...] = ({"to": "Ann"}, {}, [], None, "to")
    for arguments in wrong:
        with pytest.raises(ArgumentsRefused):
            SCHEMA.validate(arguments)


def test_good_arguments_are_put_in_order() -> None:
    """Order carries nothing, and the author's defaults stay the author's."""
    assert ["to", "amount", "count"] == list(SCHEMA.validate({"count": 2, "amount": 1.5, "to": "Ann"}))
    assert {"to": "Ann", "amount": 1} == SCHEMA.validate(GOOD)
    assert ["to", "amount"] == SCHEMA.to_json()["required"]
    assert {"enum": ["sepa", "cash"]} == SCHEMA.to_json()["properties"]["how"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["to", "amount", "count", "tags", "how", "x"]), JSON))
def test_whatever_passes_is_what_the_signature_says(arguments: dict[str, Any]) -> None:
    """No JSON gets past the schema as another type."""
    try:
        passed = SCHEMA.validate(arguments)
    except ArgumentsRefused:
        return
    assert type(passed["to"]) is str
    assert type(passed["amount"]) in {int, float}
    assert type(passed.get("count", 1)) is int
    assert all(type(each) is str for each in passed.get("tags") or [])
    assert passed.get("how", "sepa") in {"sepa", "cash"}


def test_a_tool_that_no_call_could_be_held_to_is_refused() -> None:
    """When it is declared, not when it is called."""

    def open_ended(*names: str) -> None: ...
    def opaque(when: dt.datetime) -> None: ...
    def called(back: Callable[[], None]) -> None: ...

    for function in (open_ended, opaque, called, lambda: None):
        with pytest.raises(UsageError):
            fh.tool(function)
    with pytest.raises(UsageError, match="critical"):
        fh.tool(effect="egress", critical=["whom"])(pay)
    with pytest.raises(UsageError, match="effect"):
        fh.tool(effect="send")(pay)  # type: ignore[call-overload]
    with pytest.raises(UsageError, match="typed"):
        fh.Untrusted("body", typed=["body"])
    with pytest.raises(UsageError, match="no label"):
        fh.Private("body")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="two tools"):
        Tools([pay, Tool(pay)])


def test_a_tool_stays_a_function_on_the_host() -> None:
    """Declaring changes nothing for the host's own code."""

    @fh.tool(effect="read")
    def double(number: int) -> int:
        """Double it."""
        return 2 * number

    assert 4 == double(2)
    assert ("double", "Double it.") == (double.name, double.__doc__)


@dataclass
class Bill:
    """What a tool may answer."""

    due: dt.date
    kind: enum.Enum


def test_results_become_plain_data() -> None:
    """Records, dates, sets and enumerations as JSON has them; what is none of these is an error that names the tool."""
    kind = enum.Enum("kind", {"paid": "p"})
    assert {"due": "2026-05-05", "kind": "p"} == plain(Bill(dt.date(2026, 5, 5), kind["paid"]), "bills")
    assert [[1, 2], {"1": None}] == plain(((1, 2), {1: None}), "bills")
    nested: list[Any] = []
    for _ in range(60):
        nested = [nested]
    for value in (object(), float("nan"), b"bytes", nested, "x" * (5 << 20)):
        with pytest.raises(ResultRefused, match="bills"):
            plain(value, "bills")
