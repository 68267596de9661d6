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
from fumehood.tiers.jail.kin import lives

if TYPE_CHECKING:
    from fumehood.tiers.jail.kin import Kin
    from fumehood.tiers.jail.ward import Ward
    from fumehood.tiers.jail.warden import Warden
    from fumehood.tiers.jail.wire import Message

_FAILURES = 3
_numbers = itertools.count(1)
#: Births under way at once, where callers wait for them.
_AT_ONCE = 4
#: Of how many ends it is asked in one message.
_BURIED_AT_ONCE = 256
_BOOT = (
    "import gc; gc.disable(); from fumehood.tiers.jail.arenas import Reserve; reserve = Reserve({}); "
    "from fumehood.tiers.jail.zygote import main; gc.enable(); main(reserve)"
)
#: What a zygote takes with packages that are imported beforehand; without any, taking it would cost more than it saves.
_RESERVE = 48 << 20


class Zygote:
    """A running zygote process and what it owes: births, and how those that it bore have ended."""

    def __init__(self, definition: Message) -> None:
        """Start it."""
        self.number = next(_numbers)
        self.end = time.monotonic() + definition["age"]
        self.births_left: int = definition["forks"]
        self.owed: deque[Ward] = deque()
        self._ended: list[Kin] = []
        self._asked: list[Kin] = []  # those of them that it was asked about
        self.closed = False
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

    def idle(self) -> bool:
        """Whether it owes nothing."""
        return not (self.owed or self._asked or self._ended)

    def ask(self, ward: Ward, namespace: int) -> socket.socket:
        """Ask for one more process, in this namespace; the channel on which it will take its orders."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with suppress(OSError):  # it has just ended, which is heard next
            wire.send(self.channel, wire.NOTHING, (theirs.fileno(), namespace))
        theirs.close()
        self.births_left -= 1
        self.owed.append(ward)
        return ours

    def bury(self, kin: Kin) -> None:
        """Ask how one of its children ended; once it was let go of, they are the warden's own."""
        if not self.closed:
            self._ended.append(kin)
            self._ask_how()

    def _ask_how(self) -> None:
        """One question at a time: a crowd that ends at once must not fill its channel."""
        if self._ended and not self._asked:
            self._asked, self._ended = self._ended[:_BURIED_AT_ONCE], self._ended[_BURIED_AT_ONCE:]
            with suppress(OSError):  # it has just ended, which is heard next
                wire.send(self.channel, {"ended": [kin.pid for kin in self._asked]})

    def buried(self, statuses: list[int]) -> None:
        """It told how they ended."""
        asked, self._asked = self._asked, []
        for kin, status in zip(asked, statuses, strict=True):
            kin.buried(status)
        self._ask_how()

    def owes(self, kin: Kin) -> bool:
        """Whether it has yet to say how this child ended."""
        return kin in self._asked or kin in self._ended

    def why(self) -> str:
        """After its end: what it said of a start that failed."""
        told = os.read(self.failure, 65536).decode("utf-8", "replace").strip()
        return told.splitlines()[-1] if told else "the process from which sandboxes are forked ended unexpectedly"

    def close(self) -> None:
        """Let it go: it ends when its channel does; its children live on, as the warden's."""
        self.closed = True
        self.channel.close()
        os.close(self.failure)
        left = [*self._asked, *self._ended]
        self._asked, self._ended = [], []
        for kin in left:
            kin.conclude()


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
        boot = _BOOT.format(_RESERVE if definition["packages"]["imports"] else 0)
        code = f"import sys; sys.path.append({root_tree.PACKAGE_FOLDER!r}); {boot}"
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
        """Have one more sandbox forked when its turn comes; it has its namespace."""
        (self.wanted if ward.hurried else self.spare).append(ward)
        self._feed()

    def hurry(self, ward: Ward) -> None:
        """A caller waits for this one, if it is not born already: let it pass those that are made ahead."""
        ward.hurried = True
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
            if ward in self.warden.wards and ward.reason is None:  # else it was ended meanwhile
                ward.begin(self.zygote)

    def retire(self) -> None:
        """Let the zygote go once it owes nothing; the next birth starts another."""
        made, self.zygote = self.zygote, None
        if made is not None and made.idle():
            self._drop(made)

    def _drop(self, made: Zygote) -> None:
        if made.closed:
            return
        self.warden.forget(made.channel.fileno())
        made.close()

    def _heard(self, made: Zygote) -> None:
        """A birth's process number, how others ended, or the zygote's end."""
        message, descriptors = wire.receive(made.channel)
        if message is None:
            self._died(made)
            return
        self.failures = 0
        if "statuses" in message:
            made.buried(message["statuses"])
        else:
            self._bore(made, message, descriptors)
        if self.zygote is not made and made.idle():
            self._drop(made)
        self._feed()

    def _bore(self, made: Zygote, message: Message, descriptors: list[int]) -> None:
        ward = made.owed.popleft()
        if ward not in self.warden.wards:  # it is over already: what was forked ended with its namespace
            for descriptor in descriptors:
                os.close(descriptor)
        elif "failed" not in message:
            ward.born(made, message["pid"], descriptors[0])
        elif lives(ward.kin.first):  # else nothing can be forked into its namespace, and its end is heard next
            ward.fail(message["failed"])

    def _died(self, made: Zygote) -> None:
        """Give the births that it owed to a new one, unless they keep failing."""
        if self.zygote is made:
            self.zygote = None
        self.failures += 1
        why = made.why()
        self._drop(made)
        orphans = [ward for ward in made.owed if ward in self.warden.wards and ward.reason is None]
        if self.failures < _FAILURES:
            for ward in orphans:
                ward.begin_again()
        else:
            lost = [*orphans, *self.wanted, *self.spare]
            self.wanted.clear()
            self.spare.clear()
            for ward in lost:
                ward.fail(why)
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

    def take(self, ward: Ward, first: int, namespace: int) -> None:
        """Here is a namespace for this ward, behind two descriptors: a pidfd of its pid 1, and itself."""
        ward.kin.settle(first, namespace)
        if ward in self.warden.wards and ward.reason is None:
            self[ward.key].bear(ward)
        else:  # the broker let go of it meanwhile
            ward.kin.leave()

    def __getitem__(self, key: str) -> Brood:
        """What is born of a root that was defined."""
        return self.broods[key]
