from __future__ import annotations

import ast
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.style.tree import SOURCE, files, name, parsed, sources

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STANDARD_LIBRARY_ONLY = ("check", "errors", "execution", "kernel", "notebook", "plan", "policy")
GRAMMARS = {"tree_sitter", "tree_sitter_bash", "tree_sitter_javascript"}
LOADED_LATE = {"anyio", "asyncio", "click", "ctypes", "pydantic", "rich", "subprocess", "tree_sitter", "uv"}


@pytest.mark.parametrize("part", STANDARD_LIBRARY_ONLY)
def test_deciding_needs_the_standard_library_alone(part: str) -> None:
    """These parts import nothing but the standard library and fumehood; check/ may load the grammars of an extra."""
    allowed = {*sys.stdlib_module_names, "fumehood", *(GRAMMARS if part == "check" else ())}
    places = [path for path in sources() if path.relative_to(SOURCE).with_suffix("").as_posix().startswith(part)]

    found = {f"{name(path)}: {module}" for path in places for module in imported(path)}

    assert set() == {entry for entry in found if entry.rpartition(": ")[2].partition(".")[0] not in allowed}


def test_only_the_kernel_folder_opens_kernel_doors() -> None:
    """`ctypes` is imported in fumehood/kernel alone, also where a linter was told to look away."""
    places = [path for path in sources() if not path.is_relative_to(SOURCE / "kernel")]

    assert [] == [name(path) for path in places if "ctypes" in {module.partition(".")[0] for module in imported(path)}]


def test_nothing_is_patched() -> None:
    """No test replaces what it tests: `unittest.mock` is imported nowhere."""
    assert [] == [name(path) for path in files(".py") if any(m.startswith("unittest.mock") for m in imported(path))]


@pytest.mark.skipif(not (SOURCE / "__init__.py").exists(), reason="the package has no public face yet")
def test_importing_fumehood_loads_almost_nothing() -> None:
    """`import fumehood` loads none of its dependencies and nothing slow: they are loaded by what uses them."""
    code = "import sys; before = set(sys.modules); import fumehood; print(*sorted(set(sys.modules) - before))"

    done = subprocess.run([sys.executable, "-I", "-c", code], check=True, capture_output=True, text=True)

    assert set() == LOADED_LATE & set(done.stdout.split())


def imported(path: Path) -> Iterator[str]:
    """Yield the full name of every module that a file imports anywhere, in functions too."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
