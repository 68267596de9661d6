"""The broker's end of the jail: starts it, learns what the machine offers, and orders cells."""

from __future__ import annotations

import errno
import os
import resource
import socket
import threading
from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from fumehood.errors import SandboxClosed, Unavailable
from fumehood.kernel import bpf, landlock, limits
from fumehood.tiers.jail import wire
from fumehood.tiers.jail.cell import Cell
from fumehood.tiers.jail.diary import Terms, ends
from fumehood.tiers.jail.opening import POLICY, Opening
from fumehood.tiers.jail.spawn import Launched

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fumehood.plan import Host, Plan, Slice
    from fumehood.tiers.jail.wire import Message

_ORDERS_KEPT = 64
#: Descriptors of the caller that are left alone when a cell is ordered: those that live need some to be looked after.
_RESERVE = 64


class Jail:
    """One running jail: a launcher, its warden and their zygotes. Any thread or event loop may order cells from it.

    Its descriptors are used and closed under one lock, so no thread can come upon a number that another one closed.
    """

    def __init__(self, opening: Opening | None = None) -> None:
        """Start it, or take over what was started early; `host` waits for it.

        Raises:
            Unavailable: The caller's own limits let no process be started.
        """
        self._lock = threading.Lock()
        self._closed = False
        self._orders: dict[int, tuple[Plan, bytes]] = {}  # with the plan, whose id is the key, kept alive
        try:
            self._opening = opening or Opening(Launched())
        except OSError as error:
            raise _own_limit(error) from error

    @property
    def host(self) -> Host:
        """What this machine can enforce, as the jail found out by trying.

        Raises:
            Unavailable: The jail's processes did not come up.
            SandboxClosed: They were killed while they did, or the jail was closed.
        """
        if self._opening.known is None:
            with self._lock:
                return self._known_host()
        return self._opening.known

    def _known_host(self) -> Host:
        """`host`, for who holds the lock."""
        if self._closed:
            raise SandboxClosed("The jail was closed.", remedy="Make a new Sandbox.")
        return self._opening.host

    def order(self, plan: Plan, trees: Iterable[Message] = ()) -> Cell:
        """Order a cell sealed by `plan`; it comes into being while the caller goes on.

        Args:
            plan: A plan for `host`.
            trees: Host paths to show besides the plan's: source, target, writable.

        Raises:
            SandboxClosed: The jail is gone.
            Unavailable: The caller's own limits let no cell be ordered.
        """
        try:
            cell, far_ends = _connected(plan)
        except OSError as error:
            raise _own_limit(error) from error
        try:
            self._send(plan, [*trees], far_ends)
        except BaseException:
            cell.close()
            raise
        finally:
            for descriptor in far_ends:
                os.close(descriptor)
        return cell

    def _send(self, plan: Plan, trees: list[Message], far_ends: tuple[int, ...]) -> None:
        with self._lock:
            self._known_host()
            try:
                order = self._order(plan)
                if trees:
                    message = wire.decode(order)
                    order = wire.encode(message | {"trees": message["trees"] + trees})
                wire.send(self._opening.channel, order, far_ends)
            except OSError as error:
                if error.errno in {errno.EPIPE, errno.ECONNRESET} or isinstance(error, TimeoutError):
                    raise SandboxClosed("The jail's processes are gone.", remedy="Make a new Sandbox.") from error
                raise _own_limit(error) from error

    def _order(self, plan: Plan) -> bytes:
        """The message for a plan, made once; its root is described to the warden when it is first used."""
        if id(plan) not in self._orders:
            if len(self._orders) >= _ORDERS_KEPT:
                del self._orders[next(iter(self._orders))]
            key = self._opening.describe(plan)
            self._orders[id(plan)] = plan, wire.encode(_order(plan, key))
        return self._orders[id(plan)][1]

    def close(self) -> None:
        """End everything in it and wait until nothing of it is left. Safe to call twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._opening.channel.close()
        with suppress(ChildProcessError):  # a caller that waits for any child took it already
            os.waitpid(self._opening.launcher, 0)
        os.close(self._opening.told)

    def abandon(self) -> None:
        """In a fork of the broker: let go of what is the parent's, without the lock that a thread of it may hold."""
        if not self._closed:
            self._closed = True
            self._opening.channel.close()
            os.close(self._opening.told)


