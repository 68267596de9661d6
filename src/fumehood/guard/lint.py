"""What is wrong with tools and with what a policy says of them, told before the first call."""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fumehood.guard.tool import Tool, Tools
    from fumehood.policy import Policy

__all__ = ["Remark", "lint_tools"]

#: Parameters that name somebody or something as a rule, so that leaving them out of `critical` deserves a word.
_TELLING: Final = (
    "to", "cc", "bcc", "recipient", "recipients", "email", "address", "url", "host", "path", "file", "user", "channel",
    "account", "iban", "id",
)  # fmt: skip


class Remark(NamedTuple):
    """A fault is a rule that can't do what it says; a note is a declaration worth another look."""

    grade: Literal["fault", "note"]
    text: str


def lint_tools(policy: Policy, tools: Tools) -> list[Remark]:
    """Hold `[tools]` against the tools there are, and each declaration against its function."""
    return [*_rules(policy, tools), *(remark for tool in tools.values() for remark in _declaration(tool))]


def _rules(policy: Policy, tools: Tools) -> Iterator[Remark]:
    for name, word in policy.tools.items():
        tool = tools.get(name)
        if tool is None:
            near = difflib.get_close_matches(name, tools, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; the tools are {', '.join(tools) or 'none'}"
            yield Remark("fault", f'tools.{name} = "{word}" names no tool{hint}')
        elif word == "allow":
            yield Remark("note", f'tools.{name} = "allow" changes nothing: the gate decides about each call')


def _declaration(tool: Tool) -> Iterator[Remark]:
    name, returns = tool.name, tool.returns
    if tool.effect is None:
        yield Remark("note", f"{name} declares no effect: it counts as one that may do anything")
    left = [each.name for each in tool.schema.parameters if each.name in _TELLING and each.name not in tool.critical]
    if left and tool.consequential:
        yield Remark("note", f"{name} acts by {', '.join(left)}, which critical= leaves out")
    if tool.effect == "egress" and not tool.critical:
        yield Remark("note", f"{name} sends, and critical= names nobody: private data always asks")
    fields = _fields(typing.get_type_hints(tool.function).get("return"))
    if fields is not None:
        for field in (*returns.typed, *returns.outside):
            if field.partition(".")[0] not in (*fields, "*"):
                yield Remark(
                    "fault", f"returns= of {name} names {field!r}; its records have {', '.join(sorted(fields))}"
                )
    if returns.trusted and fields is not None and {"body", "text", "content", "message"} & fields:
        yield Remark("note", f"{name} returns text and calls all of it trusted")


def _fields(kind: Any) -> set[str] | None:
    """The fields of the records that a function returns, where its type says so."""
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in {list, tuple, typing.Union, types.UnionType}:
        found = [_fields(each) for each in parts if each not in {..., type(None)}]
        return found[0] if len(found) == 1 else None
    if dataclasses.is_dataclass(kind):
        return {each.name for each in dataclasses.fields(kind)}
    if typing.is_typeddict(kind):
        return set(typing.get_type_hints(kind))
    models = getattr(kind, "model_fields", None)
    return set(cast("dict[str, Any]", models)) if isinstance(models, dict) else None
