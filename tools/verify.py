"""Run every check that a change must pass, and say at the end which failed: `./test`; with arguments, pytest alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PYTEST = [sys.executable, "-m", "pytest"]


class Check(NamedTuple):
    """One command of the list; a later one runs even when an earlier failed, so one run shows all there is to mend."""

    name: str
    command: list[str]


def main(arguments: list[str]) -> int:
    """Run the checks, or pytest alone with what it was given; 0 when all passed."""
    os.chdir(ROOT)
    if arguments:
        return subprocess.run([*PYTEST, *arguments], check=False).returncode
    failed = [check.name for check in checks() if not passes(check)]
    print(f"\n{'failed: ' + ', '.join(failed) if failed else 'all checks passed'}", flush=True)
    return 1 if failed else 0


def checks() -> list[Check]:
    """List what is owed, cheap before dear."""
    rendered = [
        Check(f"{script.stem} is fresh", [sys.executable, str(script), "--check"])
        for script in sorted((ROOT / "tools").glob("render_*.py"))
    ]
    return [
        Check("format", [tool("ruff"), "format", "--check", "."]),
        Check("lint", [tool("ruff"), "check", "."]),
        Check("layers", [tool("lint-imports"), "--no-logo"]),
        *rendered,
        Check("types (mypy)", [tool("mypy")]),
        Check("types (pyright)", [tool("pyright")]),
        Check("tests", PYTEST),
    ]


def tool(name: str) -> str:
    return str(BIN / name)


def passes(check: Check) -> bool:
    print(f"\n── {check.name}", flush=True)
    begun = time.monotonic()
    code = subprocess.run(check.command, check=False).returncode
    print(f"── {check.name}: {'ok' if code == 0 else f'failed ({code})'}, {time.monotonic() - begun:.1f} s", flush=True)
    return code == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
