"""`--out`: the caller gets plain files and folders, as files of the caller; what else lay there is named and left."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests import unread as fh
from tests.run.command import FUMEHOOD, fumehood, is_one_paragraph

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.jail

TREE = "import os\nos.makedirs('out/a/b')\nopen('out/one', 'w').write('1')\nopen('out/a/b/two', 'w').write('22')\nos.mkdir('out/empty')"


def below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_files_and_folders_arrive_as_the_callers_own(tmp_path: Path) -> None:
    """Nested and empty folders arrive; the result names each file with size and sha256; owner and mode are the caller's."""
    target = tmp_path / "new" / "deep"
    done = fumehood("run", "--json", "--out", str(target), "-c", TREE)
    files = done.json()["files"]

    assert ["a", "a/b", "a/b/two", "empty", "one"] == below(target)
    assert {"out/one": (1, b"1"), "out/a/b/two": (2, b"22")} == {
        file["path"]: (file["size"], (target / file["path"][4:]).read_bytes()) for file in files
    }
    assert all(hashlib.sha256((target / file["path"][4:]).read_bytes()).hexdigest() == file["sha256"] for file in files)
    for path in target.rglob("*"):
        assert (os.geteuid(), os.getegid()) == (path.stat().st_uid, path.stat().st_gid)
        assert not path.stat().st_mode & (stat.S_ISUID | stat.S_ISGID)


def test_without_out_the_result_names_what_was_written() -> None:
    """Without `--out` nothing is copied, and the result still lists files with their hashes."""
    result = fh.run(TREE)

    assert ["out/a/b/two", "out/one"] == sorted(file.path for file in result.files)


HOSTILE = r"""
import os, socket
os.chdir('out')
def attempt(what, *args):
    try: what(*args)
    except OSError: pass
open('good', 'w').write('g')
os.symlink('/etc/passwd', 'link'); os.symlink('..', 'up'); os.symlink('good', 'local'); os.symlink('link', 'chain')
os.mkfifo('fifo')
attempt(os.mknod, 'device', 0o20666, os.makedev(1, 5)); attempt(os.mknod, 'block', 0o60666, os.makedev(7, 0))
open('setuid', 'w').write('s'); attempt(os.chmod, 'setuid', 0o4755)
open('setgid', 'w').write('s'); attempt(os.chmod, 'setgid', 0o2755)
open('hard', 'w').write('h'); os.link('hard', 'harder')
for name in (b'esc\x1b[2J', b'new\nline', b'\xff\xfe', b'\xe2\x80\xaegpj.exe', b'back\\slash', b'bell\x07'):
    open(name, 'w').write('x')
os.mkdir('sub'); open('sub/fine', 'w').write('f'); os.symlink('/', 'sub/root')
open('locked', 'w').write('l'); os.chmod('locked', 0)
os.mkdir('shut'); open('shut/in', 'w').write('i'); os.chmod('shut', 0)
"""


def test_whatever_else_lies_there_is_named_and_left_out(tmp_path: Path) -> None:
    """Links, fifos, devices, setuid files, hard links and names that steer are neither followed, opened nor copied."""
    result = fh.run(HOSTILE, out=tmp_path / "to")

    assert "completed" == result.outcome
    copied = below(tmp_path / "to")
    left = {each.path for each in result.left_out}
    assert {"good", "sub", "sub/fine"} <= set(copied)
    for name in ("link", "up", "local", "chain", "fifo", "hard", "harder", "sub/root"):
        assert f"out/{name}" in left
        assert name not in copied
    assert {"device", "block"}.isdisjoint(copied)
    assert [] == [
        path for path in (tmp_path / "to").rglob("*") if path.is_symlink() or not (path.is_file() or path.is_dir())
    ]
    assert [] == [path for path in (tmp_path / "to").rglob("*") if path.stat().st_mode & 0o6000]
    assert [] == [name for name in copied if not name.isprintable()]
    assert all(each.why for each in result.left_out)
    assert len([path for path in left if path.startswith(("out/esc", "out/new", "out/bell"))]) == 3
    assert {"good", *(name for name in copied if "/" not in name)} >= {"good"}


def test_left_out_names_cannot_steer_a_terminal(tmp_path: Path) -> None:
    """What the command prints of hostile names has no escape sequences in it."""
    policy = tmp_path / "unread.toml"
    policy.write_text('[check]\nmode = "record"\n')
    done = fumehood("run", "--policy", str(policy), "--out", str(tmp_path / "to"), "-c", HOSTILE)

    assert 0 == done.code
    assert "left out" in done.err
    assert "\x1b" not in done.err
    assert "‮" not in done.err


