"""`--data`: the caller's files, readable inside at data/NAME, and nothing else of the host, and never changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fumehood.errors import UsageError
from tests import unread as fh
from tests.run.command import run_json

pytestmark = pytest.mark.jail

TRY_TO_CHANGE = """
import os
def tried(what, *args, **kwargs):
    try: what(*args, **kwargs)
    except OSError as e: return e.errno in (1, 13, 16, 18, 30)
    return False
p = 'data/NAME'
changes = [tried(open, p, 'a'), tried(os.unlink, p), tried(os.rename, p, 'x'), tried(os.chmod, p, 0o777), tried(os.truncate, p, 0),
 tried(os.utime, p), tried(os.link, p, 'l'), tried(os.symlink, 'x', 'data/NAME/s') or not os.path.isdir(p)]
"""


def test_a_file_is_read_and_never_changed(tmp_path: Path) -> None:
    """A file handed over can be read; every way to change it is refused, and the host's copy is as it was."""
    source = tmp_path / "in.csv"
    source.write_text("a,b\n1,2\n")
    before = source.stat()
    answer = run_json(
        f"{TRY_TO_CHANGE.replace('NAME', 'in.csv')}\nchanges + [open('data/in.csv').read()]", "--data", str(source)
    )

    assert [*[True] * 8, "a,b\n1,2\n"] == answer["value"]
    assert (before.st_mtime_ns, before.st_mode, before.st_nlink) == (
        (after := source.stat()).st_mtime_ns, after.st_mode, after.st_nlink,
    )  # fmt: skip
    assert "a,b\n1,2\n" == source.read_text()


def test_a_folder_is_read_without_following_links_out_of_it(tmp_path: Path) -> None:
    """A folder is shown with what lies in it; a link that leads out of it leads nowhere."""
    folder = tmp_path / "set"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "one").write_text("1")
    (tmp_path / "secret").write_text("canary")
    (folder / "inside").symlink_to("sub/one")
    (folder / "absolute").symlink_to(tmp_path / "secret")
    (folder / "relative").symlink_to("../secret")
    (folder / "passwd").symlink_to("/etc/passwd")
    code = (
        "import os\ndef read(n):\n    try: return open('data/set/' + n).read()\n    except OSError as e: return type(e).__name__\n"
        "[sorted(os.listdir('data/set')), read('sub/one'), read('inside'), read('absolute'), read('relative'),\n"
        " 'root:x:0:0:root:/nonexistent' in read('passwd')]"
    )
    value = fh.run(code, data=[folder]).value

    assert [
        ["absolute", "inside", "passwd", "relative", "sub"],
        "1",
        "1",
        "FileNotFoundError",
        "FileNotFoundError",
        True,
    ] == value


def test_a_link_on_the_command_line_is_followed_once(tmp_path: Path) -> None:
    """The caller may name a link: what it leads to is shown under the link's name."""
    (tmp_path / "v2.csv").write_text("2")
    (tmp_path / "latest.csv").symlink_to("v2.csv")

    assert "2" == fh.run("open('data/latest.csv').read()", data=[tmp_path / "latest.csv"]).value


@pytest.mark.parametrize("wrong", [{"data": 5}, {"data": [5]}, {"data": b"in.csv"}, {"data": [None]}, {"out": 5}])
def test_what_is_no_path_is_wrong_use(wrong: dict[str, object]) -> None:
    """Told in words, with what to give, before anything is made."""
    with pytest.raises(UsageError, match="is no path") as told:
        fh.run("1", **wrong)  # type: ignore[arg-type]

    assert "Path" in told.value.remedy()


@pytest.mark.parametrize("path", ["in.csv", "./in.csv", "/data/in.csv", "/home/user/in.csv"])
def test_who_looks_elsewhere_is_told_where_it_is(tmp_path: Path, path: str) -> None:
    """Models forget the folder; of a file that was not handed over nothing is said."""
    (tmp_path / "in.csv").write_text("a\n")
    with fh.Sandbox(data=[tmp_path / "in.csv"]) as sandbox:
        missed, unknown = sandbox.run(f"open({path!r})").error, sandbox.run("open('other-in.csv')").error

    assert "data/in.csv" in (missed.remedy if missed else "")
    assert ("FileNotFoundError", "") == (unknown and (unknown.name, unknown.remedy))


def test_several_and_odd_names(tmp_path: Path) -> None:
    """Names with spaces, newlines and other letters arrive as they are."""
    names = ["with space.txt", "zeilen\numbruch", "é😀", "-rf", "a'b\"c"]
    for name in names:
        (tmp_path / name).write_text(name)
    value = fh.run("import os; sorted(os.listdir('data'))", data=[tmp_path / name for name in names]).value

    assert sorted(names) == value


def test_one_path_alone_is_taken_as_one(tmp_path: Path) -> None:
    """`data="sales.csv"` means that file, not its letters."""
    (tmp_path / "sales.csv").write_text("1")

    assert "1" == fh.run("open('data/sales.csv').read()", data=str(tmp_path / "sales.csv")).value


def test_a_private_file_of_the_caller_is_readable_inside(tmp_path: Path) -> None:
    """What the caller alone may read, root's included, the code may read when it is handed over; nobody else's way in."""
    source = tmp_path / "private"
    source.write_text("mine")
    source.chmod(0o600)
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    (folder / "inner").write_text("too")
    (folder / "inner").chmod(0o600)
    value = fh.run("[open('data/private').read(), open('data/closed/inner').read()]", data=[source, folder]).value

    assert ["mine", "too"] == value


def test_nothing_of_the_host_shows_besides(tmp_path: Path) -> None:
    """Neither the data's own folder nor what lies beside it nor the host's /tmp is there inside."""
    (tmp_path / "in").write_text("1")
    (tmp_path / "canary-e2").write_text("1")
    code = f"import os\n[os.path.exists({str(tmp_path)!r}), os.listdir('/tmp'), os.path.exists('/home')]"

    assert [False, [], False] == fh.run(code, data=[tmp_path / "in"]).value


def test_devices_and_fifos_are_not_data(tmp_path: Path) -> None:
    """A fifo or a device is neither a file nor a folder, and opening it would hang or worse: it is refused."""
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path / "fifo", Path("/dev/zero")):
        with pytest.raises(fh.Error, match="neither"):
            fh.run("1", data=[path])


def test_a_fifo_in_a_folder_does_not_hang_the_host(tmp_path: Path) -> None:
    """A folder with a fifo, a socket and a broken link in it is shown as it is; nothing on the host opens them."""
    folder = tmp_path / "odd"
    folder.mkdir()
    os.mkfifo(folder / "fifo")
    (folder / "broken").symlink_to("nowhere")

    assert ["broken", "fifo"] == fh.run("import os; sorted(os.listdir('data/odd'))", data=[folder]).value


def test_missing_data_is_a_missing_file(tmp_path: Path) -> None:
    """A path that leads nowhere is a `FileNotFoundError` of fumehood's."""
    with pytest.raises(FileNotFoundError) as caught:
        fh.run("1", data=[tmp_path / "nowhere"])

    assert isinstance(caught.value, fh.Error)


def test_what_is_taken_away_later_is_said(tmp_path: Path) -> None:
    """Data that is gone when the sandbox is made is an error that names it, not a crash."""
    source = tmp_path / "soon-gone"
    source.write_text("1")
    sandbox = fh.Sandbox(data=[source])
    source.unlink()
    with pytest.raises(fh.Error, match="soon-gone"):
        sandbox.run("1")
    sandbox.close()
