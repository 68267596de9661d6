"""A provider's server at its worst: every fault is waited out, told in plain words or ends the question, never a traceback."""

from __future__ import annotations

import json
import logging
import socket
import sys
import traceback
from typing import TYPE_CHECKING

import pytest

from fumehood.agent import Agent, AsyncAgent, Budget
from fumehood.agent.provided import Provided
from fumehood.errors import MissingExtra, ModelFailed, UsageError
from tests.agent.kit import KEY, KINDS, VARIABLES, Said, Server, garbled, model, says, serving

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from fumehood.agent import Answer

pytestmark = pytest.mark.filterwarnings("ignore:.* is not a valid FinishReason:UserWarning")

PASSING = {
    "busy": Said(b'{"error": {"message": "slow down"}}', 429, (("retry-after", "1"),)),
    "down": Said(b"<h1>Bad gateway</h1>", 502, kind="text/html"),
    "overloaded": Said(b'{"type": "error", "error": {"type": "overloaded_error", "message": "x"}}', 529),
    "cut body": Said(b'{"id": "x", ', cut=True),
    "not JSON": Said(b'{"id": "x", "choi'),
    "a page": Said(b"<html>hello</html>", kind="text/html"),
    "a list": Said(b"[]"),
    "nothing": Said(b"{}"),
}


async def answer(
    kind: str, server: Server, patch: pytest.MonkeyPatch, *, streams: bool = False, **options: float
) -> Answer:
    async with AsyncAgent(model(kind, server, patch, **options)) as agent:
        if not streams:
            return await agent.run("How many?")
        *_, last = [event async for event in agent.stream("How many?")]
        found: Answer = last.detail["answer"]
        return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
