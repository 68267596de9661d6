"""The calls that a running program makes of host functions: decided one after another, carried out side by side.

The program waits for each; what it gets back is data or an exception. While a person is asked, the whole sandbox is
held still, and its wall clock with it. While a tool works the clock runs: other threads may be computing.
"""

from __future__ import annotations

import inspect
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from fumehood.errors import Error
from fumehood.execution import Event
from fumehood.guard.approvals import Approvals
from fumehood.guard.gate import Ask, Deny
from fumehood.guard.schema import ArgumentsRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from fumehood.guard.conversation import Conversation
    from fumehood.guard.gate import Decision
    from fumehood.guard.tool import Call
    from fumehood.tiers.jail.cell import Cell
    from fumehood.tiers.jail.waiting import Waiter
    from fumehood.tiers.jail.wire import Message

__all__ = ["Calls"]

_MOST_CALLS: Final = 10_000
_MOST_TOLD: Final = 2_000


class Calls:
    """The calls of one run."""

    def __init__(self, conversation: Conversation, cell: Cell, waiter: Waiter) -> None:
        """Serve the program that is about to run in this cell."""
        self.events: list[Event] = []
        self._conversation = conversation
        self._approve = conversation.approve
        self._cell = cell
        self._waiter = waiter
        self._began = time.perf_counter()
        self._waiting: deque[Message] = deque()
        self._count = 0
        self._portal = waiter.portal() if any(_is_async(each) for each in conversation.tools.values()) else None
        self._replies = cell.listen(self._attend)

    def beside(self, hear: Callable[[Message], None] | None) -> Callable[[Message], None]:
        """A listener of events that keeps the calls, and passes all others on."""

        def listen(event: Message) -> None:
            if event["event"] == "call":
                self._replies.called(event["call"])
                self._waiting.append(event)
            elif hear is not None:
                hear(event)

        return listen

    async def _attend(self) -> None:
        while self._waiting:
            await self._serve(self._waiting.popleft())

    async def _serve(self, event: Message) -> None:
        number, name = event["call"], event["tool"]
        self._count += 1
        if self._count > _MOST_CALLS:
            self._refuse(number, "PermissionError", f"a program makes at most {_MOST_CALLS:,} calls")
            return
        try:
            call, decision = self._conversation.judge(name, event["arguments"])
        except ArgumentsRefused as error:
            self._tell(name, "refused", error.message)
            self._refuse(number, "TypeError", f"{error.message}. {error.remedy()}")
            return
        if call is not None and isinstance(decision, Ask):
            decision = await self._asked(call, decision)
        self._tell(name, decision.verdict, decision.because)
        if call is None or isinstance(decision, Deny):
            told = f"{name}() was not called: {decision.because}"
            remedy = decision.remedy if isinstance(decision, Deny) else ""
            self._refuse(number, "PermissionError", f"{told}. {remedy}".strip())
            return
        self._conversation.started(call)
        threading.Thread(target=self._carry_out, args=(number, call), daemon=True, name=f"tool {name}").start()

    async def _asked(self, call: Call, ask: Ask) -> Decision:
        """Put it to a person; the sandbox is held still until they answered."""
        yes = False
        if self._approve is not None:
            self._cell.pause()
            try:
                yes = await self._answer(call, ask)
            finally:
                self._cell.resume()
        verdict = "approved" if yes else "denied"
        self._conversation.record(call, verdict, ask.because)
        if yes:
            return ask._replace(verdict="approved")
        nobody = "" if self._approve is not None else "; nobody is there to be asked"
        return Deny(f"{ask.because}{nobody}", "It needs a person's yes.", "denied")

    async def _answer(self, call: Call, ask: Ask) -> bool:
        approvals = self._conversation.approvals
        request = approvals.open(call, ask, self._conversation.origins)
        if self._approve is None or isinstance(self._approve, Approvals):
            await self._waiter.call(approvals.wait, request)
        else:
            answer = await self._waiter.call(self._approve, request)
            if answer is True and request.seconds_left:
                approvals.answer(request.id, yes=True, digest=request.digest)
        return bool(approvals.take(request, call))

    def _carry_out(self, number: int, call: Call) -> None:
        """In a thread: run the tool, send what came of it. One that takes too long is no longer waited for."""
        box: list[Message] = []
        worker = threading.Thread(
            target=lambda: box.append(self._run(call)), daemon=True, name=f"tool {call.tool.name}"
        )
        worker.start()
        worker.join(call.tool.timeout)
        late = f"{call.tool.name}() did not answer within {call.tool.timeout:g} s; what it does goes on"
        self._replies.put({"reply": number} | (box[0] if box else _error("TimeoutError", late)))

    def _run(self, call: Call) -> Message:
        try:
            if _is_async(call.tool):
                assert self._portal is not None  # noqa: S101 -- made where a tool is async
                result = self._portal(lambda: call.tool.function(**call.arguments))
            else:
                result = call.tool.function(**call.arguments)
            return {"value": self._conversation.done(call, result)}
        except Error as error:
            return _error("RuntimeError", f"{call.tool.name}(): {error.message}. {error.remedy()}")
        except Exception as error:  # noqa: BLE001 -- the tool's failure is the program's to handle
            told = self._conversation.failed(call, f"{type(error).__name__}: {error}"[:_MOST_TOLD])
            return _error("RuntimeError", f"{call.tool.name}() failed: {told}")

    def _refuse(self, number: int, name: str, message: str) -> None:
        self._replies.put({"reply": number} | _error(name, message))

    def _tell(self, tool: str, verdict: str, because: str) -> None:
        if len(self.events) < _MOST_CALLS:
            at = round((time.perf_counter() - self._began) * 1000, 3)
            self.events.append(Event(at, "called", {"tool": tool, "verdict": verdict, "because": because}))


def _error(name: str, message: str) -> Message:
    return {"error": {"name": name, "message": message[:_MOST_TOLD]}}


def _is_async(tool: Any) -> bool:
    return inspect.iscoroutinefunction(tool.function)
