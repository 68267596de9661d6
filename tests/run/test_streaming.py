"""Output comes while the program runs, in order, complete up to the cap, and counted beyond it."""

from __future__ import annotations

import subprocess
import threading

import pytest

from tests import unread as fh
from tests.run.command import FUMEHOOD, fumehood

pytestmark = pytest.mark.jail


def test_pieces_come_while_the_program_runs() -> None:
    """A line is heard before the program that printed it goes on to its end."""
    heard = list[str]()
    code = "import os, time\nfor i in range(3):\n    print(i, flush=True)\n    while not os.path.exists(f'heard{i}'): time.sleep(0.01)"
    with fh.Sandbox() as sandbox:

        def hear(piece: str) -> None:
            heard.append(piece)
            sandbox.files.write(f"heard{piece.strip()}", "")

        result = sandbox.run(code, on_stdout=hear)

    assert ["0\n", "1\n", "2\n"] == heard
    assert ("completed", "0\n1\n2\n") == (result.outcome, result.stdout)


def test_streams_are_told_apart() -> None:
    """Standard output and error go to their own listeners."""
    out, err = list[str](), list[str]()
    fh.run(
        "import sys\nfor i in range(50):\n    print('o', i)\n    print('e', i, file=sys.stderr)",
        on_stdout=out.append, on_stderr=err.append,
    )  # fmt: skip

    assert [f"o {i}" for i in range(50)] == "".join(out).split("\n")[:-1]
    assert [f"e {i}" for i in range(50)] == "".join(err).split("\n")[:-1]


def test_a_character_cut_in_two_is_told_whole() -> None:
    """A multi-byte character that arrives in two pieces is decoded once, and broken bytes don't stop the stream."""
    heard = list[str]()
    code = "import os, time\nos.write(1, b'\\xc3'); time.sleep(0.3); os.write(1, b'\\xa9\\xff!')"
    result = fh.run(code, on_stdout=heard.append)

    assert "é�!" == "".join(heard) == result.stdout


def test_what_comes_last_is_not_lost() -> None:
    """All that was written before the program's end is there, also what a program that dies wrote just before."""
    code = "import os\nos.write(1, b'x' * 60_000)\nos._exit(3)"

    assert [60_000] * 20 == [len(fh.run(code).stdout) for _ in range(20)]


def test_output_beyond_the_cap_is_counted() -> None:
    """`limits.output` bytes are kept of each stream, and every byte beyond is counted; the run completes."""
    policy = fh.Policy.default().but(**{"limits.output": "64KiB"})
    heard = list[str]()
    result = fh.run(
        "import sys\nsys.stdout.write('x' * 1_000_000); sys.stderr.write('y' * 65_536); None",
        policy=policy,
        on_stdout=heard.append,
    )

    assert "completed" == result.outcome
    assert (None, 65_536, 65_536) == (result.value, len(result.stdout), len(result.stderr))
    assert (1_000_000 - 65_536, 0) == (result.dropped.stdout, result.dropped.stderr)
    assert 65_536 == sum(map(len, heard))


def test_the_command_passes_output_on_as_it_comes() -> None:
    """`fumehood run` prints a line when the program prints it; its exit code comes at the end."""
    words = [*FUMEHOOD, "run", "-c", "import time\nprint('now', flush=True)\ntime.sleep(1)\nprint('later')"]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert b"now\n" == process.stdout.readline()
        assert process.poll() is None
        assert b"later\n" == process.stdout.read()

    assert 0 == process.returncode


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_a_closed_pipe_is_said_without_a_traceback(words: list[str]) -> None:
    """Where nobody reads standard output any more, the command says so and leaves with 2."""
    command = [*FUMEHOOD, "run", *words, "-c", "for i in range(300_000): print(i)"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        told = process.stderr.read().decode()

    assert 2 == process.returncode
    assert "closed" in told
    assert "Traceback" not in told


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_output_that_a_terminal_cannot_show_does_not_break_the_command(words: list[str]) -> None:
    """Lone surrogates and characters outside the locale's encoding are shown as something, never as a traceback."""
    code = "class A:\n    def __repr__(self): return '\\ud800é😀'\nprint('é😀')\nA()"
    for environment in ({}, {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}):
        done = fumehood("run", *words, "-c", code, **environment)
        assert (0, "") == (done.code, done.err)
        if words:
            assert "é😀\n" == done.json()["stdout"]


def test_a_flood_between_runs_does_not_hold_up_the_next() -> None:
    """A child that is left writing without end neither hangs the end of its run nor the next one."""
    flood = (
        "import os\n"
        "for _ in range(3):\n    if os.fork() == 0:\n        data = bytes(1 << 20)\n        while True: os.write(1, data)\n5"
    )
    with fh.Sandbox(policy=fh.Policy.default().but(**{"limits.wall": "10s", "limits.cpus": 2.0})) as sandbox:
        done = threading.Event()
        results = list[fh.Result]()

        def call() -> None:
            results.extend((sandbox.run(flood), sandbox.run("6")))
            done.set()

        thread = threading.Thread(target=call, daemon=True)
        thread.start()
        assert done.wait(60)

    assert [5, 6] == [result.value for result in results]
