from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import fumehood as fh
from fumehood import pool
from fumehood.environments import creation
from fumehood.environments.store import read_about
from fumehood.errors import SandboxBusy, UsageError
from tests.environments.test_build import BACKEND
from tests.environments.wheels import source, wheel
from tests.run.command import fumehood

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fumehood.environments.store import Store
    from fumehood.environments.uv import Step

GREETING = {"greeting/__init__.py": "HELLO = 'hello'\n"}


def unheard(step: Step) -> None:
    """Nobody listens."""


@pytest.fixture
def greeting(served: Path) -> Path:
    return wheel(served, "greeting", "1.0", files=GREETING)


def create(name: str, *packages: str, base: str | None = None, imports: tuple[str, ...] = ()) -> creation.Listed:
    return creation.create(name, packages, base=base, imports=imports, listener=unheard)


def state(store: Store) -> tuple[list[str], list[str]]:
    """What is built and what has a name."""
    built = sorted(path.name for path in store.built.glob("*") if path.is_dir())
    return built, sorted(path.name for path in store.names.glob("*"))


@pytest.mark.jail
@pytest.mark.usefixtures("greeting", "store")
def test_code_runs_in_an_environment_of_one_s_own() -> None:
    """From the command that makes it to the program that imports from it, and its name in the result."""
    made = fumehood("env", "create", "mine", "greeting>=1", "--json")
    done = fumehood("run", "--env", "mine", "--json", "-c", "import greeting\ngreeting.HELLO")

    assert (0, ["greeting>=1"]) == (made.code, made.json()["packages"])
    assert ("hello", "mine") == (done.json()["value"], done.json()["environment"])


@pytest.mark.usefixtures("store")
def test_builds_are_allowed_by_a_flag_and_listed(served: Path) -> None:
    """The refusal names the flag; with it the environment is made, and the list says so."""
    source(served, "sourceonly", "1.0", setup="", backend=BACKEND)
    refused = fumehood("env", "create", "mine", "sourceonly")
    made = fumehood("env", "create", "mine", "sourceonly", "--allow-builds")

    assert 2 == refused.code
    assert "--allow-builds" in refused.err
    assert 0 == made.code, made.err
    assert b"sourceonly (builds allowed)" in fumehood("env", "list").out


@pytest.mark.jail
@pytest.mark.usefixtures("store")
def test_its_code_runs_in_sandboxes_alone_unless_preloaded(served: Path) -> None:
    """A package of the user's is not imported before sandboxes are sealed, where its code would hold more power."""
    wheel(served, "nosy", "1.0", files={"nosy.py": "1\n"})
    create("cold", "nosy")
    create("warm", "nosy", imports=("nosy",))
    code = "import sys\nthere = 'nosy' in sys.modules\nthere"

    assert (False, True) == (fh.run(code, env="cold").value, fh.run(code, env="warm").value)


@pytest.mark.usefixtures("store")
def test_it_begins_with_the_versions_of_another(served: Path) -> None:
    """`--from`: the packages of another environment, not moved by what is newer meanwhile, and one more."""
    wheel(served, "greeting", "1.0", files=GREETING)
    create("below", "greeting")
    wheel(served, "greeting", "2.0", files=GREETING)
    wheel(served, "other", "1.0", files={"other.py": "1\n"}, requires=("greeting",))
    made = create("above", "other", base="below")

    assert ("greeting", "other") == made.packages
    assert {"greeting": "1.0", "other": "1.0"} == read_about(Path(made.folder)).packages


def test_locking_anew_takes_the_newest(served: Path, store: Store) -> None:
    """`env lock` moves versions and adds packages, says what changed, and drops what is not used any more."""
    wheel(served, "greeting", "1.0", files=GREETING)
    old = create("mine", "greeting")
    wheel(served, "greeting", "2.0", files=GREETING)
    wheel(served, "other", "1.0", files={"other.py": "1\n"})
    done = fumehood("env", "lock", "mine", "other", "--json")

    assert {"greeting": ["1.0", "2.0"], "other": ["", "1.0"]} == done.json()["changes"]
    assert not Path(old.folder).exists()
    assert ("greeting", "other") == store.define("mine").packages
    assert 0 == len(fumehood("env", "lock", "mine", "--json").json()["changes"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("mine", "greeting"), "there is an environment 'mine' already"),
        (("data", "greeting"), "'data' is a name of fumehood's own"),
        (("auto", "greeting"), "'auto' is a name of fumehood's own"),
        (("../up", "greeting"), "'../up' can't be the name of an environment"),
        (("Big", "greeting"), "'Big' can't be the name"),
        (("other",), "no package was named for 'other'"),
        (("other", "./greeting"), "is not the name of a package"),
        (("other", "greeting @ file:///greeting"), "is not the name of a package"),
        (("other", "git+https://example.org/x"), "is not the name of a package"),
        (("other", "nowhere"), "there is no package nowhere"),
        (("other", "greeting>5"), "do not fit together"),
        (("other", "greeting==5"), "there is no greeting==5"),
        (("other", "sourceonly"), "sourceonly comes without a wheel"),
        (("other", "greeting", "--from", "nothing"), "there is no environment 'nothing'"),
        (("other", "greeting", "--preload", "a b"), "is not the name of a module"),
    ],
)
@pytest.mark.usefixtures("greeting")
def test_what_can_not_be_made_is_one_paragraph_and_exit_2(
    served: Path, store: Store, *, words: tuple[str, ...], told: str
) -> None:
    """Each mistake is named with what to do, nothing is built or named for it, and no source was executed."""
    canary = served / "canary"
    source(served, "sourceonly", "1.0", setup=f"open({str(canary)!r}, 'w')\n")
    create("mine", "greeting")
    before = state(store)
    done = fumehood("env", "create", *words)

    assert 2 == done.code
    assert told in done.err
    assert "Traceback" not in done.err
    assert before == state(store)
    assert not canary.exists()


