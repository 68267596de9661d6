"""The code owns its interpreter: whatever it does there is its own failure, told in fumehood's words, soon."""

from __future__ import annotations

import json
import time

import pytest

from tests import unread as fh

pytestmark = pytest.mark.jail

LIMITS = fh.Policy.default().but(
    **{"limits.wall": "3s", "limits.cpu": "2s", "limits.memory": "128MiB", "limits.disk": "16MiB"}
)
FRAME = "import os, struct, time\ndef frame(data): os.write(3, struct.pack('=I', len(data)) + data)\n"
ID = '"id": 1'  # an answer names the run that it answers; a sandbox's runs are counted from 1
HOLD = "\ntime.sleep(60)"


def run(*codes: str) -> list[fh.Result]:
    """Run programs one after another in one sandbox; each result must be strict JSON."""
    with fh.Sandbox(policy=LIMITS) as sandbox:
        results = [sandbox.run(code) for code in codes]
    for result in results:
        json.dumps(result.to_dict(), allow_nan=False, ensure_ascii=False).encode("utf-8")
        assert "tiers/jail" not in result.stderr
    return results


CLASS = "class Odd:\n    def {name}(self, *a): {body}\n"


@pytest.mark.parametrize(
    "body",
    [
        "raise ValueError",
        "return 5",
        "return 'x' * 10_000_000",
        "return '\\ud800'",
        "raise MemoryError",
        "raise SystemExit(3)",
        "self.x",
    ],
)
def test_an_odd_repr_is_told(body: str) -> None:
    """A `__repr__` that raises, lies about its type or is huge gives a bounded text, and the sandbox goes on."""
    odd, after = run(CLASS.format(name="__repr__", body=body) + "Odd()", "1 + 1")

    assert ("completed", None) == (odd.outcome, odd.value)
    assert 0 < len(odd.value_text) < 70_000
    assert (2, "kept") == (after.value, after.state)


@pytest.mark.parametrize(
    "code",
    [
        "import sys; sys.exit([1])",
        "import sys; sys.exit({})",
        "import sys; sys.exit(10**5000)",
        "import sys; sys.exit(True)",
        "import sys; sys.exit(1.5)",
        "import sys; sys.stderr = None; sys.exit('said')",
        CLASS.format(name="__repr__", body="raise KeyboardInterrupt") + "import sys; sys.exit(Odd())",
        CLASS.format(name="__eq__", body="raise SystemExit") + "    __hash__ = None\nimport sys; sys.exit(Odd())",
        CLASS.format(name="__str__", body="raise SystemExit") + "e = SyntaxError('x'); e.msg = Odd(); raise e",
        "e = SyntaxError('x'); e.lineno = object(); raise e",
        "raise SyntaxError('x', ('f', object(), 1, 'text'))",
        "e = OSError(1, 'x'); e.errno = 10**5000; raise e",
        "class E(Exception):\n    def __str__(self): raise SystemExit\nraise E",
        "raise type('\\ud800', (Exception,), {})('\\ud801')",
        "raise type('E' * 100_000, (Exception,), {})('m' * 10_000_000)",
        "raise KeyboardInterrupt",
        "raise GeneratorExit",
        "raise ExceptionGroup('several', [ValueError(1), OSError(2)])",
        "def f(): f()\nf()",
        "import os, signal; os.kill(os.getpid(), signal.SIGINT); import time; time.sleep(1)",
    ],
)
def test_every_way_to_raise_leaves_the_sandbox_alive(code: str) -> None:
    """An exit or exception of any make is the program's failure with a name; the next run finds the state kept."""
    raised, after = run("x = 5\n" + code, "x")

    assert "failed" == raised.outcome
    assert raised.error is not None
    assert raised.error.name
    assert len(raised.error.message) < 70_000
    assert (5, "kept") == (after.value, after.state)


@pytest.mark.parametrize(
    "code", ["import sys; sys.exit()", "import sys; sys.exit(0)", "raise SystemExit(None)", "raise SystemExit(False)"]
)
def test_a_plain_exit_completes(code: str) -> None:
    """`sys.exit()` without a status is a completed run, and the sandbox lives on."""
    left, after = run("x = 5\n" + code, "x")

    assert ("completed", 5) == (left.outcome, after.value)


