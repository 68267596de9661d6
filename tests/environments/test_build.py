from __future__ import annotations

import signal
import stat
import subprocess
import sys
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from uv import find_uv_bin

from fumehood.environments.build import build
from fumehood.environments.definition import Definition
from fumehood.environments.store import Store, read_about
from fumehood.environments.uv import Step
from fumehood.errors import BuildFailed, Error, Unavailable, UsageError
from tests.environments.wheels import pinned, source, wheel

if TYPE_CHECKING:
    from pathlib import Path

#: What a package brings to be built by.
BACKEND = """
import zipfile
def build_wheel(folder, settings=None, metadata=None):
    with zipfile.ZipFile(f"{folder}/sourceonly-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("sourceonly.py", "HELLO = 'built'\\n")
        info = "sourceonly-1.0.dist-info/"
        archive.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: sourceonly\\nVersion: 1.0\\n")
        archive.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        archive.writestr(info + "RECORD", "sourceonly.py,,\\n")
    return "sourceonly-1.0-py3-none-any.whl"
"""
GREETING = {"greeting/__init__.py": "HELLO = 'hello'\n", "greeting/tests/test_it.py": "1\n"}


def unheard(step: Step) -> None:
    """Nobody listens."""


def defined(*files: Path, name: str = "mine") -> Definition:
    return Definition(name, (), pinned(*files))


def test_what_is_built_is_described_compiled_and_read_only(served: Path, store: Store) -> None:
    """Packages with their versions, bytecode beside each source but tests, and not one bit that lets anyone write."""
    place = build(defined(wheel(served, "greeting", "1.0", files=GREETING)), store, unheard)
    entries = [place, *place.rglob("*")]

    assert {"greeting": "1.0"} == read_about(place).packages
    assert [f"__init__.{sys.implementation.cache_tag}.pyc"] == [path.name for path in place.rglob("*.pyc")]
    assert [] == [path for path in entries if path.stat().st_mode & 0o222]
    assert [] == [path for path in entries if path.stat().st_mode & 0o044 != 0o044]


