"""cgroups(7): version 1, version 2 and the hybrid of both, behind one interface.

Each controller is used where this host has it: on its own version 1 mount, else on the version 2 tree if it can be
delegated there. A `Group` is then one directory per place, and each question knows its file in either version.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

WANTED = ("memory", "pids", "cpu", "cpuacct", "freezer")
_FREEZER = frozenset({"freezer"})  # where version 1 has it on a mount of its own
_TASKS = {1: "tasks", 2: "cgroup.threads"}
#: Over which processor time is counted out: the kernel's own default, in both versions.
_PERIOD_US = 100_000
#: These files are short, and what is cut off from a larger buffer leaves gaps in the heap.
_PIECE = 4096
#: What is opened for reading later, each the first of its row that this kernel has. Version 2 needs no count of kills:
#: there, whoever runs out of memory is ended as a whole.
_METERS = {
    ("cpuacct", 1): (("cpuacct.usage",),),
    ("cpu", 2): (("cpu.stat",),),
    ("memory", 1): (("memory.max_usage_in_bytes",), ("memory.oom_control",)),
    ("memory", 2): (("memory.peak", "memory.current"),),
    ("pids", 1): (("pids.events",),),
    ("pids", 2): (("pids.events",),),
}


#: Of a sandbox that nobody uses yet, an eighth of the full one: making sandboxes gives way to running programs.
_WAITING_WEIGHT = {1: ("cpu.shares", 128), 2: ("cpu.weight", 12)}
FULL_WEIGHT = {"cpu.shares": b"1024", "cpu.weight": b"100"}


class Place:
    """A directory of ours in one hierarchy, its version, and the controllers that we use there."""

    def __init__(self, path: str, version: int, controllers: frozenset[str]) -> None:
        """Hold what `Cgroups.open` found."""
        self.path = path
        self.version = version
        self.controllers = controllers
        self._folder = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)  # to find from here is less work

    def make(self, label: str) -> None:
        """Make a group's directory."""
        os.mkdir(label, dir_fd=self._folder)

    def take_away(self, label: str) -> None:
        """Remove it; `OSError(EBUSY)` while something is in it."""
        os.rmdir(label, dir_fd=self._folder)

    def open(self, name: str, flags: int) -> int:
        """Open a file of a group: "label/file"."""
        return os.open(name, flags | os.O_CLOEXEC, dir_fd=self._folder)

    def read(self, name: str) -> str:
        """All that stands in it."""
        return _whole(self.open(name, os.O_RDONLY))

    def write(self, name: str, value: object) -> None:
        """Write one value."""
        _put(self.open(name, os.O_WRONLY), value)


class Caps:
    """Limits of one group: bytes, tasks, processors."""

    def __init__(self, *, memory: int, processes: int, cpus: float) -> None:
        """Hold them."""
        self.memory = memory
        self.processes = processes
        self.cpus = cpus


def _read(path: str) -> str:
    return _whole(os.open(path, os.O_RDONLY | os.O_CLOEXEC))


def _write(path: str, value: object) -> None:
    _put(os.open(path, os.O_WRONLY | os.O_CLOEXEC), value)


def _whole(descriptor: int) -> str:
    try:
        return b"".join(iter(lambda: os.read(descriptor, _PIECE), b"")).decode("ascii")
    finally:
        os.close(descriptor)


def _put(descriptor: int, value: object) -> None:
    try:
        os.write(descriptor, str(value).encode())
    finally:
        os.close(descriptor)


def counter(text: str, key: str) -> int:
    """The number behind `key` in a file of "key number" lines; 0 where it is not told."""
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if name == key:
            return int(value)
    return 0


def _mounts() -> list[tuple[str, str, set[str]]]:
    """(mount point, kind, options) of the cgroup mounts that this process sees."""
    found: list[tuple[str, str, set[str]]] = []
    for line in _read("/proc/self/mountinfo").splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        if kind in {"cgroup", "cgroup2"}:
            found.append((left.split(" ")[4], kind, set(options.split(","))))
    return found


