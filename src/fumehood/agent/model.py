"""What the loop needs of a language model: a conversation goes in, one reply comes out.

`provided.py` speaks to the providers, `scripted.py` replies from a list. A reply says how it ended, and only one that
ended by itself (`stop`) may count as an answer: whatever was cut, refused or stopped at a limit is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

Finish = Literal["stop", "length", "refused", "unknown"]


class Usage(NamedTuple):
    """What requests used. `cost` is in dollars, and None where the price of one of them isn't known."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = 0.0

    def plus(self, other: Usage) -> Usage:
        """Both together."""
        known = self.cost is not None and other.cost is not None
        return Usage(
            self.requests + other.requests,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            (self.cost or 0.0) + (other.cost or 0.0) if known else None,
        )


class System(NamedTuple):
    """Our own words, above everybody else's."""

    text: str


class User(NamedTuple):
    """What the user asked, or what we tell the model outside a tool call."""

    text: str


class Call(NamedTuple):
    """A program that the model wants run. Where its arguments are no program, `wrong` says why, for the model."""

    id: str
    code: str
    wrong: str = ""


class Returned(NamedTuple):
    """What came of a call. `output` is what its program printed; only a script reads that apart from the text."""

    call: str
    text: str
    output: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply. `native` is the provider's own form of it, handed back as it came; `why` tells of an odd finish."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    finish: Finish = "stop"
    usage: Usage = Usage(1)  # noqa: RUF009 -- immutable
    why: str = ""
    native: object = None


Message = System | User | Reply | Returned


class Tool(NamedTuple):
    """What a model is told that it can call."""

    name: str
    description: str
    schema: dict[str, Any]


RUN_PYTHON: Final = Tool(
    "run_python",
    "Run a Python program in the sandbox and see what it printed and the value of its last expression. "
    "Variables, imports and files stay from one call to the next.",
    {
        "type": "object",
        "properties": {"code": {"type": "string", "description": "The whole program."}},
        "required": ["code"],
        "additionalProperties": False,
    },
)


class Piece(NamedTuple):
    """A piece of a reply's text, as it comes."""

    text: str


class Wait(NamedTuple):
    """A request failed, and is sent again in so many seconds."""

    seconds: float
    why: str


class Model(Protocol):
    """A language model. It is entered for one question, and holds its connections that long."""

    @property
    def name(self) -> str:
        """PROVIDER:NAME."""
        ...

    @property
    def priced(self) -> bool:
        """Whether the cost of a request can be told."""
        ...

    async def __aenter__(self) -> Self:
        """Get ready for the requests of one question."""
        ...

    async def __aexit__(self, *_: object) -> None:
        """Let go of connections."""
        ...

    def reply(self, conversation: Sequence[Message], *, streams: bool) -> AsyncGenerator[Piece | Wait | Reply]:
        """Ask for the next message; the last item is the reply.

        Args:
            conversation: Everything so far. Each call of a reply in it is answered by a `Returned`.
            streams: Whether to have the text piece by piece.

        Raises:
            ModelFailed: There is no usable reply, and asking again doesn't help.
        """
        ...
