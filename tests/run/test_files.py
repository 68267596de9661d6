"""`sandbox.files`: what the caller reads and writes, and what hostile names, links and races can't make of it."""

from __future__ import annotations

import inspect
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from fumehood.errors import DiskLimitExceeded, MissingFile, SandboxClosed, StateLost, UsageError
from fumehood.files import AsyncFiles, Files
from fumehood.folder import Folder
from tests import unread as fh

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.jail

LIMITS = fh.Policy.default().but(**{"limits.disk": "16MiB", "limits.wall": "20s"})


@pytest.fixture
def sandbox() -> Iterator[fh.Sandbox]:
    with fh.Sandbox(policy=LIMITS) as sandbox:
        yield sandbox


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file of the host's that nothing here may reach."""
    path = tmp_path / "secret.txt"
    path.write_text("host")
    return path


def test_both_see_the_same_files(sandbox: fh.Sandbox) -> None:
    """Before the first run a write opens the sandbox; what either writes the other reads and may change."""
    sandbox.files.write("data/in.csv", b"a,b\n1,2\n")
    sandbox.files.write("deep/er/note.txt", "é")
    result = sandbox.run(
        "text = open('data/in.csv').read() + open('deep/er/note.txt', encoding='utf-8').read()\n"
        "open('data/in.csv', 'a').write('3,4')\nopen('deep/er/new', 'w').write('n')\n"
        "open('out/x.bin', 'wb').write(bytes(range(256)))\ntext"
    )

    assert "a,b\n1,2\né" == result.value
    assert bytes(range(256)) == sandbox.files.read("out/x.bin")
    assert "a,b\n1,2\n3,4" == sandbox.files.read_text("/workspace/data/in.csv")
    assert ["deep/er/new", "deep/er/note.txt"] == [each.path for each in sandbox.files.list("deep/er")]
    assert ("file", 256) == (sandbox.files.stat("out/x.bin").kind, sandbox.files.stat("out/x.bin").size)


def test_ranges_of_a_large_file(sandbox: fh.Sandbox) -> None:
    """A part is read without the rest; beyond the end there is nothing."""
    sandbox.files.write("big", bytes(5_000_000) + b"needle" + bytes(5_000_000))

    assert b"needle" == sandbox.files.read("big", offset=5_000_000, length=6)
    assert 5_000_006 == len(sandbox.files.read("big", offset=5_000_000))
    assert b"" == sandbox.files.read("big", offset=99_999_999)
    with pytest.raises(UsageError):
        sandbox.files.read("big", offset=-1)


def test_listing_and_removing(sandbox: fh.Sandbox) -> None:
    """Folders, links and fifos are told as what they are; a folder that is not empty goes only when that is said."""
    sandbox.run(
        "import os\nos.makedirs('a/b')\nopen('a/b/f', 'w').close()\nos.symlink('/etc', 'a/l')\nos.mkfifo('a/p')"
    )
    listed = {each.path: each.kind for each in sandbox.files.list("a", recursive=True)}
    with pytest.raises(UsageError, match="not empty"):
        sandbox.files.remove("a")
    sandbox.files.remove("a/l")
    sandbox.files.remove("a", recursive=True)
    sandbox.files.mkdir("x/y")

    assert {"a/b": "folder", "a/b/f": "file", "a/l": "link", "a/p": "other"} == listed
    assert ["data", "out", "x"] == [each.path for each in sandbox.files.list()]
    assert "folder" == sandbox.files.stat("x/y").kind
    with pytest.raises(MissingFile):
        sandbox.files.stat("a")


def test_folders_are_copied_in_and_out(sandbox: fh.Sandbox, tmp_path: Path, secret: Path) -> None:
    """Whole trees travel; links are left out on either side and told; what comes home is the caller's."""
    source = tmp_path / "project"
    (source / "sub").mkdir(parents=True)
    (source / "a.txt").write_text("A")
    (source / "sub" / "b.txt").write_text("B")
    (source / "link").symlink_to(secret)
    came = sandbox.files.copy_in(source, "project")
    sandbox.run(f"import os\nopen('project/c.txt', 'w').write('C')\nos.symlink({str(secret)!r}, 'project/evil')")
    went = sandbox.files.copy_out("project", tmp_path / "home")
    one = sandbox.files.copy_out("project/c.txt", tmp_path / "c.txt")

    assert (["project/a.txt", "project/sub/b.txt"], ["link"]) == (
        [each.path for each in came.files], [each.path for each in came.left_out],
    )  # fmt: skip
    assert ["project/evil"] == [each.path for each in went.left_out]
    assert ["A", "B", "C", "C"] == [
        (tmp_path / name).read_text() for name in ("home/a.txt", "home/sub/b.txt", "home/c.txt", "c.txt")
    ]
    assert not (tmp_path / "home" / "evil").exists()
    assert os.getuid() == (tmp_path / "home" / "c.txt").stat().st_uid
    assert 1 == len(one.files)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../x",
        "a/../../x",
        "/workspace/../etc/passwd",
        "a\0b",
        "",
        ".",
        "/",
        "/workspace",
        "/workspacex/a",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(sandbox: fh.Sandbox, path: str) -> None:
    """Only what lies in the workspace has a name here."""
    for attempt in (lambda: sandbox.files.read(path), lambda: sandbox.files.write(path, b"")):
        with pytest.raises(UsageError) as caught:
            attempt()
        assert caught.value.remedy()


