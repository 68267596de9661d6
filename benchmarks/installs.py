"""Where the peers of `peers.py` are installed: one environment for each lock in requirements/peers, since their needs conflict.

They lie in `fumehood-peers` below `$XDG_CACHE_HOME` or `~/.cache`, by the hash of lock and interpreter, and are built by uv
when `peers.py --build` asks for it; nothing of the repository or of another environment is seen inside.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from uv import find_uv_bin

LOCKS = Path(__file__).resolve().parent.parent / "requirements" / "peers"
#: The interpreter under ours, which is that of every peer.
PYTHON = Path(sys.executable).resolve()


def names() -> list[str]:
    """All that there are."""
    return sorted(path.stem for path in LOCKS.glob("*.txt"))


def folder(name: str) -> Path:
    """Where it lies, built or not."""
    key = hashlib.sha256(f"{PYTHON} {sys.version}\n{_lock(name)}".encode()).hexdigest()
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "fumehood-peers" / f"{name}-{key[:16]}"


def python(name: str) -> Path | None:
    """The interpreter of an environment that is built."""
    return folder(name) / "bin" / "python" if (folder(name) / "built").exists() else None


def pinned(name: str, package: str) -> str:
    """The version of a package in a lock."""
    found = re.search(rf"^{re.escape(package)}==(\S+)", _lock(name), re.MULTILINE)
    assert found is not None, package  # noqa: S101 -- a package that peers.py names is in the lock
    return found[1]


def build(name: str) -> None:
    """Build it, if it is not yet, to its end or not at all."""
    place = folder(name)
    if python(name) is not None:
        return
    print(f"building {name} …", file=sys.stderr, flush=True)
    shutil.rmtree(place, ignore_errors=True)
    _uv("venv", f"--python={PYTHON}", str(place))
    wheels = ("--require-hashes", "--only-binary=:all:", "--compile-bytecode")  # to compile is no part of a start
    _uv("pip", "sync", *wheels, f"--python={place / 'bin' / 'python'}", str(LOCKS / f"{name}.txt"))
    (place / "built").touch()


def _lock(name: str) -> str:
    return (LOCKS / f"{name}.txt").read_text(encoding="utf-8")


def _uv(*arguments: str) -> None:
    subprocess.run([find_uv_bin(), "--quiet", *arguments], check=True)
