"""The broker's end of the jail: starts it, learns what the machine offers, and orders cells."""

from __future__ import annotations

import base64
import os
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from fumehood.errors import SandboxClosed, Unavailable
from fumehood.kernel import landlock, seccomp
from fumehood.plan import Host, Plan
from fumehood.tiers.jail import wire
from fumehood.tiers.jail.cell import Cell
from fumehood.tiers.jail.spawn import Launched

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fumehood.plan import Setting, Slice
    from fumehood.tiers.jail.wire import Message

_PATIENCE_S = 30
_POLICY = ("files.read", "files.write")


class Jail:
    """One running jail: a launcher, its warden and their zygotes. Any thread or event loop may order cells from it."""

    def __init__(self, launched: Launched | None = None) -> None:
        """Start it, or take over what was started early; `host` waits for it."""
        self._roots: set[str] = set()
        self._lock = threading.Lock()
        self._host: Host | None = None
        self.places: tuple[str, ...] = ()
        self._orders: dict[int, tuple[Plan, bytes]] = {}  # with the plan, whose id is the key, kept alive
        launched = launched or Launched()
        self._launcher, self._channel, self._told = launched.pid, launched.channel, launched.told

    @property
    def host(self) -> Host:
        """What this machine can enforce, as the jail found out by trying.

        Raises:
            Unavailable: The jail's processes did not come up.
            SandboxClosed: They were killed while they did.
        """
        with self._lock:
            if self._host is None:
                self._channel.settimeout(_PATIENCE_S)
                try:
                    message, _ = wire.receive(self._channel)
                except OSError:
                    message = None
                if message is None:
                    raise self._failure()
                hello = message["hello"]
                self.places = tuple(hello.pop("places", ()))
                self._host = Host.from_dict(hello)
            return self._host

    def _failure(self) -> Unavailable | SandboxClosed:
        """What the jail's processes said before they ended; without a word they were killed."""
        os.set_blocking(self._told, False)
        try:
            told = os.read(self._told, 65536).decode("utf-8", "replace").strip()
        except BlockingIOError:
            told = ""
        if not told:
            return SandboxClosed("The jail's processes were killed.", remedy="Try again: new ones are started.")
        return Unavailable(
            f"The jail did not start: {told.splitlines()[-1]}",
            remedy="Report this, with what `fumehood doctor --json` says.",
        )

    def order(self, plan: Plan, trees: Iterable[Message] = ()) -> Cell:
        """Order a cell sealed by `plan`; it comes into being while the caller goes on.

        Args:
            plan: A plan for `host`.
            trees: Host paths to show besides the plan's: source, target, writable.

        Raises:
            SandboxClosed: The jail is gone.
        """
        order = self._order(plan, [*trees])
        lifelines = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        channels = socket.socketpair()
        out, err = os.pipe(), os.pipe()
        given = (lifelines[1].fileno(), channels[1].fileno(), out[1], err[1])
        try:
            wire.send(self._channel, order, given)
        except OSError as error:
            raise SandboxClosed("The jail's processes are gone.", remedy="Make a new Sandbox.") from error
        finally:
            lifelines[1].close()
            channels[1].close()
            os.close(out[1])
            os.close(err[1])
        return Cell(lifelines[0], channels[0], (out[0], err[0]), cap=plan.output["output"].value)

    def _order(self, plan: Plan, trees: list[Message]) -> bytes:
        """The message for a plan, made once; its root is described to the warden when it is first used."""
        with self._lock:
            if id(plan) not in self._orders:
                self._orders[id(plan)] = plan, self._prepare(plan)
            order = self._orders[id(plan)][1]
        return (
            order if not trees else wire.encode((message := wire.decode(order)) | {"trees": message["trees"] + trees})
        )

    def _prepare(self, plan: Plan) -> bytes:
        key = _root_key(plan)
        if key not in self._roots:
            self._roots.add(key)
            wire.send(self._channel, wire.encode(_root(plan, self._host, key)))
        return wire.encode(_order(plan, key))

    def close(self) -> None:
        """End everything in it and wait until nothing of it is left. Safe to call twice."""
        self._channel.close()
        if self._launcher:
            with suppress(ChildProcessError):  # a caller that waits for any child took it already
                os.waitpid(self._launcher, 0)
            self._launcher = 0
            os.close(self._told)

    def abandon(self) -> None:
        """In a fork of the broker: let go of what belongs to the parent."""
        self._channel.close()
        self._launcher = 0


