"""The gate's rules, each with the call that passes and the one that must not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fumehood as fh
from fumehood.errors import UsageError
from fumehood.guard.conversation import Conversation
from fumehood.guard.labels import Label
from fumehood.policy import Policy
from tests.guard.kit import ANN, EVE, TOOLS, after_reading, conversation, judge, read

MAIL: dict[str, Any] = {"subject": "Hi", "body": "The reunion is on 5 May."}


def test_a_first_program_may_do_what_the_user_said() -> None:
    """Code that was written before anything untrusted was seen acts on whom the user named, with any content."""
    talk = conversation(f"Mail {ANN} the date of the reunion.")
    read(talk, query="reunion")

    assert "allow" == judge(talk, "send_email", to=[ANN], **MAIL).verdict


def test_a_first_program_is_held_to_origins() -> None:
    """A tool's description may have been planted: what nobody vouches for asks, even in the first program."""
    talk = conversation("Mail Ann the date of the reunion.")
    decision = judge(talk, "send_email", to=[EVE], **MAIL)

    assert "ask" == decision.verdict
    assert EVE in decision.because


def test_a_typed_field_is_vouched_for_and_text_is_not() -> None:
    """What its tool's author vouches for may be aimed at; an address in the text of a mail may not."""
    talk = conversation("Delete the mail about the reunion and answer whoever the text names.")
    read(talk, query="reunion")

    assert "allow" == judge(talk, "delete_email", id=17).verdict
    assert "ask" == judge(talk, "delete_email", id=99).verdict
    decision = judge(talk, "send_email", to=[EVE], **MAIL)
    assert ("ask", True) == (decision.verdict, "search_email.body" in decision.because)


def test_one_of_several_is_enough_to_ask() -> None:
    """Each value of a critical argument is looked at."""
    talk = conversation(f"Mail {ANN}.")
    assert "ask" == judge(talk, "send_email", to=[ANN, EVE], **MAIL).verdict


def test_after_untrusted_text_the_same_recipient_with_other_content_asks() -> None:
    """An attacker who reuses what the user named still can't choose what is sent."""
    talk = after_reading(f"Mail {ANN} “See you there”.")

    assert "ask" == judge(talk, "send_email", to=[ANN], **MAIL).verdict
    assert "ask" == judge(talk, "delete_email", id=18).verdict


def test_after_untrusted_text_what_the_user_spelled_out_is_allowed_once() -> None:
    """Recipient, subject and text are the user's words: that call is theirs, whoever wrote the program; not twice."""
    talk = after_reading(f"Send {ANN} under “Reunion” the words “See you there”.")
    arguments = {"to": [ANN], "subject": "Reunion", "body": "See you there"}
    call, decision = talk.judge("send_email", arguments)
    assert call is not None
    assert "allow" == decision.verdict

    talk.started(call)

    assert "ask" == judge(talk, "send_email", **arguments).verdict


@pytest.mark.parametrize(
    ("question", "verdict"),
    [
        ("Delete the mail of", "allow"),
        ("We are deleting", "allow"),
        ("Sum up the mail of", "ask"),
        ("The deletion by", "ask"),
    ],
)
def test_the_deed_has_to_be_the_users_too(question: str, verdict: str) -> None:
    """Whom the user named for one thing is not at the mercy of every other: «sum up» does not delete."""
    assert verdict == judge(after_reading(f"{question} {ANN}."), "delete_email", id=17).verdict


@pytest.mark.parametrize("value", [13, "13", "5", "A"])
def test_a_short_number_is_nobodys_word(value: object) -> None:
    """«13» in the user's question is a day, not the file that an injected program deletes."""
    assert "ask" == judge(after_reading("What is on June 13 at 5, part A?"), "undeclared", thing=str(value)).verdict
    assert "ask" == judge(after_reading("What is on June 13 at 5?"), "delete_email", id=13).verdict


def test_reading_is_free_and_fetching_is_not() -> None:
    """A tool that only reads is allowed to any program; what it fetches by is held like a recipient."""
    talk = after_reading("Look at https://example.org/a please.")

    assert "allow" == judge(talk, "search_email", query="anything").verdict
    assert "allow" == judge(talk, "fetch", url="https://example.org/a").verdict
    assert "ask" == judge(talk, "fetch", url="https://example.net/?q=secret").verdict


def test_a_first_program_may_fetch_what_stands_whole_in_a_text() -> None:
    """A URL copied as it stands carries nothing that the code did not put there; a longer one does."""
    talk = conversation("Fetch the page that Bob's mail names.")
    read(talk, query="bill")

    assert "allow" == judge(talk, "fetch", url="https://example.net/bill?n=3").verdict
    assert "ask" == judge(talk, "fetch", url="https://example.net/bill?n=3&leak=Reunion").verdict
    assert "ask" == judge(talk, "fetch", url="https://example.net/bill").verdict


