"""Used wrongly, the command says in one paragraph what is wrong and what to do, with the right code, and does nothing."""

from __future__ import annotations

import os
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

import fumehood as fh
from fumehood.errors import PolicyError, UsageError
from fumehood.policy import Policy
from fumehood.workspace import shared
from tests.run.command import FUMEHOOD, fumehood, inherited, is_one_paragraph

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.jail


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with things that are not what they should be."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "latin1.py").write_bytes(b"x = 1\nprint('\xe9')\n")
    (tmp_path / "big.py").write_bytes(b"x = 1 # padding\n" * 700_000)
    (tmp_path / "wide.py").write_bytes(b"\n" * 8_000_000)
    (tmp_path / "unknown.toml").write_text("[limits]\nwal = '3s'\n")
    (tmp_path / "unit.toml").write_text("[limits]\nmemory = '2 gigs'\n")
    (tmp_path / "broken.toml").write_text("[limits\n")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\0\0")
    (tmp_path / "zero.toml").write_text("[limits]\nmemory = 0\n")
    (tmp_path / "negative.toml").write_text("[limits]\ncpus = -1.0\n")
    (tmp_path / "above.toml").write_text("[limits]\nmemory = '900TiB'\n")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "same").write_text("1")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "same").write_text("2")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "plain").write_text("not a folder")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing-there.py"], "no such file"),
        (["folder"], "is a folder"),
        (["latin1.py"], "line 2"),
        (["big.py"], "at most"),
        (["/dev/zero"], "longer than any program"),
        (["wide.py"], "at most"),
        (["-c", "1", "plain"], "both"),
        (["-c", "1", "--policy", "no-such-policy"], "no-such-policy"),
        (["-c", "1", "--policy", "missing.toml"], "missing.toml"),
        (["-c", "1", "--policy", "unknown.toml"], "wal"),
        (["-c", "1", "--policy", "unit.toml"], "2 gigs"),
        (["-c", "1", "--policy", "broken.toml"], "broken.toml"),
        (["-c", "1", "--policy", "binary.toml"], "binary.toml"),
        (["-c", "1", "--policy", "zero.toml"], "limits.memory"),
        (["-c", "1", "--policy", "negative.toml"], "limits.cpus"),
        (["-c", "1", "--policy", "above.toml"], "limits.memory"),
        (["-c", "1", "--policy", "x" * 300], "too long"),
        (["-c", "1", "--policy", "loop"], "symbolic links"),
        (["-c", "1", "--policy", ""], "''"),
        (["-c", "1", "--memory", "2 gigs"], "2 gigs"),
        (["-c", "1", "--memory", "0"], "limits.memory"),
        (["-c", "1", "--timeout", "-3s"], "-3s"),
        (["-c", "1", "--timeout", "0s"], "limits.wall"),
        (["-c", "1", "--timeout", "soon"], "soon"),
        (["-c", "1", "--timeout", "²"], "²"),
        (["-c", "1", "--tier", "moon"], "moon"),
        (["-c", "1", "--env", "moon"], "moon"),
        (["-c", "1", "--env", "../moon"], "there is no environment '../moon'"),
        (["-c", "1", "--env", "m" * 300], "there is no environment"),
        (["-c", "1", "--allow-net", "not a host"], "not a host"),
        (["-c", "1", "--data", "missing.csv"], "missing.csv"),
        (["-c", "1", "--data", "fifo"], "neither a file nor a folder"),
        (["-c", "1", "--data", "loop"], "symbolic links"),
        (["-c", "1", "--data", "x" * 300], "too long"),
        (["-c", "1", "--data", ""], "''"),
        (["-c", "1", "--data", "a/same", "--data", "b/same"], "same"),
        (["-c", "1", "--data", "/"], "whole machine"),
        (["-c", "1", "--out", ""], "''"),
        (["-c", "1", "--out", "plain"], "plain"),
        (["-c", "1", "--out", "plain/below"], "plain"),
    ],
    ids=lambda value: " ".join(value)[-40:] if isinstance(value, list) else "",
)
def test_bad_input_is_one_paragraph_with_the_remedy(place: Path, words: list[str], said: str) -> None:
    """Each is exit code 2, one line of what and where, one of what to do; standard output stays empty."""
    before = sorted(place.iterdir())

    done = fumehood("run", *words, cwd=place)

    assert (2, b"") == (done.code, done.out)
    assert said in done.err
    assert is_one_paragraph(done.err)
    assert before == sorted(place.iterdir())


