"""The broker's end of one sandbox: sends programs in, takes what comes out, and believes none of it."""

from __future__ import annotations

import errno
import os
import select
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from fumehood.errors import Unavailable
from fumehood.tiers.jail import wire
from fumehood.tiers.jail.clock import Clock
from fumehood.tiers.jail.events import Events
from fumehood.tiers.jail.lifeline import LOST, Lifeline
from fumehood.tiers.jail.replies import Replies
from fumehood.tiers.jail.seen import Seen
from fumehood.tiers.jail.stillbirth import stillborn
from fumehood.tiers.jail.stream import CHUNK, Stream, there
from fumehood.tiers.jail.waiting import AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fumehood.tiers.jail.diary import Diary
    from fumehood.tiers.jail.meter import Meter
    from fumehood.tiers.jail.waiting import Waiter
    from fumehood.tiers.jail.wire import Message

_PATIENCE_S = 30.0
#: How often it may be said that the runner is ready: where a zygote ended it is born anew, and each may have said it.
_BIRTHS = 3
#: Beyond its wall limit a run is the warden's to end; should the warden itself be gone, the broker gives up here.
_GRACE_S = 5.0
_WARM, _SOON = wire.pack(wire.WARM), wire.pack(wire.SOON)


class Cell:
    """One sandbox of the jail. Not safe for two calls at once; its owner sees to that.

    Only `kill` may come from another thread at any time.
    """

    def __init__(
        self, lifeline: socket.socket, channel: socket.socket, outputs: tuple[int, int], *, diary: Diary, cap: int
    ) -> None:
        """Take the broker's ends of what was sent with the order; `cap` is how much of each output is kept."""
        self.lifeline = Lifeline(lifeline)
        self._diary = diary
        self.channel = channel
        self.streams = Stream(outputs[0], cap), Stream(outputs[1], cap)
        self.epoll = select.epoll()
        self.frames = wire.Frames()
        self.ready = self._warmed = self._roused = False
        self.replies: Replies | None = None
        self._answers: list[Message] = []
        self._room = 0
        self._said = Events(0, None)
        self._cpu_ns = self._asked = self._births = 0
        self._tampered: str | None = None
        self._maker = os.getpid()
        self.clock: Clock | None = None
        self._rang = False
        self._bell = threading.Lock()
        self._events: dict[int, Callable[[], bool]] = {
            lifeline.fileno(): self.lifeline.hear,
            channel.fileno(): self._hear_code,
            outputs[0]: self.streams[0].drain,
            outputs[1]: self.streams[1].drain,
        }
        for descriptor in self._events:
            os.set_blocking(descriptor, False)
            self.epoll.register(descriptor, select.EPOLLIN)

    async def open(self, waiter: Waiter) -> None:
        """Wait until it is sealed and its runner waits for code.

        Raises:
            Unavailable: It could not be made; the message says which step failed.
            SandboxClosed: It was killed, alone or with the jail.
        """
        end = time.monotonic() + _PATIENCE_S
        if not self.ready and not self.hear():
            self.lifeline.tell({"do": "hurry"})
        while not (self.ready and self.meter is not None):
            if self.gone is not None:
                self.close()
                raise stillborn(self.gone)
            if not await self.glance(waiter, end - time.monotonic()):
                self.close()
                raise Unavailable(
                    f"The sandbox was not ready after {_PATIENCE_S:.0f} s.",
                    remedy="The machine may be overloaded; try again, or see `fumehood doctor`.",
                )

    @property
    def is_rested(self) -> bool:
        """Whether its first program comes after a moment in which nobody came."""
        return self._warmed and self._asked == 1

    def warm(self) -> bool:
        """It is to be handed out next: have its runner touch what the first program will; False if it is not ready."""
        self.hear()
        self._roused = False
        if self.ready and not self._warmed:
            self._warmed = True
            self._advise(_WARM)
        return self.ready or self.gone is not None

    def rouse(self) -> None:
        """Its first program comes in a moment: have the runner awake by then, where there was time to make it warm."""
        if self._warmed and not self._roused:
            self._roused = True
            self._advise(_SOON)

    def _advise(self, what: bytes) -> None:
        with suppress(OSError):  # its end is told on the lifeline
            self.channel.send(what, socket.MSG_NOSIGNAL)

    @property
    def meter(self) -> Meter | None:
        """What measures it, once it is sealed."""
        return self.lifeline.meter

    @property
    def workspace(self) -> int:
        """Its working folder's descriptor, once it is sealed."""
        return self.lifeline.workspace

    @property
    def gone(self) -> Message | None:
        """How it ended, once it did."""
        return self.lifeline.gone

    @property
    def orphaned(self) -> bool:
        """Whether it ended because its jail did."""
        return self.gone is not None and self.gone.get("reason") == "warden"

    async def run(self, request: Message, budget: Message, waiter: Waiter) -> Seen:
        """Run one program to its end. The warden ends it at its limits; the outcome says what happened."""
        try:
            await self.start(request, self.start_clock(budget), waiter)
            while self.going:
                await self.advance(waiter)
            return await self.finish(waiter)
        except BaseException:  # the caller gave up in the middle: what runs there now has no owner any more
            self.abandon()
            raise

    def start_clock(self, budget: Message) -> Clock:
        """The time of a run begins.

        Args:
            budget: For the warden: wall and cpu in seconds, the name of the limit behind wall, whether to interrupt.
                It is noted, not told: to wake the warden costs more than most programs.
        """
        forks = self._count_out()
        self.lifeline.begin()
        self._answers.clear()
        self._asked += 1
        with self._bell:
            self.clock = Clock(budget["wall"])
            self._diary.begin(budget, run=self._asked, used_ns=self._cpu_ns, forks_refused=forks)
            self._rang = bool(budget.get("interrupt"))
            if self._rang:
                self.lifeline.tell({"do": "interrupt"})
            return self.clock

    def _count_out(self) -> int:
        """What was before is not this run's: processor time that making the sandbox took, processes refused since."""
        meter = self.lifeline.meter
        if meter is not None:
            try:
                if self._asked:
                    return meter.forks_refused()
                self._cpu_ns = meter.cpu_ns()
            except OSError:
                return 0  # its group is gone with it; its end is told on the lifeline
        return 0

    async def start(self, request: Message, clock: Clock, waiter: Waiter) -> None:
        """Hand the program over; `advance` takes in what comes while it is `going`, `finish` says what happened."""
        await self._send(wire.pack(request | {"id": self._asked, "displays": self._room}), waiter, clock)
        if self._asked == 1 and self.meter is not None:  # not before: the program need not wait for that
            with suppress(OSError):  # as in `_count_out`
                self.meter.hand_out()

    @property
    def going(self) -> bool:
        """Whether the program has neither answered nor ended."""
        return not self._answers and self.gone is None

    async def advance(self, waiter: Waiter) -> None:
        """Wait for something to happen, and take it in."""
        clock = self.clock
        assert clock is not None  # noqa: S101 -- one is set while a program is going
        if not await self.glance(waiter, clock.left() + _GRACE_S) and clock.left() < -_GRACE_S:
            self.kill("wall")  # the warden should have done that long ago
            await self._await_end(waiter)
        if self.replies is not None and self._tampered is None:
            await self.replies.attend()

    async def glance(self, waiter: Waiter, timeout: float) -> bool:
        """Wait for something to happen, and take it in; False when so many seconds passed first."""
        return self._take_in(await waiter.heard(self.epoll, timeout))

    async def finish(self, waiter: Waiter) -> Seen:
        """What came of the program, which has ended."""
        used: tuple[int, int] | None = None
        if self._tampered is not None:
            await self._await_end(waiter)
        elif self.gone is None:
            used = await self._used(waiter)
        assert self.clock is not None  # noqa: S101 -- set until `_finish`
        outcome = Seen(denied=self.lifeline.denied, wall_limit_s=self.clock.wall, wall_s=self.clock.used())
        self._finish(outcome, used)
        if self._rang:  # the warden has rung by the time it answers: no interrupt of this run can reach the next
            self._rang = False
            await self.count(waiter)
        return outcome

    async def _used(self, waiter: Waiter) -> tuple[int, int] | None:
        """Processor time and the peak of memory so far; None where it has ended, and the warden said what it used."""
        meter = self.meter
        assert meter is not None  # noqa: S101 -- an open cell has one
        try:
            if not meter.oom_kills():
                return meter.cpu_ns(), meter.memory_peak()
            self.kill("memory")  # the program answered, but its tree lost processes to the limit
        except OSError as error:
            if error.errno != errno.ENODEV:
                raise  # else its cgroup was removed meanwhile, for it ended after it had answered
        await self._await_end(waiter)
        return None

    def abandon(self) -> None:
        """End it in the middle of a run."""
        self.kill("closed")
        self.close()

    def _finish(self, outcome: Seen, used: tuple[int, int] | None) -> None:
        with self._bell:
            held, self.clock = self.clock is not None and self.clock.was_stopped, None
            self._diary.end(self._asked)
            if held:
                self.lifeline.tell({"do": "resume"})
        if self.replies is not None:
            self.replies.forget()
        self.hear(code=False)
        outcome.answer = self._answers[0] if self._answers else None
        outcome.tampered = self._tampered
        outcome.gone = self.gone
        stdout, stderr = self.streams
        outcome.stdout, outcome.stderr = stdout.take(), stderr.take()
        outcome.shown, outcome.dropped = self._said.shown, (stdout.dropped, stderr.dropped, self._said.dropped)
        cpu, outcome.peak = used or (0, 0)
        if self.gone is not None:
            cpu, outcome.peak = self.gone.get("cpu_ns", 0), self.gone.get("peak", 0)
        outcome.cpu_ns = max(cpu - self._cpu_ns, 0)
        self._cpu_ns = cpu

    def keep(self, cap: int, displays: int) -> None:
        """Keep this many bytes of standard output and error each, and of displays."""
        self._room = displays
        for stream in self.streams:
            stream.cap = cap

    def begin(
        self,
        on_stdout: Callable[[bytes], None] | None = None,
        on_stderr: Callable[[bytes], None] | None = None,
        on_event: Callable[[Message], None] | None = None,
    ) -> None:
        """Forget what the run before said; from here on tell the listeners of each piece that is kept."""
        self.streams[0].begin(on_stdout)
        self.streams[1].begin(on_stderr)
        self._said = Events(self._room, on_event)

    def listen(self, serve: Callable[[], Awaitable[None]]) -> Replies:
        """Let this run's program call host functions, seen to by `serve`; the answers go to what is returned."""
        if self.replies is None:
            self.replies = Replies(self.channel, self.epoll)
            self._events[self.replies.bell] = self.replies.flush
        self.replies.serve = serve
        return self.replies

    async def count(self, waiter: Waiter) -> Message:
        """Ask the warden for the kernel's counters: oom_kills, forks_refused, refused_calls."""
        self.lifeline.counted = {}
        self.lifeline.tell({"do": "count"})
        end = time.monotonic() + _GRACE_S
        while not (self.lifeline.counted or self.gone) and await self.glance(waiter, end - time.monotonic()):
            pass
        return self.gone or self.lifeline.counted

    async def _await_end(self, waiter: Waiter) -> None:
        """After a kill: until the warden says that the last process is gone, or has had its time to do so."""
        end = time.monotonic() + _GRACE_S
        while self.gone is None and await self.glance(waiter, end - time.monotonic()):
            pass
        self.lifeline.gone = self.gone or LOST

    async def _send(self, data: bytes, waiter: Waiter, clock: Clock) -> None:
        """Hand the program over; code that does not read its channel is ended by the wall limit like any other."""
        view = memoryview(data)
        while view and self.gone is None:
            try:
                view = view[self.channel.send(view, socket.MSG_NOSIGNAL) :]
            except BlockingIOError:
                await self.glance(waiter, min(clock.left(), 0.002))
                if clock.left() < -_GRACE_S:
                    self.kill("wall")
            except OSError as error:
                if error.errno not in {errno.EPIPE, errno.ECONNRESET}:
                    raise
                return  # its end is told on the lifeline

    def hear(self, *, code: bool = True) -> bool:
        """Take in what is there now, of the code's channel only if asked; False when there is nothing."""
        return self._take_in(self.epoll.poll(0, AT_ONCE), code=code)

    def _take_in(self, heard: list[tuple[int, int]], *, code: bool = True) -> bool:
        for descriptor, _ in heard:
            if (code or descriptor != self.channel.fileno()) and not self._events[descriptor]():
                self._ignore(descriptor)
        return bool(heard)

    def _ignore(self, descriptor: int) -> None:
        if self._events.pop(descriptor, None) is not None:
            self.epoll.unregister(descriptor)

    def _hear_code(self) -> bool:
        """Frames of the runner, or of whoever speaks in its place."""
        if self.replies is not None:
            self.replies.flush()
        try:
            data = self.channel.recv(min(there(self.channel.fileno()), CHUNK))
        except BlockingIOError:
            return True
        except ConnectionResetError:
            data = b""
        if not data:
            self.lifeline.tell({"do": "hung up"})
            return False
        try:
            for frame in self.frames.feed(data):
                self._take(frame)
        except wire.Tampered as tampered:
            self._tampered = str(tampered)
            self.kill("tampered")
            return False
        return True

    def _take(self, frame: Message) -> None:
        if frame == {"ready": True} and self._births < _BIRTHS:
            self.ready = True
            self._births += 1
        elif self._answers or not self._is_asked(frame.pop("id", None)):
            message = "the channel carried an answer that was not asked for"
            raise wire.Tampered(message)
        elif "event" in frame:
            self._said.take(frame)
        else:
            self._answers.append(frame)

    def _is_asked(self, told: object) -> bool:
        """Whether this names the run that is in progress; JSON's `true` and 1.0 do not."""
        return type(told) is int and told == self._asked > 0

    def kill(self, reason: str) -> None:
        """Have everything in it ended, now."""
        self.lifeline.tell({"do": "kill", "reason": reason})

    def lease(self, idle: float | None, lifetime: float | None) -> None:
        """From now on have it ended after so many seconds without a call, and after so many in all."""
        if idle is not None or lifetime is not None:
            self.lifeline.tell({"do": "lease", "idle": idle, "lifetime": lifetime})

    def renew(self) -> None:
        """Something other than a run was asked of it: it is not idle."""
        self.lifeline.tell({"do": "renew"})

    # About the run in progress, from any thread; nothing where there is none

    def interrupt(self) -> bool:
        """Raise KeyboardInterrupt in the program; one that ignores it goes on until its wall limit."""
        with self._bell:
            if self.clock is not None:
                self._rang = True
                self.lifeline.tell({"do": "interrupt"})
            return self.clock is not None

    def pause(self) -> None:
        """Hold every process still, and with them the wall clock; it can still be killed."""
        with self._bell:
            if self.clock is not None:
                self.clock.stop()
                self.lifeline.tell({"do": "pause"})

    def resume(self) -> None:
        """Let it go on."""
        with self._bell:
            if self.clock is not None:
                self.clock.go_on()
                self.lifeline.tell({"do": "resume"})

    def extend(self, wall: float) -> None:
        """Give the run this many seconds in all, counted from its beginning."""
        with self._bell:
            if self.clock is not None:
                self.clock.wall = wall
                self.lifeline.tell({"do": "extend", "wall": wall})

    def ended(self) -> Seen | None:
        """What came of it if it ended while nothing was asked of it; None while it lives. Does not wait."""
        if self.epoll.poll(0, AT_ONCE):
            self.lifeline.hear()
        if self.gone is None:
            return None
        return Seen(gone=self.gone, tampered=self._tampered)

    def close(self) -> None:
        """Let go of it; the warden ends what still runs. Safe to call twice."""
        mine = os.getpid() == self._maker  # else these are copies, in a fork of the caller
        if self.lifeline.cut() if mine else self.lifeline.let_go():
            self._events.clear()  # they hold it, and with it what it said: only the collector would part them
            self.epoll.close()
            if self.replies is not None:
                self.replies.close()
            self._diary.close()
            self.channel.close()
            for stream in self.streams:
                os.close(stream.descriptor)
