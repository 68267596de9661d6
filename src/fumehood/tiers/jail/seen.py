"""What came of one run, as the broker saw it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fumehood.tiers.jail.events import Shown
    from fumehood.tiers.jail.wire import Message


@dataclass
class Seen:
    """`answer` is as the program's side told it, all the rest as seen from outside."""

    answer: Message | None = None
    tampered: str | None = None
    gone: Message | None = None
    denied: list[Message] = field(default_factory=list["Message"])
    stdout: bytes | bytearray = b""
    stderr: bytes | bytearray = b""
    shown: list[Shown] = field(default_factory=list["Shown"])
    dropped: tuple[int, int, int] = (0, 0, 0)
    wall_s: float = 0.0
    wall_limit_s: float = 0.0
    cpu_ns: int = 0
    peak: int = 0
    processes: int = 1