def _own_limit(error: OSError) -> Unavailable:
    """What the caller's own process could not get from the kernel."""
    return Unavailable(
        f"This process can't get what a sandbox needs: {error.strerror}",
        remedy="Close sandboxes that are not used, or raise its limits: `ulimit -n` (files), `ulimit -u` (processes).",
    )


def _connected(plan: Plan) -> tuple[Cell, tuple[int, ...]]:
    """A cell, and the far ends of its descriptors: lifeline, diary, channel, standard output and error."""
    with ExitStack() as undo:
        lifelines, channels = (
            [undo.enter_context(end) for end in socket.socketpair(socket.AF_UNIX, kind)]
            for kind in (socket.SOCK_SEQPACKET, socket.SOCK_STREAM)
        )
        out, err = _pipe(undo), _pipe(undo)
        _require_room(err[1])
        diary, noted = ends(Terms(plan.jail["cpus"].value, _is_polled(plan)))
        for close in (diary.close, partial(os.close, noted[0]), partial(os.close, noted[1])):
            undo.callback(close)
        outputs, cap = (out[0], err[0]), plan.output["output"].value
        cell = Cell(lifelines[0], channels[0], outputs, diary=diary, cap=cap)
        undo.pop_all()
    return cell, (lifelines[1].detach(), *noted, channels[1].detach(), out[1], err[1])


def _require_room(latest: int) -> None:
    """See that more descriptors can follow: up to the hard limit, where the soft one is reached, as Go programs do."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if latest >= soft - _RESERVE and soft < hard:
        soft = limits.raise_open_files()
    if latest >= soft - _RESERVE:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def _is_polled(plan: Plan) -> bool:
    """Whether nothing but reading it holds memory."""
    by: str = plan.jail["memory.by"].value
    return by == "polling"


def _pipe(undo: ExitStack) -> tuple[int, int]:
    ends = os.pipe()
    for end in ends:
        undo.callback(os.close, end)
    return ends


def _order(plan: Plan, key: str) -> Message:
    jail = {name: setting.value for name, setting in plan.jail.items()}
    caps = {name: jail[name] for name in ("memory", "processes", "cpus")}
    rlimits = {name.removeprefix("rlimit."): value for name, value in jail.items() if name.startswith("rlimit.")}
    rlimits.pop("cpu")  # counts over a process's life, and a sandbox lives longer than a run: the warden measures
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
        "listener": plan.syscalls["recorded"].value,
    }
    return {
        "do": "open",
        "key": key,
        "caps": caps,
        "processors": -(-int(jail["cpus"] * 1000) // 1000) if jail["cpus.by"] == "affinity" else 0,
        "watch_memory": _is_polled(plan),
        "end_on_denial": plan.expected["on_denial"].value == "end",
        "trees": _policy_mounts(plan),
        "attached": wire.encode(orders | {"attached": _program(plan.syscalls)}),
    }


def _policy_mounts(plan: Plan) -> list[Message]:
    """The host paths that the policy itself names: shown to its own sandboxes, not part of a shared root."""
    mounts = [s.value for s in plan.jail.values() if s.name.startswith("mount:") and s.because in POLICY]
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
    table: dict[str, bpf.Rule] = {}
    for setting in calls.values():
        value: Any = setting.value
        if setting.order != "call":
            continue
        if "calls" in value:
            answer = bpf.Answer(value["action"], value["errno"])
            table.update(dict.fromkeys(value["calls"], bpf.Rule((), answer)))
        else:
            tests = tuple(_test(rule) for rule in value["rules"])
            table[value["call"]] = bpf.Rule(tests, bpf.Answer(value["otherwise"], value["errno"]))
    return bpf.compile_program(table, listener=calls["recorded"].value)


def _test(rule: dict[str, Any]) -> bpf.Test:
    values: tuple[int, ...] = tuple(rule["value"]) if rule["op"] == "in" else (rule["value"],)
    return bpf.Test(rule["arg"], rule["op"], values, bpf.Answer(rule["action"], rule["errno"]))
