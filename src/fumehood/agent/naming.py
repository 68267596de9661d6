"""From `PROVIDER:NAME` to a model: which provider, which key, which address."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, NamedTuple, cast
from urllib.parse import urlsplit, urlunsplit

from fumehood.agent.scripted import Scripted
from fumehood.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx2
    from pydantic_ai.models import Model as TheirModel
    from pydantic_ai.settings import ModelSettings

    from fumehood.agent.model import Model
    from fumehood.agent.provided import Provided


class Provider(NamedTuple):
    """A wire format: where it is served, which variables hold its key, what `model` is where none is named."""

    keys: tuple[str, ...]
    address: str
    path: str  # what its own address ends with: an address without a path gets it, or loses it, as its library wants
    address_variable: str = ""
    keyless: bool = False
    default: str = ""


# The defaults are each provider's small general model, as listed by pydantic-ai 2.68 in November 2026.
PROVIDERS: Final[dict[str, Provider]] = {
    "openai": Provider(
        ("OPENAI_API_KEY",), "https://api.openai.com/v1", "/v1", "OPENAI_BASE_URL", default="gpt-5.6-luna"
    ),
    "anthropic": Provider(
        ("ANTHROPIC_API_KEY",), "https://api.anthropic.com", "", "ANTHROPIC_BASE_URL", default="claude-haiku-5-5"
    ),
    "google": Provider(
        ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        "https://generativelanguage.googleapis.com",
        "",
        default="gemini-3.8-flash",
    ),
    "ollama": Provider(("OLLAMA_API_KEY",), "http://localhost:11434/v1", "/v1", "OLLAMA_BASE_URL", keyless=True),
}
_FORMATS: Final = {
    **{name: name for name in PROVIDERS},
    "openai-chat": "openai",
    "openai-responses": "openai",
    "gemini": "google",
}
#: Anthropic wants a limit of each reply: enough for a long program, and what its library sends without streaming.
_MOST_TOKENS: Final = 16_000
_VERSION: Final = re.compile(r"/v1(?:beta)?/?$")
_KEYS: Final = re.compile(r"\b(?:sk|pk|rk)-[\w-]{12,}|\bAIza[\w-]{20,}|\bBearer\s+\S{8,}|(?<=://)[^/\s@]+(?=@)")


def find(model: str | None, base_url: str | None) -> Model:
    """The model that a name stands for; with no name, the small one of the first provider that has a key.

    Raises:
        UsageError: There is no such provider, or its key isn't set.
        MissingExtra: What speaks to providers isn't installed.
    """
    named = model or _by_key(base_url)
    provider, _, name = named.partition(":")
    if provider == "scripted" and name:
        return Scripted.load(name)
    if provider not in _FORMATS or not name:
        known = ", ".join(f"{each}:NAME" for each in (*_FORMATS, "scripted"))
        raise UsageError(f"{named!r} names no model that fumehood can speak to", remedy=f"Use one of {known}.")
    return _served(provider, name, base_url)


def _by_key(base_url: str | None) -> str:
    if base_url is not None:
        told = "an address is named, but no model"
        raise UsageError(told, remedy="Name the model that is served there: --model openai:NAME (model=).")
    for name, provider in PROVIDERS.items():
        if provider.default and any(os.environ.get(key) for key in provider.keys):
            return f"{name}:{provider.default}"
    keys = ", ".join(each.keys[0] for each in PROVIDERS.values() if each.default)
    raise UsageError(
        "no model is named and no key is set",
        remedy=f"Set {keys}, or name a model of your own server: --model openai:NAME --base-url http://HOST:PORT/v1.",
    )


def _served(kind: str, name: str, base_url: str | None) -> Provided:
    provider = PROVIDERS[_FORMATS[kind]]
    own = base_url or os.environ.get(provider.address_variable) or None
    address = _address(own, provider.path) if own else provider.address
    found = [value for key in provider.keys if (value := os.environ.get(key))]
    if not found and own is None and not provider.keyless:
        told = f"{kind}:{name} needs a key, and {' and '.join(provider.keys)} is not set"
        raise UsageError(told, remedy=f"Set {provider.keys[0]}, or name your own server with --base-url (base_url=).")
    if find_spec("pydantic_ai") is None:
        told = f"{kind}:{name} is reached by libraries that are not installed"
        raise MissingExtra(told, remedy="Install them: pip install 'fumehood[agent]'")
    from fumehood.agent.provided import Provided, Served  # noqa: PLC0415 -- half a second, and only with the extra

    key = found[0] if found else "none"
    served = Served(
        name=f"{kind}:{name}",
        where=_shown(address),
        make=_maker(kind, name, key=key, address=address, own=own is not None),
        redact=_redaction(found, address),
        key=provider.keys[0],
        settings=_settings(kind, own=own is not None),
        priced=own is None and not provider.keyless,
    )
    return Provided(served)


def _settings(kind: str, *, own: bool) -> ModelSettings:
    """What a provider's requests need besides the conversation."""
    if kind == "anthropic":
        return {"max_tokens": _MOST_TOKENS}
    if _by_responses(kind, own=own):  # a conversation about private data is not to be kept there
        return cast("ModelSettings", {"openai_store": False})
    return {}


