from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fumehood.environments import comparison
from fumehood.environments.definition import Definition, interpreter
from fumehood.errors import MissingFile, UsageError
from tests.run.command import fumehood

if TYPE_CHECKING:
    from pathlib import Path

    from fumehood.environments.store import Store

LOCK = "".join(
    f"{pin} \\\n    --hash=sha256:{'0' * 64}\n"
    for pin in ("numpy==2.4.6", "pandas==3.1.1", "pillow==13.0.0", "six==1.17.0", "tzdata==2026.6")
)
UV_LOCK = """
version = 1
requires-python = ">=3.11"
[[package]]
name = "project"
version = "1.0"
source = { virtual = "." }
[[package]]
name = "numpy"
version = "2.3.5"
resolution-markers = ["sys_platform == 'win32'"]
[[package]]
name = "numpy"
version = "2.4.6"
resolution-markers = ["sys_platform != 'win32'"]
[[package]]
name = "pandas"
version = "2.2.3"
[[package]]
name = "idna"
version = "3.11"
"""
PYLOCK = """
lock-version = "1.0"
requires-python = ">=3.99"
created-by = "a test"
[[packages]]
name = "numpy"
version = "2.4.6"
[[packages]]
name = "pandas"
version = "3.1.9"
marker = "python_version > '3'"
[[packages]]
name = "colorama"
version = "0.4.6"
marker = "sys_platform == 'win32'"
"""
POETRY = """
[[package]]
name = "Pillow"
version = "12.9.0"
[[package]]
name = "numpy"
version = "2.4.6"
[metadata]
lock-version = "2.1"
python-versions = "^3.11"
"""
CAME_ALONG = {"pillow": "extra", "six": "extra", "tzdata": "extra"}
PYPROJECT = """
[project]
name = "x"
requires-python = ">=3.9"
dependencies = ["pandas<3", "NumPy>=2", "idna; sys_platform == 'win32'"]
"""


@pytest.fixture
def mine(store: Store) -> str:
    """An environment that is defined and not built: comparing needs its lock alone."""
    store.prepare()
    definition = Definition("mine", ("numpy", "pandas", "pillow"), LOCK)
    (store.names / "mine.json").write_text(definition.dump())
    return "mine"


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("requirements.txt", LOCK, {}),
        (
            "requirements.txt",
            "numpy==2.4.1\npandas==3.0.0  # why\npillow==12.0.0\nsix==1.17.0\ntzdata==2026.6\nidna==3.11\n-e .\n",
            {"numpy": "patch", "pandas": "minor", "pillow": "major", "idna": "missing"},
        ),
        ("requirements.txt", "-r more.txt\npandas>=2\n", {"numpy": "range", "pillow": "extra"}),
        ("uv.lock", UV_LOCK, {"pandas": "major", "idna": "missing", **CAME_ALONG}),
        ("pylock.toml", PYLOCK, {"python": "python", "pandas": "patch", **CAME_ALONG}),
        ("poetry.lock", POETRY, {"pillow": "major", "pandas": "extra", "six": "extra", "tzdata": "extra"}),
        ("pyproject.toml", PYPROJECT, {"pandas": "range", "pillow": "extra"}),
    ],
)  # fmt: skip
def test_each_form_is_compared(mine: str, tmp_path: Path, *, file: str, text: str, expected: dict[str, str]) -> None:
    """By file: what differs and how; entries for other machines, comments, hashes and options are passed over."""
    (tmp_path / file).write_text(text)
    (tmp_path / "more.txt").write_text("numpy<2\n")

    assert expected == {each.package: each.kind for each in comparison.compare(mine, str(tmp_path / file))}


def test_only_what_changes_behaviour_is_warned_of(mine: str, tmp_path: Path) -> None:
    """Another minor or major version, a missing wish: exit code 1. Fixes alone, and what only came along: 0."""
    path = tmp_path / "requirements.txt"
    path.write_text("numpy==2.4.1\npandas==3.1.1\npillow==13.0.0\n")
    assert {"numpy": False, "six": False, "tzdata": False} == {
        each.package: each.warned for each in comparison.compare(mine, str(path))
    }
    assert 0 == fumehood("env", "diff", mine, str(path)).code

    path.write_text("numpy==2.3.0\npandas==3.1.1\n")
    done = fumehood("env", "diff", mine, str(path))
    assert 1 == done.code
    assert b"minor version newer in mine" in done.out
    assert b"! in mine and not in" in done.out
    answer = fumehood("env", "diff", mine, str(path), "--json").json()
    assert (2, "mine") == (answer["warnings"], answer["here"])
    assert {"package", "kind", "here", "there", "warned", "why"} == answer["differences"][0].keys()


def test_two_environments_are_compared(mine: str) -> None:
    """Against another by its name: nothing differs from itself, and all of it from the standard library."""
    assert [] == comparison.compare(mine, mine)
    assert {"extra"} == {each.kind for each in comparison.compare(mine, "bare")}

    done = fumehood("env", "diff", "bare", mine)
    assert 0 == done.code
    assert f"  in {mine} and not in bare" in done.out.decode()
    assert b"!" not in done.out


def test_another_python_is_warned_of(mine: str, tmp_path: Path) -> None:
    """A project for other Pythons than the sandbox has is the first difference of all."""
    (tmp_path / "pylock.toml").write_text(PYLOCK)
    first = comparison.compare(mine, str(tmp_path / "pylock.toml"))
    python = next(each for each in first if each.kind == "python")

    assert interpreter().split()[1] == python.here
    assert python.warned


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("uv.lock", "not = toml = at all"),
        ("a.lock", "x = 1"),
        ("c.lock", "package = [1, 2]"),
        ("d.lock", '[[package]]\nversion = "1"'),
        ("a.json", "{}"),
        ("b.lock", '[[package]]\nname = "x"\nversion = "?"'),
    ],
)
def test_what_is_not_understood_is_refused(mine: str, tmp_path: Path, *, file: str, text: str) -> None:
    """Another form, or broken: an error that names the forms that are known."""
    (tmp_path / file).write_text(text)
    with pytest.raises(UsageError) as caught:
        comparison.compare(mine, str(tmp_path / file))

    assert "uv.lock" in caught.value.remedy()


def test_no_such_file_is_told(mine: str) -> None:
    """Neither a name nor a file."""
    with pytest.raises(MissingFile, match="neither an environment nor a file"):
        comparison.compare(mine, "nowhere.txt")
