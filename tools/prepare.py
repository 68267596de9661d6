"""Make `.venv` from the hash-locked requirements: `python3 tools/prepare.py core|dev`. Standard library only.

pip installs, so the mirrors and certificates that this machine's pip knows are used. A finished environment carries a
mark; one without it, or made from another lock, by another Python or in another place, is made anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Literal, NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
MARK = VENV / "prepared"
BASE_PYTHON = os.path.realpath(sys.executable)  # never `.venv`'s own link, which is about to be cleared

Want = Literal["core", "dev"]


def main(arguments: list[str]) -> None:
    """Prepare what is asked for; a second call with nothing changed takes some milliseconds."""
    if arguments not in (["core"], ["dev"]):
        stop("tools/prepare.py takes one word.", "Say `core` or `dev`.")
    want: Want = "dev" if arguments == ["dev"] else "core"
    try:
        lock = (ROOT / ".venv.lock").open("w")
    except OSError as error:
        stop(f"Nothing can be written in {ROOT}: {error.strerror}.", "Use a clone of your own.")
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        prepare(want)


def prepare(want: Want) -> None:
    """Bring `.venv` to what the locks say, in one step that is either finished or begun again."""
    have = marks()
    if have.get(want) == fingerprint(want):
        return
    if have.get("core") != fingerprint("core"):
        create()
        have = {}
    print(f"Preparing .venv ({want}) from requirements/{want}.txt …", file=sys.stderr, flush=True)
    MARK.unlink(missing_ok=True)
    pip("install", "-qq", "--require-hashes", "--requirement", str(requirements(want)))
    pip("install", "-qq", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    finish({**have, want: fingerprint(want), "core": fingerprint("core")})


def create() -> None:
    """Make an empty environment in the place of whatever lies there."""
    made = subprocess.run(
        [BASE_PYTHON, "-I", "-m", "venv", "--clear", str(VENV)],
        check=False,
        capture_output=True,
        text=True,
    )
    if made.returncode:
        said = (made.stdout + made.stderr).strip()
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        stop(
            f"{BASE_PYTHON} could not make {VENV}:\n{said}",
            f"Install Python's venv module (Debian, Ubuntu: `apt install python{version}-venv`), "
            "or use a clone of your own, if this folder is another user's.",
        )


def pip(*arguments: str) -> None:
    """Run the environment's own pip; `-I` keeps the caller's PYTHON* variables and folder out of it."""
    environment = {**os.environ, "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    done = subprocess.run([str(PYTHON), "-I", "-m", "pip", *arguments], check=False, env=environment, cwd=ROOT)
    if done.returncode:
        stop(
            "pip could not install what the lock names (its words are above).",
            "See that this machine reaches a Python package registry (`pip config list` shows which), "
            "then run the command again.",
        )


def requirements(want: Want) -> Path:
    return ROOT / "requirements" / f"{want}.txt"


def fingerprint(want: Want) -> str:
    """Name everything an environment depends on: the lock, the project, the Python and the place."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    parts = (
        requirements(want).read_text(),
        repr((project["project"], project["build-system"])),
        f"{sys.version} {BASE_PYTHON} {ROOT}",
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def marks() -> dict[str, str]:
    """Read which of `core` and `dev` an environment was finished for, and from what."""
    if not (MARK.is_file() and os.access(PYTHON, os.X_OK)):
        return {}
    return dict(line.split(" ", 1) for line in MARK.read_text().splitlines() if " " in line)


def finish(have: dict[str, str]) -> None:
    """Write the mark whole or not at all."""
    fresh = MARK.with_suffix(".new")
    fresh.write_text("".join(f"{want} {name}\n" for want, name in have.items()))
    fresh.replace(MARK)


def stop(message: str, remedy: str) -> NoReturn:
    print(f"{message}\n{remedy}", file=sys.stderr)
    raise SystemExit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
