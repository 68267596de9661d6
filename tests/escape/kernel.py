"""Attacks on the kernel's rarer doors and on other processes: each a system call that the filter must not let in."""

from __future__ import annotations

from typing import Final

from tests.escape.attack import Attack, says, unrecorded

#: Name, arguments, what it would open. Each must be refused and told by the filter, before any check of the kernel's
#: own: an attack on the kernel has won when it is heard there.
_CALLS: Final = (
    ("ptrace", ", 16, 1, 0, 0", "attach to pid 1"),
    ("process_vm_readv", ", 1, 0, 0, 0, 0, 0", "read the memory of pid 1"),
    ("process_vm_writev", ", 1, 0, 0, 0, 0, 0", "write the memory of pid 1"),
    ("pidfd_getfd", ", -1, 0, 0", "take another process's open file"),
    ("kcmp", ", 999, 999, 0, 0, 0", "compare the insides of two processes"),
    ("process_madvise", ", -1, 0, 0, 0, 0", "steer another process's memory"),
    ("perf_event_open", ", 0, 0, 0, -1, 0", "count what the processor does"),
    ("bpf", ", 0, 0, 0", "load a program into the kernel"),
    ("keyctl", ", 0, -3, 0, 0, 0", "find the session's keyring"),
    ("add_key", ", 0, 0, 0, 0, -1", "store a key"),
    ("request_key", ", 0, 0, 0, -1", "ask for a key"),
    ("userfaultfd", ", -1", "stop the kernel in the middle of a copy"),
    ("io_uring_setup", ", 0, 0", "open a ring that no filter sees"),
    ("io_uring_enter", ", -1, 0, 0, 0, 0", "use such a ring"),
    ("io_uring_register", ", -1, 0, 0, 0", "prepare such a ring"),
    ("unshare", ", 0", "leave a namespace"),
    ("setns", ", -1, 0", "enter another namespace"),
    ("mount", ", 0, 0, 0, 0, 0", "mount something"),
    ("umount2", ", 0, 0", "uncover what is below a mount"),
    ("pivot_root", ", 0, 0", "change the root"),
    ("chroot", ", 0", "change the root"),
    ("open_tree", ", -1, 0, 0", "copy a mount"),
    ("move_mount", ", -1, 0, -1, 0, 0", "move a mount"),
    ("fsopen", ", 0, 0", "open a file system"),
    ("fsmount", ", -1, 0, 0", "mount what was opened"),
    ("fsconfig", ", -1, 0, 0, 0, 0", "configure a file system"),
    ("fspick", ", -1, 0, 0", "reconfigure a mount"),
    ("mount_setattr", ", -1, 0, 0, 0, 0", "make a mount writable"),
    ("open_by_handle_at", ", -1, 0, 0", "open a file without its path"),
    ("init_module", ", 0, 0, 0", "load a module"),
    ("finit_module", ", -1, 0, 0", "load a module"),
    ("delete_module", ", 0, 0", "unload a module"),
    ("kexec_load", ", 0, 0, 0, 0", "start another kernel"),
    ("reboot", ", 0, 0, 0, 0", "stop the machine"),
    ("swapon", ", 0, 0", "add swap"),
    ("acct", ", 0", "switch accounting off"),
    ("quotactl", ", 0, 0, 0, 0", "change quotas"),
    ("settimeofday", ", 0, 0", "set the clock"),
    ("clock_settime", ", 0, 0", "set the clock"),
    ("sethostname", ", 0, -1", "rename the host"),
    ("iopl", ", 3", "touch the ports"),
    ("ioperm", ", 0, 1, 1", "touch the ports"),
    ("modify_ldt", ", 99, 0, 0", "change the segment table"),
    ("shmget", ", 0, 0, 0", "make memory that nothing here counts"),
    ("semget", ", 0, -1, 0", "make semaphores"),
    ("msgget", ", 0, 0", "make a queue"),
    ("mq_open", ", 0, 0, 0, 0", "make a queue"),
    ("fanotify_init", ", -1, 0", "watch the host's files"),
    ("syslog", ", 99, 0, 0", "read the kernel's log"),
    ("memfd_secret", ", -1", "make memory that nobody can look at"),
    ("personality", ", 0x0040000", "switch the random layout off"),
)
#: Whether a child became another program that ended well.
_RUN: Final = (
    "if os.fork() == 0:\n    attempt(lambda: {}); os._exit(9)\nif os.waitstatus_to_exitcode(os.wait()[1]) == 0: won()"
)
_X86_ONLY: Final = frozenset({"iopl", "ioperm", "modify_ldt"})