@pytest.mark.parametrize("words", [["--timeout", "2.5"], ["--timeout", "3"], ["--memory", "268435456"]])
def test_a_number_alone_is_seconds_or_bytes(words: list[str]) -> None:
    """As in a policy."""
    assert 0 == fumehood("run", "-c", "1", *words).code


def test_what_may_not_be_looked_for_is_said() -> None:
    """A file, a folder or a policy where the caller may not even look is told as such."""
    if os.geteuid() == 0:
        pytest.skip("root looks everywhere")
    with pytest.raises(UsageError, match="Permission denied"):
        shared(("/proc/1/fd/0",))
    with pytest.raises(PolicyError, match="Permission denied"):
        Policy.load("/proc/1/fd/0")


def test_a_folder_that_is_gone_holds_nothing(tmp_path: Path) -> None:
    """Started where its folder was removed, the command still runs; a path from there is told as one that is not."""
    script = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"'
    for words, code in ((["--data", "x"], 2), (["--data", __file__], 0), ([], 0)):
        done = subprocess.run(
            ["/bin/sh", "-c", script, "sh", *FUMEHOOD, "run", "-c", "1", *words],
            check=False, capture_output=True, text=True, cwd=tmp_path,
        )  # fmt: skip
        assert code == done.returncode
        assert not done.stderr or is_one_paragraph(done.stderr)


@pytest.mark.parametrize("argument", ["data", "out", "policy", "env"])
def test_a_name_that_no_file_can_have_is_usage(argument: str) -> None:
    """In Python it is one of fumehood's own errors, as everything is that stops it."""
    with pytest.raises(UsageError) as caught:
        fh.Sandbox(**{argument: "a\0b"})  # type: ignore[arg-type]

    assert caught.value.remedy()


@pytest.mark.parametrize("words", [["run", "-c", "1", "--policy"], ["policy", "lint"]])
def test_a_path_of_the_policy_that_is_not_there_is_named_with_its_clause(tmp_path: Path, words: list[str]) -> None:
    """Such a policy can't be enforced here, which is said before anything is made."""
    (tmp_path / "absent.toml").write_text("[files]\nwrite = ['/nowhere/at/all']\n")

    done = fumehood(*words, "absent.toml", cwd=tmp_path)

    assert 5 == done.code
    assert "files.write names /nowhere/at/all" in done.err
    assert is_one_paragraph(done.err)


def test_json_tells_what_to_do_where_nothing_can_run() -> None:
    """What `--json` prints of a tier that is not there has the reason and the remedy, each by itself."""
    done = fumehood("run", "--json", "-c", "1", "--tier", "microvm")

    told = done.json()["error"]
    assert (5, "unavailable") == (done.code, done.json()["outcome"])
    assert "--tier" in told["remedy"]
    assert told["remedy"] not in told["message"]


@pytest.mark.parametrize("words", [["--lang", "cobol", "-c", "1"], ["--no-such-option"], ["-c"]])
def test_an_unknown_word_is_usage(words: list[str]) -> None:
    """What the command line itself does not know is exit code 2, without a traceback."""
    done = fumehood("run", *words)

    assert (2, b"") == (done.code, done.out)
    assert "Traceback" not in done.err


def test_an_unreadable_file_is_said(tmp_path: Path) -> None:
    """Data or a program that the caller can't read is refused before anything runs."""
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    secret = tmp_path / "secret"
    secret.write_text("1")
    secret.chmod(0)
    for words in (["-c", "1", "--data", str(secret)], [str(secret)]):
        done = fumehood("run", *words)
        assert (2, b"") == (done.code, done.out)
        assert is_one_paragraph(done.err)