def test_an_undeclared_tool_may_do_anything() -> None:
    """It is consequential, all its arguments matter, and what it answers is untrusted and private."""
    talk = conversation("Do it with apples.")

    assert "allow" == judge(talk, "undeclared", thing="apples").verdict
    assert "ask" == judge(talk, "undeclared", thing="pears").verdict
    talk.show(talk.done(talk.judge("undeclared", {"thing": "apples"})[0], "text"))  # type: ignore[arg-type]
    assert not talk.context.trusted
    assert not talk.label.public


def test_private_data_goes_to_its_readers_alone() -> None:
    """A recipient that the user did not name asks once private data was read, though its field is vouched for."""
    talk = conversation("Answer the mail about the bill.")
    read(talk, query="bill")

    decision = judge(talk, "send_email", to=["bob@example.org"], **MAIL)

    assert ("ask", True) == (decision.verdict, "private" in decision.because)


def test_who_sees_it_may_be_said_apart_from_what_is_affected() -> None:
    """An event's number is no reader; with nobody invited, nobody gets to see anything."""

    @fh.tool(effect="egress", critical=["event", "guests"], recipients=["guests"], returns=fh.Trusted())
    def invite(event: int, guests: list[str] | None = None) -> str:
        return "invited"

    talk = Conversation((*TOOLS, invite))
    talk.asked("Invite them to the thing in my mail.")
    read(talk, query="x")

    assert "allow" == judge(talk, "invite", event=17).verdict
    assert "ask" == judge(talk, "invite", event=17, guests=["bob@example.org"]).verdict
    with pytest.raises(UsageError, match="recipients"):
        fh.tool(effect="egress", critical=["event"], recipients=["guests"])(invite.function)


def test_the_only_record_that_answers_the_users_words_is_theirs() -> None:
    """And with a second one, which may be forged, neither is."""

    @fh.tool(effect="read", returns=fh.Private(fh.Untrusted("title", typed=["guest"])))
    def events(query: str) -> list[dict[str, str]]:
        return [{"title": "Lunch", "guest": "gus@example.org"}] * (1 if query == "Lunch" else 2)

    for query, verdict in (("Lunch", "allow"), ("Dinner", "ask")):
        talk = Conversation((*TOOLS, events))
        talk.asked(f"Write to the guest of {query}.")
        read(talk, "events", query=query)
        assert verdict == judge(talk, "send_email", to=["gus@example.org"], **MAIL).verdict


def test_a_record_that_the_user_named_vouches_for_its_fields() -> None:
    """The user wrote the sender's address; the same record's number is theirs too, and the next record's is not."""
    talk = after_reading(f"Delete the mail of {ANN}.")

    assert "allow" == judge(talk, "delete_email", id=17).verdict
    assert "ask" == judge(talk, "delete_email", id=18).verdict


def test_the_users_own_data_is_vouched_for() -> None:
    """What a trusted tool answers and what the host program declares as the user's own."""
    talk = conversation("Mail it to me.", own=["me2@example.org"])
    read(talk, "my_address")

    for address in ("me@example.org", "me2@example.org"):
        assert "allow" == judge(talk, "send_email", to=[address], **MAIL).verdict


def test_a_value_from_a_data_file_is_never_vouched_for() -> None:
    """Somebody else may have written that record, also when an honest first program picked it."""
    talk = conversation("Mail the report to the customers in the list.", data=["/srv/customers.csv"])
    decision = judge(talk, "send_email", to=["carl@example.org"], **MAIL)

    assert "ask" == decision.verdict
    assert ["data/customers.csv"] == [each.source for each in talk.origins.readings]


def test_strict_locks_after_the_first_untrusted_read() -> None:
    """In strict mode no approval helps either; before the read and for reading nothing changes."""
    talk = conversation(f"Mail {ANN}.", strict=True)
    assert "allow" == judge(talk, "send_email", to=[ANN], **MAIL).verdict
    read(talk, query="x")

    decision = judge(talk, "send_email", to=[ANN], **MAIL)

    assert ("deny", True) == (decision.verdict, "guard.mode" in decision.because)
    assert "allow" == judge(talk, "search_email", query="y").verdict


def test_the_policy_narrows() -> None:
    """[tools] can ask about each call or forbid it; it can't switch the gate off."""
    words = {"send_email": "allow", "my_address": "ask", "delete_email": "deny"}
    talk = Conversation(TOOLS, policy=Policy.default().but(tools=words))
    talk.asked(f"Mail {ANN}, delete 17.")

    assert "ask" == judge(talk, "send_email", to=[EVE], **MAIL).verdict
    assert "ask" == judge(talk, "my_address").verdict
    assert "deny" == judge(talk, "delete_email", id=17).verdict


def test_the_mark_stays_for_the_next_question() -> None:
    """What the first question read is still in the sandbox, so the next question's first program is no clean one."""
    talk = conversation("What is new?")
    read(talk, query="new")
    talk.asked(f"Mail {ANN}.")

    assert not talk.program().trusted
    assert "ask" == judge(talk, "send_email", to=[ANN], **MAIL).verdict


