"""Attacks on the kernel's rarer doors and on other processes: each a system call that the filter must not let in."""

from __future__ import annotations

from typing import Final

from tests.escape.attack import Attack, says

_REACHED = "r = call({name!r}{arguments})\nif r not in (-1, -38): won(r)\nprint(r)"

#: Name, arguments, what it would open. The answer must be EPERM or ENOSYS, from the filter and not from the kernel's
#: own checks: without the filter each of these answers something else.
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
    ("seccomp", ", 99, 0, 0", "add a filter"),
)
#: What the kernel itself refuses with EPERM or lacks in some builds: held twice, so that taking the filter down alone
#: does not show.
_HELD_TWICE: Final = frozenset({
    "perf_event_open", "bpf", "unshare", "mount", "umount2", "pivot_root", "chroot", "open_tree", "move_mount", "fsopen",
    "fsmount", "fspick", "mount_setattr", "open_by_handle_at", "init_module", "finit_module", "delete_module",
    "kexec_load", "reboot", "swapon", "acct", "quotactl", "settimeofday", "clock_settime", "sethostname", "iopl", "ioperm",
    "fanotify_init", "syslog", "memfd_secret", "userfaultfd", "ptrace", "fsconfig", "modify_ldt", "keyctl", "add_key",
    "request_key", "io_uring_setup", "io_uring_enter", "io_uring_register", "kcmp", "personality",
})  # fmt: skip
_X86_ONLY: Final = frozenset({"iopl", "ioperm", "modify_ldt"})

ATTACKS: Final = (
    *(
        Attack(
            f"kernel-{name}",
            f"Call {name}: {opens}.",
            _REACHED.format(name=name, arguments=arguments),
            says,
            () if name in _HELD_TWICE else (f"call {name}",),
            machine="x86_64" if name in _X86_ONLY else "",
        )
        for name, arguments, opens in _CALLS
    ),
    Attack(
        "process-signal-reaper",
        "SIGKILL, SIGTERM and the rest to pid 1: the namespace's init has no handler for any of them.",
        "for n in range(1, 65):\n    attempt(os.kill, 1, n)\ntime.sleep(0.2)\n"
        "if attempt(os.kill, 1, 0) is not None: won('no such process any more')\nprint('alive')",
        says,
    ),
    Attack(
        "process-host-pids",
        "Signal every process number: those of the host must not be among them.",
        "me = {1, os.getpid()}\nfor pid in range(1, 40000):\n    if pid not in me and call('kill', pid, 0) == 0: won(pid)",
        says,
    ),
    Attack(
        "process-reaper-memory",
        "Open the memory of pid 1 by way of /proc.",
        "for name in ('mem', 'environ', 'maps', 'fd/3', 'stack'):\n    if attempt(open, f'/proc/1/{name}', 'rb'): won(name)",
        says,
    ),
    Attack(
        "process-limits-up",
        "Raise a limit again.",
        "import resource\nfor which in (resource.RLIMIT_NOFILE, resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):\n"
        "    hard = resource.getrlimit(which)[1]\n"
        "    if attempt(resource.setrlimit, which, (hard + 1, hard + 1)) is None and "
        "resource.getrlimit(which)[1] > hard: won(which)",
        says,
    ),
    Attack(
        "process-become-root",
        "Become another user or group.",
        "for action in (os.setuid, os.setgid, os.seteuid, os.setegid):\n    attempt(action, 0)\n"
        "if 0 in (os.getuid(), os.geteuid(), os.getgid(), os.getegid()): won()",
        says,
    ),
    Attack(
        "process-capabilities",
        "Have any capability at all.",
        "header = struct.pack('II', 0x20080522, 0)\ndata = ctypes.create_string_buffer(24)\n"
        "call('capget', header, data)\nif any(data.raw): won(data.raw)",
        says,
    ),
    Attack(
        "process-new-namespaces",
        "Clone into a new user namespace, where a process has all capabilities again.",
        "for flag in (0x10000000, 0x20000, 0x20000000, 0x40000000, 0x8000000, 0x4000000, 0x2000000, 0x80):\n"
        "    child = call('clone', flag | 17, 0, 0, 0, 0)\n    if child == 0: os._exit(0)\n    if child > 0: won(hex(flag))",
        says, ("call clone",),
    ),
    Attack(
        "process-clone3",
        "clone3 keeps its flags in memory, where no filter can look.",
        "r = call('clone3', struct.pack('11Q', 0x10000000, *[0] * 3, 17, *[0] * 6), 88)\nif r == 0: os._exit(0)\n"
        "if r != -38: won(r)",
        says, ("call clone3",),
    ),
    Attack(
        "process-terminal",
        "Push characters into a terminal, as TIOCSTI does, also with a bit set that the kernel does not read.",
        "for request in (0x5412, 0x5412 | 1 << 32, 0x541C, 0x541D):\n    r = call('ioctl', 0, request, b'x')\n"
        "    if r not in (-1, -25): won(hex(request), r)",
        says,
    ),
)  # fmt: skip
