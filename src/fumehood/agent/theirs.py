"""Conversations and replies in the form of pydantic-ai, and back. How a reply ended is not believed lightly."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    ModelResponsePart,
    PartDeltaEvent,
    PartStartEvent,
    SystemPromptPart,
    TextPart,
    TextPartDelta,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from fumehood.agent.model import RUN_PYTHON, Call, Finish, Reply, Returned, System, Usage, User
from fumehood.execution import strict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fumehood.agent.model import Message


# The library's words, and those of servers that it does not know for what they are.
_ENDS: Final[dict[str, Finish]] = {
    "stop": "stop",
    "tool_call": "stop",
    "function_call": "stop",
    "eos": "stop",
    "length": "length",
    "content_filter": "refused",
}


class Cut(Exception):
    """A reply ended before its server said that it is complete."""


def theirs(conversation: Sequence[Message]) -> list[ModelMessage]:
    """The conversation in the library's form; what stands between two replies is one request."""
    messages: list[ModelMessage] = []
    parts: list[ModelRequestPart] = []
    for message in conversation:
        if isinstance(message, Reply):
            messages += [ModelRequest(parts=parts), _native(message)]
            parts = []
        else:
            parts.append(_part(message))
    return [*messages, ModelRequest(parts=parts)]


def _part(message: System | User | Returned) -> ModelRequestPart:
    text = str(strict(message.text))  # a lone surrogate can't be sent
    if isinstance(message, System):
        return SystemPromptPart(text)
    if isinstance(message, User):
        return UserPromptPart(text)
    return ToolReturnPart(tool_name=RUN_PYTHON.name, content=text, tool_call_id=message.call)


def _native(reply: Reply) -> ModelResponse:
    """The library's own form of a reply; made anew where another model wrote it."""
    if isinstance(reply.native, ModelResponse):
        return reply.native
    calls = [ToolCallPart(RUN_PYTHON.name, {"code": call.code}, tool_call_id=call.id) for call in reply.calls]
    return ModelResponse(parts=[*([TextPart(reply.text)] if reply.text else []), *calls])


def text_of(event: object) -> str:
    if isinstance(event, PartStartEvent) and isinstance(event.part, TextPart):
        return event.part.content
    if isinstance(event, PartDeltaEvent) and isinstance(event.delta, TextPartDelta):
        return event.delta.content_delta
    return ""


def reply_of(response: ModelResponse, *, priced: bool) -> Reply:
    details = response.provider_details or {}
    raw, finish = details.get("finish_reason"), response.finish_reason
    refusal = str(details.get("refusal") or "")
    told = "".join(part.content for part in response.parts if isinstance(part, TextPart)) or refusal
    if finish != "content_filter" and (raw is None or response.state != "complete"):
        # The library says `stop` of a stream that ended before the server told why.
        raise Cut
    return Reply(
        text=told,
        calls=tuple(_call(part) for part in response.parts if isinstance(part, ToolCallPart)),
        finish=_ENDS.get(finish or str(raw).lower(), "unknown"),
        usage=_usage(response, priced=priced),
        why=str(raw or finish),
        native=replace(response, parts=[_sendable(part) for part in response.parts]),
    )


def _sendable(part: ModelResponsePart) -> ModelResponsePart:
    """The part without lone surrogates: a model may write half of a character, but it can't be sent back."""
    if isinstance(part, TextPart):
        return replace(part, content=str(strict(part.content)))
    if isinstance(part, ToolCallPart):
        return replace(part, args=cast("Any", strict(part.args)))
    return part


def _usage(response: ModelResponse, *, priced: bool) -> Usage:
    used = response.usage
    cost = None
    if priced:
        try:
            cost = float(response.cost().total_price)
        except (LookupError, ValueError, AssertionError):  # no price, or no usage, is known
            cost = None
    return Usage(1, used.input_tokens, used.output_tokens, cost)


def _call(part: ToolCallPart) -> Call:
    """The program in a call's arguments; what is none is told to the model, which can mend it."""
    if part.tool_name != RUN_PYTHON.name:
        return Call(
            part.tool_call_id, "", f"There is no tool {part.tool_name!r}. Call run_python with the whole program."
        )
    arguments: Any = part.args
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments, strict=False)
        except (ValueError, RecursionError) as error:
            told = f'The arguments are not JSON ({error}). Send {{"code": "…"}} with the whole program.'
            return Call(part.tool_call_id, "", told)
    code = cast("dict[str, object]", arguments).get("code") if isinstance(arguments, dict) else None
    if not isinstance(code, str) or not code.strip():
        return Call(part.tool_call_id, "", 'The arguments have no program. Send {"code": "…"} with the whole program.')
    return Call(part.tool_call_id, code)
