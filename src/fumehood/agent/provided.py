"""A model of a provider, by the model layer of pydantic-ai and the providers' own libraries under it.

Their exceptions become `ModelFailed` here. No key gets out: not by an error's text, which is redacted; not by its
cause, which is not kept; not by a redirect, which is not followed.
"""

from __future__ import annotations

import random
from contextlib import aclosing
from typing import TYPE_CHECKING, Final, NamedTuple, Self, cast

import anyio
import httpx2
from pydantic_ai import exceptions
from pydantic_ai.direct import model_request, model_request_stream
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.tools import ToolDefinition

from fumehood.agent.model import RUN_PYTHON, Piece, Reply, Wait
from fumehood.agent.theirs import Cut, reply_of, text_of, theirs
from fumehood.errors import ModelFailed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from pydantic_ai.messages import ModelMessage
    from pydantic_ai.models import Model as TheirModel
    from pydantic_ai.settings import ModelSettings

    from fumehood.agent.model import Message

LONGEST_WAIT: Final = 30.0  # seconds that a server may ask us to wait; of a longer wait the user is told instead
_PAUSES: Final = (1.0, 2.0, 4.0)
_MOST_TOLD = 600  # characters of what a server says that an error repeats
_TOOL = ToolDefinition(
    name=RUN_PYTHON.name, description=RUN_PYTHON.description, parameters_json_schema=RUN_PYTHON.schema
)


class Served(NamedTuple):
    """Where a model is served: its full name, who makes its client, what must never be told, how it is billed."""

    name: str
    where: str
    make: Callable[[httpx2.AsyncClient], TheirModel]
    redact: Callable[[str], str]
    key: str
    settings: ModelSettings
    priced: bool


class _Fault(Exception):
    """A request that failed: what happened, what to do, and whether trying again may help."""

    def __init__(self, told: str, remedy: str, *, again: bool = False, wait: float | None = None) -> None:
        super().__init__(told)
        self.told, self.remedy, self.again, self.wait = told, remedy, again, wait