def test_no_link_is_followed(sandbox: fh.Sandbox, secret: Path) -> None:
    """A link to a file, a link to a folder, on the way or at the end: neither read, written, listed nor made through."""
    folder = secret.parent
    sandbox.run(
        f"import os\nos.symlink({str(secret)!r}, 'l')\nos.symlink({str(folder)!r}, 'f')\nos.symlink('data', 'd')"
    )
    attempts = [
        lambda: sandbox.files.read("l"),
        lambda: sandbox.files.read("f/secret.txt"),
        lambda: sandbox.files.read("d/x"),
        lambda: sandbox.files.list("f"),
        lambda: sandbox.files.write("f/new", b""),
        lambda: sandbox.files.mkdir("f/new"),
        lambda: sandbox.files.remove("f/secret.txt"),
        lambda: sandbox.files.copy_out("l", folder / "copy"),
        lambda: sandbox.files.copy_in(__file__, "f/new"),
    ]
    for attempt in attempts:
        with pytest.raises(UsageError, match=r"link|no such"):
            attempt()
    sandbox.files.write("l", b"mine")  # replaces the link itself

    assert b"mine" == sandbox.files.read("l")
    assert ("host", ["secret.txt"]) == (secret.read_text(), sorted(os.listdir(folder)))


def test_what_is_no_file_holds_nobody_up(sandbox: fh.Sandbox) -> None:
    """A fifo without a writer, a socket, a folder: refused at once, in words."""
    sandbox.run("import os\nos.mkfifo('p')\nos.mkdir('d')")
    for path in ("p", "d"):
        with pytest.raises(UsageError):
            sandbox.files.read(path)
    with pytest.raises(UsageError):
        sandbox.files.write("d", b"")


RACE = """
import os, time
os.makedirs('r/real', exist_ok=True)
open('r/real/f', 'w').write('inside')
end = time.time() + 3
while time.time() < end:
    for target in (%r, 'real'):
        try: os.unlink('r/now')
        except OSError: pass
        try: os.symlink(target, 'r/now') if target != 'real' else os.rename('r/real', 'r/now')
        except OSError: pass
        try: os.rename('r/now', 'r/real')
        except OSError: pass
"""


def _try_all(files: Files, place: str, seen: set[bytes]) -> None:
    with suppress(UsageError):
        files.list("r", recursive=True)
    with suppress(UsageError):
        files.write(f"{place}/planted", b"x")
    with suppress(UsageError):
        files.remove(f"{place}/secret.txt")
    with suppress(UsageError):
        seen.add(files.read(f"{place}/secret.txt"))


def test_a_race_of_links_and_folders_leads_nowhere(sandbox: fh.Sandbox, secret: Path) -> None:
    """Names that are a folder now and a link to the host's then: never does a byte come from outside or go there."""
    job = threading.Thread(target=sandbox.run, args=(RACE % str(secret.parent),))
    sandbox.files.mkdir("r")
    job.start()
    seen = set[bytes]()
    while job.is_alive():
        for name in ("now", "real"):
            _try_all(sandbox.files, f"r/{name}", seen)
    job.join()

    assert set() == seen
    assert ["secret.txt"] == os.listdir(secret.parent)


def test_the_race_wins_where_links_are_followed(sandbox: fh.Sandbox, secret: Path) -> None:
    """The same names opened as an ordinary program opens them lead to the host's file: the fence is what holds."""
    sandbox.run(f"import os\nos.symlink({str(secret.parent)!r}, 'f')")
    root = sandbox._session._workspace()
    with os.fdopen(os.open("f/secret.txt", os.O_RDONLY, dir_fd=root), "rb") as file:
        assert b"host" == file.read()
    with Folder(root) as folder, pytest.raises(UsageError):
        folder.read("f/secret.txt")


