"""The gate: may this call of a tool be made? A pure answer, without a model; agents and plug-ins use the same."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from fumehood.guard.origins import Origin, leaves
from fumehood.guard.words import is_telling

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fumehood.guard.labels import Label
    from fumehood.guard.leaks import Watch
    from fumehood.guard.origins import Origins
    from fumehood.guard.tool import Call
    from fumehood.policy import Policy

__all__ = ["Allow", "Ask", "Broker", "Decision", "Deny", "digest"]

_SHOWN: Final = 80


class Allow(NamedTuple):
    """The call may be made. `because` says by which rule."""

    because: str
    verdict: str = "allow"


class Ask(NamedTuple):
    """A person must decide about this one call."""

    because: str
    verdict: str = "ask"


class Deny(NamedTuple):
    """The call is not made, whoever says yes. `remedy` says what would change that."""

    because: str
    remedy: str = ""
    verdict: str = "deny"


Decision = Allow | Ask | Deny


class Broker:
    """Decides about calls by a policy. It keeps nothing: what happened before stands in `Origins`."""

    def __init__(self, policy: Policy, watch: Watch | None = None) -> None:
        """Take the policy, and what must not leave."""
        self._words: Mapping[str, str] = policy.tools
        self._strict = policy.guard.mode == "strict"
        self._watch = watch

    def check(self, call: Call, program: Label, origins: Origins) -> Decision:
        """Decide about one call.

        Args:
            call: The tool and its arguments, held to the schema already.
            program: What the program's author had seen when it was written.
            origins: What was typed, read and handed out in this conversation.
        """
        barred = self._barred(call, program, origins)
        if barred is not None:
            return barred
        if self._words.get(call.tool.name) == "ask":
            return Ask(f'the policy says tools.{call.tool.name} = "ask"')
        if not call.tool.consequential and not call.tool.critical:
            return Allow("it only reads")
        decision = _by_trusted(call, origins) if program.trusted else _by_untrusted(call, program, origins)
        if isinstance(decision, Allow):
            return _disclosed(call, origins) or decision
        return decision

    def _barred(self, call: Call, program: Label, origins: Origins) -> Deny | None:
        """What no approval can allow."""
        name = call.tool.name
        if self._words.get(name) == "deny":
            return Deny(f'the policy says tools.{name} = "deny"', f'Set tools.{name} = "ask" in the policy.')
        leaked = self._watch.found(_texts(call.arguments)) if self._watch is not None else None
        if leaked is not None:
            return Deny(f"the arguments carry {leaked}", "A value that is kept secret never leaves by a tool.")
        seen = origins.mark | program
        if self._strict and (call.tool.consequential or call.tool.critical) and not seen.trusted:
            told = f"guard.mode is strict, and untrusted content was read: {_listed(sorted(seen.sources))}"
            return Deny(told, 'Begin a new conversation, or set guard.mode = "default" in the policy.')
        return None


def _by_trusted(call: Call, origins: Origins) -> Decision:
    """Code that the user's own question brought about: it may act, but only on whom and what is vouched for."""
    for name, value, origin in _origins(call.critical(), origins):
        if origin.vouched:
            continue
        if not call.tool.consequential and origins.copied(value):
            continue  # fetched as it stands in one text: it can carry nothing that this code did not put there
        return Ask(f"{name}={_shown(value)} is vouched for by nobody: {origin.where}")
    return Allow("written before anything untrusted was shown, and what it acts on is vouched for")


def _by_untrusted(call: Call, program: Label, origins: Origins) -> Decision:
    """Code whose author had read what others wrote: only what the user spelled out, deed and all, and that once."""
    read = _listed(sorted(program.sources))
    if call.tool.consequential and not call.critical():
        return Ask(f"the program was written after {read} was shown, and the call names nothing that the user named")
    if call.tool.consequential and not origins.asked_to(call.tool.verb):
        return Ask(f"the program was written after {read} was shown, and the user did not ask to {call.tool.verb}")
    for name, value, origin in _origins(call.arguments, origins):
        telling = origin.kind == "typed" or is_telling(value)
        if not (origin.by_user and telling):
            told = f"the program was written after {read} was shown, and {name}={_shown(value)} is not the user's"
            return Ask(f"{told}: {origin.where}")
    if call.tool.consequential and digest(call) in origins.done:
        return Ask(f"the program was written after {read} was shown, and the same call was made already")
    return Allow("every argument is the user's own")


def _disclosed(call: Call, origins: Origins) -> Ask | None:
    """Private data may be in what leaves: only to its readers, and to those whom the user named."""
    mark = origins.mark
    if mark.public or not (call.tool.consequential and call.tool.sends):
        return None
    recipients = call.recipients()
    if recipients is None and not mark.may_read(call.tool.name):
        return Ask(f"private data was read, and who would see it by {call.tool.name} is not said")
    for name, value, origin in _origins(recipients or {}, origins):
        if not (origin.by_user or mark.may_read(str(value))):
            return Ask(f"private data was read, and {name}={_shown(value)} is not among its readers: {origin.where}")
    return None


def _origins(arguments: Mapping[str, Any], origins: Origins) -> Iterator[tuple[str, str | float, Origin]]:
    for name, value in arguments.items():
        for leaf in leaves(value):
            if leaf.value != "":
                yield ".".join((name, *leaf.path)), leaf.value, origins.of(leaf.value)


def _texts(arguments: Mapping[str, Any]) -> Iterator[str]:
    for leaf in leaves(dict(arguments)):
        yield str(leaf.value)
        yield from leaf.path[1:]  # keys are data as well


def digest(call: Call) -> str:
    """One hash for a tool with exactly these arguments: what an approval is bound to."""
    told = json.dumps([call.tool.name, dict(call.arguments)], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(told.encode()).hexdigest()


def _listed(sources: list[str]) -> str:
    return ", ".join(sources[:3]) + (f" and {len(sources) - 3} more" if len(sources) > 3 else "")  # noqa: PLR2004


def _shown(value: str | float) -> str:
    shown = repr(value)
    return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
