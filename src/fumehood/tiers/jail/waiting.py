"""The one thing that a cell waits for, a readable descriptor, in a blocking and in a cooperative way.

The core is written once, as coroutines over a `Waiter`. With `Blocking` they never suspend, so `complete` runs them
to their end on the caller's thread, without an event loop; with `Cooperative` they run under any anyio backend.
"""

from __future__ import annotations

import inspect
import select
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

T = TypeVar("T")


class Waiter(Protocol):
    """Waits for a descriptor."""

    async def readable(self, descriptor: int, timeout: float | None) -> bool:
        """Until there is something to read; False when `timeout` seconds passed first."""
        ...

    async def aside(self, work: Callable[[], T]) -> T:
        """Do something that blocks, for seconds or minutes, and give what it gives."""
        ...

    async def call(self, function: Callable[..., Any], *arguments: object) -> Any:
        """Call a function of the caller's, plain or async, and wait for its result."""
        ...

    def portal(self) -> Callable[..., Any]:
        """A function that any other thread may use: calls an async function with arguments, answers its result."""
        ...


class Blocking:
    """Blocks the calling thread."""

    async def readable(self, descriptor: int, timeout: float | None) -> bool:
        """As in `Waiter`."""
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(None if timeout is None else max(timeout, 0) * 1000))

    async def aside(self, work: Callable[[], T]) -> T:
        """As in `Waiter`."""
        return work()

    async def call(self, function: Callable[..., Any], *arguments: object) -> Any:
        """As in `Waiter`; an async function gets an event loop of its own."""
        result = function(*arguments)
        return _in_thread(result) if inspect.isawaitable(result) else result

    def portal(self) -> Callable[..., Any]:
        """As in `Waiter`; with an event loop for each call."""
        import anyio  # noqa: PLC0415 -- 65 ms with its event loop; only async tools need it

        return anyio.run


class Cooperative:
    """Lets other tasks of the event loop run meanwhile."""

    async def readable(self, descriptor: int, timeout: float | None) -> bool:
        """As in `Waiter`."""
        import anyio  # noqa: PLC0415 -- 65 ms with its event loop; a blocking caller never needs it

        with anyio.move_on_after(timeout) as scope:
            await anyio.wait_readable(descriptor)
        return not scope.cancelled_caught

    async def aside(self, work: Callable[[], T]) -> T:
        """As in `Waiter`; who is cancelled meanwhile leaves the work to end by itself."""
        import anyio.to_thread  # noqa: PLC0415 -- as above

        return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)

    async def call(self, function: Callable[..., Any], *arguments: object) -> Any:
        """As in `Waiter`; a plain function, which may block, runs in a thread."""
        if inspect.iscoroutinefunction(function):
            return await function(*arguments)
        result = await self.aside(partial(function, *arguments))
        return await result if inspect.isawaitable(result) else result

    def portal(self) -> Callable[..., Any]:
        """As in `Waiter`; in the caller's event loop."""
        from anyio import from_thread, lowlevel  # noqa: PLC0415 -- as above

        return partial(from_thread.run, token=lowlevel.current_token())


def _in_thread(work: Awaitable[Any]) -> Any:
    """Run to its end what awaits, where this thread may be running an event loop already."""
    import anyio  # noqa: PLC0415 -- only where it is needed

    async def whole() -> Any:
        return await work

    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(anyio.run(whole)))
    thread.start()
    thread.join()
    return found[0] if found else None


def complete(work: Coroutine[object, object, T]) -> T:
    """Run a coroutine that never suspends, as all of ours over `Blocking`, and give its result."""
    try:
        work.send(None)
    except StopIteration as stop:
        return cast("T", stop.value)
    work.close()
    message = "a blocking call was handed a cooperative waiter"
    raise RuntimeError(message)