@pytest.mark.parametrize(
    ("code", "name", "message"),
    [
        ("import os; os._exit(3)", "ExitStatus", "3"),
        ("import os; os.kill(os.getpid(), 9)", "Killed", "SIGKILL"),
        ("import os; os.kill(os.getpid(), 11)", "Killed", "SIGSEGV"),
        ("import os; os.abort()", "Killed", "SIGABRT"),
        ("import os, time; os.close(3)" + HOLD, "ChannelBroken", "closed"),
        ("import socket, time; socket.socket(fileno=3).shutdown(2)" + HOLD, "ChannelBroken", "closed"),
        (FRAME + "os.write(3, b'\\xff' * 4)" + HOLD, "ChannelBroken", "announced"),
        (FRAME + "frame(b'[]')" + HOLD, "ChannelBroken", "not an object"),
        (FRAME + "frame(b'{')" + HOLD, "ChannelBroken", "not JSON"),
        (FRAME + "frame(b'[' * 100_000)" + HOLD, "ChannelBroken", "not JSON"),
        (FRAME + "frame(b'{\"ok\": NaN}')" + HOLD, "ChannelBroken", "not JSON"),
        (FRAME + "a = b'\\x09\\0\\0\\0{\"id\": 1}'; os.write(3, a + a)" + HOLD, "ChannelBroken", "not asked"),
        (FRAME + 'frame(b\'{"ok": true, "id": 2}\')' + HOLD, "ChannelBroken", "not asked"),
        (FRAME + "while True: os.write(3, bytes(65536))", "ChannelBroken", ""),
        (FRAME + "while True: os.write(3, b'\\xff' * 65536)", "ChannelBroken", ""),
    ],
)
def test_a_broken_interpreter_or_channel_is_told_and_ends_the_sandbox(code: str, name: str, message: str) -> None:
    """Killing the runner or tampering with its channel fails the run in fumehood's words; the state is then lost."""
    with fh.Sandbox(policy=LIMITS) as sandbox:
        result = sandbox.run(code)
        assert "failed" == result.outcome
        assert result.error is not None
        assert name == result.error.name
        assert message in result.error.message
        assert "Traceback" not in result.stderr
        with pytest.raises(fh.Error, match="gone") as caught:
            sandbox.run("1")
        assert "reset" in caught.value.remedy()
        sandbox.reset()
        assert ("lost", 2) == ((again := sandbox.run("1 + 1")).state, again.value)


@pytest.mark.parametrize(
    "answer",
    [
        '"ok": false', '"ok": false, "error": 5', '"ok": false, "error": {"errno": [1]}', '"error": {}', '"ok": 1',
        '"ok": false, "error": {"errno": {"a": 1}, "name": 5, "message": [], "line": "x", "traceback": {}}',
        '"ok": false, "error": {"name": "E", "message": "m", "line": -5, "traceback": "\\\\ud800"}',
        '"ok": false, "error": {"name": "E", "message": "m", "line": 1e999, "traceback": null, "errno": 1e999}',
    ],
)  # fmt: skip
def test_a_forged_failure_is_a_failure(answer: str) -> None:
    """An answer with fields of the wrong type is read as a failure with what is usable of it."""
    (result,) = run(FRAME + f"frame(b'{{{ID}, {answer}}}')" + HOLD)

    assert "failed" == result.outcome
    assert result.error is not None
    assert result.limit is None


@pytest.mark.parametrize(
    "value", ["1e999", "-1e999", "[" * 900 + "]" * 900, '{"a": [1e999]}', '"\\\\ud800"', "1" * 4000, "[[],{},null]"]
)
def test_a_forged_value_is_plain_data_or_none(value: str) -> None:
    """A `value` that the runner would never send is not handed on: no infinity, nothing deep, no surrogate in JSON."""
    (result,) = run(FRAME + f'frame(b\'{{{ID}, "ok": true, "value": {value}}}\')' + HOLD)

    assert "completed" == result.outcome or (result.error and result.error.name) == "ChannelBroken"


@pytest.mark.parametrize(
    ("errno", "message"), [(24, "files"), (28, "disk"), (11, "processes"), (12, "memory"), (27, "size")]
)
def test_a_limit_that_was_not_reached_is_not_reported(errno: int, message: str) -> None:
    """What the program says of limits is not believed without the kernel's word."""
    (result,) = run(f"raise OSError({errno}, '{message}')")

    assert ("failed", None) == (result.outcome, result.limit)


