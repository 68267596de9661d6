"""A run as a stream of what comes of it."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from fumehood.execution import Result, StreamEvent
from fumehood.hearing import Hearing

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from fumehood.program import Program
    from fumehood.recording import Begun
    from fumehood.session import Session

#: What an interrupted program has to end in when its stream is left.
_PARTING_S = 2.0


async def stream(session: Session, program: Program) -> AsyncGenerator[StreamEvent]:
    """Run a program and give what comes of it; nothing more is taken in before the caller asks for more."""
    waiting: deque[StreamEvent] = deque()
    with session.alone("a stream"):
        begun = await session.begin(program, Hearing.all(waiting.append), session.waiter)
        if isinstance(begun, Result):
            yield StreamEvent("result", result=begun)
            return
        try:
            while await _more(session, begun, waiting):
                yield waiting.popleft()
        except GeneratorExit:
            await _leave(session, begun)
            raise
        result = await session.end(begun, session.waiter)
        while waiting:
            yield waiting.popleft()
        yield StreamEvent("result", result=result)


async def _more(session: Session, begun: Begun, waiting: deque[StreamEvent]) -> bool:
    """Wait for the next event; False where the program ended without one."""
    try:
        while not waiting and begun.cell.going:
            await begun.cell.advance(session.waiter)
    except BaseException:
        session.abandon(begun.cell)
        raise
    return bool(waiting)


async def _leave(session: Session, begun: Begun) -> None:
    """The stream was left early: interrupt the program; one that ends of it leaves its state behind."""
    cell, end = begun.cell, time.monotonic() + _PARTING_S
    cell.interrupt()
    try:
        while cell.going and time.monotonic() < end:
            await cell.glance(session.waiter, end - time.monotonic())
    except BaseException:
        session.abandon(cell)
        raise
    if cell.going:
        session.abandon(cell, "a stream was left before its end, and its program did not end when it was interrupted")
    else:
        await session.end(begun, session.waiter)
