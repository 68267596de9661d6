"""Attacks on what a machine has a limited amount of. Each takes a few times what its limit allows and then stops."""

from __future__ import annotations

from typing import Final

from tests.escape.attack import Attack, says, unlimited

_MIB: Final = 1 << 20
_MEMORY: Final = {"limits.memory": 64 * _MIB, "limits.processes": 32}
_DISK: Final = {"limits.disk": 8 * _MIB}
_FEW: Final = {"limits.processes": 16}
#: Touch memory so slowly that whoever looks every 20 ms sees it grow.
_FILL: Final = (
    "for step in range(0, len({0}), 1 << 23):\n {0}[step : step + (1 << 23)] = b'x' * (1 << 23); time.sleep(0.01)\n"
)

ATTACKS: Final = (
    Attack("resource-memory", "Four times the memory.",
           "data = bytearray(0)\nfor _ in range(32): data += b'x' * (1 << 23); time.sleep(0.01)\nwon(len(data))", says,
           ("limit memory",), policy=_MEMORY),
    Attack("resource-memory-shared", "The same in pages that are shared, and so nobody's.",
           "import mmap\ndata = mmap.mmap(-1, 1 << 28)\n" + _FILL.format("data") + "won()", says, ("limit memory",), policy=_MEMORY),
    Attack("resource-memory-spread", "The same in many processes, each below the limit.",
           "for _ in range(8):\n if os.fork() == 0:\n  data = bytearray(b'x' * (24 << 20)); time.sleep(1); os._exit(0)\n time.sleep(0.02)\n"
           "left = [os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(8)]\nif left == [0] * 8: won()", says,
           ("limit memory",), policy=_MEMORY),
    Attack("resource-memory-sockets", "The same in the buffers of socket pairs, which no process owns.",
           "total = 0\nfor _ in range(800):\n for end in socket.socketpair():\n  kept.append(end); end.setblocking(False)\n"
           "  try:\n   while True: total += end.send(bytes(1 << 16))\n  except BlockingIOError: pass\nif total > 200 << 20: won(total)",
           says, ("limit memory",), policy=_MEMORY | {"limits.open_files": 2000},
           weaker="memory of the kernel's own, such as socket buffers, is counted by a cgroup alone"),
    Attack("resource-memory-file", "The same in a file that has no name.",
           "d = call('memfd_create', b'x', 0)\nif d >= 0 and sum(os.write(d, bytes(1 << 20)) for _ in range(256)) == 1 << 28: won()",
           says, ("limit memory", "call memfd_create"), policy=_MEMORY),
    Attack("resource-memory-locked", "Memory that can't be swapped out.",
           "import mmap\ndata = mmap.mmap(-1, 1 << 16)\n"
           "if call('mlock', ctypes.addressof(ctypes.c_char.from_buffer(data)), 1 << 16) == 0: won()", says, ("limit locked",)),
    Attack("resource-disk", "More files than the disk's limit.",
           "with open('big', 'wb') as f:\n for _ in range(32): f.write(bytes(1 << 20))\nwon()", says, ("limit disk",), policy=_DISK),
    Attack("resource-disk-places", "The same over all places that can be written.",
           "for place in ('/tmp', '/dev/shm', '/workspace', '/workspace/out'):\n"
           " with open(place + '/big', 'wb') as f: f.write(bytes(6 << 20))\nwon()", says, ("limit disk",), policy=_DISK),
    Attack("resource-disk-unlinked", "The same in files that nobody finds any more.",
           "for n in range(8):\n f = open('gone', 'wb', 0); os.unlink('gone'); kept.append(f)\n if f.write(bytes(4 << 20)) < 4 << 20: break\n"
           "else: won()", says, ("limit disk",), policy=_DISK),
    Attack("resource-files", "So many empty files that no other fits.",
           "for n in range(6000): open(f'{n}', 'w').close()\nwon()", says, ("limit disk",), policy=_DISK),
    Attack("resource-processes", "More processes than may be.",
           "for n in range(60):\n if os.fork() == 0: time.sleep(2); os._exit(0)\nwon()", says, ("limit processes",), policy=_FEW),
    Attack("resource-threads", "More threads than processes may be.",
           "for n in range(60): threading.Thread(target=time.sleep, args=(2,), daemon=True).start()\nwon()", says,
           ("limit processes",), policy=_FEW),
    Attack("resource-zombies", "Processes that are dead and not buried, also where their parent is dead.",
           "for n in range(60):\n if os.fork() == 0:\n  os._exit(0)\nwon()", says, ("limit processes",), policy=_FEW),
    Attack("resource-descriptors", "More open files than may be.",
           "for n in range(120): kept.append(os.open('/dev/null', os.O_RDONLY))\nwon()", says, ("limit files",),
           policy={"limits.open_files": 64}),
    Attack("resource-timers", "Timers and pending signals are counted for the whole host user.",
           "made = sum(call('timer_create', 0, 0, ctypes.byref(ctypes.c_int())) == 0 for _ in range(1500))\nif made > 1100: won(made)",
           says, ("limit signals",)),
    Attack("resource-watches", "So are watches on files.", "if call('inotify_init1', 0) >= 0: won()", says, ("call inotify_init1",)),
    Attack("resource-pipes", "So are the pages of pipes.",
           "if call('fcntl', os.pipe()[1], 1031, 1 << 20) > 1 << 16: won()", says, ("call fcntl",)),
    Attack("resource-processor", "Processor time in children whose end nobody is told of.",
           "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\nfor _ in range(160):\n if os.fork() == 0:\n"
           "  while time.process_time() < 0.012: pass\n  os._exit(0)\n attempt(os.wait)\nwon()", says, ("limit cpu",),
           policy={"limits.cpu": "1s", "limits.wall": "2m"},
           weaker="time of a process that ended unseen between two readings is counted by a cgroup alone"),
    Attack("resource-wall", "More time than was given, deaf to every signal.",
           "for n in range(1, 65): attempt(signal.signal, n, signal.SIG_IGN)\ntime.sleep(2)", unlimited("wall"),
           ("deadline",), policy={"limits.wall": "500ms"}),
    Attack("resource-priority", "A higher priority than the host gave.",
           "if attempt(os.nice, -1) is not None: won()\n"
           "for policy in (1, 2, 6): \n if call('sched_setscheduler', 0, policy, struct.pack('i', 1)) == 0: won(policy)", says,
           unproved="only the machine's root raises priorities; in any user namespace the kernel refuses by itself"),
)  # fmt: skip