async def test_a_good_reply_is_an_answer(kind: str, streams: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the faults are measured against: the same replies without a fault give an answer and its usage."""
    with serving(says(kind, "Seven.", streams=streams)) as server:
        told = await answer(kind, server, monkeypatch, streams=streams)

    assert ("answered", "Seven.", 1, 3, 4) == (
        told.stopped,
        told.answer,
        told.usage.requests,
        told.usage.input_tokens,
        told.usage.output_tokens,
    )


NAMES = (
    "openai:gpt-5.6-luna",
    "openai-responses:gpt-6-luna",
    "anthropic:claude-opus-5-5",
    "anthropic:claude-haiku-5-5",
    "google:gemini-3.8-flash",
)


@pytest.mark.parametrize("name", NAMES)
async def test_real_models_are_asked_as_made_up_ones_are(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the library knows of a model changes its requests: none is streamed unasked, and none is kept by OpenAI."""
    provider = name.partition(":")[0]
    kind = "openai-chat" if provider == "openai" else provider
    monkeypatch.setenv(VARIABLES.get(kind, "OPENAI_API_KEY"), KEY)
    with serving(says(kind, code=["print(1)"]), says(kind, "One.")) as server:
        async with AsyncAgent(name, base_url=server.address) as agent:
            told = await agent.run("How many?")

        assert ("answered", "One.", 1) == (told.stopped, told.answer, len(told.steps))
        assert {False} == {bool(body.get("stream")) for body in server.bodies}
        assert {provider == "openai-responses"} == {body.get("store") is False for body in server.bodies}
        assert {provider == "anthropic"} == {"max_tokens" in body for body in server.bodies}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", PASSING)
async def test_what_may_pass_is_tried_again(kind: str, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """429, 5xx, cut and malformed replies are asked for once more, and the second try counts."""
    with serving(PASSING[fault], says(kind, "Seven.")) as server:
        told = await answer(kind, server, monkeypatch)

        assert ("answered", 2) == (told.stopped, len(server.requests))


@pytest.mark.parametrize("fault", PASSING)
async def test_what_does_not_pass_is_an_error_after_some_tries(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The third failure ends it, with what the server said and what to do."""
    with serving(PASSING[fault]) as server:
        told = await answer("openai-chat", server, monkeypatch)

        assert ("error", "", 3) == (told.stopped, told.answer, len(server.requests))
        assert told.failure is not None
        assert "It was tried 3 times" in told.failure.message
        assert told.failure.remedy


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("status", "said"),
    [(400, "no such parameter"), (401, "bad key"), (403, "not yours"), (404, "no such model"), (413, "too long")],
)
async def test_what_can_not_pass_is_not_tried_again(
    kind: str, status: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """400, 401 and their like end it at once, in the server's words."""
    with serving(Said(json.dumps({"error": {"message": said}}).encode(), status)) as server:
        told = await answer(kind, server, monkeypatch)

        assert ("error", 1) == (told.stopped, len(server.requests))
        assert told.failure is not None
        assert said in told.failure.message
        assert str(status) in told.failure.message


async def test_an_exhausted_account_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A 429 that no waiting mends is told as what it is."""
    body = (
        b'{"error": {"message": "You exceeded your quota", "type": "insufficient_quota", "code": "insufficient_quota"}}'
    )
    with serving(Said(body, 429)) as server:
        told = await answer("openai-chat", server, monkeypatch)

        assert ("error", 1) == (told.stopped, len(server.requests))
        assert told.failure is not None
        assert "quota is used up" in told.failure.remedy


@pytest.mark.parametrize("kind", KINDS)
async def test_a_long_wait_is_said_and_not_waited_for(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Retry-After of an hour ends the question at once, and tells how long it would be."""
    with serving(Said(b'{"error": {"message": "come back later"}}', 429, (("retry-after", "3600"),))) as server:
        told = await answer(kind, server, monkeypatch)

        assert ("error", 1) == (told.stopped, len(server.requests))
        assert told.failure is not None
        assert "60 minutes, which was not waited for" in told.failure.message


async def test_a_short_wait_is_as_long_as_the_server_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry-After in seconds is what is waited, and the listener hears of it."""
    with serving(PASSING["busy"], says("openai-chat", "Seven.", streams=True)) as server:
        async with AsyncAgent(model("openai-chat", server, monkeypatch)) as agent:
            waits = [event.detail async for event in agent.stream("How many?") if event.event == "waits"]

    assert [1] == [wait["seconds"] for wait in waits]
    assert "slow down" in waits[0]["why"]


@pytest.mark.parametrize(
    ("kind", "streams"),
    [(kind, streams) for kind in KINDS for streams in (False, True) if streams or kind != "openai-responses"],
)
async def test_a_reply_that_does_not_say_how_it_ended_is_no_answer(
    kind: str, streams: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream that ends early looks complete to the provider's library; it is tried again, and then an error."""
    with serving(says(kind, "The total is 4", end=None, streams=streams)) as server:
        told = await answer(kind, server, monkeypatch, streams=streams)

        assert ("error", 3) == (told.stopped, len(server.requests))
        assert told.failure is not None
        assert "cut" in told.failure.message or "malformed" in told.failure.message


@pytest.mark.parametrize("kind", KINDS)
async def test_a_stream_cut_in_the_middle_is_no_answer(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection breaks after half of the bytes."""
    whole = says(kind, "The total is 42 and not more.", streams=True)
    half = Said(whole.body[: len(whole.body) // 2], kind=whole.kind, cut=True)
    with serving(half) as server:
        told = await answer(kind, server, monkeypatch, streams=True)

        assert ("error", "", 3) == (told.stopped, told.answer, len(server.requests))


@pytest.mark.parametrize("kind", KINDS)
async def test_a_program_in_a_cut_stream_is_not_run(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of a program is another program."""
    whole = says(kind, code=["print(1)\nprint(2)"], end=None, streams=True)
    with serving(whole) as server:
        told = await answer(kind, server, monkeypatch, streams=True)

    assert ("error", ()) == (told.stopped, told.steps)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("end", ["length", "content_filter", "tired"])
async def test_a_program_in_a_reply_that_did_not_end_well_is_not_run(
    kind: str, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be the half of a program, or none that the model stands for."""
    with serving(says(kind, code=["print(1)"], end=end)) as server:
        told = await answer(kind, server, monkeypatch)

    assert (False, ()) == (told.ok, told.steps)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
async def test_broken_arguments_are_told_to_the_model(
    kind: str, streams: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets the reason as the call's result, and may mend it; the broken call can be sent back to the provider."""
    broken = garbled(says(kind, code=["print(1)"], streams=streams))
    assert broken.body != says(kind, code=["print(1)"], streams=streams).body
    with serving(broken, says(kind, "Sorry.", streams=streams)) as server:
        told = await answer(kind, server, monkeypatch, streams=streams)

        assert ("answered", ()) == (told.stopped, told.steps)
        assert "with the whole program" in json.dumps(server.bodies[1], ensure_ascii=False)


@pytest.mark.parametrize("kind", KINDS)
async def test_half_characters_do_not_end_a_conversation(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that writes half of an emoji, and a question with half of one, can go on."""
    half = says(kind, "so: XX", code=["print('XX')"])
    half = half._replace(body=half.body.replace(b"XX", rb"\\ud83d" if b'"arguments"' in half.body else rb"\ud83d"))
    with serving(half, says(kind, "Done.")) as server:
        async with AsyncAgent(model(kind, server, monkeypatch)) as agent:
            told = await agent.run("What is \ud83d?")

    assert ("answered", 1) == (told.stopped, len(told.steps)), told.failure


@pytest.mark.parametrize("kind", KINDS)
async def test_an_unknown_tool_is_told_to_the_model(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing runs by a name that was not offered."""
    other = says(kind, code=["print(1)"])
    other = other._replace(body=other.body.replace(b"run_python", b"run_shell"))
    with serving(other, says(kind, "Sorry.")) as server:
        told = await answer(kind, server, monkeypatch)

        assert ("answered", ()) == (told.stopped, told.steps)
        assert "There is no tool 'run_shell'" in json.dumps(server.bodies[1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
async def test_a_reply_at_its_token_limit_is_no_answer(
    kind: str, streams: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model is told to be shorter; if it can't, that is an error."""
    with serving(says(kind, "The total is 4", end="length", streams=streams)) as server:
        told = await answer(kind, server, monkeypatch, streams=streams)

        assert ("error", 3) == (told.stopped, len(server.requests))
        assert told.failure is not None
        assert "token limit" in told.failure.message
        assert "cut off at its token limit" in json.dumps(server.bodies[1])


@pytest.mark.parametrize("kind", KINDS)
async def test_a_refusal_is_no_answer(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the provider's filter stops is told as a refusal."""
    with serving(says(kind, "I can't", end="content_filter")) as server:
        told = await answer(kind, server, monkeypatch)

        assert ("refused", 1) == (told.stopped, len(server.requests))


async def test_a_refusal_in_a_field_of_its_own_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenAI's refusals end with `stop` and stand beside the content."""
    body = json.loads(says("openai-chat", "x").body)
    body["choices"][0]["message"] = {"role": "assistant", "content": None, "refusal": "I won't do that."}
    with serving(Said(json.dumps(body).encode())) as server:
        told = await answer("openai-chat", server, monkeypatch)

    assert ("refused", "I won't do that.") == (told.stopped, told.answer)


@pytest.mark.parametrize("kind", KINDS)
async def test_an_unknown_end_is_an_error(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a provider invents tomorrow is not taken for an answer today."""
    with serving(says(kind, "Seven.", end="tired")) as server:
        told = await answer(kind, server, monkeypatch)

    assert "error" == told.stopped
    assert told.failure is not None


@pytest.mark.parametrize("kind", KINDS)
async def test_an_empty_reply_is_no_answer(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is asked once or twice more; blanks are no answer either."""
    with serving(says(kind, " \n")) as server:
        told = await answer(kind, server, monkeypatch)

    assert ("error", "") == (told.stopped, told.answer)


async def test_a_reply_without_choices_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider's library fails on it by an IndexError of its own."""
    with serving(
        Said(b'{"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": []}')
    ) as server:
        told = await answer("openai-chat", server, monkeypatch)

    assert "error" == told.stopped


@pytest.mark.parametrize("kind", KINDS)
async def test_a_silent_server_is_given_up(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A timeout is tried again, and then told."""
    with serving(Said(hangs=30)) as server:
        told = await answer(kind, server, monkeypatch, patience=0.5)

        assert ("error", 3) == (told.stopped, server.heard(3))
        assert told.failure is not None
        assert "silent" in told.failure.message


async def test_the_wall_budget_ends_a_silent_server_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The question's own time is over before the server's patience is."""
    with serving(Said(hangs=30)) as server:
        async with AsyncAgent(model("openai-chat", server, monkeypatch), budget=Budget(wall=0.3)) as agent:
            told = await agent.run("How many?")

    assert "budget" == told.stopped


async def test_nobody_at_the_address_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused connection names the address."""
    with socket.socket() as taken:  # and nobody listens
        taken.bind(("127.0.0.1", 0))
        server = Server(f"http://127.0.0.1:{taken.getsockname()[1]}", [])
        told = await AsyncAgent(model("openai-chat", server, monkeypatch)).run("How many?")

    assert "error" == told.stopped
    assert told.failure is not None
    assert server.address in told.failure.message


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_gets_no_key(kind: str, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the server points to, nothing is sent there."""
    with serving(says(kind, "Seven.")) as other:
        elsewhere = other.address.replace("127.0.0.1", "localhost") + "/v1"
        with serving(Said(b"", status, (("location", elsewhere),))) as server:
            told = await answer(kind, server, monkeypatch)

            assert ("error", 1, 0) == (told.stopped, len(server.requests), len(other.requests))
    assert told.failure is not None
    assert "redirect" in told.failure.message


async def test_without_these_fences_a_key_gets_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that follows redirects hands the key on, and an error that is not redacted repeats it: the tests bite."""
    with serving(Said(json.dumps({"error": {"message": f"Incorrect API key: {KEY}"}}).encode(), 401)) as other:
        elsewhere = other.address.replace("127.0.0.1", "localhost") + "/v1"
        with serving(Said(b"", 307, (("location", elsewhere),))) as server:
            fenced = model("google", server, monkeypatch)
            loose = Provided(fenced.served._replace(redact=str), pauses=())
            async with loose:
                assert loose._http is not None
                loose._http.follow_redirects = True
                told = [str(error) async for error in failures(loose)]

    assert KEY in str(other.requests[0][1])
    assert KEY in told[0]


async def failures(provided: Provided) -> AsyncGenerator[ModelFailed]:
    """What asking once raises."""
    try:
        _ = [item async for item in provided.reply([], streams=False)]
    except ModelFailed as error:
        yield error


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("status", [400, 401, 500])
async def test_a_key_is_in_no_error_and_no_log(
    kind: str, status: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The server repeats the key that it was sent; nothing of ours does, and the request did carry it."""
    caplog.set_level(logging.DEBUG)
    with serving(
        Said(json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}."}}).encode(), status)
    ) as server:
        told = await answer(kind, server, monkeypatch)

        assert KEY in str(server.requests[0][1])
    assert told.failure is not None
    assert "[key]" in told.failure.message
    assert (
        KEY
        not in f"{told} {json.dumps(told.to_dict())} {[record.getMessage() for record in caplog.records if record.name.startswith('fumehood')]}"
    )


@pytest.mark.parametrize("kind", KINDS)
async def test_a_key_is_in_no_log_of_any_library(
    kind: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With everything logged that any library under it has to say."""
    caplog.set_level(logging.DEBUG)
    with serving(says(kind, code=["print(1)"]), says(kind, "One.")) as server:
        told = await answer(kind, server, monkeypatch)

    logged = "".join(f"{record.getMessage()} {record.args}" for record in caplog.records)
    assert told.ok
    assert logged
    assert KEY not in logged


async def test_a_key_is_in_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the error nor anything that it remembers as its cause holds the key."""
    with serving(Said(json.dumps({"error": {"message": f"bad {KEY}"}}).encode(), 401)) as server:
        async with model("openai-chat", server, monkeypatch) as provided:
            with pytest.raises(Exception, match="401") as caught:
                [item async for item in provided.reply([], streams=False)]

    assert KEY not in "".join(traceback.format_exception(caught.value))
    assert (None, None) == (caught.value.__cause__, caught.value.__context__)


@pytest.mark.parametrize(("name", "known"), [("gpt-5-mini", True), ("some-model", False)])
async def test_the_cost_is_told_where_the_price_is_known(
    name: str, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider's own model has a price; one that the table does not know makes the cost unknown, not nothing."""
    reply = says("openai-chat", "Seven.")
    with serving(reply._replace(body=reply.body.replace(b"some-model", name.encode()))) as server:
        found = model("openai-chat", server, monkeypatch)
        told = await AsyncAgent(Provided(found.served._replace(priced=True))).run("How many?")
        own = await answer("openai-chat", server, monkeypatch)

    assert (known, None) == (bool(told.usage.cost), own.usage.cost)


async def test_a_password_in_the_address_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address may hold a name and a password; an error shows neither."""
    with serving(Said(b"no", 400)) as server:
        server.address = server.address.replace("//", "//ann:hush-hush@")
        told = await answer("openai-chat", server, monkeypatch)

    assert told.failure is not None
    assert "hush-hush" not in str(told.failure)


def test_no_key_and_no_model_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing named and nothing set: what to set."""
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError, match="no model is named and no key is set") as caught:
        Agent()

    assert "OPENAI_API_KEY" in caught.value.remedy()


@pytest.mark.parametrize("name", ["gpt", "nobody:x", "openai:", ":x", "scripted:", "test:x", "gateway/openai:x"])
def test_an_unknown_provider_is_refused(name: str) -> None:
    """Only what is known to be handled is spoken to."""
    with pytest.raises(UsageError, match="names no model"):
        Agent(name)


@pytest.mark.parametrize("address", ["localhost:11434", "ftp://x/", "http://", "not an address"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    """It is told before anything is asked."""
    with pytest.raises(UsageError, match="no address"):
        Agent("openai:x", base_url=address)


def test_a_missing_library_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, the error says what to install."""
    monkeypatch.setitem(sys.modules, "pydantic_ai", None)
    with pytest.raises(MissingExtra) as caught:
        Agent("openai:x", base_url="http://localhost:1/v1")

    assert "pip install 'fumehood[agent]'" in caught.value.remedy()