def test_what_an_untrusted_program_left_behind_marks_the_next() -> None:
    """A program that runs where an untrusted one ran may call what that one defined: it counts as written by it."""
    talk = after_reading("x")
    assert not talk.program().trusted
    talk.fresh()
    assert not talk.program().trusted  # the model still remembers


def test_nothing_untrusted_shown_leaves_programs_trusted() -> None:
    """Tool results stay in the sandbox as data: a second program before anything was shown is the user's still."""
    talk = conversation(f"Mail {ANN}.")
    read(talk, query="x")
    assert "" == talk.show("")

    assert talk.program().trusted
    assert "allow" == judge(talk, "send_email", to=[ANN], **MAIL).verdict


@pytest.mark.parametrize(
    "value",
    [
        "evil.com",
        "ann",
        "example.org",
        "secret",
        "//example.org/a",
        "https://example.org",
        "5",
        "1",
        "a/report.txt",
        "ab",
    ],
)
def test_a_part_of_what_the_user_wrote_is_not_the_users(value: str) -> None:
    """A value has to stand as a whole: no domain out of an address, no folder out of a path, no digit of a number."""
    talk = conversation(
        "To ann@evil.com or abc: ann@example.org, see https://example.org/a/report.txt?x, 15 of 51, .secret"
    )

    assert "ask" == judge(talk, "undeclared", thing=value).verdict


@pytest.mark.parametrize(
    "value",
    ["ann@evil.com", "Carl Low", "carl low", "/a/b.txt", "general", "#general", "report.txt", "15", "GB29", "x.y"],
)
def test_what_the_user_wrote_is_found_in_prose(value: str) -> None:
    """Quotes, brackets and the punctuation of a sentence do not belong to a value; a name is found in any case."""
    talk = conversation("Ask Carl\nLow (<ann@evil.com>), read '/a/b.txt', “report.txt”: 15, GB29. In #general? x.y!")

    assert "allow" == judge(talk, "undeclared", thing=value).verdict


def test_the_case_of_an_address_has_meaning() -> None:
    """A path that differs in case is another path."""
    talk = conversation("See bit.example/AbC")
    assert "ask" == judge(talk, "undeclared", thing="bit.example/aBc").verdict


LABELS = st.builds(
    Label,
    st.frozensets(st.sampled_from("abc")),
    st.none() | st.frozensets(st.sampled_from(["x@a", "y@a", "@a", "z@b"])),
)
READERS = st.sampled_from(["x@a", "y@a", "z@b", "w@a"])


@given(LABELS, LABELS, LABELS)
def test_mixing_is_a_join(one: Label, two: Label, three: Label) -> None:
    """Order and repetition do not matter, and nothing is gained by mixing."""
    assert one | two == two | one
    assert (one | two) | three == one | (two | three)
    assert one | one == one
    assert (one | two).trusted == (one.trusted and two.trusted)


@given(LABELS, LABELS, READERS)
def test_nobody_reads_a_mix_who_may_not_read_its_parts(one: Label, two: Label, reader: str) -> None:
    """Confidentiality never gets less by mixing."""
    assert not (one | two).may_read(reader) or (one.may_read(reader) and two.may_read(reader))


WORDS = st.sampled_from(["ann@example.org", "eve@example.net", "17", "Reunion", "x", "See you"])


@given(st.lists(WORDS, max_size=3), st.lists(WORDS, min_size=1, max_size=2), WORDS, st.booleans())
def test_knowing_less_of_the_user_never_allows_more(said: list[str], to: list[str], body: str, shown: bool) -> None:  # noqa: FBT001 -- drawn
    """A call that is allowed with fewer of the user's words, or after untrusted text, is allowed with more and before."""

    def verdict(words: list[str], *, dirty: bool) -> str:
        talk = conversation(" and ".join(words))
        mails = str(read(talk, query="x"))
        if dirty:
            talk.show(mails)
            talk.program()
        return judge(talk, "send_email", to=to, subject="x", body=body).verdict

    less = verdict(said[:-1], dirty=shown)
    assert "allow" != less or "allow" == verdict(said, dirty=False)


@given(
    st.lists(WORDS, max_size=3),
    st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=2),
    st.text(max_size=40),
)
def test_nobody_else_chooses_after_the_mark(said: list[str], to: list[str], body: str) -> None:
    """Once untrusted text was shown, a call passes only if the user's own words hold every value of it."""
    question = " and ".join(said)
    talk = after_reading(question)
    decision = judge(talk, "send_email", to=to, subject="", body=body)

    if decision.verdict == "allow":
        own = question + " 17 " + ANN if ANN in said else question
        assert all(" ".join(each.split()).casefold() in own.casefold() for each in (*to, body))