def test_compiling_is_followed(served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes longest: files are counted, but tests, which nobody imports; wherever the environment lies."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "tests"))
    files = {**{f"greeting/m{n}.py": "1\n" for n in range(30)}, "greeting/tests/test_it.py": "1\n"}
    steps: list[Step] = []

    place = build(defined(wheel(served, "greeting", "1.0", files=files)), Store(), steps.append)

    told = [step for step in steps if step.stage == "compile"]
    assert sorted(set(told)) == told
    assert [Step("compile", 0, 30), Step("compile", 30, 30)] == [told[0], told[-1]]
    assert 30 == len(list(place.rglob("*.pyc")))


def test_nothing_is_shared_with_another_or_with_the_cache(served: Path, store: Store) -> None:
    """Each file is a copy of its own, so a write through one environment, were it possible, reaches no other."""
    greeting = wheel(served, "greeting", "1.0", files=GREETING)
    places = [
        build(defined(greeting, *more), store, unheard) for more in ((), (wheel(served, "other", "1.0", files={}),))
    ]
    one, other = (place / "site/greeting/__init__.py" for place in places)
    one.chmod(0o644)
    one.write_text("HELLO = 'harm'\n")

    assert [1, 1] == [path.stat().st_nlink for path in (one, other)]
    assert "HELLO = 'hello'\n" == other.read_text()
    again = build(defined(greeting, wheel(served, "third", "1.0", files={})), store, unheard)
    assert "HELLO = 'hello'\n" == (again / "site/greeting/__init__.py").read_text()


def test_linking_would_share(served: Path, tmp_path: Path) -> None:
    """The attack wins where files are linked from uv's cache: a line written through one install shows in the next."""
    lock = tmp_path / "lock.txt"
    lock.write_text(pinned(wheel(served, "greeting", "1.0", files=GREETING)))
    for name in ("one", "other"):
        command = ["pip", "install", "-q", "-r", str(lock), "--target", str(tmp_path / name), "--link-mode=hardlink"]
        subprocess.run([find_uv_bin(), *command], check=True)
    with (tmp_path / "one/greeting/__init__.py").open("a") as file:
        file.write("HARM = 1\n")

    assert "HARM" in (tmp_path / "other/greeting/__init__.py").read_text()


def test_one_lock_is_built_once(served: Path, store: Store) -> None:
    """What has the same lock is the same folder, whatever its name; another lock or interpreter is another."""
    greeting = wheel(served, "greeting", "1.0", files=GREETING)
    first = build(defined(greeting), store, unheard)
    before = first.stat().st_mtime_ns
    second = build(defined(greeting, name="yours"), store, unheard)

    assert (first, before) == (second, second.stat().st_mtime_ns)
    assert first != store.place(defined(wheel(served, "greeting", "1.1", files=GREETING)))


def test_builders_of_one_lock_wait_for_each_other(served: Path, store: Store) -> None:
    """Six threads and processes ask at once: one builds, the others wait and find the same folder."""
    definition = defined(wheel(served, "greeting", "1.0", files=GREETING))
    steps: list[Step] = []
    places: list[Path] = []
    threads = [threading.Thread(target=lambda: places.append(build(definition, store, steps.append))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [store.place(definition)] * 6 == places
    assert 1 == sum(step[:2] == ("compile", 0) for step in steps)
    assert [] == list(store.unfinished())


def test_a_killed_builder_leaves_nothing_half_built(served: Path, store: Store, tmp_path: Path) -> None:
    """SIGKILL in the middle: what was begun is not taken for an environment, and the next builder throws it away."""
    definition = defined(wheel(served, "greeting", "1.0", files={f"greeting/m{n}.py": "1\n" for n in range(3000)}))
    (tmp_path / "definition").write_text(definition.dump())
    code = (
        "import sys; from pathlib import Path; from fumehood.environments.build import build;"
        "from fumehood.environments.definition import Definition; from fumehood.environments.store import Store;"
        "build(Definition.load(Path(sys.argv[1]).read_text()), Store(), lambda step: None)"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "definition")])
    part = store.built / f"{definition.key}.part"
    while not part.exists():
        assert child.poll() is None
        time.sleep(0.001)
    child.send_signal(signal.SIGKILL)
    child.wait()

    assert store.find(definition) is None
    place = build(definition, store, unheard)
    assert 3000 == len(list((place / "site/greeting").glob("m*.py")))
    assert not part.exists()


def test_what_another_left_half_built_is_swept(served: Path, store: Store) -> None:
    """The remains of a build that nobody asks for again go with the next build of anything; a living one stays."""
    store.prepare()
    for key in ("dead", "alive"):
        (store.built / f"{key}.part" / "site").mkdir(parents=True)
    with store.building("alive"):
        build(defined(wheel(served, "greeting", "1.0", files=GREETING)), store, unheard)

        assert ["alive"] == list(store.unfinished())


def failing(definition: Definition, store: Store) -> Error:
    with pytest.raises((Unavailable, UsageError)) as caught:
        build(definition, store, unheard)
    assert store.find(definition) is None
    assert [] == list(store.unfinished())
    assert caught.value.remedy()
    return caught.value


def test_a_tampered_wheel_is_refused(served: Path, store: Store) -> None:
    """A file that is not the one that was locked is named, and nothing of it is kept."""
    honest = wheel(served, "greeting", "1.0", files=GREETING)
    definition = defined(honest)
    wheel(served, "greeting", "1.0", files={**GREETING, "greeting/harm.py": "1\n"})
    error = failing(definition, store)

    assert isinstance(error, BuildFailed)
    assert "greeting==1.0 is not the file that the lock names: its hash differs" in str(error)


def test_a_broken_download_is_told(served: Path, store: Store) -> None:
    """A file that was cut off is named as such."""
    path = wheel(served, "greeting", "1.0", files=GREETING)
    path.write_bytes(path.read_bytes()[:300])
    error = failing(defined(path), store)

    assert isinstance(error, BuildFailed)
    assert "greeting" in str(error)
    assert "broken" in str(error)


def test_source_is_never_built(served: Path, store: Store, tmp_path: Path) -> None:
    """A package without a wheel is refused: its setup.py would be executed outside a sandbox."""
    canary = tmp_path / "canary"
    path = source(
        served, "sourceonly", "1.0", setup=f"open({str(canary)!r}, 'w')\nfrom setuptools import setup\nsetup()\n"
    )
    error = failing(defined(path), store)

    assert isinstance(error, UsageError)
    assert "sourceonly comes without a wheel" in str(error)
    assert "--allow-builds" in error.remedy()
    assert not canary.exists()


def test_source_is_built_where_that_is_allowed(served: Path, store: Store) -> None:
    """Then its own code builds it; what came of it is another environment than the same lock's without."""
    definition = defined(source(served, "sourceonly", "1.0", setup="", backend=BACKEND))
    allowed = replace(definition, builds=True)

    assert "HELLO = 'built'\n" == (build(allowed, store, unheard) / "site/sourceonly.py").read_text()
    assert definition.key != allowed.key
    assert allowed == Definition.load(allowed.dump())
    failing(definition, store)


def test_a_build_that_fails_is_told(served: Path, store: Store) -> None:
    """The package's name, and the last words of its code."""
    path = source(served, "sourceonly", "1.0", setup="", backend="raise OSError('no compiler here')\n")
    error = failing(replace(defined(path), builds=True), store)

    assert "sourceonly==1.0 could not be built by its own code" in str(error)
    assert "no compiler here" in str(error)


@pytest.mark.usefixtures("served")
def test_an_absent_package_is_told(store: Store, tmp_path: Path) -> None:
    """What the source of packages does not have is named."""
    error = failing(defined(wheel(tmp_path / "elsewhere", "nowhere", "1.0", files={})), store)

    assert isinstance(error, UsageError)
    assert "there is no package nowhere" in str(error)


def test_no_network_is_told(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that nobody answers at: which address, why, and what to check."""
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://name:secret@127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    error = failing(defined(wheel(tmp_path / "elsewhere", "greeting", "1.0", files=GREETING)), store)

    assert isinstance(error, BuildFailed)
    assert "http://127.0.0.1:9/simple/greeting/ could not be reached" in str(error)
    assert "secret" not in str(error)


def test_a_folder_that_may_not_be_written_is_told(store: Store, tmp_path: Path) -> None:
    """Where a plain file is in the way of the store, the error names the place and the variable to set."""
    (tmp_path / "share").write_text("in the way")
    with pytest.raises(Unavailable, match="nothing can be written") as caught:
        build(defined(wheel(tmp_path / "served", "greeting", "1.0", files=GREETING)), store, unheard)

    assert "XDG_DATA_HOME" in caught.value.remedy()


def test_a_full_disk_is_told(served: Path, store: Store, tmp_path: Path) -> None:
    """On a file system of 4 MiB a package of 16 does not fit: it is said, and the space is free again."""
    definition = defined(wheel(served, "large", "1.0", files={"large/text.txt": "x" * (16 << 20)}))
    (tmp_path / "definition").write_text(definition.dump())
    code = (
        "import os, sys; from pathlib import Path; from fumehood.environments.build import build;"
        "from fumehood.environments.definition import Definition; from fumehood.environments.store import Store;"
        "from fumehood.errors import Unavailable; store = Store();"
        "free = os.statvfs(store.folder.parent.parent).f_bavail\n"
        "try: build(Definition.load(Path(sys.argv[1]).read_text()), store, lambda step: None)\n"
        "except Unavailable as error: print(error, '|', error.remedy())\n"
        "print(free - os.statvfs(store.folder).f_bavail < 9, list(store.unfinished()))"
    )
    store.folder.parent.parent.mkdir()
    small = f'mount -t tmpfs -o size=4m none {store.folder.parent.parent} && exec "$@"'
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", small, "sh", sys.executable, "-c", code]
    done = subprocess.run([*command, str(tmp_path / "definition")], check=True, capture_output=True, text=True)
    told, clean = done.stdout.splitlines()

    assert "is full" in told
    assert "XDG_DATA_HOME" in told
    assert "True []" == clean


def test_what_others_could_have_changed_is_not_used(served: Path, store: Store) -> None:
    """An environment that any user may write to is not imported from; neither is another user's."""
    definition = defined(wheel(served, "greeting", "1.0", files=GREETING))
    place = build(definition, store, unheard)
    place.chmod(stat.S_IMODE(place.stat().st_mode) | stat.S_IWOTH)

    with pytest.raises(Unavailable, match="can be changed by others"):
        store.find(definition)
