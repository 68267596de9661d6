"""Where sandboxes are born: one zygote for each root, replaced when it may have gone stale."""

from __future__ import annotations

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

#: A zygote's children share its address layout and hash seed; it is replaced by a fresh one after this many, after
#: this long, and whenever a child crashed, so that an attacker can't learn by trying.
FORKS, AGE_S = 2000, 600.0
_FAILURES = 3
_BOOT = "from fumehood.tiers.jail.zygote import main; main()"


class Zygote:
    """A running zygote process and the births that it owes."""

    def __init__(self, definition: Message) -> None:
        """Start it."""
        self.started = time.monotonic()
        self.births = 0
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
        return self.births >= FORKS or time.monotonic() - self.started > AGE_S

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


class Nursery:
    """All roots that the broker defined, with the zygote that serves each."""

    def __init__(self, warden: Warden, *, root: bool) -> None:
        """Begin without any."""
        self.warden = warden
        self.identities = Identities(root=root)
        self.definitions: dict[str, Message] = {}
        self.zygotes: dict[str, Zygote] = {}
        self.failures: dict[str, int] = {}

    def define(self, definition: Message) -> None:
        """Take a root's description and start its zygote."""
        self.definitions[definition["key"]] = definition
        self._start(definition["key"])

    def _start(self, key: str) -> Zygote:
        made = Zygote(self.definitions[key])
        self.zygotes[key] = made
        self.warden.watch(made.channel.fileno(), lambda: self._heard(key, made))
        return made

    def bear(self, ward: Ward) -> None:
        """Ask the zygote of the ward's root for one more process."""
        made = self.zygotes.get(ward.key)
        if made is None or made.stale():
            self.retire(ward.key)
            made = self._start(ward.key)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with suppress(OSError):  # it has just ended; what is said then is said by _heard
            wire.send(made.channel, {}, (theirs.fileno(),))
        theirs.close()
        made.births += 1
        made.owed.append((ward, ours))

    def retire(self, key: str) -> None:
        """Let a zygote go once it owes nothing; the next birth starts another."""
        made = self.zygotes.pop(key, None)
        if made is not None and not made.owed:
            self._drop(made)

    def _drop(self, made: Zygote) -> None:
        self.warden.forget(made.channel.fileno())
        made.close()

    def _heard(self, key: str, made: Zygote) -> None:
        """A birth's process number, or the zygote's end."""
        message, _ = wire.receive(made.channel)
        if message is None:
            self._died(key, made)
            return
        self.failures[key] = 0
        ward, birth = made.owed.popleft()
        ward.born(message["pid"], birth)
        if self.zygotes.get(key) is not made and not made.owed:
            self._drop(made)

    def _died(self, key: str, made: Zygote) -> None:
        """Give the births that it owed to a new one, unless they keep failing."""
        if self.zygotes.get(key) is made:
            del self.zygotes[key]
        self.failures[key] = self.failures.get(key, 0) + 1
        why = made.why()
        self._drop(made)
        for ward, birth in made.owed:
            birth.close()
            if self.failures[key] < _FAILURES and ward in self.warden.wards:
                self.bear(ward)
            else:
                ward.fail(why)
