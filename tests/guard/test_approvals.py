"""An approval is for one call, once, for a while; everything else is no."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from fumehood.guard.approvals import ApprovalRefused, Approvals, Request, ask_user, describe, put
from fumehood.guard.gate import Ask
from tests.guard.kit import ANN, EVE, after_reading

if TYPE_CHECKING:
    from fumehood.guard.conversation import Conversation
    from fumehood.guard.tool import Call

ARGUMENTS: dict[str, Any] = {"to": [EVE], "subject": "Hi\x1b]8;;https://example.net\x07", "body": "all of it"}


def asked(approvals: Approvals, talk: Conversation | None = None) -> tuple[Call, Request]:
    talk = talk or after_reading(f"Mail {ANN}")
    call, decision = talk.judge("send_email", ARGUMENTS)
    assert call is not None
    assert isinstance(decision, Ask)
    return call, approvals.open(call, decision, talk.origins)


def test_a_yes_is_for_one_call_once() -> None:
    """It can't be used for other arguments, and not a second time."""
    approvals = Approvals()
    call, request = asked(approvals)
    approvals.answer(request.id, yes=True, digest=request.digest)
    assert approvals.wait(request)
    assert approvals.take(request, call)
    assert not approvals.take(request, call)

    call, request = asked(approvals)
    approvals.answer(request.id, yes=True, digest=request.digest)
    assert not approvals.take(request, call._replace(arguments={**call.arguments, "to": [ANN]}))
    assert not approvals.take(request, call)


def test_no_answer_is_no() -> None:
    """Neither a request that nobody answered nor an expired one is a yes."""
    call, request = asked(Approvals())
    assert not Approvals().wait(request)
    approvals = Approvals(expires=0.0)
    call, request = asked(approvals)
    assert not approvals.wait(request)
    with pytest.raises(ApprovalRefused, match="expired"):
        approvals.answer(request.id, yes=True, digest=request.digest)
    assert not approvals.take(request, call)
    assert () == approvals.pending()


def test_forged_and_replayed_answers_are_refused() -> None:
    """An unknown id, another call's hash, a second answer."""
    approvals = Approvals()
    _, request = asked(approvals)
    with pytest.raises(ApprovalRefused, match="no request"):
        approvals.answer("x", yes=True, digest=request.digest)
    with pytest.raises(ApprovalRefused, match="another call"):
        approvals.answer(request.id, yes=True, digest="0" * 64)
    assert (request,) == approvals.pending()
    approvals.answer(request.id, yes=False, digest=request.digest)
    with pytest.raises(ApprovalRefused, match="no request"):
        approvals.answer(request.id, yes=True, digest=request.digest)


def test_an_answer_from_another_thread_is_heard() -> None:
    """A program that shows the pending list answers by id."""
    approvals = Approvals()
    call, request = asked(approvals)
    (shown,) = approvals.pending()
    thread = threading.Thread(target=approvals.answer, args=(shown.id,), kwargs={"yes": True, "digest": shown.digest})
    thread.start()
    assert approvals.wait(request)
    thread.join()
    assert approvals.take(request, call)


def test_a_person_sees_what_matters_first() -> None:
    """The critical argument before the others, each with its origin, and what untrusted content was read."""
    _, request = asked(Approvals())
    lines = describe(request)

    assert ["to", "subject", "body"] == [each.name for each in request.arguments]
    assert any("from search_email.body" in line for line in lines[:3])
    assert any(EVE in line and "search_email" in line for line in lines)
    assert not any("\x1b" in line or "\x07" in line for line in lines)
    assert "search_email" == request.to_dict()["read"][0]["source"]


@pytest.mark.parametrize(
    ("typed", "expected"), [("y", True), ("YES ", True), ("", False), ("no", False), ("yep", False)]
)
def test_only_a_plain_yes_is_one(typed: str, expected: bool) -> None:  # noqa: FBT001 -- a table
    """What was typed by mistake is no."""
    _, request = asked(Approvals())
    assert expected == put(request, show=lambda _: None, answer=lambda: typed)


def test_without_a_terminal_the_answer_is_no() -> None:
    """A program that runs unattended has nobody to ask."""
    assert not ask_user(asked(Approvals())[1])
