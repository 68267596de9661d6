"""The system calls that code may make: one table, each entry with the reason for its answer.

Answers: `allow`; `refuse` fails with EPERM and is recorded where the host can; `quiet` fails with `errno` and is not
recorded, for what honest programs merely try; `absent` fails with ENOSYS, so that libraries fall back to what is
older. A call that is not named here is `absent`, as are all calls of a foreign ABI (x32, i386).

Left to that default on purpose, because no program of today needs them: _sysctl, afs_syscall, cachestat, create_module,
epoll_ctl_old, epoll_wait_old, get_kernel_syms, get_thread_area, getpmsg, io_cancel, io_destroy, io_getevents,
io_pgetevents, io_setup, io_submit, landlock_*, lsm_*, map_shadow_stack, mseal, putpmsg, query_module,
remap_file_pages, security, set_thread_area, sysfs, tee, tuxcall, uselib, ustat, vmsplice, vserver, and what is newer than this table.

Arguments are compared in their low 32 bits, as the kernel itself reads each argument that is tested here; a test of all
64 would miss the same value with a bit set above.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Action = Literal["allow", "refuse", "quiet", "absent"]
Op = Literal["eq", "ne", "in", "mask"]


class Group(NamedTuple):
    """Calls that are answered alike, and which code needs them or why they are refused."""

    name: str
    action: Action
    reason: str
    calls: str
    errno: str = "EPERM"
    clause: str = ""
    """The clause that turns the answer into `allow`; empty for a rule that no policy changes."""


class Test(NamedTuple):
    """A test of one argument. `mask` holds where any bit of the value is set, `in` where it is one of several."""

    arg: int
    op: Op
    value: int | tuple[int, ...]
    action: Action
    errno: str = "EPERM"
    granted: Action | None = None
    """The answer instead, where the rule's clause grants."""


class Rule(NamedTuple):
    """A call that is answered by its arguments: by the first test that holds, else by `otherwise`."""

    name: str
    call: str
    reason: str
    tests: tuple[Test, ...]
    otherwise: Action
    errno: str = "EPERM"
    clause: str = ""