@pytest.mark.parametrize(
    "code",
    [
        "import json; json.dumps = json.loads = None",
        "import builtins; builtins.isinstance = builtins.len = builtins.repr = None",
        "import socket; socket.socket.sendall = None",
        "import sys; sys.modules.clear()",
        "import gc\nfor o in gc.get_objects():\n    if type(o) is dict: o.clear()",
    ],
)
def test_a_runner_that_was_taken_apart_ends_in_words(code: str) -> None:
    """Patching what the runner needs ends the sandbox or does nothing; either is told without fumehood's traceback."""
    (result,) = run(code)

    assert result.outcome in {"completed", "failed"}
    assert "Traceback" not in result.stderr


def test_replaced_streams_stay_the_programs_business() -> None:
    """`sys.stdout` set to None, closed or replaced by something hostile neither hangs nor ends the sandbox."""
    results = run(
        "import sys; keep = sys.stdout; sys.stdout = None; print(1)",
        "class S:\n def write(s, x): raise ValueError\n def flush(s): raise SystemExit\nsys.stdout = S(); 2",
        "sys.stdout = keep; print(3)",
        "import os; os.close(1); os.close(2); 4",
    )

    assert ["completed"] * 4 == [result.outcome for result in results]
    assert [None, 2, None, 4] == [result.value for result in results]
    assert "3\n" == results[2].stdout


def test_a_fork_that_comes_back_is_not_a_second_answer() -> None:
    """A child that returns from `os.fork` into the runner's code, by its end or by an exception, is simply gone."""
    forked, raised, after = run(
        "import os\npid = os.fork()\nif pid: os.waitpid(pid, 0)\npid > 0",
        "pid = os.fork()\nif pid == 0: 1 / 0\nos.waitpid(pid, 0)\n7",
        "8",
    )

    assert [True, 7, 8] == [forked.value, raised.value, after.value]


def test_threads_left_running_write_into_the_next_run() -> None:
    """A thread outlives its run inside the sandbox; it neither holds the run open nor breaks the next."""
    first, second = run(
        "import threading\ngo = threading.Event()\ndef late():\n    go.wait(); print('late')\n"
        "thread = threading.Thread(target=late)\nthread.start()",
        "go.set(); thread.join()",
    )

    assert ("completed", "", "late\n") == (first.outcome, first.stdout, second.stdout)


def test_memory_taken_by_an_earlier_child_is_not_blamed_on_a_later_run() -> None:
    """A limit is the run's own: an exit after a child of the run before was killed for memory is a plain exit."""
    with fh.Sandbox(policy=LIMITS.but(**{"limits.memory": "64MiB"})) as sandbox:
        eater = "import os\nif os.fork() == 0:\n    x = []\n    while True: x.append(bytearray(1 << 20))\nos.wait()"
        first = sandbox.run(eater)
        if first.outcome == "limit":  # without a cgroup the whole sandbox is ended, and there is no later run
            assert "memory" == (first.limit and first.limit.kind)
            return
        second = sandbox.run("1 / 0")
        third = sandbox.run("os._exit(3)")

    assert ["failed", "failed"] == [second.outcome, third.outcome]
    assert (None, None) == (second.limit, third.limit)


def test_who_ends_after_answering_ends_nobody_else() -> None:
    """What a run used is the warden's word where the sandbox was gone before it could be read; the caller sees a result."""
    code = (
        'import os, json, struct, time\nanswer = json.dumps({"id": 1, "ok": True}).encode()\n'
        'print("first", flush=True)\ntime.sleep(0.1)\nprint("second", flush=True)\n'
        'os.write(3, struct.pack("=I", len(answer)) + answer)\ntime.sleep(0.3)\nos._exit(0)'
    )

    def slow(piece: str) -> None:
        """Hear of the second line and the answer at once, and go on when the sandbox is gone."""
        time.sleep(0.3 if "first" in piece else 1.0)

    result = fh.run(code, policy=LIMITS, env="bare", on_stdout=slow)

    assert ("completed", "first\nsecond\n") == (result.outcome, result.stdout)
