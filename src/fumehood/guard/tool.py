"""Host functions that sandboxed code may call: `tool` declares one, `Tools` holds those of one conversation."""

from __future__ import annotations

import inspect
import keyword
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple, cast, overload

from fumehood.errors import UsageError
from fumehood.guard.returns import UNDECLARED, Returns
from fumehood.guard.schema import Schema

__all__ = ["Call", "Effect", "Tool", "Tools", "tool"]

Effect = Literal["read", "write", "egress"]
_EFFECTS: Final = ("read", "write", "egress")
_MOST_NAME: Final = 64
_DEFAULT_TIMEOUT_S: Final = 60.0


class Tool:
    """A function of the host with what its author says of it. Called on the host, it is the function itself.

    Attributes:
        effect: "read" changes nothing, "write" changes something here, "egress" lets something leave; None: nobody
            said, so it may do anything.
        critical: The parameters that say who or what is affected. Of a "read" they are what leaves the machine with the
            request, such as a URL.
        recipients: The critical parameters that say who gets to see what is sent; all of them, if nobody said.
        returns: The label of its results.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        effect: Effect | None = None,
        critical: Iterable[str] | None = None,
        recipients: Iterable[str] | None = None,
        returns: Returns | None = None,
        timeout: float = _DEFAULT_TIMEOUT_S,
    ) -> None:
        """Read the function's signature.

        Raises:
            UsageError: The declaration has no meaning.
        """
        self.function = function
        self.name = _name(getattr(function, "__name__", ""))
        self.description = inspect.getdoc(function) or ""
        self.schema = Schema(function, self.name)
        self.effect: Effect | None = _effect(effect, self.name)
        self.returns = UNDECLARED if returns is None else returns
        self.timeout = timeout
        self.critical = self._critical(critical)
        self.recipients = None if recipients is None else self._named("recipients", recipients, self.critical)
        self.__name__, self.__doc__, self.__wrapped__ = self.name, function.__doc__, function
        if not isinstance(cast("object", self.returns), Returns):
            told = f"returns= of tool {self.name!r} is {returns!r}, not a label"
            raise UsageError(told, remedy="Use fh.Trusted(), fh.Untrusted(…), fh.Private(…) or fh.Public(…).")

    def _critical(self, named: Iterable[str] | None) -> tuple[str, ...]:
        parameters = tuple(each.name for each in self.schema.parameters)
        if named is None:  # nobody said which matter: of what changes something, all do
            return parameters if self.consequential else ()
        return self._named("critical", named, parameters)

    def _named(self, keyword: str, named: Iterable[str], among: tuple[str, ...]) -> tuple[str, ...]:
        listed = (named,) if isinstance(named, str) else tuple(named)
        for name in listed:
            if name not in among:
                told = f"{keyword}= of tool {self.name!r} names {name!r}, which is none of its parameters for that"
                raise UsageError(told, remedy=f"Those are {', '.join(among) or 'none'}.")
        return listed

    @property
    def consequential(self) -> bool:
        """Whether a call may change something or let something out: all but what was declared to read only."""
        return self.effect != "read"

    @property
    def sends(self) -> bool:
        """Whether what it is given may leave to somebody."""
        return self.effect in {"egress", None} or (self.effect == "read" and bool(self.critical))

    @property
    def verb(self) -> str:
        """The first word of its name, which says what it does: delete_file, sendMail."""
        return re.split(r"_|(?<=[a-z])(?=[A-Z])", self.name.strip("_"), maxsplit=1)[0].lower()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function, on the host, as if it were not declared."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<Tool {self.schema.signature()}, effect={self.effect!r}, critical={list(self.critical)}>"


class Call(NamedTuple):
    """One call that code asks for, its arguments held to the schema already."""

    tool: Tool
    arguments: Mapping[str, Any]

    def critical(self) -> dict[str, Any]:
        """Return the arguments that say who or what is affected."""
        return {name: self.arguments[name] for name in self.tool.critical if name in self.arguments}

    def recipients(self) -> dict[str, Any] | None:
        """Return the arguments that say who gets to see what is sent; None where nobody says which they are."""
        if self.tool.recipients is None:
            return self.critical() or None
        return {name: self.arguments[name] for name in self.tool.recipients if name in self.arguments}


class Tools(Mapping[str, Tool]):
    """The tools of one conversation by name; plain functions count as undeclared tools."""

    def __init__(self, tools: Iterable[Tool | Callable[..., Any]]) -> None:
        """Collect them.

        Raises:
            UsageError: Two have one name, or one can't be a tool.
        """
        self._tools: dict[str, Tool] = {}
        for each in tools:
            made = each if isinstance(each, Tool) else Tool(each)
            if made.name in self._tools:
                raise UsageError(f"two tools are named {made.name!r}", remedy="Rename one of the functions.")
            self._tools[made.name] = made

    def __getitem__(self, name: str) -> Tool:
        return self._tools[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tools)

    def __len__(self) -> int:
        return len(self._tools)

    def stubs(self) -> list[dict[str, Any]]:
        """Return what the runner needs to make a plain function of each: plain data."""
        return [
            {"name": each.name, "parameters": [p.name for p in each.schema.parameters], "doc": each.description[:2000]}
            for each in self.values()
        ]


@overload
def tool(function: Callable[..., Any], /) -> Tool: ...
@overload
def tool(
    *,
    effect: Effect | None = None,
    critical: Iterable[str] | None = None,
    recipients: Iterable[str] | None = None,
    returns: Returns | None = None,
    timeout: float = _DEFAULT_TIMEOUT_S,
) -> Callable[[Callable[..., Any]], Tool]: ...
def tool(function: Callable[..., Any] | None = None, /, **declared: Any) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """Make a function callable from sandboxed code.

    Args:
        function: With no declaration, as a plain `@tool`: consequential, and its result untrusted.
        declared: `effect`, `critical`, `recipients`, `returns`, `timeout`: see `Tool`; `timeout` is in seconds.

    Raises:
        UsageError: The declaration has no meaning.
    """
    if function is not None:
        return Tool(function)

    def declare(each: Callable[..., Any]) -> Tool:
        return Tool(each, **declared)

    return declare


def _name(name: object) -> str:
    usable = isinstance(name, str) and name.isidentifier() and name.isascii() and not keyword.iskeyword(name)
    if not usable or cast("str", name).startswith("__") or len(cast("str", name)) > _MOST_NAME:
        told = f"a tool can't be named {name!r}"
        raise UsageError(told, remedy="Define it with `def` under a plain ASCII name of at most 64 characters.")
    return cast("str", name)


def _effect(effect: object, name: str) -> Effect | None:
    if effect is not None and effect not in _EFFECTS:
        told = f"effect={effect!r} of tool {name!r} is unknown"
        raise UsageError(told, remedy='Use "read", "write" or "egress".')
    return effect
