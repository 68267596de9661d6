"""One sandbox as the warden sees it: its birth, its limits while it runs, its end."""

from __future__ import annotations

import math
import os
import signal
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from fumehood.kernel import seccomp, timers
from fumehood.kernel.cgroup import Caps
from fumehood.tiers.jail import orders, wire
from fumehood.tiers.jail.diary import SOONEST_S, Diary, Run, Terms
from fumehood.tiers.jail.kin import Kin
from fumehood.tiers.jail.lease import Lease
from fumehood.tiers.jail.meter import Meter
from fumehood.tiers.jail.refusals import UNTOLD, Refusals
from fumehood.tiers.jail.reins import Reins

if TYPE_CHECKING:
    from fumehood.kernel.cgroup import Group
    from fumehood.tiers.jail.diary import Note
    from fumehood.tiers.jail.nursery import Zygote
    from fumehood.tiers.jail.warden import Warden
    from fumehood.tiers.jail.wire import Message

_SOON_S, _APART_S = 0.005, 0.1
#: Where memory is held by reading it, how often it is read of what was left running when a run was over.
_REST_S = 0.25
#: The kernel says that memory ran out before it has killed anything for it.
_OOM_S = 0.01
_CRASHES = {signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGABRT, signal.SIGFPE, signal.SIGSYS, signal.SIGTRAP}


