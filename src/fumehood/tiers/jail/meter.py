"""What a sandbox uses, read from outside: from its cgroup's files where there is one, else from its own /proc.

The sandbox's /proc shows exactly the processes of its pid namespace, however they forked; it is the kernel's word,
not the program's.
"""

from __future__ import annotations

import os

from fumehood.kernel import folders
from fumehood.kernel.cgroup import FULL_WEIGHT, counter

_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_EXITING = 4
_PEAKS = ("memory.max_usage_in_bytes", "memory.peak", "memory.current")


def _read(descriptor: int) -> str:
    return os.pread(descriptor, 4096, 0).decode("ascii", "replace")


def _number(descriptor: int) -> int:
    return int(os.pread(descriptor, 64, 0))


class Meter:
    """Reads the descriptors that the warden opened for one sandbox.

    Args:
        descriptors: File name to descriptor: "proc" (the folder) always, and of the cgroup what there is:
            "cpuacct.usage" or "cpu.stat", "memory.max_usage_in_bytes", "memory.peak" or "memory.current",
            "memory.oom_control", "pids.events", and one to write, "cpu.shares" or "cpu.weight".
    """

    def __init__(self, descriptors: dict[str, int]) -> None:
        """Take the descriptors over."""
        self.descriptors = descriptors
        self._peak = 0
        self._cpu_peak = 0
        self._counted = dict[str, tuple[bytes, int]]()
        self._listed, self._processes = b"", 0

    def cpu_ns(self) -> int:
        """CPU time that all processes ever used, nanoseconds; without a cgroup, those still known to the kernel."""
        if "cpuacct.usage" in self.descriptors:
            return _number(self.descriptors["cpuacct.usage"])
        if "cpu.stat" in self.descriptors:
            return int(_read(self.descriptors["cpu.stat"]).split("usage_usec ")[1].split()[0]) * 1000
        total = sum(sum(map(int, fields[11:15])) for fields in self._stats())
        self._cpu_peak = max(self._cpu_peak, total * _TICK_NS)
        return self._cpu_peak

    def hand_out(self) -> None:
        """From now on it has its full share of the processors; what only waits gives way to what runs."""
        for name, weight in FULL_WEIGHT.items():
            descriptor = self.descriptors.pop(name, None)
            if descriptor is not None:
                try:
                    os.write(descriptor, weight)
                finally:
                    os.close(descriptor)

    def memory_peak(self) -> int:
        """The most bytes that were in use at once: by the kernel's count, else the most that was ever seen here."""
        for name in _PEAKS:
            if name in self.descriptors:
                self._peak = max(self._peak, _number(self.descriptors[name]))
                return self._peak
        self.resident()
        return self._peak

    def oom_kills(self) -> int:
        """How many processes the kernel killed for want of memory while others went on, where that can be."""
        return self._count("memory.oom_control", "oom_kill")

    def forks_refused(self) -> int:
        """How many times the kernel refused a process or thread because of the limit, where it counts them."""
        return self._count("pids.events", "max")

    def _count(self, name: str, key: str) -> int:
        """A counter of the kernel's; what was told in the same words before is not taken apart again."""
        descriptor = self.descriptors.get(name)
        if descriptor is None:
            return 0
        told, (before, count) = os.pread(descriptor, 4096, 0), self._counted.get(name, (b"", 0))
        if told != before:
            count = counter(told.decode("ascii", "replace"), key)
            self._counted[name] = told, count
        return count

    def processes(self) -> int:
        """Processes in the sandbox now; as long as the kernel tells of the same, they are not counted again."""
        told = folders.entries(self.descriptors["proc"])
        if told != self._listed:
            found = [name for name in folders.names(told) if name.isdigit() and name != b"1"]
            self._listed, self._processes = told, len(found)
        return self._processes

    def runner_ended(self) -> bool:
        """Whether pid 2 is dead or dying: it closes its files before it can be buried."""
        fields = (self._file("2", "stat") or "").rpartition(") ")[2].split()
        return not fields or fields[0] in {"Z", "X"} or bool(int(fields[6]) & _EXITING)

    def census(self) -> dict[str, int]:
        """What the living sandbox holds right now."""
        return {"open_files": self.open_files(), "tasks": self.tasks()}

    def tasks(self) -> int:
        """Processes and threads in the sandbox now."""
        return sum(int(fields[17]) for fields in self._stats())

    def open_files(self) -> int:
        """The most files that one process has open now; only the warden may look."""
        most = 0
        for pid in self._pids():
            try:
                folder = os.open(f"{pid}/fd", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self.descriptors["proc"])
            except OSError:
                continue  # it ended meanwhile
            most = max(most, len(os.listdir(folder)))
            os.close(folder)
        return most

    def resident(self, above: int | None = None) -> int:
        """Resident bytes of all processes; where that passes `above`, shared pages are counted once."""
        total = 0
        for pid in self._pids():
            total += int((self._file(pid, "statm") or "0 0").split()[1]) * _PAGE
        if above is not None and total > above:
            total = sum(self._proportional(pid) for pid in self._pids())
        self._peak = max(self._peak, total)
        return total

    def _proportional(self, pid: str) -> int:
        for line in (self._file(pid, "smaps_rollup") or "").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
        return int((self._file(pid, "statm") or "0 0").split()[1]) * _PAGE

    def _pids(self) -> list[str]:
        """All but pid 1, which only sleeps, in the usher's memory."""
        return [name for name in os.listdir(self.descriptors["proc"]) if name.isdigit() and name != "1"]

    def _stats(self) -> list[list[str]]:
        """The fields of each process's stat after the command, which may hold spaces and parentheses."""
        texts = [self._file(pid, "stat") for pid in self._pids()]
        return [text.rpartition(") ")[2].split() for text in texts if text]

    def _file(self, pid: str, name: str) -> str | None:
        try:
            descriptor = os.open(f"{pid}/{name}", os.O_RDONLY | os.O_CLOEXEC, dir_fd=self.descriptors["proc"])
        except OSError:
            return None  # it ended meanwhile
        try:
            return _read(descriptor)
        except ProcessLookupError:
            return None
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Close all descriptors."""
        for descriptor in self.descriptors.values():
            os.close(descriptor)
        self.descriptors.clear()
