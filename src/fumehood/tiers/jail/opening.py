"""What a jail is asked before any sandbox is ordered from it: what its machine allows, and to begin with a root.

It needs a plan and little else, so that a zygote can come up while its caller still imports what orders cells.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from fumehood.errors import SandboxClosed, Unavailable
from fumehood.plan import Host, Plan
from fumehood.tiers.jail import wire

if TYPE_CHECKING:
    from fumehood.plan import Setting
    from fumehood.tiers.jail.spawn import Launched
    from fumehood.tiers.jail.wire import Message

#: A zygote's children share its address layout and hash seed; it is replaced by a fresh one after this many, after
#: this many seconds, and whenever a child crashed, so that an attacker can't learn by trying.
FORKS, AGE_S = 2000, 600.0
#: The clauses whose paths are mounted anew for each sandbox.
POLICY = ("files.read", "files.write")
_PATIENCE_S = 30


class Opening:
    """A jail that was launched. One thread at a time uses it: its jail's lock sees to that."""

    def __init__(self, launched: Launched) -> None:
        """Take its descriptors over."""
        self.launcher = launched.pid
        self.channel = socket.socket(fileno=launched.channel)
        self.told = launched.told
        self.known: Host | None = None
        self._roots: set[str] = set()

    @property
    def host(self) -> Host:
        """What this machine can enforce, as the jail found out by trying; waits for it.

        Raises:
            Unavailable: The jail's processes did not come up.
            SandboxClosed: They were killed while they did.
        """
        if self.known is None:
            self.channel.settimeout(_PATIENCE_S)
            try:
                message, _ = wire.receive(self.channel)
            except OSError:
                message = None
            if message is None:
                raise self._failure()
            self.known = Host.from_dict(message["hello"])
        return self.known

    def _failure(self) -> Unavailable | SandboxClosed:
        """What the jail's processes said before they ended; without a word they were killed."""
        os.set_blocking(self.told, False)
        try:
            told = os.read(self.told, 65536).decode("utf-8", "replace").strip()
        except BlockingIOError:
            told = ""
        if not told:
            return SandboxClosed("The jail's processes were killed.", remedy="Try again: new ones are started.")
        return Unavailable(
            f"The jail did not start: {told.splitlines()[-1]}",
            remedy="Report this, with what `fumehood doctor --json` says.",
        )

    def describe(self, plan: Plan) -> str:
        """The key of the plan's root; the warden is told of it, and starts its zygote, at the first time.

        Raises:
            OSError: The jail is gone.
        """
        key = _key(plan)
        if key not in self._roots:
            wire.send(self.channel, wire.encode(_root(plan, self.host, key)))
            self._roots.add(key)
        return key


def _key(plan: Plan) -> str:
    """Sandboxes share a zygote when they share the root and the environment."""
    made_of = {name: plan.jail[name].value for name in ("environment", "packages")}
    return wire.encode({"entries": _entries(plan), **made_of}).decode()


def _entries(plan: Plan) -> list[Message]:
    """The root's entries; of what is mounted anew for each sandbox there is only the place."""
    return [_entry(setting) for setting in plan.jail.values() if setting.name.startswith("mount:")]


def _entry(setting: Setting) -> Message:
    value: Message = setting.value
    if setting.because in POLICY:
        return {"kind": "point", "target": value["target"], "source": value["source"]}
    if value["kind"] in {"tmpfs", "proc"}:
        return {"kind": "folder", "target": value["target"], "source": ""}
    return value


def _root(plan: Plan, host: Host, key: str) -> Message:
    return {
        "do": "root",
        "key": key,
        "forks": FORKS,
        "age": AGE_S,
        "entries": _entries(plan),
        "python": host.python,
        "environment": plan.jail["environment"].value,
        "packages": plan.jail["packages"].value,
    }