class Provided:
    """A provider's model. `patience` is how long one silence of the server may last, in seconds."""

    def __init__(
        self,
        served: Served,
        *,
        patience: float = 300.0,
        pauses: Sequence[float] = _PAUSES,
        longest: float = LONGEST_WAIT,
    ) -> None:
        """Nothing is connected yet."""
        self.served = served
        self._timeout = httpx2.Timeout(patience, connect=min(patience, 15.0))
        self._pauses = tuple(pauses)
        self._longest = longest
        self._http: httpx2.AsyncClient | None = None
        self._model: TheirModel | None = None
        self._fault: _Fault | None = None
        self._elsewhere = ""

    @property
    def name(self) -> str:
        """As in `Model`."""
        return self.served.name

    @property
    def priced(self) -> bool:
        """As in `Model`."""
        return self.served.priced

    async def __aenter__(self) -> Self:
        """Make the HTTP client: it follows no redirect, since that would carry the key to whoever is named there."""
        hooks = {"response": [self._look]}
        self._http = httpx2.AsyncClient(timeout=self._timeout, follow_redirects=False, event_hooks=hooks)
        self._model = self.served.make(self._http)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        if self._http is not None:
            await self._http.aclose()
            self._http = self._model = None

    async def _look(self, response: httpx2.Response) -> None:
        """Note a redirect: the libraries above take it for various things."""
        self._elsewhere = response.headers.get("location", "nowhere") if 300 <= response.status_code < 400 else ""  # noqa: PLR2004 -- HTTP's redirects

    async def reply(self, conversation: Sequence[Message], *, streams: bool) -> AsyncGenerator[Piece | Wait | Reply]:
        """As in `Model`: what may pass by itself is tried again, a few times, each time after a longer pause."""
        messages = theirs(conversation)
        for pause in (*self._pauses, None):
            async with aclosing(self._once(messages, streams=streams)) as items:
                async for item in items:
                    yield item
            fault = self._fault
            if fault is None:
                return
            if not fault.again or pause is None or (fault.wait or 0) > self._longest:
                raise self._failure(fault)
            wait = fault.wait if fault.wait is not None else pause * random.uniform(0.75, 1.25)  # noqa: S311 -- no secret
            yield Wait(wait, fault.told)
            await anyio.sleep(wait)

    def _failure(self, fault: _Fault) -> ModelFailed:
        told, remedy = fault.told, fault.remedy
        if fault.again and (fault.wait or 0) > self._longest:
            told += f" It asks to wait {_span(fault.wait or 0)}, which was not waited for."
            remedy = f"Ask again in {_span(fault.wait or 0)}, or use another model."
        elif fault.again and self._pauses:
            told += f" It was tried {len(self._pauses) + 1} times."
        return ModelFailed(told, remedy=remedy)

    async def _once(self, messages: list[ModelMessage], *, streams: bool) -> AsyncGenerator[Piece | Reply]:
        """One request. Its failure is put down, so that no error of ours remembers one of theirs, and the key."""
        self._fault = None
        try:
            async with aclosing(self._request(messages, streams=streams)) as items:
                async for item in items:
                    yield item
        except Exception as error:  # noqa: BLE001 -- the door to four libraries: an odd body makes any error of theirs
            self._fault = self._translate(error)

    async def _request(self, messages: list[ModelMessage], *, streams: bool) -> AsyncGenerator[Piece | Reply]:
        model = cast("TheirModel", self._model)
        settings: ModelSettings = {**self.served.settings, "max_retries": 0}  # we try again ourselves, and say so
        tools = ModelRequestParameters(function_tools=[_TOOL])
        if not streams:
            whole = await model_request(model, messages, model_settings=settings, model_request_parameters=tools)
            yield reply_of(whole, priced=self.served.priced)
            return
        stream = model_request_stream(model, messages, model_settings=settings, model_request_parameters=tools)
        async with stream as events:
            async for event in events:
                if text := text_of(event):
                    yield Piece(text)
        yield reply_of(events.get(), priced=self.served.priced)

    def _translate(self, error: Exception) -> _Fault:
        """What happened and what to do, of an error from below."""
        name, where = f"{self.served.name} at {self.served.where}", self.served.where
        if self._elsewhere:
            told = f"{where} redirects to {self._elsewhere}, and redirects are not followed: they would carry the key."
            fault = _Fault("", "If that is the right address, give it with --base-url (base_url=).")
        elif isinstance(error, exceptions.ModelHTTPError):
            told, fault = f"{name} answered {error.status_code}: {_said(error.body)}", _advise(error, self.served.key)
        elif isinstance(error, Cut):
            told = f"The reply of {name} was cut: it ended before the server said that it is complete."
            fault = _Fault("", "Ask again; where it goes on, see what stands between here and the server.", again=True)
        elif isinstance(error, exceptions.ModelTimeoutError):
            told = f"{name} was silent for {_span(self._timeout.read or 0)}."
            fault = _Fault("", f"See that {where} answers, or ask for less.", again=True)
        elif isinstance(error, exceptions.ModelConnectionError):
            told = f"The connection to {name} failed or was cut: {_cause(error)}"
            fault = _Fault("", f"See that {where} can be reached from here and speaks this protocol.", again=True)
        else:
            told = f"{name} sent a malformed reply: {error}"
            fault = _Fault("", "See that --base-url names a server of this provider's format.", again=True)
        return self._clean(told, fault)

    def _clean(self, told: str, fault: _Fault) -> _Fault:
        """The fault in words that can be shown: bounded, on one line, without a key."""
        line = " ".join(self.served.redact(told).split())
        cut = line if len(line) <= _MOST_TOLD else line[:_MOST_TOLD] + " …"
        return _Fault(cut, self.served.redact(fault.remedy), again=fault.again, wait=fault.wait)


def _advise(error: exceptions.ModelHTTPError, key: str) -> _Fault:
    """What to do about a status, and whether to try again: 429 and 5xx, but not an exhausted account."""
    if isinstance(error, exceptions.ModelAuthenticationError) or error.status_code in {401, 403}:
        return _Fault("", f"Set {key} to a key that may use this model.")
    if isinstance(error, exceptions.ModelNotFoundError) or error.status_code == 404:  # noqa: PLR2004 -- HTTP's own number
        return _Fault("", "Check the model's name and --base-url. A server without /responses is openai-chat:NAME.")
    if isinstance(error, exceptions.ModelQuotaExceededError):
        return _Fault("", "The account's quota is used up: see the provider's billing page, or use another model.")
    if isinstance(error, exceptions.ModelContextWindowExceededError):
        return _Fault("", "The conversation is too long for this model: reset() begins a new one.")
    if error.status_code == 429 or error.status_code >= 500:  # noqa: PLR2004 -- as above
        return _Fault("", "Ask again later, or use another model.", again=True, wait=error.retry_after)
    return _Fault("", "See what the server says about the request; --base-url may name a server of another format.")


def _said(body: object) -> str:
    """What a server says about an error, out of whichever shape it says it in."""
    if isinstance(body, dict):
        inner = cast("dict[str, object]", body)
        said = inner.get("message") or inner.get("error")
        return _said(said) if said else str(inner)
    return str(body or "nothing")


def _cause(error: BaseException) -> str:
    """The innermost words about a failed connection: «Connection error.» alone helps nobody."""
    words = [str(error)]
    inner = error.__cause__ or error.__context__
    while inner is not None and len(words) < 6:  # noqa: PLR2004 -- a chain of wrappers, not a loop
        words.append(str(inner))
        inner = inner.__cause__ or inner.__context__
    return next((word for word in reversed(words) if word), type(error).__name__)


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} minutes"  # noqa: PLR2004 -- two minutes