def _order(plan: Plan, key: str) -> Message:
    jail = {name: setting.value for name, setting in plan.jail.items()}
    memory, processes = jail["memory"], jail["processes"] + 1  # its pid 1 is not the program's
    caps = {"memory": memory, "processes": processes, "cpus": jail["cpus"]}
    rlimits = {name.removeprefix("rlimit."): value for name, value in jail.items() if name.startswith("rlimit.")}
    rlimits.pop("cpu")  # counts over a process's life, and a sandbox lives longer than a run: the warden measures
    if "nproc" in rlimits:
        rlimits["nproc"] = processes
    orders: Message = {
        "hostname": jail["hostname"],
        "root": jail["host uid"] == "range",
        "identity": jail["identity"],
        "rlimits": rlimits,
        "disk": jail["disk"],
        "inodes": jail["inodes"],
        "executable": jail["mount:/workspace"]["executable"],
        "landlock": plan.landlock["abi"].value,
        "rules": _rules(plan.landlock),
        "program": base64.b64encode(_program(plan.syscalls)).decode(),
        "listener": plan.syscalls["recorded"].value,
    }
    return {
        "do": "open",
        "key": key,
        "caps": caps,
        "processors": -(-int(jail["cpus"] * 1000) // 1000) if jail["cpus.by"] == "affinity" else 0,
        "watch_memory": jail["memory.by"] == "polling",
        "end_on_denial": plan.expected["on_denial"].value == "end",
        "trees": _policy_mounts(plan),
        "orders": orders,
    }


def _policy_mounts(plan: Plan) -> list[Message]:
    """The host paths that the policy itself names: shown to its own sandboxes, not part of a shared root."""
    mounts = [s.value for s in plan.jail.values() if s.name.startswith("mount:") and s.because in _POLICY]
    return [value | {"source": os.path.realpath(value["source"])} for value in mounts]


def _rules(landlocked: Slice) -> list[tuple[str, int]]:
    """The plan's trees as Landlock's (path, access) pairs; what is writable is readable."""
    value = {name: setting.value for name, setting in landlocked.items()}
    write = landlock.READ | landlock.WRITE
    proc = landlock.READ if value["proc.read"] else landlock.READ_DIR
    return [
        *((path, landlock.READ_DIR) for path in value["list"]),
        *((path, landlock.READ) for path in (*value["read.system"], *value["read"])),
        *((path, write) for path in (*value["write"], *value["write.scratch"])),
        *((path, landlock.READ_FILE | landlock.WRITE_FILE) for path in value["write.devices"]),
        *((path, landlock.EXECUTE) for path in value["execute"]),
        ("/proc", proc),
    ]


def _program(calls: Slice) -> bytes:
    """The plan's table of system calls as a BPF program."""
    table: dict[str, seccomp.Rule] = {}
    for setting in calls.values():
        value: Any = setting.value
        if setting.order != "call":
            continue
        if "calls" in value:
            answer = seccomp.Answer(value["action"], value["errno"])
            table.update(dict.fromkeys(value["calls"], seccomp.Rule((), answer)))
        else:
            tests = tuple(_test(rule) for rule in value["rules"])
            table[value["call"]] = seccomp.Rule(tests, seccomp.Answer(value["otherwise"], value["errno"]))
    return seccomp.compile_program(table, listener=calls["recorded"].value)


def _test(rule: dict[str, Any]) -> seccomp.Test:
    values: tuple[int, ...] = tuple(rule["value"]) if rule["op"] == "in" else (rule["value"],)
    return seccomp.Test(rule["arg"], rule["op"], values, seccomp.Answer(rule["action"], rule["errno"]))


def _root_key(plan: Plan) -> str:
    """Sandboxes share a zygote when they share the root and the environment."""
    made_of = {name: plan.jail[name].value for name in ("environment", "packages")}
    return wire.encode({"entries": _entries(plan), **made_of}).decode()


def _entries(plan: Plan) -> list[Message]:
    """The root's entries; of what is mounted anew for each sandbox there is only the place."""
    return [_entry(setting) for setting in plan.jail.values() if setting.name.startswith("mount:")]


def _entry(setting: Setting) -> Message:
    value: Message = setting.value
    if setting.because in _POLICY:
        return {"kind": "point", "target": value["target"], "source": value["source"]}
    if value["kind"] in {"tmpfs", "proc"}:
        return {"kind": "folder", "target": value["target"], "source": ""}
    return value


def _root(plan: Plan, host: Host | None, key: str) -> Message:
    assert host is not None  # noqa: S101 -- a plan was made from it
    return {
        "do": "root",
        "key": key,
        "entries": _entries(plan),
        "python": host.python,
        "environment": plan.jail["environment"].value,
        "packages": plan.jail["packages"].value,
    }
