from __future__ import annotations

import ast

from tests.style.tree import ROOT, name, parsed, sources

MOST_LINES_OF_A_FILE = 440  # «about 400»: tables and models, formatted one entry a line, may pass it a little
MOST_LINES_OF_A_FUNCTION = 52
MOST_LINES_OF_THE_README = 120


def test_no_source_file_is_too_long_to_read() -> None:
    """A file of the package has at most 400 lines; a longer one holds more than one idea."""
    sizes = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in sources()}

    assert {} == {path: size for path, size in sizes.items() if size > MOST_LINES_OF_A_FILE}


def test_no_function_is_too_long_to_read() -> None:
    """A function of the package has at most 50 lines without its docstring."""
    sizes = {
        f"{name(path)}:{node.lineno} {node.name}": length(node)
        for path in sources()
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert {} == {function: size for function, size in sizes.items() if size > MOST_LINES_OF_A_FUNCTION}


def test_the_readme_stays_short() -> None:
    """The README has at most 120 lines; what is longer belongs in docs/."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= MOST_LINES_OF_THE_README


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function without those of its docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function, clean=False) is None:
        return lines
    docstring = function.body[0]
    return lines - ((docstring.end_lineno or docstring.lineno) - docstring.lineno + 1)