def test_a_folder_that_cannot_be_written_is_said_before_the_run(tmp_path: Path) -> None:
    """`--out` where nothing can be written is told at once, not after the program ran."""
    if os.geteuid() == 0:
        pytest.skip("root writes everywhere")
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    done = fumehood("run", "-c", "print('ran')", "--out", str(tmp_path / "below"))
    tmp_path.chmod(stat.S_IRWXU)

    assert (2, b"") == (done.code, done.out)
    assert is_one_paragraph(done.err)


@pytest.mark.parametrize(
    ("code", "name"), [("def f(:\n  pass", "SyntaxError"), ("x = 1\0", ""), ("(" * 10_000, "SyntaxError")]
)
def test_what_does_not_parse_is_refused_with_its_line(code: str, name: str) -> None:
    """A program that does not parse is refused before it runs: exit code 3, the error names it and its line."""
    done = fumehood("run", "--json", "-", stdin=code.encode())

    assert 3 == done.code
    assert done.json()["error"]["name"].startswith(name)
    assert done.json()["error"]["line"] >= 1
    assert "fumehood" not in done.json()["stderr"]


def test_an_empty_program_completes() -> None:
    """Nothing to do is done at once: completed, no value."""
    done = fumehood("run", "--json", stdin=b"")

    assert (0, "completed", None) == (done.code, done.json()["outcome"], done.json()["value"])


#: By a shell, because only it can start a process with closed streams.
UNWRITABLE = {"full": "> /dev/full", "closed": ">&-"}
COMMANDS = (
    ("run", "-c", "1"),
    ("run", "-c", "print('x' * 100_000)"),
    ("run", "--json", "-c", "1"),
    ("check", "-c", "1"),
    ("policy", "list"),
    ("--help",),
)


def redirected(
    words: tuple[str, ...], where: str = "", *, stdout: int = subprocess.PIPE, **environment: str
) -> subprocess.CompletedProcess[str]:
    script = f'exec "$@" {where}'
    return subprocess.run(
        ["/bin/sh", "-c", script, "sh", *FUMEHOOD, *words],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env=inherited() | {"PYTHONUNBUFFERED": ""} | environment,
    )


@pytest.mark.parametrize("where", UNWRITABLE.values(), ids=UNWRITABLE)
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_output_that_cannot_be_written_is_one_paragraph(words: tuple[str, ...], where: str) -> None:
    """A full disk and a closed standard output are told like any other wrong use."""
    done = redirected(words, where)

    assert 2 == done.returncode
    assert "standard output could not be written" in done.stderr
    assert is_one_paragraph(done.stderr)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", [COMMANDS[1], *COMMANDS[3:]], ids=" ".join)
def test_a_pipe_that_nobody_reads_is_one_paragraph(words: tuple[str, ...], unbuffered: str) -> None:
    """Whoever asked for less than all is told so."""
    read, write = os.pipe()
    os.close(read)
    done = redirected(words, stdout=write, PYTHONUNBUFFERED=unbuffered)
    os.close(write)

    assert 2 == done.returncode
    assert "standard output was closed" in done.stderr
    assert is_one_paragraph(done.stderr)


def test_output_without_a_buffer_that_cannot_be_written_is_told_too() -> None:
    """As containers are often started."""
    done = redirected(("check", "-c", "1"), "> /dev/full", PYTHONUNBUFFERED="1")

    assert 2 == done.returncode
    assert is_one_paragraph(done.stderr)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_where_nobody_can_be_told_the_exit_code_says_it(words: tuple[str, ...]) -> None:
    """Standard error is full or closed as well: nothing more goes wrong."""
    for where in ("> /dev/full 2> /dev/full", ">&- 2>&-", "> /dev/full 2>&-"):
        assert 2 == redirected(words, where).returncode, where


def test_an_error_that_cannot_be_told_keeps_its_exit_code() -> None:
    """Closed standard error takes nothing from what a command does, nor does closed standard input."""
    assert 2 == redirected(("run", "--no-such-option"), "2> /dev/full").returncode
    assert 2 == redirected(("run", "-c", "1", "--tier", "moon"), "2> /dev/full").returncode
    assert 1 == redirected(("run", "-c", "1 / 0"), "2>&-").returncode
    done = redirected(("run", "-c", "print(6 * 7)"), "<&- 2>&-")
    assert (0, "42\n") == (done.returncode, done.stdout)
