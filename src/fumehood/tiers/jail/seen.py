"""What came of one run, as the broker saw it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fumehood.tiers.jail.events import Shown
    from fumehood.tiers.jail.wire import Message


class Seen:
    """`answer` is as the program's side told it, all the rest as seen from outside."""

    def __init__(
        self,
        *,
        gone: Message | None = None,
        tampered: str | None = None,
        denied: list[Message] | None = None,
        wall_s: float = 0.0,
        wall_limit_s: float = 0.0,
    ) -> None:
        """Begin with what is known before anything else is heard."""
        self.answer: Message | None = None
        self.tampered = tampered
        self.gone = gone
        self.denied: list[Message] = [] if denied is None else denied
        self.stdout: bytes | bytearray = b""
        self.stderr: bytes | bytearray = b""
        self.shown: list[Shown] = []
        self.dropped: tuple[int, int, int] = (0, 0, 0)
        self.wall_s, self.wall_limit_s = wall_s, wall_limit_s
        self.cpu_ns = self.peak = 0
        self.processes = 1
