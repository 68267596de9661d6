from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from fumehood.plan import answers, plan, syscalls
from fumehood.plan.syscalls import AFFINITY, GROUPS, MEMFD, RULES
from fumehood.policy import Policy
from tests.plan.hosts import ROOT

HEADER = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
TABLE = Counter([
    *(call for group in (*GROUPS, MEMFD, AFFINITY) for call in group.calls.split()),
    *(rule.call for rule in RULES),
])  # fmt: skip


def test_no_call_is_answered_twice() -> None:
    """One call stands in one place of the table."""
    assert [] == [call for call, count in TABLE.items() if count > 1]


@pytest.mark.skipif(not HEADER.exists(), reason="this machine has no list of the kernel's calls")
def test_every_call_is_thought_about() -> None:
    """Each call of the kernel's list is in the table, or named among those that are left to the default on purpose."""
    kernel: set[str] = set(re.findall(r"__NR_(\w+)", HEADER.read_text(encoding="ascii")))
    left = (syscalls.__doc__ or "").partition("Left to that default on purpose")[2].partition("\n\n")[0]
    named = {re.escape(word).replace(r"\*", r"\w+") for word in re.findall(r"[a-z_0-9*]+", left)}

    unanswered = {call for call in kernel - set(TABLE) if re.fullmatch("|".join(named), call) is None}

    assert set() == unanswered


def answer(call: str, *arguments: int, policy: str = "default") -> str:
    """Answer a call as a filter does that is made from the plan."""
    for setting in plan(Policy.load(policy), ROOT).syscalls.values():
        if call in answers.calls(setting.value):
            held = [holds(test, arguments) for test in answers.tests(setting.value)]
            return answers.actions(setting.value)[[*held, True].index(True)]
    return "absent"


def holds(test: tuple[int, str, Any], arguments: tuple[int, ...]) -> bool:
    """Whether a test of one argument holds."""
    number, op, value = test
    argument = arguments[number] & 0xFFFFFFFF
    if op == "in":
        return argument in value
    return bool({"eq": argument == value, "ne": argument != value, "mask": argument & value}[op])


HIGH = 1 << 40
"""A bit that the kernel cuts off and a careless filter does not."""


@pytest.mark.parametrize(
    ("call", "arguments", "expected"),
    [
        ("read", (0,), "allow"),
        ("clone3", (0,), "absent"),
        ("no_such_call", (), "absent"),
        ("clone", (0x11,), "allow"),  # fork
        ("clone", (0x3D0F00,), "allow"),  # a thread
        ("clone", (0x4111,), "allow"),  # vfork
        ("clone", (0x10000011,), "refuse"),  # CLONE_NEWUSER
        ("clone", (HIGH | 0x20011,), "refuse"),  # CLONE_NEWNS
        ("clone", (0x8011,), "refuse"),  # CLONE_PARENT
        ("socket", (1, 1), "quiet"),
        ("socket", (16, 3), "quiet"),
        ("socket", (2, 1), "refuse"),
        ("socket", (10, 2), "refuse"),
        ("socket", (17, 3), "refuse"),  # AF_PACKET
        ("socket", (40, 1), "refuse"),  # AF_VSOCK
        ("socketpair", (1, 1), "allow"),
        ("socketpair", (1, 0x80801), "allow"),
        ("socketpair", (1, 2), "quiet"),  # datagrams
        ("socketpair", (30, 1), "refuse"),  # AF_TIPC
        ("ioctl", (0, 0x5401), "allow"),  # isatty
        ("ioctl", (0, 0x5412), "refuse"),  # TIOCSTI
        ("ioctl", (0, HIGH | 0x5412), "refuse"),
        ("ioctl", (0, 0x40049409), "quiet"),  # FICLONE
        ("fcntl", (0, 3), "allow"),  # F_GETFL
        ("fcntl", (0, 1024), "refuse"),  # F_SETLEASE
        ("fcntl", (0, 1031), "quiet"),  # F_SETPIPE_SZ
        ("fcntl", (0, 1033), "allow"),  # F_ADD_SEALS
        ("fcntl", (0, 1036), "quiet"),  # F_SET_RW_HINT
        ("fcntl", (0, 1040), "quiet"),  # F_SETDELEG
        ("mmap", (0, 4096, 3, 0x22), "allow"),  # MAP_PRIVATE | MAP_ANONYMOUS
        ("mmap", (0, 4096, 3, 0x40022), "quiet"),  # MAP_HUGETLB
        ("memfd_create", (0, 1), "allow"),
        ("memfd_create", (0, 4), "quiet"),  # MFD_HUGETLB
        ("getsockopt", (3, 1, 3), "allow"),  # SO_TYPE
        ("getsockopt", (3, 1, 77), "refuse"),  # SO_PEERPIDFD
        ("setsockopt", (3, 1, 7), "allow"),  # SO_SNDBUF
        ("setsockopt", (3, 1, 26), "refuse"),  # SO_ATTACH_FILTER
        ("setsockopt", (3, 1, 76), "refuse"),  # SO_PASSPIDFD
        ("setsockopt", (3, 41, 26), "allow"),  # IPV6_V6ONLY, the same number at another level
        ("prlimit64", (0, 7), "allow"),
        ("prlimit64", (1, 7), "refuse"),  # pid 1's
        ("prctl", (15,), "allow"),  # PR_SET_NAME
        ("prctl", (4,), "quiet"),  # PR_SET_DUMPABLE
        ("prctl", (35,), "refuse"),  # PR_SET_MM
        ("personality", (0xFFFFFFFF,), "allow"),
        ("personality", (0x40000,), "refuse"),  # ADDR_NO_RANDOMIZE
        ("execve", (), "refuse"),
        ("io_uring_setup", (), "refuse"),
        ("ptrace", (), "refuse"),
        ("userfaultfd", (), "refuse"),
        ("bpf", (), "refuse"),
    ],
)
def test_a_call_is_answered(call: str, arguments: tuple[int, ...], expected: str) -> None:
    """Ordinary use is allowed, what honest programs try is quiet, and what only attacks need is refused."""
    assert expected == answer(call, *arguments)


def test_the_workbench_may_start_programs_and_nothing_more() -> None:
    """code.spawn changes the answer to execve and execveat alone."""
    before, after = (plan(Policy.load(name), ROOT).syscalls for name in ("default", "workbench"))

    assert ["spawn"] == [name for name in before if before[name].value != after[name].value]
    assert "allow" == answer("execveat", policy="workbench")
