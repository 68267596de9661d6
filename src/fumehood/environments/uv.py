"""The one door to uv: runs it, follows what it downloads, and turns its failures into errors with a remedy.

Nothing of a package is executed: only wheels are taken, for resolving as for installing. Where an environment allows
builds, packages without wheels are built by their own code, as this user and outside a sandbox.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

from uv import find_uv_bin

from fumehood.environments.definition import python
from fumehood.environments.failures import failure
from fumehood.errors import BuildFailed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_WHEELS: Final = ("--only-binary=:all:",)
_KEPT_LINES: Final = 200
#: What a user's settings may say: where packages come from and how to get there. Not what is installed, or how.
_SETTINGS: Final = (
    "UV_CACHE_DIR", "UV_CONCURRENT_", "UV_CONFIG_FILE", "UV_DEFAULT_INDEX", "UV_EXCLUDE_NEWER", "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS", "UV_HTTP_", "UV_INDEX", "UV_INSECURE_HOST", "UV_KEYRING_PROVIDER", "UV_NATIVE_TLS",
    "UV_NETRC", "UV_NO_CACHE", "UV_OFFLINE", "UV_REQUEST_TIMEOUT", "UV_SYSTEM_CERTS",
)  # fmt: skip
_FOREIGN: Final = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "RUST_LOG")
_DOWNLOAD = re.compile(r"^\s*Download(ing|ed) (\S+)(?: \(([\d.]+)([KMG]?i?B)\))?")
_UNITS: Final = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


class Step(NamedTuple):
    """How far a build is: `resolve`, `wait` (for another), `download`, `compile` or `ready`.

    `done` and `total` are bytes of large downloads, files to compile, or at the end its size on disk; 0 is not known.
    """

    stage: str
    done: int
    total: int


class Downloads:
    """Follows uv's words about large downloads; small ones pass without a word."""

    def __init__(self, listener: Callable[[Step], None]) -> None:
        """Nothing is downloaded yet."""
        self._listener = listener
        self._sizes: dict[str, int] = {}
        self._done = 0

    def hear(self, line: str) -> None:
        """Take one line."""
        said = _DOWNLOAD.match(line)
        if said is None:
            return
        verb, name, amount, unit = said.groups()
        if verb == "ing" and amount:
            self._sizes[name] = int(float(amount) * _UNITS.get(unit, 1))
        elif verb == "ed":
            self._done += self._sizes.get(name, 0)
        self._listener(Step("download", self._done, sum(self._sizes.values())))


def run(
    *arguments: str,
    folder: Path,
    given: str = "",
    hear: Callable[[str], None] | None = None,
    lock: int | None = None,
) -> str:
    """Run uv in `folder` and give its standard output.

    Args:
        arguments: Its words.
        folder: Where it runs and writes.
        given: Its standard input.
        hear: Called with each line that it says on standard error.
        lock: A descriptor that it inherits: the lock is held as long as it lives, whatever becomes of us.

    Raises:
        UsageError: What was asked for does not exist, or only as source.
        Unavailable: Network, disk, hashes, a broken file; nothing of it was kept.
    """
    said: deque[str] = deque(maxlen=_KEPT_LINES)
    # A file: while its other words are followed, a pipe would hold no more than half a lock.
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as output,
        subprocess.Popen(  # noqa: S603 -- uv, by its path
            [_binary(), *arguments],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            cwd=folder,
            env=_variables(),
            pass_fds=() if lock is None else (lock,),
        ) as process,
    ):
        try:
            _follow(process, given, said=said, hear=hear)
            process.wait()
            output.seek(0)
            told = output.read()
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise failure("\n".join(said), folder)
    return told


def _follow(
    process: subprocess.Popen[str], given: str, *, said: deque[str], hear: Callable[[str], None] | None
) -> None:
    """Hand over its input, and keep the last of what it says."""
    assert process.stdin and process.stderr  # noqa: S101, PT018 -- pipes were asked for
    process.stdin.write(given)
    process.stdin.close()
    for line in process.stderr:
        said.append(line.rstrip("\n"))
        if hear is not None:
            hear(line)


def _kinds(*, builds: bool) -> tuple[str, ...]:
    """Which files of a package may be taken."""
    return () if builds else _WHEELS


def install(lock_file: Path, target: Path, *, builds: bool, listener: Callable[[Step], None], lock: int) -> None:
    """Put what a lock names into `target`, which must be empty: what lies there already would not be verified."""
    run(
        "pip", "install", f"--requirements={lock_file}", "--require-hashes", f"--target={target}",
        *_kinds(builds=builds), "--link-mode=copy", "--no-compile-bytecode", f"--python={python()}",
        folder=target.parent, hear=Downloads(listener).hear, lock=lock,
    )  # fmt: skip


def resolve(packages: str, folder: Path, *extra: str, builds: bool) -> str:
    """The hashed lock of some requirements, for every platform, without addresses."""
    return run(
        "pip", "compile", "-", "--universal", "--generate-hashes", "--no-header", "--no-annotate",
        "--no-emit-index-url", "--no-emit-find-links", "--quiet", f"--python={python()}",
        *_kinds(builds=builds), *extra,
        folder=folder, given=packages,
    )  # fmt: skip


def pylock(lock: str, folder: Path, *, builds: bool) -> str:
    """The same lock as a pylock.toml."""
    return run(
        "pip", "compile", "-", "--universal", "--no-deps", "--no-header", "--format=pylock.toml", "--quiet",
        *_kinds(builds=builds), f"--python={python()}", folder=folder, given=lock,
    )  # fmt: skip


def _binary() -> str:
    try:
        return find_uv_bin()
    except FileNotFoundError as error:
        told = f"uv, which builds environments, is not installed where Python looks for it ({error})"
        raise BuildFailed(told, remedy="Install it again: pip install --force-reinstall uv.") from error


def _variables() -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _FOREIGN and (not name.startswith("UV_") or name.startswith(_SETTINGS))
    }
    return {**kept, "NO_COLOR": "1", "UV_NO_PROGRESS": "1", "UV_PYTHON_DOWNLOADS": "never"}
