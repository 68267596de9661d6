"""A provider's server of our own on loopback, for what a real one would rather not do: each reply is scripted, byte for byte."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple

from fumehood.agent.naming import find
from fumehood.agent.provided import Provided

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    import pytest

KEY = "sk-fumehood-test-0123456789abcdef"
KINDS = ("openai-chat", "openai-responses", "anthropic", "google")
VARIABLES = {"anthropic": "ANTHROPIC_API_KEY", "google": "GEMINI_API_KEY"}


class Said(NamedTuple):
    """What the server answers to one request. `cut` promises more bytes than it sends, and `hangs` seconds pass before."""

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    kind: str = "application/json"
    cut: bool = False
    hangs: float = 0


@dataclass
class Server:
    """Answers requests from a list, the last entry again and again, and remembers what it was sent."""

    address: str
    script: list[Said]
    requests: list[tuple[str, dict[str, str], dict[str, Any]]] = field(
        default_factory=list[tuple[str, dict[str, str], dict[str, Any]]]
    )
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [body for _, _, body in self.requests]

    def heard(self, least: int) -> int:
        """How many requests it heard, once there are so many: who gave one up may be ahead of the server's thread."""
        end = time.monotonic() + 30
        while len(self.requests) < least and time.monotonic() < end:
            time.sleep(0.01)
        return len(self.requests)


@contextmanager
def serving(*script: Said) -> Generator[Server]:
    """A server on a port of its own, ended afterwards."""
    server = Server("", list(script))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base's name
            """Keep quiet."""

        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            server.requests.append((self.path, dict(self.headers), json.loads(body or b"{}")))
            said = server.script.pop(0) if len(server.script) > 1 else server.script[0]
            server.over.wait(said.hangs)
            self.send_response(said.status)
            self.send_header("content-type", said.kind)
            self.send_header("content-length", str(len(said.body) + (99 if said.cut else 0)))
            for name, value in said.headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.body)
            self.close_connection = True

        def handle(self) -> None:
            with suppress(BrokenPipeError, ConnectionResetError):  # the client gave up first, as some tests want
                super().handle()

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.address = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        http.shutdown()
        thread.join()
        http.server_close()


def model(kind: str, server: Server, patch: pytest.MonkeyPatch, **options: Any) -> Provided:
    """A model of a kind at a server, with a key in the usual variable and pauses too short to notice."""
    patch.setenv(VARIABLES.get(kind, "OPENAI_API_KEY"), KEY)
    found = find(f"{kind}:some-model", server.address)
    assert isinstance(found, Provided)
    settings: dict[str, Any] = {"pauses": (0.01, 0.01), "patience": 10.0} | options
    return Provided(found.served, **settings)


def says(
    kind: str, text: str = "", *, code: Sequence[str] = (), end: str | None = "stop", streams: bool = False
) -> Said:
    """A complete and good reply in a provider's format. `end` is how it ends, None for a reply that does not say."""
    make: dict[str, Callable[..., Said]] = {
        "openai-chat": _chat,
        "openai-responses": _responses,
        "anthropic": _anthropic,
        "google": _google,
    }
    return make[kind](text, list(code), end, streams=streams)


def garbled(said: Said) -> Said:
    """The same reply with the arguments of its calls broken off, which is no JSON any more."""
    body = said.body.replace(b'{\\"code\\": \\"', b'{\\"code\\": ').replace(
        b'"args": {"code": "', b'"args": {"kode": "'
    )
    return said._replace(body=body.replace(b'"input": {"code": "', b'"input": {"kode": "'))


def _events(*events: object, named: bool = False, done: bool = False) -> Said:
    lines = [
        (f"event: {event['type']}\n" if named and isinstance(event, dict) else "") + f"data: {json.dumps(event)}\n\n"
        for event in events
    ]
    return Said("".join([*lines, "data: [DONE]\n\n" if done else ""]).encode(), kind="text/event-stream")


def _chat(text: str, codes: list[str], end: str | None, *, streams: bool) -> Said:
    calls = [
        {
            "index": at,
            "id": f"c{at}",
            "type": "function",
            "function": {"name": "run_python", "arguments": json.dumps({"code": each})},
        }
        for at, each in enumerate(codes)
    ]
    end = "tool_calls" if calls and end == "stop" else end
    about: dict[str, Any] = {"id": "x", "created": 1, "model": "some-model"}
    usage: dict[str, Any] = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    message: dict[str, Any] = {"role": "assistant", "content": text or None} | ({"tool_calls": calls} if calls else {})
    if not streams:
        choice: dict[str, Any] = {"index": 0, "finish_reason": end, "message": message}
        return Said(json.dumps(about | {"object": "chat.completion", "choices": [choice], "usage": usage}).encode())
    chunk: dict[str, Any] = about | {"object": "chat.completion.chunk"}
    first: dict[str, Any] = chunk | {"choices": [{"index": 0, "delta": message, "finish_reason": None}]}
    last: dict[str, Any] = chunk | {"choices": [{"index": 0, "delta": {}, "finish_reason": end}], "usage": usage}
    return _events(first, last, done=True) if end else _events(first)


