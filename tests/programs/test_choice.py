"""Which environment a program gets, and what is said when a module is missing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import fumehood as fh
from fumehood import environments
from fumehood.environments.selection import _MODULES, needed, package, remedy
from tests.run.command import fumehood, run_json

if TYPE_CHECKING:
    from tests.programs.conftest import Ask

pytestmark = [pytest.mark.jail, pytest.mark.usefixtures("_data_is_built")]


def test_the_table_is_what_is_installed() -> None:
    """Each module that `data` installs is known to the choice, and each that is known is installed."""
    site = Path(environments.ready("data").folder)
    found = {
        path.name.removesuffix(".py")
        for path in site.iterdir()
        if path.suffix in {"", ".py"} and not re.search(r"libs$|^bin$|^share$|^__pycache__$|-stubs$", path.name)
    }

    assert found == _MODULES.keys()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("1 + 1", "bare"),
        ("import json, os.path\nfrom collections import Counter", "bare"),
        ("import polars", "bare"),
        ("import pandas as pd", "data"),
        ("def late():\n    from sklearn.linear_model import Ridge", "data"),
        ("try:\n    import numpy\nexcept ImportError:\n    numpy = None", "data"),
        ("import importlib\nimportlib.import_module('sci' + 'py')", "data"),
    ],
)
def test_imports_choose(code: str, expected: str) -> None:
    """`auto`: the modules that reading finds, also in functions, in `try`, and by name where it can be resolved."""
    result = fh.run(code if expected == "data" else f"try:\n    {code.splitlines()[-1]}\nexcept ImportError: pass")

    assert expected == result.environment
    assert expected == needed(fh.check(code).imports)


def test_a_lasting_sandbox_has_data_at_hand() -> None:
    """A first program that needs nothing does not shut out the next one's pandas; nothing was imported for it."""
    with fh.Sandbox() as sandbox:
        first = sandbox.run("import sys\n'pandas' in sys.modules")
        second = sandbox.run("import pandas, matplotlib.pyplot\npandas.Series([1, 2]).sum().item()")

    assert (False, 3) == (first.value, second.value)
    assert () == second.denials
    assert "data" == second.environment


def test_what_is_asked_for_is_what_is_there() -> None:
    """A name is not second-guessed: `bare` stays without, `data` has all imported before the program starts."""
    code = "import sys\n[name in sys.modules for name in ('numpy', 'pandas', 'matplotlib.pyplot')]"

    assert [False] * 3 == fh.run(code, env="bare").value
    assert [True] * 3 == fh.run(code, env="data").value
    assert not fh.run("import pandas", env="bare").ok


@pytest.mark.parametrize(
    ("message", "environment", "words"),
    [
        ("No module named 'polars'", "bare", "fumehood env create NAME polars"),
        ("No module named 'cv2'", "data", "fumehood env create NAME --from data opencv-python-headless"),
        ("No module named 'yaml'", "mine", "fumehood env create NAME --from mine pyyaml"),
        ("No module named 'sklearn.linear_model'", "bare", "--env data"),
        ("No module named 'tkinter'", "bare", "part of Python"),
        ("No module named 'scipy.nothing'", "data", "scipy is there"),
        ("No module named 'mpl_toolkits.basemap'", "data", "mpl_toolkits is there"),
        ("No module named 'os.nothing'; 'os' is not a package", "bare", "os is there"),
        ("cannot import name 'x' from 'y'", "bare", ""),
    ],
)
def test_a_missing_module_is_told_with_its_package(message: str, environment: str, words: str) -> None:
    """The name to install is not always the one to import; where it is known, the remedy has it."""
    told = remedy(message, environment)

    assert words in told
    assert bool(words) == bool(told)


def test_the_remedy_is_where_people_and_programs_look() -> None:
    """In the result's error, in `--json`, and as a line after the traceback."""
    error = fh.run("import polars").error
    assert error is not None
    assert "fumehood env create NAME polars" in error.remedy
    assert error.remedy == run_json("import polars")["error"]["remedy"]

    done = fumehood("run", "-c", "import polars")
    assert 1 == done.code
    assert f"fumehood: {error.remedy}" in done.err
    assert "" == run_json("1 / 0")["error"]["remedy"]


def test_packages_are_named() -> None:
    """From the module to the package, for what is in `data`, for well-known others, and for the rest by itself."""
    assert ["scikit-learn", "pillow", "opencv-python-headless", "some-thing"] == [
        package(module) for module in ("sklearn.svm", "PIL", "cv2", "Some_Thing")
    ]


async def test_an_async_caller_is_not_held_up() -> None:
    """The choice is the same for the awaitable face."""
    async with fh.AsyncSandbox(env="data") as sandbox:
        result = await sandbox.run("import numpy\nint(numpy.arange(4).sum())")

    assert (6, "data") == (result.value, result.environment)


def test_a_program_leaves_no_trace_for_the_next(ask: Ask) -> None:
    """Two sandboxes of one zygote: modules that one changed, and random numbers, are not the other's."""
    code = "import numpy as np, pandas as pd\nseen = hasattr(pd, 'mark')\npd.mark = 1\n[seen, float(np.random.rand())]"
    one, other = ask(code), ask(code)

    assert (False, False) == (one[0], other[0])
    assert one[1] != other[1]
