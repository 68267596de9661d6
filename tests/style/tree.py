"""What the style tests look at: the files of the project, as they lie in the folder."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "fumehood"
CODE_FOLDERS = ("src", "tests", "examples", "tools", "benchmarks")


def files(*suffixes: str) -> list[Path]:
    """List the project's own files with one of these suffixes; what tools leave in dotted folders is not looked at."""
    kept = [
        *(path for path in ROOT.iterdir() if path.is_file()),
        *(
            path
            for folder in (*CODE_FOLDERS, "docs", "requirements", "changelog.d")
            for path in (ROOT / folder).rglob("*")
        ),
    ]
    return sorted(path for path in kept if path.suffix in suffixes and path.is_file())


def sources() -> list[Path]:
    return [path for path in files(".py") if path.is_relative_to(SOURCE)]


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def name(path: Path) -> str:
    """Name a file as a reader of the project would."""
    return path.relative_to(ROOT).as_posix()
