"""A sandbox is one place over its life: what it keeps, when it says that it lost it, who may use it when."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from fumehood import pool
from fumehood.errors import SandboxBusy, SandboxClosed, StateLost
from tests import unread as fh
from tests.chaos.remains import is_over, window

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.jail

LIMITS = fh.Policy.default().but(**{"limits.wall": "4s", "limits.memory": "128MiB", "limits.disk": "16MiB"})
#: Waits until the caller says so.
TOLD = "while not os.path.exists('go'): time.sleep(0.01)"


@pytest.fixture
def sandbox() -> Iterator[fh.Sandbox]:
    with fh.Sandbox(policy=LIMITS) as sandbox:
        yield sandbox


def test_variables_imports_and_files_are_kept(sandbox: fh.Sandbox) -> None:
    """What one run makes, the next one finds, functions, classes and exceptions included."""
    sandbox.run("import math\nx = math.tau\nclass C: n = 1\ndef f(): return x\nopen('kept.txt', 'w').write('7')")
    failed = sandbox.run("y = 2\nraise KeyError('k')")
    result = sandbox.run("[round(f(), 3), C.n, y, open('kept.txt').read(), math.floor(2.5)]")

    assert ("failed", "kept") == (failed.outcome, failed.state)
    assert [6.283, 1, 2, "7", 2] == result.value


def test_two_sandboxes_share_nothing(sandbox: fh.Sandbox) -> None:
    """Neither variables nor files of one are seen in another."""
    sandbox.run("x = 1; open('f', 'w').write('1'); open('/tmp/g', 'w').write('1')")
    with fh.Sandbox(policy=LIMITS, env="bare") as other:  # `data` lays its list of fonts into /tmp
        result = other.run("import os\n['x' in globals(), os.listdir('.'), os.listdir('/tmp')]")

    assert [False, ["data", "out"], []] == [result.value[0], sorted(result.value[1]), result.value[2]]


def test_tracebacks_show_the_lines_of_each_run(sandbox: fh.Sandbox) -> None:
    """A function that fails in a later run is shown with the source of the run that defined it."""
    sandbox.run("def broken():\n    return 1 / 0  # here it is")
    error = sandbox.run("broken()").error

    assert error is not None
    assert 1 == error.line
    assert "# here it is" in error.traceback


def test_after_a_limit_the_state_is_lost_until_reset(sandbox: fh.Sandbox) -> None:
    """The next call says that the state is gone and why; it begins anew only when asked to, and says so."""
    sandbox.run("x = 1")
    hit = sandbox.run("import time; time.sleep(60)", timeout=0.3)
    with pytest.raises(StateLost, match="wall limit of 300ms") as caught:
        sandbox.run("x")
    with pytest.raises(StateLost):
        sandbox.run("x")
    sandbox.reset()
    first, second = sandbox.run("'x' in globals()"), sandbox.run("1")

    assert hit.limit is not None
    assert "reset()" in caught.value.remedy()
    assert (False, "lost", "kept") == (first.value, first.state, second.state)


def test_reset_without_a_loss_is_a_fresh_beginning(sandbox: fh.Sandbox) -> None:
    """`reset` throws away what is there; the next run is fresh, for nothing was lost unasked."""
    sandbox.run("x = 1")
    sandbox.reset()

    assert (False, "fresh") == ((result := sandbox.run("'x' in globals()")).value, result.state)


def test_a_sandbox_that_ended_between_runs_is_lost(sandbox: fh.Sandbox) -> None:
    """What a left thread does to the interpreter after its run is told by the next call, which ran nothing."""
    sandbox.run(
        f"import os, threading, time\ndef end():\n    {TOLD}\n    os._exit(3)\nthreading.Thread(target=end).start()"
    )
    sandbox.files.write("go", "")
    assert is_over(sandbox)
    with pytest.raises(StateLost, match="status 3"):
        sandbox.run("open('out/never', 'w')")


def test_a_closed_sandbox_says_so(sandbox: fh.Sandbox) -> None:
    """After `close`, twice or once, every call is refused."""
    sandbox.run("1")
    sandbox.close()
    sandbox.close()
    with pytest.raises(SandboxClosed):
        sandbox.run("1")


def test_closed_while_it_is_made_it_runs_nothing() -> None:
    """Another thread closes what is not there yet: it is ended as soon as it is, and whoever asked for it is told."""
    pool.shutdown()  # so that it takes a while
    sandbox = fh.Sandbox(policy=LIMITS)
    told = list[object]()

    def work() -> None:
        try:
            told.append(sandbox.run("import time; time.sleep(3)").outcome)
        except SandboxClosed:
            told.append("closed")

    thread = threading.Thread(target=work)
    thread.start()
    while not sandbox._session._busy.locked():
        time.sleep(0)
    time.sleep(0.02)
    sandbox.close()
    thread.join()

    assert told in (["closed"], ["failed"])


def test_closed_while_it_runs_it_says_so(sandbox: fh.Sandbox) -> None:
    """What another thread closed did not fail by itself, nor was it killed for its memory: its caller hears who ended it."""
    result = sandbox.run("print('in', flush=True)\nimport time; time.sleep(60)", on_stdout=lambda _: sandbox.close())

    assert result.error is not None
    assert ("failed", "SandboxEnded") == (result.outcome, result.error.name)
    assert "closed" in result.error.message
    with pytest.raises(SandboxClosed):
        sandbox.run("1")


def test_closing_without_a_run_is_nothing() -> None:
    """A sandbox that was never used costs nothing and is closed in silence."""
    with fh.Sandbox(policy=LIMITS):
        pass


def test_a_second_call_at_once_is_refused(sandbox: fh.Sandbox) -> None:
    """Concurrent calls on one sandbox are refused with `SandboxBusy`, and the first is not disturbed."""
    entered, results = threading.Event(), list[fh.Result]()

    def hear(_: str) -> None:
        entered.set()

    def call() -> None:
        results.append(sandbox.run(f"import os, time\nprint('in', flush=True)\n{TOLD}\n5", on_stdout=hear))

    thread = threading.Thread(target=call)
    thread.start()
    assert entered.wait(20)
    for attempt in (lambda: sandbox.run("1"), sandbox.reset):
        with pytest.raises(SandboxBusy):
            attempt()
    sandbox.files.write("go", "")
    thread.join()

    assert 5 == results[0].value


def test_close_from_another_thread_ends_the_run(sandbox: fh.Sandbox) -> None:
    """Closing while a run is on ends the program; the run comes back with a result, not with a crash."""
    entered, results = threading.Event(), list[fh.Result]()

    def hear(_: str) -> None:
        entered.set()

    def call() -> None:
        results.append(sandbox.run("import time\nprint('in', flush=True)\ntime.sleep(60)", on_stdout=hear))

    thread = threading.Thread(target=call)
    thread.start()
    assert entered.wait(20)
    sandbox.close()
    thread.join(20)

    assert not thread.is_alive()
    assert ["failed"] == [result.outcome for result in results]
    with pytest.raises(SandboxClosed):
        sandbox.run("1")


def test_a_listener_that_raises_ends_the_run_with_its_own_error(sandbox: fh.Sandbox) -> None:
    """An exception of the caller's own listener reaches the caller, and the sandbox is not left running unowned."""
    with pytest.raises(ZeroDivisionError):
        sandbox.run("import time\nprint(1, flush=True)\ntime.sleep(60)", on_stdout=lambda _: 1 // 0)
    with pytest.raises(StateLost):
        sandbox.run("1")
    sandbox.reset()

    assert 2 == sandbox.run("2").value


def test_many_threads_each_with_a_sandbox() -> None:
    """Sandboxes of one process are used from many threads at once; each gets its own answers."""
    wrong = list[object]()

    def work(number: int) -> None:
        with fh.Sandbox(policy=LIMITS) as mine:
            mine.run(f"x = {number}")
            wrong.extend(value for _ in range(5) if (value := mine.run("x").value) != number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == wrong


def test_a_fork_of_the_caller_neither_uses_nor_keeps_nor_ends_its_sandbox(sandbox: fh.Sandbox) -> None:
    """A forked caller is told that the sandbox is the parent's; its exit does not end it, and it can make its own."""
    sandbox.run("x = 1")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            sandbox.run("x")
        except SandboxClosed:
            sandbox.close()
            code = 0 if fh.run("40 + 2", policy=LIMITS).value == 42 else 2
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)

    assert 0 == os.waitstatus_to_exitcode(status)
    assert 1 == sandbox.run("x").value


def test_a_fork_at_any_moment_can_close_its_sandbox() -> None:
    """Whatever the pool's thread was doing when the caller forked, the child waits for nothing that only the parent has."""
    ended = list[int]()
    with fh.Sandbox(policy=LIMITS, env="bare") as sandbox:
        sandbox.run("1")
        for _ in range(40):
            fh.run("1", policy=LIMITS, env="bare")
            child = os.fork()
            if child == 0:
                signal.alarm(20)
                sandbox.close()
                os._exit(0)
            ended.append(os.waitpid(child, 0)[1])

    assert [0] * 40 == ended


def test_a_sandbox_ends_although_a_fork_of_the_caller_holds_its_descriptors(sandbox: fh.Sandbox) -> None:
    """A child that the caller forked inherits the sandbox's sockets; closing it in the parent ends it all the same."""
    sandbox.run("1")
    hold, release = os.pipe()
    with window(sandbox) as inside:
        child = os.fork()
        if child == 0:
            os.close(release)
            os.read(hold, 1)
            os._exit(0)
        sandbox.close()
        left = inside.left()
    os.close(release)
    os.close(hold)
    os.waitpid(child, 0)

    assert [] == left


def test_forgotten_sandboxes_do_not_warn() -> None:
    """A sandbox that was dropped without `close` is collected in silence."""
    fh.Sandbox(policy=LIMITS).run("1")
    gc.collect()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"timeout": 0}, "timeout"), ({"timeout": -1}, "timeout"), ({"timeout": "soon"}, "timeout"),
        ({"timeout": float("nan")}, "timeout"), ({"timeout": 100}, "timeout"), ({"timeout": [1]}, "timeout"),
        ({"language": "cobol"}, "cobol"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_a_usage_error(sandbox: fh.Sandbox, options: dict[str, object], said: str) -> None:
    """Each is a `ValueError` of fumehood's with a remedy, and the sandbox goes on."""
    with pytest.raises(ValueError, match=said) as caught:
        sandbox.run("1", **options)  # type: ignore[arg-type]

    assert isinstance(caught.value, fh.Error)
    assert caught.value.remedy()
    assert 1 == sandbox.run("1").value


@pytest.mark.parametrize(
    ("timeout", "remedy"), [(0, "above 0"), ("-1s", "no time"), (float("nan"), "above 0"), (100, "limits.wall")]
)
def test_what_to_do_about_a_time_fits_it(sandbox: fh.Sandbox, timeout: float | str, remedy: str) -> None:
    """A longer limit helps a time that is too long alone."""
    with pytest.raises(ValueError, match="timeout") as caught:
        sandbox.run("1", timeout=timeout)

    assert isinstance(caught.value, fh.Error)
    assert remedy in f"{caught.value} {caught.value.remedy()}"


@pytest.mark.parametrize("code", [None, b"1", 5, ["1"]])
def test_code_that_is_not_text_is_a_usage_error(sandbox: fh.Sandbox, code: object) -> None:
    """A program is a `str`; anything else is said before it goes anywhere."""
    with pytest.raises(ValueError, match="str") as caught:
        sandbox.run(code)  # type: ignore[arg-type]

    assert isinstance(caught.value, fh.Error)
    assert 1 == sandbox.run("1").value


def test_a_program_of_any_characters_within_the_limit_travels(sandbox: fh.Sandbox) -> None:
    """The limit on a program's size holds whatever its characters cost on the way."""
    for source in ("#" + "\x01" * 2_000_000 + "\n1", "#" + "é" * 2_000_000 + "\n1", "#" + "😀" * 1_000_000 + "\n1"):
        assert 1 == sandbox.run(source).value
    with pytest.raises(ValueError, match="at most"):
        sandbox.run("#" + "\x01" * 7_000_000)

    assert 1 == sandbox.run("1").value


def test_nothing_of_threads_is_there_before_a_program_asks(sandbox: fh.Sandbox) -> None:
    """`threading` runs at each fork, of which a sandbox takes two: what it touches there is copied for each."""
    assert not sandbox.run("import sys\n'threading' in sys.modules").value
    assert sandbox.run("import threading\nthreading.current_thread() is threading.main_thread()").value