GROUPS: Final = (
    # What any program does.
    Group("memory", "allow", "Every program allocates, maps and protects memory; limits count it.",
          "brk mprotect munmap mremap madvise mincore msync mlock mlock2 munlock mlockall munlockall membarrier "
          "pkey_alloc pkey_free pkey_mprotect get_mempolicy"),
    Group("open-files", "allow", "Opening, reading and writing files; what can be opened is for mounts and Landlock to say.",
          "read write open openat openat2 creat close close_range lseek pread64 pwrite64 readv writev preadv pwritev "
          "preadv2 pwritev2 dup dup2 dup3 flock fsync fdatasync sync_file_range truncate ftruncate fallocate "
          "fadvise64 readahead sendfile copy_file_range splice pipe pipe2"),
    Group("folders", "allow", "Names, folders, links and attributes of files in the workspace.",
          "stat fstat lstat newfstatat statx access faccessat faccessat2 getdents getdents64 getcwd chdir fchdir rename "
          "renameat renameat2 mkdir mkdirat rmdir link linkat unlink unlinkat symlink symlinkat readlink readlinkat "
          "chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat umask utime utimes utimensat futimesat statfs "
          "fstatfs mknod mknodat getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr"),
    Group("waiting", "allow", "Event loops (asyncio, libuv) wait on descriptors, timers and signals.",
          "poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd "
          "eventfd2 signalfd signalfd4 timerfd_create timerfd_settime timerfd_gettime"),
    Group("time", "allow", "Reading clocks, sleeping and timers of one's own.",
          "time gettimeofday clock_gettime clock_getres clock_nanosleep nanosleep alarm getitimer setitimer timer_create "
          "timer_settime timer_gettime timer_getoverrun timer_delete pause"),
    Group("threads", "allow", "Threads of Python, OpenBLAS and V8: locks, thread-local storage, restartable sequences.",
          "futex futex_waitv set_robust_list get_robust_list set_tid_address rseq arch_prctl gettid sched_yield "
          "sched_getaffinity sched_getparam sched_getscheduler sched_getattr sched_get_priority_max "
          "sched_get_priority_min sched_rr_get_interval getcpu restart_syscall"),
    Group("processes", "allow", "Forking workers and waiting for them; their number is a limit.",
          "fork vfork exit exit_group wait4 waitid getpid getppid getpgid getpgrp setpgid getsid setsid getrusage times "
          "getpriority setpriority ioprio_get pidfd_open"),
    Group("signals", "allow", "Signals within the sandbox; its process namespace holds no other process.",
          "rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigqueueinfo rt_sigsuspend "
          "rt_tgsigqueueinfo sigaltstack kill tkill tgkill pidfd_send_signal"),
    Group("oneself", "allow", "Asking who and where one is, lowering one's own limits, drawing random numbers.",
          "uname sysinfo getrandom getuid geteuid getgid getegid getresuid getresgid getgroups capget getrlimit setrlimit"),
    Group("users", "allow", "Programs drop privileges they think they have; in a namespace of one user this changes nothing.",
          "setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capset"),
    Group("pairs", "allow", "Pairs of connected sockets join the processes of one program (multiprocessing, libuv).",
          "sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg shutdown getsockname getpeername"),
    # What a clause grants.
    Group("spawn", "refuse", "Starting another program is granted by code.spawn.", "execve execveat", clause="code.spawn"),
    Group("connections", "refuse", "Connections are granted by network.allow.", "connect bind listen accept accept4",
          clause="network.allow"),
    # What honest programs try and do without.
    Group("clone3", "absent", "Its flags lie in memory, where a filter can't see them; libraries fall back to clone.",
          "clone3"),
    Group("file-watches", "absent", "Watches are counted for the whole host user, and one run could take them all; programs poll instead.",
          "inotify_init inotify_init1 inotify_add_watch inotify_rm_watch"),
    Group("extended-attributes", "quiet", "cp and install try to copy attributes, which would be storage that no limit counts.",
          "setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr",
          errno="EOPNOTSUPP"),
    Group("scheduling", "quiet", "Priorities are for the host to give.",
          "sched_setscheduler sched_setparam sched_setattr ioprio_set"),
    Group("memory-placement", "quiet", "Where memory lies among the host's nodes is for the host to say.",
          "mbind set_mempolicy set_mempolicy_home_node move_pages migrate_pages"),
    Group("flush-all", "quiet", "Flushing whole file systems stalls everyone else on the host.", "sync syncfs"),
    Group("file-handles", "quiet", "A handle is a name for a file that no mount confines.", "name_to_handle_at",
          errno="EOPNOTSUPP"),
    Group("own-filters", "quiet", "A filter of the code's own could answer in place of this one's record.", "seccomp"),
    # What only an attack needs.
    Group("open-by-handle", "refuse", "It opens files past every mount.", "open_by_handle_at"),
    Group("tracing", "refuse", "Reading or steering another process's memory and descriptors.",
          "ptrace process_vm_readv process_vm_writev process_madvise process_mrelease pidfd_getfd kcmp"),
    Group("kernel-programs", "refuse", "Programs and counters inside the kernel: the widest way to its bugs.",
          "bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register"),
    Group("keyrings", "refuse", "The kernel's key store is shared by everything of one user.", "keyctl add_key request_key"),
    Group("mounting", "refuse", "The root is put together before the code starts, and stays as it is.",
          "mount umount2 pivot_root chroot open_tree open_tree_attr move_mount fsopen fsmount fsconfig fspick "
          "mount_setattr statmount listmount"),
    Group("new-namespaces", "refuse", "A new namespace gives powers back that were dropped.", "unshare setns"),
    Group("system-v", "refuse", "Its shared memory and queues outlive processes, and no limit counts them everywhere.",
          "shmget shmat shmctl shmdt semget semop semctl semtimedop msgget msgsnd msgrcv msgctl mq_open mq_unlink "
          "mq_timedsend mq_timedreceive mq_notify mq_getsetattr"),
    Group("hidden-memory", "refuse", "Memory that even the kernel can't read can't be measured.", "memfd_secret"),
    Group("watch-all", "refuse", "It watches what others do with files.", "fanotify_init fanotify_mark"),
    Group("machine", "refuse", "Running the machine: modules, kernels, disks, clocks, names, ports, logs.",
          "init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff acct quotactl "
          "quotactl_fd nfsservctl settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname iopl ioperm "
          "modify_ldt lookup_dcookie vhangup syslog"),
)  # fmt: skip

MEMFD: Final = Group(
    "anonymous-files", "absent", "A file in memory is counted by the memory cgroup alone; without one it is not offered.",
    "memfd_create",
)  # fmt: skip
#: How it is offered where it is.
MEMFD_FLAGS: Final = Rule(
    "anonymous-files", "memfd_create", MEMFD.reason,
    (Test(1, "mask", 0x4, "quiet", errno="ENOMEM"),), "allow",  # MFD_HUGETLB: as MAP_HUGETLB
)  # fmt: skip
AFFINITY: Final = Group(
    "affinity", "allow", "A program may pick among its processors, unless picking is how they are limited.",
    "sched_setaffinity",
)  # fmt: skip

_STREAM: Final = 1
_SEQPACKET: Final = 5
_KINDS: Final = tuple(kind | flags for kind in (_STREAM, _SEQPACKET) for flags in (0, 0x800, 0x80000, 0x80800))