def _by_responses(kind: str, *, own: bool) -> bool:
    """Whether the responses API is meant.

    `openai` is that at OpenAI's own address, and chat completions, which every compatible server speaks, anywhere else;
    `openai-chat` and `openai-responses` choose.
    """
    return kind == "openai-responses" or (kind == "openai" and not own)


def _address(url: str, path: str) -> str:
    """An address as the provider's library wants it: OpenAI's with /v1, the others' without a version."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        told = f"--base-url {_shown(url)!r} is no address"
        raise UsageError(told, remedy="Give one like http://localhost:11434/v1 (base_url=).")
    bare = parts.path.rstrip("/")
    if path:
        return urlunsplit(parts._replace(path=bare or path))
    return urlunsplit(parts._replace(path=_VERSION.sub("", bare)))


def _shown(url: str) -> str:
    """An address without the name and password that it may hold."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))


def _redaction(keys: list[str], address: str) -> Callable[[str], str]:
    parts = urlsplit(address)
    secrets = [each for each in (*keys, parts.password, parts.query) if each and len(each) > 3]  # noqa: PLR2004 -- a word

    def redact(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, "[key]")
        return _KEYS.sub("[key]", text)

    return redact


def _maker(kind: str, name: str, *, key: str, address: str, own: bool) -> Callable[[httpx2.AsyncClient], TheirModel]:
    """What makes the provider's client over an HTTP client of ours."""

    def make(http: httpx2.AsyncClient) -> TheirModel:
        if kind == "anthropic":
            from pydantic_ai.models.anthropic import AnthropicModel  # noqa: PLC0415 -- each library when it is used
            from pydantic_ai.providers.anthropic import AnthropicProvider  # noqa: PLC0415 -- as above

            return AnthropicModel(name, provider=AnthropicProvider(api_key=key, base_url=address, http_client=http))
        if kind in {"google", "gemini"}:
            from pydantic_ai.models.google import GoogleModel  # noqa: PLC0415 -- as above
            from pydantic_ai.providers.google import GoogleProvider  # noqa: PLC0415 -- as above

            return GoogleModel(name, provider=GoogleProvider(api_key=key, base_url=address, http_client=http))
        from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel  # noqa: PLC0415 -- as above
        from pydantic_ai.providers.openai import OpenAIProvider  # noqa: PLC0415 -- as above

        provider = OpenAIProvider(api_key=key, base_url=address, http_client=http)
        return (OpenAIResponsesModel if _by_responses(kind, own=own) else OpenAIChatModel)(name, provider=provider)

    return make
