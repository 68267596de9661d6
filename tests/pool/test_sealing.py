"""What seals a sandbox is written down outside it, call by call, and made inside without a look at it."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fumehood.errors import Unavailable
from fumehood.kernel.libc import AT_FDCWD
from fumehood.kernel.sequence import BASE, USER, USER_TEXT, Form, Writer
from fumehood.plan import Slice, plan
from fumehood.policy import Policy
from fumehood.tiers.jail import waiting
from fumehood.tiers.jail.service import Jail
from tests import unread as fh
from tests.pool.sheet import FIRST, made, made_twice

if TYPE_CHECKING:
    from pathlib import Path


def test_calls_find_their_bytes_and_their_descriptors(tmp_path: Path) -> None:
    """A file is made, written, given away and closed by numbers that were known beforehand."""
    writer = Writer(1, FIRST)
    path = os.fsencode(tmp_path / "made")
    file = writer.open("openat", AT_FDCWD, path, os.O_CREAT | os.O_WRONLY, 0o600)
    writer.call("write", file, b"one\0two", 7, answer=7)
    writer.call("fchown", file, USER, USER)
    writer.call("write", file, USER_TEXT, 10, answer=10)
    writer.close(file)
    writer.call("write", FIRST, b"!", 1, answer=1)
    form = Form(writer.written())
    read, write = os.pipe()

    assert form.signed(1, 1) != form.signed(os.getuid(), 0)
    assert (file, made(form.signed(os.getuid(), 0), (write,))) == (FIRST + 1, None)
    assert (tmp_path / "made").read_bytes() == b"one\0two" + b"%10d" % os.getuid()
    assert os.read(read, 9) == b"!"
    for end in (read, write):
        os.close(end)


def test_the_first_wrong_answer_is_told_and_nothing_follows_it(tmp_path: Path) -> None:
    """One that fails, and one that succeeds with another answer than the one that is right."""
    writer = Writer(0, FIRST)
    writer.call("getppid", answer=os.getpid())
    writer.call("mkdirat", AT_FDCWD, os.fsencode(tmp_path), 0o700)
    writer.call("mkdirat", AT_FDCWD, os.fsencode(tmp_path / "not"), 0o700)
    other = Writer(0, FIRST)
    other.call("getppid", answer=os.getpid() + 1)

    assert made(writer.written()) == [2, errno.EEXIST]
    assert not (tmp_path / "not").exists()
    assert made(other.written())


def test_numbers_of_descriptors_are_never_guessed() -> None:
    """Where not all came that were announced, no call is made: each would mean another one's."""
    writer = Writer(2, FIRST)
    writer.call("close", FIRST)

    assert made(writer.written(), (0,)) == "EMFILE"
    assert made(writer.written()) == "EMFILE"


def test_what_is_too_long_is_an_error_of_its_sandbox_alone() -> None:
    """Whoever writes it holds all other sandboxes too, and says what there is too much of."""
    writer = Writer(0, FIRST)
    for number in range(6000):
        writer.call("chdir", b"/%d" % number)

    with pytest.raises(OSError, match="too many paths"):
        writer.written()


def test_a_sequence_finds_its_place_or_says_so() -> None:
    """Two readers in one process would write into each other's sheet."""
    assert made_twice() == "taken"


@pytest.mark.jail
def test_a_step_that_fails_is_named() -> None:
    """Who reports that no sandbox can be made says which step the kernel refused, and why."""
    jail = Jail()
    try:
        whole = plan(Policy.default(), jail.host)
        disk = whole.jail["disk"]._replace(value="nonsense")
        broken = replace(whole, jail=Slice([*whole.jail.values(), disk]))
        with pytest.raises(Unavailable, match=r"mount /\.proc/fs: Invalid argument"):
            waiting.complete(jail.order(broken).open(waiting.Blocking()))
    finally:
        jail.close()


@pytest.mark.jail
def test_what_was_written_is_gone_when_a_program_comes() -> None:
    """The sheet told the sandbox's host user and where its trees are; its pages are given back."""
    look = f"import ctypes\nctypes.string_at({BASE}, 65536).strip(b'\\0').hex()"
    seen = fh.run(look, policy=Policy.from_dict({"code": {"native": True}}))

    assert seen.value == "", seen