@pytest.mark.usefixtures("greeting")
def test_an_interrupted_creation_leaves_nothing(served: Path, store: Store) -> None:
    """Ctrl-C while it is built: exit code 130, no name, nothing half-built, and the next try works."""
    wheel(served, "large", "1.0", files={f"large/m{n}.py": "1\n" * 99 for n in range(4000)})
    command = [sys.executable, "-m", "fumehood", "env", "create", "mine", "large"]
    child = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
    while not list(store.built.glob("*.part")):
        assert child.poll() is None
        time.sleep(0.001)
    os.killpg(child.pid, signal.SIGINT)

    assert 130 == child.wait()
    assert ([], []) == state(store)
    assert create("mine", "large").built


@pytest.mark.usefixtures("greeting")
def test_removing_takes_all_of_it_but_not_what_another_name_needs(store: Store) -> None:
    """Two names for one lock: the first to go leaves what is built, the second takes it along."""
    create("mine", "greeting")
    create("yours", "greeting")

    assert 0 == fumehood("env", "remove", "mine").code
    assert (1, ["yours.json"]) == (len(state(store)[0]), state(store)[1])
    assert 0 == fumehood("env", "remove", "yours").code
    assert ([], []) == state(store)
    assert 2 == fumehood("env", "remove", "yours").code


@pytest.mark.jail
@pytest.mark.usefixtures("greeting", "store")
def test_what_is_in_use_is_not_removed() -> None:
    """While a program that opened sandboxes with it lives, its files stay: another process is told so."""
    create("mine", "greeting")
    with fh.Sandbox(env="mine") as sandbox:
        assert "hello" == sandbox.run("import greeting\ngreeting.HELLO").value
        done = fumehood("env", "remove", "mine")
        assert "sandboxes that are open use the environment 'mine'" in done.err
        with pytest.raises(SandboxBusy):
            creation.discard("mine")
        assert "hello" == sandbox.run("greeting.HELLO").value


@pytest.mark.usefixtures("greeting", "store")
def test_the_list_says_what_is_built() -> None:
    """For programs: every environment with packages, size, interpreter and where it lies."""
    create("mine", "greeting")
    rows = {row["name"]: row for row in json.loads(fumehood("env", "list", "--json").out)}

    assert ["data", "mine"] == list(rows)
    assert (False, "", 0) == tuple(rows["data"][key] for key in ("built", "folder", "size"))
    assert rows["mine"]["built"]
    assert rows["mine"]["size"] > 0
    assert b"mine" in fumehood("env", "list").out


@pytest.mark.usefixtures("greeting", "store")
def test_a_start_file_is_noted(served: Path) -> None:
    """A package that brings a .pth file is made, and it is said that the file is not run."""
    wheel(served, "pushy", "1.0", files={"pushy.pth": "import os; os.abort()\n", "pushy.py": "1\n"})

    assert "pushy.pth is there and is not run at start" in fumehood("env", "create", "mine", "pushy").err


@pytest.mark.usefixtures("greeting", "store")
def test_exported_requirements_install_the_same(tmp_path: Path) -> None:
    """Production installs from what is exported, by hash: the same versions of everything."""
    create("mine", "greeting")
    lock = tmp_path / "requirements.txt"
    lock.write_bytes(fumehood("env", "export", "mine").out)
    command = [sys.executable, "-m", "uv", "pip", "install", "-q", "--require-hashes", "-r", str(lock)]
    subprocess.run([*command, "--target", str(tmp_path / "production")], check=True)

    assert (tmp_path / "production/greeting-1.0.dist-info").is_dir()


def test_the_standard_library_has_nothing_to_export() -> None:
    """It is there, so nobody is told to make it."""
    done = fumehood("env", "export", "bare")

    assert 2 == done.code
    assert "standard library" in done.err
    assert "env create" not in done.err


@pytest.mark.usefixtures("greeting", "store")
def test_an_export_is_both_files_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--out`: requirements and a pylock.toml with hashes; where addresses can't be looked up, nothing is written."""
    create("mine", "greeting")
    assert 0 == fumehood("env", "export", "mine", "--out", str(tmp_path / "one")).code
    assert {"requirements.txt", "pylock.toml"} == {path.name for path in (tmp_path / "one").iterdir()}
    assert "sha256" in (tmp_path / "one/pylock.toml").read_text()

    (tmp_path / "file").touch()
    refused = fumehood("env", "export", "mine", "--out", str(tmp_path / "file"))
    assert 2 == refused.code
    assert "Name another folder" in refused.err

    monkeypatch.setenv("UV_CONFIG_FILE", str(tmp_path / "none"))
    assert 0 != fumehood("env", "export", "mine", "--out", str(tmp_path / "two")).code
    assert not (tmp_path / "two").exists()


def test_no_such_environment_is_told(store: Store) -> None:
    """A name that stands for nothing is refused at once, with the names there are and the command that makes it."""
    with pytest.raises(UsageError, match="there is no environment 'nothing'") as caught:
        fh.Sandbox(env="nothing")

    assert "fumehood env create nothing PACKAGE" in caught.value.remedy()
    assert 2 == fumehood("run", "--env", "nothing", "-c", "1").code
    assert not store.folder.exists()


@pytest.fixture(autouse=True, scope="module")
def _no_pool_left() -> Iterator[None]:
    """Zygotes that use environments of these tests end with them."""
    yield
    pool.shutdown()