RULES: Final = (
    Rule("socket", "socket", "A socket of any family but the sandbox's own pairs is a way out; network.allow grants IPv4 and IPv6.",
         (
             Test(0, "in", (1, 16), "quiet", errno="EACCES"),  # Unix and netlink: the C library looks for nscd
             Test(0, "in", (2, 10), "refuse", granted="allow"),  # AF_INET, AF_INET6
         ),
         "refuse", clause="network.allow"),
    Rule("socketpair", "socketpair", "Only connected pairs: a datagram pair could still send to any named socket.",
         (Test(0, "ne", 1, "refuse"), Test(1, "in", _KINDS, "allow")), "quiet"),
    Rule("socket-questions", "getsockopt", "Questions about one's own sockets, but not who made the other end: of the channel, that is the caller.",
         (
             Test(1, "ne", 1, "allow"),  # another level than SOL_SOCKET
             Test(2, "in", (31, 59, 77), "refuse"),  # SO_PEERSEC, SO_PEERGROUPS, SO_PEERPIDFD
         ),
         "allow"),
    Rule("socket-settings", "setsockopt", "Sizes and times of one's own sockets, but no programs that the kernel runs on what they receive.",
         (
             Test(1, "ne", 1, "allow"),
             # SO_ATTACH_FILTER, SO_ATTACH_BPF, SO_ATTACH_REUSEPORT_CBPF and _EBPF; SO_PASSPIDFD, a handle on the sender.
             Test(2, "in", (26, 50, 51, 52, 76), "refuse"),
         ),
         "allow"),
    Rule("own-limits", "prlimit64", "Limits of one's own; pid 1 is the same user and would not outlive some that could be set for it.",
         (Test(0, "ne", 0, "refuse"),), "allow"),
    Rule("mapping", "mmap", "Every program maps memory, but not out of the host's reserve of huge pages, which no limit counts.",
         (Test(3, "mask", 0x40000, "quiet", errno="ENOMEM"),), "allow"),  # MAP_HUGETLB
    Rule("clone", "clone", "Threads and forks, but no new namespaces, which give dropped powers back, nor a child of the runner's own parent, which would never bury it.",
         (Test(0, "mask", 0x7E028080, "refuse"),), "allow"),  # CLONE_NEW* and CLONE_PARENT
    Rule("ioctl", "ioctl", "Questions to files and pipes; on a terminal it could type for the user.",
         (
             # The dangerous ones: TIOCSTI, TIOCLINUX, TIOCCONS, TIOCSETD.
             Test(1, "in", (0x5412, 0x541C, 0x541D, 0x5423), "refuse"),
             # Harmless: TCGETS and the three TCSETS, TIOCGPGRP, TIOCSPGRP, TIOCGWINSZ, TIOCSWINSZ, FIONREAD, FIONBIO,
             # FIONCLEX, FIOCLEX, FIOASYNC.
             Test(1, "in", (0x5401, 0x5402, 0x5403, 0x5404, 0x540F, 0x5410, 0x5413, 0x5414, 0x541B, 0x5421, 0x5450, 0x5451,
                            0x5452), "allow"),
         ),
         "quiet", errno="ENOTTY"),
    Rule("fcntl", "fcntl", "What concerns descriptors, pipes and locks; leases, watches and hints reach whoever uses the same file on the host.",
         (
             Test(1, "in", (1024, 1026), "refuse"),  # F_SETLEASE, F_NOTIFY
             Test(1, "eq", 1031, "quiet"),  # F_SETPIPE_SZ: pages of pipes are counted for the whole host user
             # DUPFD, GETFD, SETFD, GETFL, SETFL, GETLK, SETLK, SETLKW, SETOWN, GETOWN, SETSIG, GETSIG, SETOWN_EX,
             # GETOWN_EX, GETOWNER_UIDS, the three OFD locks, GETLEASE, DUPFD_QUERY, CREATED_QUERY, DUPFD_CLOEXEC,
             # GETPIPE_SZ, ADD_SEALS, GET_SEALS. A hint is written into the file's inode, whatever the mount says.
             Test(1, "in", (*range(12), 15, 16, 17, 36, 37, 38, 1025, 1027, 1028, 1030, 1032, 1033, 1034), "allow"),
         ),
         "quiet", errno="EINVAL"),
    Rule("prctl", "prctl", "Names of threads and questions about oneself; not one's own layout in memory or its protection.",
         (
             # This one moves its own layout in memory: PR_SET_MM.
             Test(0, "eq", 35, "refuse"),
             # Harmless: both ways of PDEATHSIG, NAME, TIMERSLACK, NO_NEW_PRIVS and THP_DISABLE; asking for DUMPABLE,
             # SECCOMP, CAPBSET, SECUREBITS, TID_ADDRESS, SPECULATION_CTRL; SET_VMA, by which allocators name memory.
             Test(0, "in", (1, 2, 3, 15, 16, 21, 23, 27, 29, 30, 38, 39, 40, 41, 42, 52, 0x53564D41), "allow"),
         ),
         "quiet", errno="EINVAL"),
    Rule("personality", "personality", "Asking is harmless; switching brings old kernels' behaviour back, such as a fixed layout.",
         (Test(0, "in", (0, 0xFFFFFFFF), "allow"),), "refuse"),
)  # fmt: skip