def _close(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
    descriptors.clear()


class Ward:
    """A sandbox from the order for it to the removal of its last trace."""

    def __init__(self, warden: Warden, order: Message, descriptors: list[int]) -> None:
        """Take the order and what came with it: lifeline, diary, then the code's channel and outputs."""
        self.warden = warden
        self.key: str = order["key"]
        self.order = order
        self.serial = warden.next_serial()
        self.lifeline = socket.socket(fileno=descriptors[0])
        self.terms = Terms(order["caps"]["cpus"], order["watch_memory"])
        self.diary = Diary(descriptors[1], descriptors[2], self.terms, writing=False)
        self.handed = descriptors[3:]
        self.known = self.mother = 0  # the latest run that we know of; the number of its zygote
        self.running: Run | None = None
        self.due = math.inf  # when `look` is wanted, in monotonic seconds
        self.group: Group | None = None
        self.meter: Meter | None = None
        self.reins: Reins | None = None
        self.lease: Lease | None = None
        self.birth: socket.socket | None = None
        self.kin = Kin(warden, ended=self._end, over=self._finish)
        self.sealed: list[int] = []  # what it handed over as it was, until it is opened
        self.hurried = False
        self.listener = self.alarm = -1
        self.uid: int | None = None
        self.refusals = Refusals()
        self.refused_before = 0  # forks, until the latest run began
        self.steps: tuple[str, ...] = ()
        self.reason: str | None = None
        warden.watch(self.lifeline.fileno(), self._command)
        warden.watch(self.diary.timer, self._rung)

    # Birth

    def begin(self, zygote: Zygote) -> None:
        """Ask for its process; meanwhile confine it from outside, and lay ready what it is to be."""
        self.mother = zygote.number
        self.birth = zygote.ask(self, namespace := self.kin.enter())
        os.close(namespace)
        self.warden.watch(self.birth.fileno(), self._heard)
        given: list[int] = []
        try:
            if self.uid is None:
                self.uid = self.warden.nursery.identities.take()
            self.group = self.warden.groups.create(str(self.serial), Caps(**self.order["caps"]))
            self.alarm = self.group.alarm()
            if self.alarm >= 0:
                self.warden.watch(self.alarm, self._alarmed)
            given += self.group.doors()
            written, self.steps = orders.complete(self, self.uid, given)
            with suppress(BrokenPipeError):  # it was not forked, or has ended: which of both is told next
                wire.send(self.birth, written, (*self.handed, *given))
        except OSError as error:
            self.fail(str(error))
        finally:
            _close(given)

    def begin_again(self) -> None:
        """The zygote ended, and perhaps bore it before: another is to, in another namespace."""
        self.kin.leave()
        _close(self.sealed)
        self._close_birth()
        self._close_alarm()
        if self.group is not None:
            self.warden.ended.append(self.group)
            self.group = None
        self.serial = self.warden.next_serial()
        self.hurried = True
        self.warden.usher.seat(self)

    def born(self, zygote: Zygote, pid: int, runner: int) -> None:
        """The zygote made the process."""
        self.kin.born(zygote, pid, runner)
        _close(self.handed)
        self._open()

    def _heard(self, flags: int = 0) -> None:
        """What the new process says: that it is sealed, or that it could not be."""
        assert self.birth is not None  # noqa: S101 -- watched only while it is there
        try:
            message, descriptors = wire.receive(self.birth, flags)
        except ValueError:
            message, descriptors = None, []
        if message is None:
            self._close_birth()
        elif "sealed" in message:
            self.sealed = descriptors
            self._open()
        else:
            step, error = message["failed"]
            self.fail(f"{self.steps[step]}: {os.strerror(error)}")

    def _open(self) -> None:
        """Once it is sealed and its zygote has said which process it is, which one that is killed never does: tell."""
        if not (self.sealed and self.kin.pid):
            return
        workspace, theirs, *rest = self.sealed
        self.sealed = []
        if rest:
            self.listener = rest[0]
            self.warden.watch(self.listener, self._refused)
        # Opened anew: who reads a folder moves the place in it that others go on from.
        proc = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=theirs)
        meters = self.group.meters() if self.group is not None else {}
        self.meter = Meter({"proc": proc} | meters)
        self.reins = Reins(proc, self.group)
        self.workspace = workspace
        opened: Message = {"event": "opened", "meters": ["proc", *meters], "uid": self.uid, "mother": self.mother}
        self._tell(opened, (workspace, theirs, *meters.values()))
        os.close(theirs)

    # While it lives

    def _command(self) -> None:
        """One message of the broker about this sandbox."""
        message, _ = wire.receive(self.lifeline)
        self._catch_up()
        if message is None:
            self.kill("closed")
        elif message["do"] == "kill":
            self.kill(message["reason"])
        elif message["do"] == "hurry":
            self.warden.nursery[self.key].hurry(self)
        elif message["do"] == "count":
            census = {} if self.meter is None else self.meter.census()
            self._tell({"event": "counted", **self._counters(), **census})
        else:
            self._steer(message)

    def _steer(self, message: Message) -> None:
        """A message about how long it is kept, or about the run in progress."""
        if message["do"] == "lease":
            self.lease = Lease(message["idle"], message["lifetime"])
        elif message["do"] == "renew":
            self._renew(time.monotonic())
        elif self.running is not None:
            self._steer_run(self.running, message)

    def _steer_run(self, run: Run, message: Message) -> None:
        self.due = 0.0
        if message["do"] == "interrupt":
            run.to_interrupt = True
        elif message["do"] == "pause":
            run.to_hold = True
        elif message["do"] == "resume":
            self._let_go(run)
        elif message["do"] == "extend":
            run.deadline = run.began + message["wall"]
        elif message["do"] == "hung up" and (end := time.monotonic() + SOONEST_S * 5) < run.deadline:
            # The runner has ended, or is about to be ended for this.
            run.latest, run.deadline, run.reason = run.deadline, end, "channel"

    def _rung(self) -> None:
        """A run may have gone on for a while."""
        timers.hear(self.diary.timer)
        self.due = 0.0

    def _catch_up(self) -> None:
        """See from the diary whether a run began or ended; before anything else that could concern it."""
        if self.reason is not None:
            return
        note = self.diary.read()
        if note.run != self.known:
            self._end_run(note.began)
            self._begin(note)
        if self.running is not None and note.ended == note.run:
            self._end_run(note.ended_at)

    def _begin(self, note: Note) -> None:
        self.known = note.run
        self.refused_before = note.forks_refused
        self.refusals.begin()
        self.running, self.due = Run(note), 0.0

    def _end_run(self, ended: float) -> None:
        if self.running is not None:
            self._let_go(self.running)
            self.running = None
        self._renew(ended)
        if self.terms.polled:  # else a look that was due before does no harm, and may have a reason of its own
            self.due = min(self.due, time.monotonic() + _REST_S)

    def _renew(self, used: float) -> None:
        if self.lease is not None:
            self.lease.renew(used)

    def wanted(self) -> float:
        """When `look` has something to look at: a monotonic time, or infinity."""
        return self.due if self.lease is None else min(self.due, self.lease.end()[0])

    def look(self, now: float) -> None:
        """Hold it against its limits; what the kernel itself enforces is not looked at here."""
        self._catch_up()
        if self.running is not None:
            self._renew(now)
        over, limit = (math.inf, "") if self.lease is None else self.lease.end()
        if now >= over:
            self.kill(limit)
        else:
            self._look_inside(now)

    def _look_inside(self, now: float) -> None:
        run, used = self.running, 0
        self.due = now + _REST_S if self.terms.polled else math.inf
        if self.meter is None:
            return
        if run is not None and run.held_since is not None:
            self.due = math.inf
            return
        if run is not None:
            used = self.meter.cpu_ns()
            self.due = self._next_look(run, now, used)
        if run is not None and now >= run.deadline:
            self.kill(run.reason)
        elif run is not None and used >= run.cpu_end:
            self.kill("cpu")
        elif self._out_of_memory():
            self.kill("memory")
        elif run is not None:
            self._pull(run, now)

    def _next_look(self, run: Run, now: float, used: int) -> float:
        """When it could have used up its CPU time at the earliest, or more often where memory has to be read."""
        if run.reason == "channel" and self.meter is not None and self.meter.runner_ended():
            run.deadline = min(now + SOONEST_S, run.latest)  # however slow the machine is, it is told what it died of
        return min(run.deadline, self.terms.next_look(now, run.cpu_end - used))

    def _out_of_memory(self) -> bool:
        """Whether it is over its limit, or the kernel killed something in it for that: a limit ends all of it."""
        if self.terms.polled:
            most: int = self.order["caps"]["memory"]
            return self._memory() > most
        return self.group is not None and self.group.oom_kills() > 0

    def _alarmed(self) -> None:
        """The kernel says that memory ran out, and is about to kill something."""
        os.eventfd_read(self.alarm)
        self.due = min(self.due, time.monotonic() + _OOM_S)

    def _pull(self, run: Run, now: float) -> None:
        """Interrupt or hold the run where that is asked; what did not take is tried again soon.

        The clock stands still only from when everything does: a program that fights it spends its own time.
        """
        assert self.reins is not None  # noqa: S101 -- a ward that has a meter has reins
        if run.to_interrupt and now >= run.next_interrupt and self.reins.interrupt():
            run.to_interrupt, run.next_interrupt = False, now + _APART_S
        if run.to_hold and self.reins.hold():
            run.held_since, self.due = now, math.inf
        elif run.to_interrupt or run.to_hold:
            self.due = now + _SOON_S

    def _let_go(self, run: Run) -> None:
        if self.reins is not None:
            self.reins.release()
        if run.held_since is not None:
            stood = time.monotonic() - run.held_since
            run.began += stood
            run.deadline += stood
        run.to_hold, run.held_since = False, None

    def _memory(self) -> int:
        """Resident bytes and those in the workspace's tmpfs."""
        assert self.meter is not None  # noqa: S101 -- asked only of sealed wards
        usage = os.fstatvfs(self.workspace)
        stored = (usage.f_blocks - usage.f_bfree) * usage.f_frsize
        return stored + self.meter.resident(above=self.order["caps"]["memory"] - stored)

    def _refused(self) -> None:
        """A call that the filter refused: say so, and let the program have its error."""
        self._catch_up()
        notice = seccomp.receive(self.listener)
        if notice is None:
            return
        if self.refusals.is_news(notice):
            self._tell({"event": "denied", "call": notice.number, "arguments": notice.arguments})
        if self.order["end_on_denial"]:
            self.kill("denied")  # unanswered: the program must not go on by a single step
            return
        if self.refusals.too_many:  # told before the program goes on, which may end at once
            self._tell(UNTOLD)
        seccomp.refuse(self.listener, notice)
        if self.refusals.too_many:
            self._close_listener()

    def _close_listener(self) -> None:
        if self.listener >= 0:
            self.warden.forget(self.listener)
            os.close(self.listener)
            self.listener = -1

    def _counters(self) -> Message:
        counters: Message = {"refused_calls": self.refusals.count}
        if self.meter is not None:
            counters |= {"cpu_ns": self.meter.cpu_ns(), "peak": self.meter.memory_peak()}
        if self.group is not None:
            refused = self.group.forks_refused() - self.refused_before
            counters |= {"oom_kills": self.group.oom_kills(), "forks_refused": refused}
        return counters

    def _tell(self, message: Message, descriptors: tuple[int, ...] = ()) -> None:
        """Tell the broker; one that does not listen loses it, and learns of the end by the lifeline's."""
        with suppress(OSError):
            wire.send(self.lifeline, message, descriptors, flags=socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)

    # End

    def fail(self, why: str) -> None:
        """It could not be made: say why; nothing ran in it."""
        self._tell({"event": "failed", "why": why})
        self.reason = self.reason or "failed"
        if self.kin.first >= 0:
            self.kill("failed")
        else:
            self._release()

    def kill(self, reason: str) -> None:
        """End it, and say why."""
        self.reason = self.reason or reason
        if self.kin.first >= 0:
            self._end()
        else:
            self._finish()

    def _end(self) -> None:
        """End every process of it at once: its pid 1 takes the whole namespace along."""
        self.running, self.lease, self.due = None, None, math.inf
        self._deafen()
        self.kin.kill()
        if self.reins is not None:
            self.reins.release()

    def _deafen(self) -> None:
        """Hear nothing more of it but its end: what was hung up would call again and again until then.

        The listener stays open, and so the calls that it holds stay unanswered.
        """
        for descriptor in (self.lifeline.fileno(), self.diary.timer, self.listener, self.alarm):
            self.warden.forget(descriptor)

    def _finish(self) -> None:
        """Pid 1 is gone, and with it all others: say how it ended, forget it."""
        self._catch_up()
        self._drain()
        status = self.kin.status
        told: Message = {"event": "gone", "reason": self.reason, "status": status, **self._counters()}
        if status is not None and os.WIFSIGNALED(status) and os.WTERMSIG(status) in _CRASHES:
            self.warden.nursery[self.key].retire()
            told["crashed"] = self.mother
        self._tell(told)
        self._release()

    def _drain(self) -> None:
        """Why it could not be sealed may still be unread; a zygote that still imports holds the other end, silent."""
        while self.birth is not None:
            try:
                self._heard(socket.MSG_DONTWAIT)
            except BlockingIOError:
                return

    def _release(self) -> None:
        if self not in self.warden.wards:
            return
        self.warden.wards.discard(self)
        self._close_descriptors()
        if self.meter is not None:
            self.meter.close()
            os.close(self.workspace)
        if self.group is not None:
            self.warden.ended.append(self.group)
        if self.uid is not None:
            self.warden.nursery.identities.give_back(self.uid)

    def _close_descriptors(self) -> None:
        _close(self.handed)
        _close(self.sealed)
        self._close_listener()
        self.warden.forget(self.diary.timer)
        self.diary.close()
        self._close_birth()
        self._close_alarm()
        self.kin.close()
        self.warden.forget(self.lifeline.fileno())
        self.lifeline.close()

    def _close_birth(self) -> None:
        if self.birth is not None:
            self.warden.forget(self.birth.fileno())
            self.birth.close()
            self.birth = None

    def _close_alarm(self) -> None:
        if self.alarm >= 0:
            self.warden.forget(self.alarm)
            os.close(self.alarm)
            self.alarm = -1
