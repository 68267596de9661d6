from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from shutil import copy
from typing import Any

import pytest

import fumehood as fh
from fumehood.errors import Error
from fumehood.plan import Environment
from fumehood.policy import Policy

pytestmark = pytest.mark.jail
UNREAD = fh.Policy.default().but(**{"check.mode": "record"})  # what holds must hold without reading


@pytest.fixture
def installed(tmp_path: Path) -> Environment:
    """An environment made by hand: a package, a native library, a file for $HOME, and a `.pth` that would print."""
    site = tmp_path / "environment" / "site"
    (site / "greeting").mkdir(parents=True)
    (site / "greeting" / "__init__.py").write_text(
        "import os\nFOUND = open(os.environ['HOME'] + '/.greeting/text').read() if os.path.exists(os.environ['HOME'] + '/.greeting/text') else None\nHELLO = 'hello'\n"
    )
    (site / "greeting-1.0.dist-info").mkdir()
    (site / "greeting-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
    native = next(path for base in sys.path if base.endswith("lib-dynload") for path in Path(base).glob("_json.*.so"))
    (site / "native").mkdir()
    copy(native, site / "native")
    (site / "startup.pth").write_text("import sys; sys.stdout.write('startup')\nimport greeting\n")
    home = tmp_path / "environment" / "home" / ".greeting"
    home.mkdir(parents=True)
    (home / "text").write_text("from home")
    home.chmod(0o555)
    return Environment("made", lock="0" * 64, folder=str(site), home=str(tmp_path / "environment" / "home"))


def ask(environment: Environment, code: str) -> Any:
    result = fh.run(code, env=environment, policy=UNREAD)
    assert result.ok, result
    assert "made" == result.environment
    return result.value


def test_what_is_installed_is_imported(installed: Environment) -> None:
    """A package is found, with its metadata, and nothing of it was imported before the program asked."""
    code = "import sys\nbefore = 'greeting' in sys.modules\nimport greeting, importlib.metadata\n"

    assert [False, "hello", "1.0"] == ask(
        installed, code + "[before, greeting.HELLO, importlib.metadata.version('greeting')]"
    )


def test_a_native_library_is_mapped(installed: Environment) -> None:
    """What is installed may be machine code: its mount is not noexec, while the workspace's is."""
    code = (
        "import importlib.machinery as m, importlib.util as u, glob, shutil\n"
        "def load(path):\n"
        "    loader = m.ExtensionFileLoader('_json', path)\n"
        "    return loader.create_module(u.spec_from_loader('_json', loader))\n"
        "path = glob.glob('/opt/environment/site/native/*')[0]\n"
        "good = hasattr(load(path), 'scanstring')\n"
        "shutil.copy(path, 'copy.so')\n"
        "try:\n    load('copy.so'); bad = ''\nexcept ImportError as error:\n    bad = str(error)\n"
        "[good, bad]"
    )
    good, bad = ask(installed, code)

    assert good
    assert "failed to map" in bad


@pytest.mark.parametrize(
    "attempt",
    [
        "open(place + '/site/greeting/__init__.py', 'a')",
        "open(place + '/site/new.py', 'w')",
        "os.unlink(place + '/site/greeting/__init__.py')",
        "os.chmod(place + '/site/greeting/__init__.py', 0o777)",
        "os.utime(place + '/site')",
        "os.rename(place + '/site', place + '/else')",
        "os.link(place + '/site/greeting/__init__.py', '/workspace/linked')",
    ],
)
def test_what_is_installed_cannot_be_changed(installed: Environment, attempt: str) -> None:
    """No way of writing reaches it, and the file on the host is what it was."""
    before = state(installed)
    code = f"import os\nplace = '/opt/environment'\ntry:\n    {attempt}\n    number = 0\nexcept OSError as error:\n    number = error.errno\nnumber"
    result = fh.run(code, env=installed, policy=UNREAD)

    assert result.ok, result
    assert result.value in {1, 13, 18, 30}, result.value
    assert before == state(installed)


def state(environment: Environment) -> list[tuple[object, ...]]:
    """All that writing would change of the files on the host."""
    found = sorted(Path(environment.folder).rglob("*"))
    return [(path, *path.stat()[:7], path.stat().st_mtime_ns) for path in found]


def test_a_start_file_is_not_run(installed: Environment) -> None:
    """The lines of a `.pth` file are programs that nobody asked for: neither zygote nor sandbox runs them."""
    result = fh.run("import sys\n'greeting' in sys.modules", env=installed)

    assert ("", False) == (result.stdout, result.value)


def test_modules_are_there_before_the_program(installed: Environment) -> None:
    """What the environment imports beforehand is imported, in a $HOME with the files made for it, of which none stays."""
    warm = replace(installed, imports=("greeting",))
    code = "import sys, os\n['greeting' in sys.modules, sys.modules['greeting'].FOUND, os.listdir('/tmp')]"

    assert [True, "from home", []] == ask(warm, code)


def test_each_sandbox_has_the_files_where_nothing_was_imported(installed: Environment) -> None:
    """The files for $HOME are the sandbox's own copies there: it finds them, may change them, and harms nobody."""
    code = "import os\npath = os.environ['HOME'] + '/.greeting/text'\nfound = open(path).read()\nopen(path, 'w').write('x')\nopen(path + '2', 'w').close()\nfound"

    assert ["from home", "from home"] == [ask(installed, code) for _ in range(2)]


def test_a_module_that_starts_threads_is_told(installed: Environment) -> None:
    """A fork has none of its parent's threads, so what starts some can't be imported beforehand; the error says so."""
    busy = Path(installed.folder, "busy.py")
    busy.write_text("import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n")

    with pytest.raises(Error, match="importing busy starts threads"):
        fh.run("1", env=replace(installed, imports=("busy",)))


def test_a_module_that_fails_to_import_is_told(installed: Environment) -> None:
    """Sandboxes can't be forked from a zygote whose imports fail; the error has the import's own words."""
    with pytest.raises(Error, match="No module named 'nowhere'"):
        fh.run("1", env=replace(installed, imports=("nowhere",)))


def test_bare_has_none_of_it(installed: Environment) -> None:
    """Two environments side by side in one process: each has its own packages and no others."""
    with fh.Sandbox(env="bare") as bare, fh.Sandbox(env=installed) as made:
        code = "import importlib.util, os\n[importlib.util.find_spec('greeting') is None, os.path.exists('/opt/environment')]"

        assert ([True, False], [False, True]) == (bare.run(code).value, made.run(code).value)


def test_a_program_that_the_code_starts_finds_them(installed: Environment) -> None:
    """Where code.spawn is granted, another interpreter imports the same packages."""
    code = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import greeting; print(greeting.HELLO)'], capture_output=True, text=True).stdout"
    result = fh.run(code, env=installed, policy=Policy.load("workbench").but(**{"check.mode": "record"}))

    assert "hello\n" == result.value, result
