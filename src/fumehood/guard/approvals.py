"""A person's yes: for exactly one call, once, for a while. No answer is no."""

from __future__ import annotations

import hmac
import secrets
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from fumehood.errors import Error
from fumehood.guard.gate import digest
from fumehood.guard.origins import leaves
from fumehood.guard.prompt import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fumehood.guard.gate import Ask
    from fumehood.guard.origins import Origin, Origins, Reading
    from fumehood.guard.tool import Call

__all__ = ["ApprovalRefused", "Approvals", "Argument", "Request", "ask_user", "describe", "put"]

EXPIRES_S: Final = 300.0


class ApprovalRefused(Error, PermissionError):
    """An answer to an approval that is unknown, expired, answered already, or about something else."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call that a person is asked about, and where each value in it can have come from."""

    name: str
    value: Any
    critical: bool
    origins: tuple[Origin, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What a person is asked: one call, its arguments (the critical ones first), and what was read before it.

    `digest` is the hash of the tool and all arguments; an answer holds for that alone.
    `expires` is by `time.monotonic`.
    """

    id: str
    tool: str
    arguments: tuple[Argument, ...]
    reason: str
    readings: tuple[Reading, ...]
    digest: str
    expires: float

    @property
    def seconds_left(self) -> float:
        """How long it can still be answered."""
        return max(self.expires - time.monotonic(), 0.0)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, for programs that ask their users in their own way."""
        return {
            "id": self.id,
            "tool": self.tool,
            "arguments": [
                {
                    "name": each.name,
                    "value": each.value,
                    "critical": each.critical,
                    "origins": [o.where for o in each.origins],
                }
                for each in self.arguments
            ],
            "reason": self.reason,
            "read": [{"source": each.source, "excerpt": clean(each.excerpt)} for each in self.readings],
            "digest": self.digest,
            "seconds_left": round(self.seconds_left, 1),
        }


@dataclass
class _Pending:
    request: Request
    answered: threading.Event = field(default_factory=threading.Event)
    yes: bool = False


class Approvals:
    """The requests that wait for an answer, by id, for whoever shows them; and what became of each."""

    def __init__(self, expires: float = EXPIRES_S) -> None:
        """Let each request wait for `expires` seconds."""
        self._expires = expires
        self._waiting: dict[str, _Pending] = {}
        self._lock = threading.Lock()

    def open(self, call: Call, ask: Ask, origins: Origins) -> Request:
        """Make the request for one call. It can be answered from now on."""
        critical = call.critical()
        ordered: Mapping[str, Any] = critical | {n: v for n, v in call.arguments.items() if n not in critical}
        request = Request(
            id=secrets.token_urlsafe(16),
            tool=call.tool.name,
            arguments=tuple(
                Argument(name, value, name in critical, tuple(origins.of(leaf.value) for leaf in leaves(value)))
                for name, value in ordered.items()
            ),
            reason=ask.because,
            readings=tuple(origins.readings),
            digest=digest(call),
            expires=time.monotonic() + self._expires,
        )
        with self._lock:
            self._waiting[request.id] = _Pending(request)
        return request

    def pending(self) -> tuple[Request, ...]:
        """Return the requests that can still be answered, the oldest first."""
        with self._lock:
            return tuple(each.request for each in self._waiting.values() if each.request.seconds_left)

    def answer(self, id: str, *, yes: bool, digest: str) -> None:  # noqa: A002 -- the word for it
        """Answer one request.

        Args:
            id: The request's.
            yes: Whether this one call may be made.
            digest: The request's, to show that this is the call that was looked at.

        Raises:
            ApprovalRefused: There is no such request, it has expired or was answered, or it is about another call.
        """
        with self._lock:
            waiting = self._waiting.get(id)
            if waiting is None or waiting.answered.is_set():
                raise ApprovalRefused("no request with this id waits for an answer", remedy="See `pending()`.")
            if not hmac.compare_digest(waiting.request.digest.encode(), digest.encode()):
                raise ApprovalRefused("the answer is about another call", remedy="Look at the request again.")
            if not waiting.request.seconds_left:
                raise ApprovalRefused("the request has expired", remedy="Let the program call again.")
            waiting.yes = yes
            waiting.answered.set()

    def wait(self, request: Request, timeout: float | None = None) -> bool:
        """Block until it is answered or expires; False for no answer. An answer not fetched so far is kept."""
        with self._lock:
            waiting = self._waiting.get(request.id)
        if waiting is None:
            return False
        left = request.seconds_left
        return waiting.answered.wait(left if timeout is None else min(timeout, left))

    def take(self, request: Request, call: Call) -> bool:
        """Use up the answer for this call: True for a yes in time, and never twice."""
        with self._lock:
            waiting = self._waiting.pop(request.id, None)
        if waiting is None or not waiting.answered.is_set() or not request.seconds_left:
            return False
        return waiting.yes and hmac.compare_digest(waiting.request.digest, digest(call))


def ask_user(request: Request) -> bool:
    """Ask at the terminal; without one the answer is no. Only a plain yes is one."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    return put(request, show=lambda line: sys.stderr.write(line + "\n"), answer=sys.stdin.readline)


def put(request: Request, *, show: Callable[[str], object], answer: Callable[[], str]) -> bool:
    """Put a request to a person by two functions; only a plain yes is one."""
    for line in describe(request):
        show(line)
    show("Make this one call? [y/N]")
    return answer().strip().lower() in {"y", "yes"}


def describe(request: Request) -> list[str]:
    """The request, line by line, without anything that could steer a terminal."""
    lines = [f"The program wants to call {request.tool}:"]
    for each in request.arguments:
        mark = "!" if each.critical else " "
        lines.append(f" {mark} {each.name} = {_line(repr(each.value), 300)}")
        lines += [f"       from {_line(where, 200)}" for where in dict.fromkeys(o.where for o in each.origins)]
    lines.append(f"Why it is asked: {_line(request.reason, 400)}")
    if request.readings:
        lines.append("Untrusted content that was read before:")
        lines += [f"  - {_line(each.source, 100)}: {_line(each.excerpt, 160)}" for each in request.readings[-8:]]
    return lines


def _line(text: str, most: int) -> str:
    line = clean(text).replace("\n", "⏎").replace("\t", " ")
    return line if len(line) <= most else line[:most] + "…"