ATTACKS: Final = (
    *(
        Attack(
            f"kernel-{name}",
            f"Call {name}: {opens}.",
            f"print(call({name!r}{arguments}))",
            unrecorded(name),
            (f"call {name}",),
            machine="x86_64" if name in _X86_ONLY else "",
        )
        for name, arguments, opens in _CALLS
    ),
    Attack(
        "kernel-seccomp",
        "Add a filter of one's own, which could answer in place of the one that records.",
        "r = call('seccomp', 99, 0, 0)\nif r != -1: won(r)",
        says,
        ("call seccomp",),
    ),
    Attack(
        "kernel-socket-filter",
        "A program in the kernel that reads a socket's packets, past the refusal of bpf.",
        "a, b = socket.socketpair()\nd = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 1))\n"
        "print(LIBC.setsockopt(a.fileno(), 1, 26, struct.pack('HxxxxxxP', 1, ctypes.addressof(d)), 16))",
        unrecorded("setsockopt"),
        ("call setsockopt",),
    ),
    Attack(
        "kernel-other-architecture",
        "A call of the 32-bit kind, whose numbers mean other things.",
        "if os.fork() == 0:\n    machine_code(bytes.fromhex('b814000000cd80c3'))(); os._exit(0)\n"
        "if os.waitstatus_to_exitcode(os.wait()[1]) == 0: won()",
        says,
        ("architecture",),
        machine="x86_64",
    ),
    Attack(
        "kernel-x32",
        "A call of the x32 kind, whose numbers have a bit more.",
        "for n in range(0, 600):\n    if n != 60 and n != 231 and call(0x40000000 | n, -1, -1, -1, -1, -1, -1) != -38: won(n)",
        says,
        unproved="such numbers lie beyond the table, and few kernels have these calls at all",
        machine="x86_64",
    ),
    *(
        Attack(
            f"kernel-high-bits-{name}",
            f"An argument of {name} with a bit set that the kernel does not read: a filter that compares all 64 lets it pass.",
            f"print(call({name!r}, {arguments}))",
            unrecorded(name),
            (f"call {name}",),
        )
        for name, arguments in (
            ("fcntl", "0, 1024 | 1 << 32, 0"),
            ("prctl", "35 | 1 << 32, 0, 0, 0, 0"),
            ("clone", "0x10000011 | 1 << 32, 0, 0, 0, 0"),
            ("socketpair", "30 | 1 << 32, 1, 0, 0"),
        )
    ),
    Attack(
        "process-limits-of-pid-1",
        "Pid 1 is the same user: a limit set for it ends it, and nobody can say why.",
        "print(call('prlimit64', 1, 0, struct.pack('QQ', 0, 0), 0))",
        unrecorded("prlimit64"),
        ("call prlimit64",),
    ),
    Attack(
        "process-execute",
        "Start a program of the system.",
        _RUN.format("os.execv('/usr/bin/true', ['true'])"),
        says,
        ("call execve", "landlock"),
    ),
    Attack(
        "process-execute-own",
        "Start a program that the code wrote.",
        "import shutil; shutil.copy('/usr/bin/true', 'own'); os.chmod('own', 0o755)\n" + _RUN.format("os.execv('own', ['own'])"),
        says,
        ("seccomp", "landlock", "executable"),
    ),
    Attack(
        "process-execute-nameless",
        "Start a program from memory, which no mount covers.",
        "d = call('memfd_create', b'x', 0); os.write(d, slurp_bytes('/usr/bin/true'))\n"
        + _RUN.format("call('execveat', d, b'', struct.pack('PP', 0, 0), struct.pack('P', 0), 0x1000)"),
        says,
        ("seccomp", "landlock"),
    ),
    Attack(
        "process-load-own",
        "Map a file that the code wrote as code.",
        "import mmap, shutil; shutil.copy('/usr/bin/true', 'own'); f = open('own', 'rb')\n"
        "if attempt(lambda: mmap.mmap(f.fileno(), 4096, prot=5, flags=2)): won()",
        says,
        ("executable",),
    ),
    Attack(
        "process-signal-reaper",
        "SIGKILL, SIGTERM and the rest to pid 1: the namespace's init has no handler for any of them.",
        "for n in range(1, 65):\n    attempt(os.kill, 1, n)\ntime.sleep(0.2)\n"
        "def stirs():  # it has not come to what it was sent, or is at it; where it can't be seen, it was sent nothing\n"
        "    told = attempt(slurp, '/proc/1/status') or 'State:\\tS\\nShdPnd:\\t0\\n'\n"
        "    return 'State:\\tS' not in told or int(told.partition('ShdPnd:')[2].split()[0], 16)\n"
        "while stirs(): time.sleep(0.01)\nprint('alive')",
        lambda _, seen: "alive" not in seen.result.stdout,
        ("landlock", "privileges", "covered pid 1", "usher's signals"),
    ),
    Attack(
        "process-host-pids",
        "Signal every process number: those of the host must not be among them.",
        "me = {1, os.getpid()}\nfor pid in range(1, 40000):\n    if pid not in me and call('kill', pid, 0) != -3: won(pid)",
        says,
        ("pids",),
    ),
    Attack(
        "process-reaper-memory",
        "Open the memory of pid 1 by way of /proc.",
        "for name in ('mem', 'environ', 'maps', 'fd/3', 'stack'):\n    if attempt(open, f'/proc/1/{name}', 'rb'): won(name)",
        says,
        ("landlock", "privileges", "covered pid 1", "usher's memory"),
    ),
    Attack(
        "process-limits-up",
        "Raise a limit again.",
        "import resource\nfor which in (resource.RLIMIT_NOFILE, resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):\n"
        "    hard = resource.getrlimit(which)[1]\n"
        "    if attempt(resource.setrlimit, which, (hard + 1, hard + 1)) is None and "
        "resource.getrlimit(which)[1] > hard: won(which)",
        says,
        unproved="to raise a hard limit takes a right over the machine itself, which no user namespace gives back",
    ),
    Attack(
        "process-become-root",
        "Become another user or group.",
        "for action in (os.setuid, os.setgid, os.seteuid, os.setegid):\n    attempt(action, 0)\n"
        "if 0 in (os.getuid(), os.geteuid(), os.getgid(), os.getegid()): won()",
        says,
        ("privileges",),
    ),
    Attack(
        "process-capabilities",
        "Have any capability at all.",
        "header = struct.pack('II', 0x20080522, 0)\ndata = ctypes.create_string_buffer(24)\n"
        "call('capget', header, data)\nif any(data.raw): won(data.raw)",
        says,
        ("privileges",),
    ),
    Attack(
        "process-new-namespaces",
        "Clone into a new user namespace, where a process has all capabilities again.",
        "for flag in (0x10000000, 0x20000, 0x20000000, 0x40000000, 0x8000000, 0x4000000, 0x2000000, 0x80):\n"
        "    child = call('clone', flag | 17, 0, 0, 0, 0)\n    if child == 0: os._exit(0)\n    if child > 0: won(hex(flag))",
        says, ("call clone",),
    ),
    Attack(
        "process-sister",
        "A child of the runner's own parent, outside, which asks for no other: unburied, it keeps the namespace from ending.",
        "print(call('clone', 0x8000 | 17, 0, 0, 0, 0), flush=True); os._exit(0)",
        lambda _, seen: seen.result.outcome != "completed",
        ("call clone",),
        policy={"limits.wall": "2s"},
    ),
    Attack(
        "process-clone3",
        "clone3 keeps its flags in memory, where no filter can look.",
        "r = call('clone3', struct.pack('11Q', 0x10000000, *[0] * 3, 17, *[0] * 6), 88)\nif r == 0: os._exit(0)\n"
        "if r != -38: won(r)",
        says, ("call clone3",),
    ),
    *(
        Attack(
            f"process-terminal{name}",
            "Push characters into a terminal, as TIOCSTI does" + words,
            f"for request in (0x5412, 0x541C, 0x541D): print(call('ioctl', 0, request | {high}, b'x'))",
            unrecorded("ioctl"),
            ("call ioctl",),
        )
        for name, words, high in (("", ".", 0), ("-high-bits", ", with a bit set that the kernel does not read.", 1 << 32))
    ),
)  # fmt: skip
