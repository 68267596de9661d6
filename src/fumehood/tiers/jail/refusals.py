"""Which of a sandbox's refused calls are told: no flood of one kind hides another, and none keeps the warden busy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fumehood.kernel.libc import MACHINE
from fumehood.kernel.syscalls import numbers

if TYPE_CHECKING:
    from fumehood.kernel.seccomp import Notice
    from fumehood.tiers.jail.wire import Message

#: Of a run each kind of call is told once; sockets are kinds by family and type, no more than `_SOCKETS` of them. After
#: `_DEAF` calls in all nobody listens any more, and the kernel refuses them by itself (ENOSYS).
_SOCKETS, _DEAF = 64, 1000
_SOCKET = numbers(MACHINE).get("socket", -1)
#: Told in place of a call: there were more than are recorded.
UNTOLD: Message = {"event": "denied", "call": -1, "arguments": []}


class Refusals:
    """The refused calls of one sandbox, counted over its life."""

    def __init__(self) -> None:
        """Begin with none."""
        self.count = 0
        self._told: set[tuple[int, ...]] = set()

    @property
    def too_many(self) -> bool:
        """Whether it is no longer worth listening."""
        return self.count >= _DEAF

    def begin(self) -> None:
        """A run begins: tell each kind anew."""
        self._told.clear()

    def is_news(self, notice: Notice) -> bool:
        """Count a refused call; whether it is to be told."""
        self.count += 1
        kind: tuple[int, ...] = (notice.number,)
        if notice.number == _SOCKET:
            kind += (notice.arguments[0] & 0xFFFFFFFF, notice.arguments[1] & 0xF)
            if sum(each[0] == _SOCKET for each in self._told) >= _SOCKETS:
                return False
        if kind in self._told:
            return False
        self._told.add(kind)
        return True
