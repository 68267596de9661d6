"""What a caller asks to have run: read and bounded, and refused in words where it has no meaning."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, NamedTuple

from fumehood.errors import Refused, UsageError
from fumehood.execution import LANGUAGES
from fumehood.policy import format_seconds
from fumehood.policy.units import parse_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from fumehood.execution import Language, Report
    from fumehood.policy import Policy

_MOST_CODE, _MOST_FRAME = 8 * 1024 * 1024, 15 * 1024 * 1024


class Program(NamedTuple):
    """A program and its limits: `limit` is the clause behind `wall`, "wall" or "background"."""

    source: str
    language: Language
    name: str | None
    limit: str
    wall: float
    cpu: float
    approve: Callable[[Report], bool] | None = None

    @property
    def digest(self) -> str:
        """The SHA-256 of the source."""
        return hashlib.sha256(self.source.encode("utf-8", "surrogatepass")).hexdigest()

    def budget(self) -> dict[str, float | str]:
        """What the warden holds it to."""
        return {"wall": self.wall, "cpu": self.cpu, "limit": self.limit}


def foreground(
    policy: Policy,
    code: object,
    language: str,
    *,
    timeout: float | str | None = None,
    name: str | None = None,
    approve: Callable[[Report], bool] | None = None,
) -> Program:
    """A program that its caller waits for.

    Raises:
        UsageError: An argument has no meaning.
    """
    wall = seconds(timeout, "wall", policy.limits.wall)
    return Program(source_of(code), language_of(language), name, "wall", wall, policy.limits.cpu, approve)


def background(
    policy: Policy, code: object, language: str, *, timeout: float | str | None = None, name: str | None = None
) -> Program:
    """A program that goes on while its caller does other things. Its processor time is as much as its time allows.

    Raises:
        Refused: The policy lets none be started.
        UsageError: An argument has no meaning.
    """
    most = policy.limits.background
    if not most:
        raise Refused(
            "This policy lets no work be started in the background: limits.background is off.",
            remedy='Allow it with limits.background = "10m" in the policy.',
        )
    wall = seconds(timeout, "background", most)
    cpu = max(policy.limits.cpu, wall * max(policy.limits.cpus, 1.0))
    return Program(source_of(code), language_of(language), name, "background", wall, cpu)


def seconds(timeout: object, limit: str, most: float) -> float:
    """A call may shorten its time; only the policy can lengthen it.

    Raises:
        UsageError: It is no time, or more than the policy's.
    """
    if timeout is None:
        return most
    try:
        asked = parse_seconds(timeout) if isinstance(timeout, str) else float(timeout)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        told = f"timeout={timeout!r} is no time"
        raise UsageError(told, remedy='Give seconds, or a text like "500ms" or "30s".') from None
    if not 0 < asked <= most:
        told = f"timeout={timeout!r} is not between 0 and the policy's limits.{limit} of {format_seconds(most)}"
        longer = f'Raise limits.{limit} in the policy: policy.but(**{{"limits.{limit}": "2m"}}).'
        raise UsageError(told, remedy=longer if asked > most else "Give a time above 0.")
    return asked


def language_of(language: str) -> Language:
    """A language by its name.

    Raises:
        UsageError: There is none of that name.
    """
    if language not in LANGUAGES:
        told = f"language {language!r} is unknown"
        raise UsageError(told, remedy=f"Use one of {', '.join(LANGUAGES)}.")
    return language


def source_of(code: object) -> str:
    """The text of a program.

    Raises:
        UsageError: It is no text, or too long to travel.
    """
    if not isinstance(code, str):
        raise UsageError(f"the program is {type(code).__name__}, not str", remedy="Decode it: code.decode('utf-8').")
    # As it travels a character takes up to twelve bytes, which are counted where they could matter.
    if len(code) > _MOST_CODE or (len(code) > _MOST_FRAME // 12 and len(json.dumps(code)) > _MOST_FRAME):
        told = f"the program has {len(code):,} characters; at most {_MOST_CODE:,} are taken, or fewer unusual ones"
        raise UsageError(told, remedy="Put data into files (data=…) rather than into the program.")
    return code
