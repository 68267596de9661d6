"""A table of rules about system calls, compiled to the BPF program that seccomp(2) takes.

The program looks its call up by binary search over runs of numbers with one meaning, so the kernel's own
per-call cache makes plainly allowed calls free and the rest cost a few instructions.
"""

from __future__ import annotations

import errno
import struct
from typing import Literal, NamedTuple

from fumehood.kernel.libc import MACHINE
from fumehood.kernel.syscalls import numbers

Action = Literal["allow", "refuse", "quiet", "absent"]
Op = Literal["eq", "ne", "in", "mask"]


class Answer(NamedTuple):
    """What the caller gets: the call itself, EPERM that a listener hears of, a quiet error, or ENOSYS."""

    action: Action
    error: str = "EPERM"


class Test(NamedTuple):
    """If the low 32 bits of `argument` are one of `values` (eq, in), are not (ne), or share a bit (mask): `answer`."""

    argument: int
    op: Op
    values: tuple[int, ...]
    answer: Answer


class Rule(NamedTuple):
    """What one system call gets: the answer of the first test that holds, else `otherwise`."""

    tests: tuple[Test, ...]
    otherwise: Answer


_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_KILL_PROCESS, _ERRNO, _NOTIFY, _ALLOW = 0x80000000, 0x00050000, 0x7FC00000, 0x7FFF0000
_LOAD, _EQUAL, _AT_LEAST, _ANY, _JUMP, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x05, 0x06
_NUMBER_OFFSET, _ARCHITECTURE_OFFSET, _ARGUMENTS_OFFSET = 0, 4, 16
_LONGEST_BRANCH = 255

_Instruction = tuple[int, int, int, int]


def _value(answer: Answer, *, listener: bool) -> int:
    if answer.action == "allow":
        return _ALLOW
    if answer.action == "refuse" and listener:
        return _NOTIFY
    return _ERRNO | (errno.ENOSYS if answer.action == "absent" else getattr(errno, answer.error))


def _body(rule: Rule, *, listener: bool) -> list[_Instruction]:
    """The instructions for one call; its number is in the accumulator and no longer needed."""
    code: list[_Instruction] = []
    for test in rule.tests:
        code.append((_LOAD, 0, 0, _ARGUMENTS_OFFSET + 8 * test.argument))
        leave = (_RETURN, 0, 0, _value(test.answer, listener=listener))
        if test.op == "mask":
            code += [(_ANY, 0, 1, test.values[0]), leave]
            continue
        # A match jumps past the comparisons that are left and one instruction more: the jump (eq, in), the answer (ne).
        matches = [(_EQUAL, len(test.values) - index, 0, value) for index, value in enumerate(test.values)]
        code += [*matches, leave] if test.op == "ne" else [*matches, (_JUMP, 0, 0, 1), leave]
    code.append((_RETURN, 0, 0, _value(rule.otherwise, listener=listener)))
    return code


def _search(runs: list[tuple[int, list[_Instruction]]]) -> list[_Instruction]:
    """Binary search: `runs` are (first number, body), sorted, the first starting at 0."""
    if len(runs) == 1:
        return runs[0][1]
    middle = len(runs) // 2
    low, high = _search(runs[:middle]), _search(runs[middle:])
    if len(low) <= _LONGEST_BRANCH:
        return [(_AT_LEAST, len(low), 0, runs[middle][0]), *low, *high]
    return [(_AT_LEAST, 0, 1, runs[middle][0]), (_JUMP, 0, 0, len(low)), *low, *high]


def compile_program(table: dict[str, Rule], *, listener: bool, machine: str = MACHINE) -> bytes:
    """BPF for `table`; a call that is not in it is absent (ENOSYS), another architecture's call kills.

    Args:
        table: Call name to rule. A name this machine does not have is passed over: there it can't be called.
        listener: Whether "refuse" goes to a listener (and is EPERM by it) or is EPERM at once.
        machine: As `uname -m` says.
    """
    known = numbers(machine)
    rules = {known[name]: rule for name, rule in table.items() if name in known}
    absent = Rule((), Answer("absent"))
    runs: list[tuple[int, list[_Instruction]]] = []
    previous: Rule | None = None
    for number in range(max(rules) + 2):
        rule = rules.get(number, absent)
        if rule != previous:
            runs.append((number, _body(rule, listener=listener)))
        previous = rule
    code: list[_Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE_OFFSET),
        (_EQUAL, 1, 0, _ARCHITECTURE[machine]),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER_OFFSET),
        *_search(runs),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)
