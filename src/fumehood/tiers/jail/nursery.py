"""Where sandboxes are born: one zygote for each root, replaced when it may have gone stale."""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from fumehood.kernel import privilege
from fumehood.kernel.libc import close_from
from fumehood.tiers.jail import root as root_tree
from fumehood.tiers.jail import wire
from fumehood.tiers.jail.identity import Identities

if TYPE_CHECKING:
    from fumehood.tiers.jail.ward import Ward
    from fumehood.tiers.jail.warden import Warden
    from fumehood.tiers.jail.wire import Message

_FAILURES = 3
_numbers = itertools.count(1)
#: Births under way at once, where callers wait for them.
_AT_ONCE = 4
_BOOT = "import gc; gc.disable(); from fumehood.tiers.jail.zygote import main; gc.enable(); main()"


class Zygote:
    """A running zygote process and the births that it owes."""

    def __init__(self, definition: Message) -> None:
        """Start it."""
        self.number = next(_numbers)
        self.end = time.monotonic() + definition["age"]
        self.births_left: int = definition["forks"]
        self.owed: deque[tuple[Ward, socket.socket]] = deque()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        failure, failing = os.pipe2(os.O_CLOEXEC)
        self.pid = os.fork()
        if self.pid == 0:
            ours.close()
            _become(definition, theirs, failing)
        theirs.close()
        os.close(failing)
        self.channel = ours
        self.failure = failure

    def stale(self) -> bool:
        """Whether the next birth should come from another."""
        return self.births_left <= 0 or time.monotonic() > self.end

    def ask(self, ward: Ward) -> None:
        """Ask for one more process; what comes of it is heard on the channel."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with suppress(OSError):  # it has just ended, which is heard next
            wire.send(self.channel, {}, (theirs.fileno(),))
        theirs.close()
        self.births_left -= 1
        self.owed.append((ward, ours))

    def why(self) -> str:
        """After its end: what it said of a start that failed."""
        told = os.read(self.failure, 65536).decode("utf-8", "replace").strip()
        return told.splitlines()[-1] if told else "the process from which sandboxes are forked ended unexpectedly"

    def close(self) -> None:
        """Let it go: it ends when its channel does, its children live on."""
        self.channel.close()
        os.close(self.failure)


def _become(definition: Message, channel: socket.socket, failing: int) -> NoReturn:
    """In the fork: enter the new root and execute the interpreter there, with nothing of ours."""
    try:
        null = os.open("/dev/null", os.O_RDWR)
        os.dup2(failing, 200)
        os.dup2(channel.fileno(), 201)
        for standard in range(2):
            os.dup2(null, standard)
        os.dup2(200, 2)  # an interpreter that can't start says why there; the zygote itself closes it
        os.dup2(201, wire.CONTROL)
        os.dup2(200, wire.CONTROL + 1, inheritable=False)
        close_from(wire.CONTROL + 2)
        root_tree.enter(definition["entries"])
        privilege.set_name("python3")
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        python = definition["python"]
        code = f"import sys; sys.path.append({root_tree.PACKAGE_FOLDER!r}); {_BOOT}"
        arguments = [python, "-I", "-S", "-B", "-c", code, json.dumps(definition["packages"])]
        os.execve(python, arguments, definition["environment"])  # noqa: S606 -- no shell is the point
    except OSError as error:
        os.write(wire.CONTROL + 1, str(error).encode())
    os._exit(1)


class Brood:
    """Everything that is born of one root: its zygote, and the sandboxes that wait to be forked from it."""

    def __init__(self, warden: Warden, definition: Message) -> None:
        """Start the zygote."""
        self.warden = warden
        self.definition = definition
        self.failures = 0
        self.wanted: deque[Ward] = deque()  # a caller waits for them
        self.spare: deque[Ward] = deque()  # made ahead, one at a time and only when nobody waits
        self.zygote: Zygote | None = self._start()

    def _start(self) -> Zygote:
        made = Zygote(self.definition)
        self.warden.watch(made.channel.fileno(), lambda: self._heard(made))
        return made

    def bear(self, ward: Ward) -> None:
        """Have one more sandbox forked when its turn comes."""
        self.spare.append(ward)
        self._feed()

    def hurry(self, ward: Ward) -> None:
        """A caller waits for this one, if it is not born already: let it pass those that are made ahead."""
        if ward in self.spare:
            self.spare.remove(ward)
            self.wanted.append(ward)
            self._feed()

    def _feed(self) -> None:
        """Ask for as many births as may be under way at once: what a zygote has not read yet fills its channel."""
        while self.wanted or self.spare:
            queue, most = (self.wanted, _AT_ONCE) if self.wanted else (self.spare, 1)
            if self.zygote is None or self.zygote.stale():
                self.retire()
                self.zygote = self._start()
            if len(self.zygote.owed) >= most:
                return
            ward = queue.popleft()
            if ward in self.warden.wards:  # else the broker let go of it meanwhile
                self.zygote.ask(ward)

    def retire(self) -> None:
        """Let the zygote go once it owes nothing; the next birth starts another."""
        made, self.zygote = self.zygote, None
        if made is not None and not made.owed:
            self._drop(made)

    def _drop(self, made: Zygote) -> None:
        self.warden.forget(made.channel.fileno())
        made.close()

    def _heard(self, made: Zygote) -> None:
        """A birth's process number, or the zygote's end."""
        message, _ = wire.receive(made.channel)
        if message is None:
            self._died(made)
            return
        self.failures = 0
        ward, birth = made.owed.popleft()
        if "failed" in message:
            birth.close()
            ward.fail(message["failed"])
        else:
            ward.mother = made.number
            ward.born(message["pid"], birth)
        if self.zygote is not made and not made.owed:
            self._drop(made)
        self._feed()

    def _died(self, made: Zygote) -> None:
        """Give the births that it owed to a new one, unless they keep failing."""
        if self.zygote is made:
            self.zygote = None
        self.failures += 1
        why = made.why()
        self._drop(made)
        orphans = [ward for ward, _ in made.owed]
        for _, birth in made.owed:
            birth.close()
        if self.failures < _FAILURES:
            self.wanted.extendleft(reversed(orphans))
        else:
            for ward in [*orphans, *self.wanted, *self.spare]:
                ward.fail(why)
            self.wanted.clear()
            self.spare.clear()
        self._feed()


class Nursery:
    """All roots that the broker defined."""

    def __init__(self, warden: Warden, *, root: bool) -> None:
        """Begin without any."""
        self.warden = warden
        self.identities = Identities(root=root)
        self.broods: dict[str, Brood] = {}

    def define(self, definition: Message) -> None:
        """Take a root's description and start its zygote."""
        self.broods[definition["key"]] = Brood(self.warden, definition)

    def __getitem__(self, key: str) -> Brood:
        """What is born of a root that was defined."""
        return self.broods[key]