def test_a_link_planted_in_the_target_is_not_written_through(tmp_path: Path) -> None:
    """A link that lies in the caller's own folder is not followed to what it leads to."""
    target, elsewhere = tmp_path / "to", tmp_path / "elsewhere"
    target.mkdir()
    elsewhere.mkdir()
    (elsewhere / "victim").write_text("old")
    (target / "one").symlink_to(elsewhere / "victim")
    (target / "a").symlink_to(elsewhere)
    done = fumehood("run", "--out", str(target), "-c", TREE)

    assert "old" == (elsewhere / "victim").read_text()
    assert ["victim"] == below(elsewhere)
    assert done.code == 0 or is_one_paragraph(done.err)


def test_an_existing_file_is_replaced_whole(tmp_path: Path) -> None:
    """A file of the same name is replaced by the new one; others stay."""
    (tmp_path / "one").write_text("old")
    (tmp_path / "other").write_text("stays")
    fh.run(TREE, out=tmp_path)

    assert ("1", "stays") == ((tmp_path / "one").read_text(), (tmp_path / "other").read_text())


@pytest.mark.root
def test_a_full_disk_is_said_and_nothing_is_half_written(tmp_path: Path) -> None:
    """Where the target has no room, the command says so in one paragraph; each file there is whole or absent."""
    if os.geteuid() != 0:
        pytest.skip("mounts a small file system")
    small = tmp_path / "small"
    small.mkdir()
    code = "open('out/a', 'wb').write(b'x' * 600_000)\nopen('out/b', 'wb').write(b'x' * 900_000)"
    # In a mount namespace of its own: other tests, another user's too, count the machine's mounts.
    script = f'mount -t tmpfs -o size=1m small {small} && {{ "$@"; code=$?; wc -c {small}/*; exit $code; }}'
    command = ["unshare", "--mount", "sh", "-c", script, "sh", *FUMEHOOD, "run", "--out", str(small), "-c", code]
    done = subprocess.run(command, check=False, capture_output=True, text=True)

    assert 2 == done.returncode
    assert is_one_paragraph(done.stderr)
    assert "space" in done.stderr
    assert ["600000", f"{small}/a"] == done.stdout.split()


@pytest.mark.parametrize(
    "code",
    [
        "import os; os.rmdir('out')",
        "import os; os.rmdir('out'); os.symlink('/etc', 'out')",
        "import os; os.rmdir('out'); open('out', 'w').write('x')",
        "import os; os.rename('out', 'moved')",
        "import os; os.chmod('out', 0)",
        "import os; os.chmod('.', 0)",
    ],
)
def test_an_out_that_is_no_folder_any_more_is_survived(tmp_path: Path, code: str) -> None:
    """Code may take its out/ away or swap it for a link: the run completes, nothing is copied."""
    result = fh.run(code, out=tmp_path / "to")

    assert "completed" == result.outcome
    assert [] == below(tmp_path / "to")


def test_deep_and_many(tmp_path: Path) -> None:
    """Folders deeper than the walk goes, and thousands of files, neither hang nor break it."""
    code = (
        "import os\nfor i in range(3000): open(f'out/f{i}', 'w').close()\n"
        "os.chdir('out')\nfor i in range(300): os.mkdir('d'); os.chdir('d')\nos.chdir('/workspace')"
    )
    result = fh.run(code, out=tmp_path / "to")

    assert 3000 == len(result.files)
    assert [each for each in result.left_out if "deep" in each.why]


def test_files_that_change_while_they_are_copied_end(tmp_path: Path) -> None:
    """A child that keeps appending to a file in out/ does not hold up the copy."""
    code = (
        "import os, time\nopen('out/log', 'w').write('x' * 1000)\nif os.fork() == 0:\n"
        "    with open('out/log', 'a') as f:\n        while True: f.write('y' * 65536)\ntime.sleep(0.2)"
    )
    result = fh.run(code, out=tmp_path / "to", policy=fh.Policy.default().but(**{"limits.disk": "64MiB"}))

    assert "completed" == result.outcome
    assert ["log"] == below(tmp_path / "to")


def test_a_limited_run_still_hands_over_what_it_wrote(tmp_path: Path) -> None:
    """What a program wrote before a limit ended it is still the caller's."""
    code = "open('out/part', 'w').write('half'); import time; time.sleep(60)"
    result = fh.run(code, out=tmp_path / "to", timeout=0.5)

    assert ("limit", "half") == (result.outcome, (tmp_path / "to" / "part").read_text())


def test_a_sandbox_hands_over_after_each_run(tmp_path: Path) -> None:
    """With `out=`, each run's files arrive when it ends."""
    with fh.Sandbox(out=tmp_path) as sandbox:
        sandbox.run("open('out/one', 'w').write('1')")
        assert ["one"] == below(tmp_path)
        sandbox.run("open('out/two', 'w').write('2')")
    assert ["one", "two"] == below(tmp_path)
