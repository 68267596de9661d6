"""The one thing that a cell waits for, something to read, in a blocking and in a cooperative way.

The core is written once, as coroutines over a `Waiter`. With `Blocking` they never suspend, so `complete` runs them
to their end on the caller's thread, without an event loop; with `Cooperative` they run under any anyio backend.
"""

from __future__ import annotations

import inspect
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    import select
    from collections.abc import Awaitable, Callable, Coroutine

T = TypeVar("T")
#: What is heard of at once; a cell has no more descriptors, and room for more would be made at each call.
AT_ONCE = 8


class Waiter(Protocol):
    """Waits for descriptors."""

    async def heard(self, epoll: select.epoll, timeout: float) -> list[tuple[int, int]]:
        """What is ready of what was registered, once something is; nothing if `timeout` seconds passed first."""
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

    async def heard(self, epoll: select.epoll, timeout: float) -> list[tuple[int, int]]:
        """As in `Waiter`."""
        return epoll.poll(max(timeout, 0), AT_ONCE)

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

    async def heard(self, epoll: select.epoll, timeout: float) -> list[tuple[int, int]]:
        """As in `Waiter`."""
        import anyio  # noqa: PLC0415 -- 65 ms with its event loop; a blocking caller never needs it

        with anyio.move_on_after(timeout):
            await anyio.wait_readable(epoll.fileno())
        return epoll.poll(0, AT_ONCE)

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
        result: T = stop.value
        return result
    work.close()
    message = "a blocking call was handed a cooperative waiter"
    raise RuntimeError(message)