def _responses(text: str, codes: list[str], end: str | None, *, streams: bool) -> Said:
    output: list[dict[str, Any]] = [
        {
            "type": "function_call",
            "id": f"f{at}",
            "call_id": f"c{at}",
            "name": "run_python",
            "arguments": json.dumps({"code": each}),
            "status": "completed",
        }
        for at, each in enumerate(codes)
    ]
    content: dict[str, Any] = {"type": "output_text", "text": text, "annotations": []}
    message: dict[str, Any] = {
        "type": "message",
        "id": "m",
        "role": "assistant",
        "status": "completed",
        "content": [content],
    }
    output = ([message] if text else []) + output
    status, why = (
        ("completed", None)
        if end == "stop"
        else ("incomplete", {"reason": {"length": "max_output_tokens"}.get(str(end), end)})
    )
    usage: dict[str, Any] = {
        "input_tokens": 3,
        "output_tokens": 4,
        "total_tokens": 7,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }
    whole: dict[str, Any] = {
        "id": "r", "object": "response", "created_at": 1, "model": "some-model", "status": status, "output": output, "incomplete_details": why,
        "usage": usage, "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "error": None, "instructions": None, "metadata": {}, "temperature": 1, "top_p": 1,
    }  # fmt: skip
    if not streams:
        return Said(json.dumps(whole).encode())
    begun: dict[str, Any] = {
        "type": "response.created",
        "sequence_number": 0,
        "response": whole | {"status": "in_progress", "output": []},
    }
    events: list[dict[str, Any]] = [begun]
    if text:
        events += [
            {
                "type": "response.output_item.added",
                "output_index": 0,
                "item": message | {"content": [], "status": "in_progress"},
            },
            {
                "type": "response.content_part.added",
                "item_id": "m",
                "output_index": 0,
                "content_index": 0,
                "part": content | {"text": ""},
            },
            {
                "type": "response.output_text.delta",
                "item_id": "m",
                "output_index": 0,
                "content_index": 0,
                "delta": text,
                "logprobs": [],
            },
            {"type": "response.output_item.done", "output_index": 0, "item": message},
        ]
    for at, item in enumerate(each for each in output if each["type"] == "function_call"):
        events += [
            {
                "type": "response.output_item.added",
                "output_index": at,
                "item": item | {"arguments": "", "status": "in_progress"},
            },
            {
                "type": "response.function_call_arguments.delta",
                "item_id": item["id"],
                "output_index": at,
                "delta": item["arguments"],
            },
            {"type": "response.output_item.done", "output_index": at, "item": item},
        ]
    if end:
        events.append({"type": "response.completed" if end == "stop" else "response.incomplete", "response": whole})
    return _events(*({"sequence_number": at} | each for at, each in enumerate(events)), named=True)


def _anthropic(text: str, codes: list[str], end: str | None, *, streams: bool) -> Said:
    blocks: list[dict[str, Any]] = [{"type": "text", "text": text}] if text else []
    blocks += [
        {"type": "tool_use", "id": f"t{at}", "name": "run_python", "input": {"code": each}}
        for at, each in enumerate(codes)
    ]
    ends = {"stop": "tool_use" if codes else "end_turn", "length": "max_tokens", "content_filter": "refusal"}
    reason = ends.get(end, end) if end else None
    usage: dict[str, Any] = {"input_tokens": 3, "output_tokens": 4}
    whole: dict[str, Any] = {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "some-model",
        "content": blocks,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": usage,
    }
    if not streams:
        return Said(json.dumps(whole).encode())
    events: list[dict[str, Any]] = [{"type": "message_start", "message": whole | {"content": [], "stop_reason": None}}]
    for at, block in enumerate(blocks):
        is_text = block["type"] == "text"
        delta = (
            {"type": "text_delta", "text": text}
            if is_text
            else {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        )
        start: dict[str, Any] = block | ({"text": ""} if is_text else dict[str, Any](input={}))
        events += [
            {"type": "content_block_start", "index": at, "content_block": start},
            {"type": "content_block_delta", "index": at, "delta": delta},
            {"type": "content_block_stop", "index": at},
        ]
    if reason:
        events += [
            {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}, "usage": usage},
            {"type": "message_stop"},
        ]
    return _events(*events, named=True)


def _google(text: str, codes: list[str], end: str | None, *, streams: bool) -> Said:
    parts: list[dict[str, Any]] = [{"text": text}] if text else []
    parts += [{"functionCall": {"name": "run_python", "args": {"code": each}}} for each in codes]
    ends = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}
    candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": parts}}
    last: dict[str, Any] = candidate | ({"finishReason": ends.get(end, end)} if end else {})
    about: dict[str, Any] = {
        "modelVersion": "some-model",
        "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 4, "totalTokenCount": 7},
    }
    whole: dict[str, Any] = about | {"candidates": [last]}
    return _events(whole) if streams else Said(json.dumps(whole).encode())