def test_a_full_disk_is_said_and_leaves_no_half_file(sandbox: fh.Sandbox) -> None:
    """What does not fit under limits.disk is our own error; the file that was there stays as it was."""
    sandbox.files.write("f", b"before")
    with pytest.raises(DiskLimitExceeded, match=r"limits\.disk") as caught:
        sandbox.files.write("f", bytes(20 * 1024**2))
    assert isinstance(caught.value, OSError)

    assert b"before" == sandbox.files.read("f")
    assert ["data", "f", "out"] == [each.path for each in sandbox.files.list()]
    assert 5 == sandbox.run("open('g', 'w').write('room again')\n5").value


@pytest.mark.parametrize(
    ("attempt", "remedy"),
    [
        (lambda files: files.remove("full"), "recursive=True"),
        (lambda files: files.remove("deep", recursive=True), "reset()"),
        (lambda files: files.read("full"), "files.list"),
        (lambda files: files.write("n" * 256, b""), "255"),
        (lambda files: files.write("data/d/f", b""), "out/"),
    ],
)
def test_the_remedy_fits_the_fault(tmp_path: Path, attempt: Callable[[Any], object], remedy: str) -> None:
    """What helps differs: a folder, a long name, what was handed over."""
    (tmp_path / "d").mkdir()
    with fh.Sandbox(policy=LIMITS, data=[tmp_path / "d"]) as sandbox:
        sandbox.files.write("full/f", b"")
        sandbox.files.mkdir("deep" + "/d" * 70)
        with pytest.raises(UsageError) as caught:
            attempt(sandbox.files)

    assert remedy in caught.value.remedy()


def test_data_can_be_read_and_not_changed(tmp_path: Path) -> None:
    """What was handed over shows, and is as read-only to the caller's own calls."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").write_text("mine")
    with fh.Sandbox(policy=LIMITS, data=[tmp_path / "d"]) as sandbox:
        assert b"mine" == sandbox.files.read("data/d/f")
        for attempt in (lambda: sandbox.files.write("data/d/f", b""), lambda: sandbox.files.remove("data/d/f")):
            with pytest.raises(UsageError, match=r"read-only|busy"):
                attempt()

    assert "mine" == (tmp_path / "d" / "f").read_text()


def test_names_of_any_characters(sandbox: fh.Sandbox) -> None:
    """Bytes that are no UTF-8, newlines and escapes in a name are listed as they are, and serve as a path."""
    sandbox.run("import os\nfor n in (b'\\xff', b'a\\nb', b'\\x1b[31m'): open(os.path.join(b'out', n), 'w').write('1')")
    listed = [each.path for each in sandbox.files.list("out")]

    assert {"out/\udcff", "out/a\nb", "out/\x1b[31m"} == set(listed)
    assert [b"1"] * 3 == [sandbox.files.read(path) for path in listed]


def test_long_paths_do_not_fill_the_callers_memory(sandbox: fh.Sandbox) -> None:
    # Each file's path tells all the folders before it, of which the sandbox stores one copy.
    sandbox.run(
        "import os\nfor n in range(40): os.mkdir('x' * 250); os.chdir('x' * 250)\n"
        "for n in range(900): open(f'{n}', 'w').close()"
    )
    with pytest.raises(UsageError, match="paths of more than 8,388,608 characters"):
        sandbox.files.list(recursive=True)


def test_files_while_something_runs(sandbox: fh.Sandbox) -> None:
    """They need no turn: a program waits for a file, gets it, and answers by another."""
    sandbox.files.mkdir("talk")
    code = "import os, time\nwhile not os.path.exists('talk/in'): time.sleep(0.01)\nopen('talk/out', 'w').write('!' + open('talk/in').read())"
    thread = threading.Thread(target=sandbox.run, args=(code,))
    thread.start()
    sandbox.files.write("talk/in", "hello")
    thread.join()

    assert "!hello" == sandbox.files.read_text("talk/out")


def test_after_the_end_it_is_said(sandbox: fh.Sandbox) -> None:
    """Of a lost sandbox the files are lost, of a closed one it is said."""
    sandbox.files.write("f", b"1")
    sandbox.run("import os; os._exit(0)")
    with pytest.raises(StateLost):
        sandbox.files.read("f")
    sandbox.close()
    with pytest.raises(SandboxClosed):
        sandbox.files.read("f")


def test_the_awaitable_face_is_the_same() -> None:
    """The same names, parameters and answers."""
    mine, theirs = (
        {name: str(inspect.signature(member)) for name, member in vars(face).items() if not name.startswith("_")}
        for face in (Files, AsyncFiles)
    )
    assert mine == theirs

    async def work() -> bytes:
        async with fh.AsyncSandbox(policy=LIMITS) as sandbox:
            await sandbox.files.write("a/b", b"1")
            assert ["a/b"] == [each.path for each in await sandbox.files.list("a")]
            return await sandbox.files.read("a/b")

    assert b"1" == anyio.run(work)
