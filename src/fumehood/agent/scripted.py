"""A model that replies from a list: for tests, for demonstrations, and to try a policy without a key."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self, cast, get_args

from fumehood.agent.model import Call, Finish, Piece, Reply, Returned, Usage, Wait
from fumehood.errors import MissingFile, ModelFailed, UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Sequence

    from fumehood.agent.model import Message

    Line = Reply | str | Callable[[Sequence[Message]], Reply | str]


def program(*codes: str, text: str = "") -> Reply:
    """A reply that wants programs run."""
    return Reply(text=text, calls=tuple(Call(f"call-{number}", code) for number, code in enumerate(codes, 1)))


class Scripted:
    """A model whose replies are known beforehand.

    Each line of the script is one reply: a `Reply`, a text (the answer), or a function of the conversation so far that
    gives one of them. In a text, `{output}` stands for what the last program printed.
    """

    priced = False

    def __init__(self, script: Iterable[Line], *, name: str = "scripted") -> None:
        """Read the lines; nothing is said yet."""
        self._script = list(script)
        self._said = 0
        self.name = name

    @classmethod
    def load(cls, path: str) -> Self:
        """Read a script from a TOML file with `[[reply]]` tables, or a JSON file with a list of the same.

        Each has `text`, or `code` (a program, or a list of them), and may have `finish` and the tokens that it used.

        Raises:
            MissingFile: There is no such file.
            UsageError: It is no script.
        """
        try:
            data = Path(path).read_bytes().decode()
            read: Any = json.loads(data) if path.endswith(".json") else tomllib.loads(data)
        except FileNotFoundError:
            raise MissingFile(f"{path}: no such script", remedy="Check the path.") from None
        except (OSError, ValueError) as error:
            raise UsageError(f"{path} can't be read as a script: {error}", remedy=_FORM) from None
        lines = cast("dict[str, Any]", read).get("reply") if isinstance(read, dict) else read
        if not isinstance(lines, list) or not lines:
            raise UsageError(f"{path} has no replies", remedy=_FORM)
        return cls(
            [_line(entry, f"{path}, reply {at}") for at, entry in enumerate(cast("list[object]", lines), 1)],
            name=f"scripted:{path}",
        )

    async def __aenter__(self) -> Self:
        """As in `Model`."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """As in `Model`."""

    async def reply(self, conversation: Sequence[Message], *, streams: bool) -> AsyncGenerator[Piece | Wait | Reply]:
        """As in `Model`: the next line of the script."""
        if self._said == len(self._script):
            told = f"{self.name} was asked for reply {self._said + 1}, and its script has {self._said}"
            raise ModelFailed(told, remedy="Add replies to the script.")
        line = self._script[self._said]
        self._said += 1
        said = line(conversation) if callable(line) else line
        reply = Reply(text=said) if isinstance(said, str) else said
        output = next((each.output for each in reversed(conversation) if isinstance(each, Returned)), "")
        reply = replace(reply, text=reply.text.replace("{output}", output.strip()))
        if streams:
            for text in reply.text.splitlines(keepends=True):
                yield Piece(text)
        yield reply


_FORM = 'Write [[reply]] tables, each with text = "…" or code = "…".'


def _line(entry: object, where: str) -> Reply:
    """One entry of a script, held to its form."""
    if not isinstance(entry, dict):
        raise UsageError(f"{where} is no table", remedy=_FORM)
    fields = cast("dict[str, object]", entry)
    for name, value in fields.items():
        if name not in _KINDS or not _KINDS[name](value):
            told = "has a value of the wrong kind" if name in _KINDS else "is no key of a reply"
            raise UsageError(f"{where}: {name!r} {told}", remedy=f"{_FORM} Keys: {', '.join(_KINDS)}.")
    read = cast("dict[str, Any]", fields)
    codes = read.get("code", [])
    tokens = Usage(1, read.get("input_tokens", 0), read.get("output_tokens", 0), None)
    reply = program(*([codes] if isinstance(codes, str) else codes), text=read.get("text", ""))
    return replace(reply, finish=read.get("finish", "stop"), usage=tokens)


def _text(value: object) -> bool:
    return isinstance(value, str)


def _texts(value: object) -> bool:
    return _text(value) or (isinstance(value, list) and all(map(_text, cast("list[object]", value))))


def _count(value: object) -> bool:
    return type(value) is int and value >= 0


def _finish(value: object) -> bool:
    return isinstance(value, str) and value in get_args(Finish)


_KINDS: Final[dict[str, Callable[[object], bool]]] = {
    "text": _text,
    "code": _texts,
    "finish": _finish,
    "input_tokens": _count,
    "output_tokens": _count,
}