def _own_paths() -> dict[str, str]:
    """Controller name ("" for version 2) to this process's path in its hierarchy."""
    paths: dict[str, str] = {}
    for line in _read("/proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        paths.update(dict.fromkeys(controllers.split(","), path))
    return paths


def _enter_unified(mount: str, own: str, name: str) -> tuple[str, set[str]]:
    """Make our directory in the version 2 tree and say which controllers its children get.

    A group with processes of its own can't hand controllers down, so from a delegated group our own processes move
    into a leaf first. At the root of the tree that rule does not hold.
    """
    base = mount + own.rstrip("/")
    path = f"{base}/{name}"
    os.mkdir(path)
    wanted = {"memory", "pids", "cpu"} & set(_read(f"{base}/cgroup.controllers").split())
    if own != "/":
        leaf = f"{base}/{name}-warden"
        os.mkdir(leaf)
        _write(f"{leaf}/cgroup.procs", os.getpid())
    given: set[str] = set()
    for controller in sorted(wanted):
        with suppress(OSError):
            _write(f"{base}/cgroup.subtree_control", f"+{controller}")
            _write(f"{path}/cgroup.subtree_control", f"+{controller}")
            given.add(controller)
    return path, given


class Cgroups:
    """Our own directories on this host, one per hierarchy, under which each sandbox gets its group."""

    def __init__(self, name: str, places: Iterable[Place]) -> None:
        """Hold what `open` found."""
        self.name = name
        self.places = tuple(places)

    @property
    def controllers(self) -> frozenset[str]:
        """What can be limited here: a subset of memory, pids, cpu, freezer."""
        return frozenset[str]().union(*(place.controllers for place in self.places)) - {"cpuacct"}

    @property
    def version(self) -> str:
        """Which kind: "v1", "v2", "hybrid" or "none"."""
        versions = {place.version for place in self.places}
        return "none" if not versions else "hybrid" if len(versions) > 1 else f"v{versions.pop()}"

    @classmethod
    def open(cls, name: str) -> Cgroups:
        """Make a directory `name` wherever this process may, and use what that gives; nothing is assumed."""
        own, mounts = _own_paths(), _mounts()
        places: list[Place] = []
        taken: set[str] = set()
        for mount, kind, options in mounts:
            here = options & set(WANTED) - taken
            if kind != "cgroup" or not here:
                continue
            path = mount + own.get(min(here), "/").rstrip("/") + f"/{name}"
            with suppress(OSError):
                os.mkdir(path)
                places.append(Place(path, 1, frozenset(here)))
                taken |= here
        unified = next((mount for mount, kind, _ in mounts if kind == "cgroup2"), None)
        if unified is not None:
            with suppress(OSError):
                path, given = _enter_unified(unified, own.get("", "/"), name)
                if given - taken:
                    places.append(Place(path, 2, frozenset(given - taken | {"freezer"} - taken)))
                else:
                    os.rmdir(path)
        return cls(name, places)

    def create(self, label: str, caps: Caps) -> Group:
        """A group for one sandbox, limited before anything is in it."""
        group = Group(label, self.places)
        for place in self.places:
            if place.controllers != _FREEZER or len(self.places) == 1:  # few sandboxes are ever held: made for those
                group.make(place)
        group.limit(caps)
        return group

    def remove(self) -> None:
        """Take our directories away again; the groups below must be gone."""
        for place in self.places:
            with suppress(OSError):
                os.rmdir(place.path)


class Group:
    """One sandbox's group."""

    def __init__(self, label: str, places: Iterable[Place]) -> None:
        """Nothing is made yet."""
        self._label = label
        self._where = {controller: place for place in places for controller in place.controllers}
        self._made: list[Place] = []
        self._open: dict[str, int] = {}  # which `meters` hands out

    def make(self, place: Place) -> None:
        """Make its directory there."""
        place.make(self._label)
        self._made.append(place)

    def _ask(self, controller: str, first: str, second: str) -> str | None:
        """Read the file `first` (version 1) or `second` (version 2); None where this host has neither."""
        place = self._where.get(controller)
        if place is None:
            return None
        try:
            return place.read(f"{self._label}/{first if place.version == 1 else second}")
        except FileNotFoundError:
            return None

    def limit(self, caps: Caps) -> None:
        """Write the limits; an `OSError` here means that nothing may run."""
        if "memory" in self._where:
            self._limit_memory(self._where["memory"], caps.memory)
        if "pids" in self._where:
            self._where["pids"].write(f"{self._label}/pids.max", caps.processes)
        if "cpu" in self._where:
            place = self._where["cpu"]
            quota = max(1000, int(caps.cpus * _PERIOD_US))
            name, weight = _WAITING_WEIGHT[place.version]
            self._open[name] = place.open(f"{self._label}/{name}", os.O_WRONLY)
            os.write(self._open[name], b"%d" % weight)
            if place.version == 1:
                place.write(f"{self._label}/cpu.cfs_quota_us", quota)
            else:
                place.write(f"{self._label}/cpu.max", f"{quota} {_PERIOD_US}")

    def _limit_memory(self, place: Place, size: int) -> None:
        if place.version == 1:
            place.write(f"{self._label}/memory.limit_in_bytes", size)
            with suppress(FileNotFoundError):  # absent where swap accounting is off: then there is no swap to count
                place.write(f"{self._label}/memory.memsw.limit_in_bytes", size)
            return
        place.write(f"{self._label}/memory.max", size)
        place.write(f"{self._label}/memory.oom.group", 1)
        with suppress(FileNotFoundError):
            place.write(f"{self._label}/memory.swap.max", 0)

    def doors(self) -> list[int]:
        """Open descriptors through which a process that writes "0" moves itself, and all it will start, in here.

        The process must have one thread: version 1's `tasks` then moves all of it, and at once. `cgroup.procs` waits
        for every fork and exit of the host to pass (an RCU grace period, 8 to 20 ms); version 2 has nothing else.
        """
        files = {1: "tasks", 2: "cgroup.procs"}
        return [place.open(f"{self._label}/{files[place.version]}", os.O_WRONLY) for place in self._made]

    def meters(self) -> dict[str, int]:
        """Open what tells CPU time, memory and kills: file name to descriptor, for others to read at offset 0.

        And what gives it its full weight, to be written.
        """
        for controller, place in self._where.items():
            for row in _METERS.get((controller, place.version), ()):
                self._open_first(place, row)
        found, self._open = self._open, {}
        return found

    def _open_first(self, place: Place, names: Iterable[str]) -> None:
        """Open the first of these files that there is."""
        for name in names:
            if name in self._open:
                return
            with suppress(FileNotFoundError):
                self._open[name] = place.open(f"{self._label}/{name}", os.O_RDONLY)
                return

    def alarm(self) -> int:
        """An eventfd that is signalled when memory has run out; -1 where there is none, or none is needed.

        Version 1 kills one process and lets the others go on; version 2 is told to kill the whole group.
        """
        place = self._where.get("memory")
        if place is None or place.version != 1:
            return -1
        alarm = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._open_first(place, ["memory.oom_control"])
        place.write(f"{self._label}/cgroup.event_control", f"{alarm} {self._open['memory.oom_control']}")
        return alarm

    def oom_kills(self) -> int:
        """How many processes the kernel killed here for want of memory."""
        return counter(self._ask("memory", "memory.oom_control", "memory.events") or "", "oom_kill")

    def forks_refused(self) -> int:
        """How many times a process or thread was refused because of the limit."""
        return counter(self._ask("pids", "pids.events", "pids.events") or "", "max")

    @property
    def can_freeze(self) -> bool:
        """Whether this host has a freezer for it."""
        return "freezer" in self._where

    def freeze(self, *, frozen: bool) -> None:
        """Begin to stop everything in here, or let it go on; only where it `can_freeze`."""
        place = self._where["freezer"]
        if place.version == 2:  # noqa: PLR2004 -- of cgroups
            place.write(f"{self._label}/cgroup.freeze", int(frozen))
            return
        if place not in self._made:
            self.make(place)
        place.write(f"{self._label}/freezer.state", "FROZEN" if frozen else "THAWED")
        for task in self._outside(place) if frozen else ():
            with suppress(ProcessLookupError):  # it ended meanwhile
                place.write(f"{self._label}/tasks", task)

    def is_frozen(self) -> bool:
        """Whether all of it has stopped."""
        place = self._where["freezer"]
        if place.version == 2:  # noqa: PLR2004 -- as above
            return counter(place.read(f"{self._label}/cgroup.events"), "frozen") == 1
        return not self._outside(place) and place.read(f"{self._label}/freezer.state").strip() == "FROZEN"

    def _outside(self, freezer: Place) -> set[str]:
        """The tasks that version 1's freezer does not hold yet: those that others forked while they were moved."""
        place = next((each for each in self._where.values() if each is not freezer), freezer)
        return set(self._tasks(place)) - set(self._tasks(freezer))

    def _tasks(self, place: Place) -> list[str]:
        return place.read(f"{self._label}/{_TASKS[place.version]}").split()

    def remove(self) -> bool:
        """Take the group away; False while its last processes are still going."""
        for descriptor in self._open.values():
            os.close(descriptor)
        self._open.clear()
        left: list[Place] = []
        for place in self._made:
            try:
                place.take_away(self._label)
            except FileNotFoundError:
                continue
            except OSError:
                left.append(place)
        self._made[:] = left
        return not left


def sweep(place: str) -> bool:
    """Remove one of our directories and the emptied groups in it; False while something in it still runs."""
    try:
        for group in (*_groups(place), place):
            os.rmdir(group)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def thaw(place: str) -> None:
    """Let all groups in one of our directories go on: what is frozen in version 1 does not even feel a kill."""
    with suppress(FileNotFoundError):
        for group in _groups(place):
            if os.path.exists(f"{group}/freezer.state"):
                _write(f"{group}/freezer.state", "THAWED")


def _groups(place: str) -> list[str]:
    with os.scandir(place) as entries:
        return [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]


def abandoned(places: Iterable[Place], prefix: str) -> list[str]:
    """Directories beside ours that belong to a launcher that is no more: `prefix` and a dead process's number."""
    found: list[str] = []
    for place in places:
        parent = os.path.dirname(place.path)
        for name in os.listdir(parent):
            number = name.removeprefix(prefix)
            if name.startswith(prefix) and number.isdigit() and not _runs(number):
                found.append(f"{parent}/{name}")
    return found


def _runs(number: str) -> bool:
    """Whether there is a process of this number that has not ended; its parent may never ask how it did."""
    try:
        return _read(f"/proc/{number}/stat").rpartition(") ")[2][0] not in {"Z", "X"}
    except OSError:
        return False
