"""Where descriptors or processes run out, what is asked for is refused in words; what was there goes on."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.run.command import is_one_paragraph

pytestmark = pytest.mark.jail

PROLOGUE = """
import gc, resource, sys, time
from tests import unread as fh
POLICY = fh.Policy.default().but(**{"limits.open_files": 16})
def fill(most):
    kept = []
    while len(kept) < most:
        sandbox = fh.Sandbox(policy=POLICY)
        try:
            sandbox.run("x = 42")
        except fh.Error as error:
            assert error.remedy()
            print(type(error).__name__, error)
            return kept
        kept.append(sandbox)
    return kept
"""
EPILOGUE = """
first = kept[0].run("x")
for sandbox in kept:
    sandbox.close()
for _ in range(200):  # they go while nobody waits for that
    try:
        after = fh.run("6 * 7", policy=POLICY)
        break
    except fh.Error:
        time.sleep(0.05)
print(len(kept) > 3, first.value, after.value)
gc.collect()
"""
CASES = {
    "descriptors of the caller": (
        "fh.run('1', policy=POLICY)\nresource.setrlimit(resource.RLIMIT_NOFILE, (192, 192))\nkept = fill(64)",
        "This process",
    ),
    "descriptors of the jail": (
        "hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]\nresource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))\n"
        "kept = fill(64)",
        "open files",
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_what_runs_out_is_named_and_comes_back(what: str) -> None:
    """At the limit a new sandbox is refused with the limit's name; old ones go on, and new ones come when some go."""
    code, named = CASES[what]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROLOGUE + code + EPILOGUE],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert ("", 0) == (done.stderr, done.returncode)
    refusal, told = done.stdout.splitlines()
    assert refusal.startswith("Unavailable")
    assert named in refusal or "open files" in refusal
    assert "True 42 42" == told


def test_a_command_with_next_to_no_files_is_refused_in_words() -> None:
    """Too few for the jail to come up, it is told as what runs out."""
    words = f"ulimit -n 30 && {sys.executable} -m fumehood run -c 1"
    done = subprocess.run(["/bin/sh", "-c", words], check=False, capture_output=True, text=True, timeout=60)

    assert (5, "") == (done.returncode, done.stdout)
    assert "Too many open files" in done.stderr
    assert is_one_paragraph(done.stderr)


def test_a_soft_limit_is_raised_before_anything_is_refused() -> None:
    """Where the shell allows few files and the system allows more, a crowd of sandboxes just works."""
    few = "resource.setrlimit(resource.RLIMIT_NOFILE, (256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))"
    code = f"{few}\nkept = fill(32)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{PROLOGUE}{code}\nprint(len(kept), kept[0].run('x').value)"],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    assert ("", "32 42\n") == (done.stderr, done.stdout)


def test_many_small_sandboxes_at_once_get_their_descriptors() -> None:
    """Descriptors on their way count against limits.open_files of whoever sends; a crowd of orders must not fail for it."""
    code = """
import threading
results = []
def work():
    for _ in range(3):
        results.append(fh.run("1", policy=POLICY).outcome)
threads = [threading.Thread(target=work) for _ in range(30)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(results), set(results))
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROLOGUE + code], check=False, capture_output=True, text=True, timeout=100,
        env=os.environ,
    )  # fmt: skip

    assert ("", "90 {'completed'}\n") == (done.stderr, done.stdout)
