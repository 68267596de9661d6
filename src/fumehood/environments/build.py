"""Build an environment: install from the lock, compile, measure, make read-only, and give it its name at the end."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import subprocess
import time
from contextlib import suppress
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import TYPE_CHECKING

from fumehood.environments import fonts, uv
from fumehood.environments.definition import interpreter, python
from fumehood.environments.store import About, Store, read_about, refused, remove, writing
from fumehood.environments.uv import Step
from fumehood.plan.environment import SITE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fumehood.environments.definition import Definition
    from fumehood.plan import Environment

#: Tests are installed, as in production, but nobody imports them.
_NOT_COMPILED = r"/tests?/"
_FULL = re.compile(r"Errno 28\]|No space left")


def build(definition: Definition, store: Store, listener: Callable[[Step], None]) -> Path:
    """Build it, or wait for who builds it already; the folder where it lies.

    Raises:
        UsageError: A package does not exist, or only as source.
        Unavailable: Network, disk, hashes; nothing half-built is left.
    """
    store.prepare()
    _sweep(store)
    with store.building(definition.key, waits=lambda: listener(Step("wait", 0, 0))) as lock:
        place = store.find(definition) or _build(definition, store, listener, lock=lock)
    listener(Step("ready", read_about(place).size, 0))
    return place


def fonts_for(made: Environment, place: Path, store: Store) -> Path | None:
    """The folder with the files that its packages look for in $HOME, made now if need be; None if they look for none.

    Raises:
        Unavailable: No sandbox runs here, in which it could be made.
    """
    if not fonts.needed(place / "site"):
        return None
    target = fonts.place(place)
    if not target.is_dir():
        with store.building(target.name, waits=lambda: None):
            if not target.is_dir():
                fonts.make(made, target)
    return target


def _build(definition: Definition, store: Store, listener: Callable[[Step], None], *, lock: int) -> Path:
    began = time.monotonic()
    place = store.place(definition)
    part = place.with_name(f"{place.name}.part")
    try:
        with writing(store.folder):
            remove(part)
            part.mkdir()
            locked = part / "lock.txt"
            locked.write_text(definition.lock, encoding="utf-8")
        listener(Step("download", 0, 0))
        uv.install(locked, part / "site", builds=definition.builds, listener=listener, lock=lock)
        _compile(part / "site", listener, lock=lock)
        with writing(store.folder):
            _finish(part, time.monotonic() - began)
            part.rename(place)
    except BaseException:
        remove(part)
        raise
    return place


def _sweep(store: Store) -> None:
    """Throw away what others began and did not live to finish."""
    for name in store.unfinished():
        with suppress(BlockingIOError), store.building(name):
            remove(store.built / f"{name}.part")


def _compile(site: Path, listener: Callable[[Step], None], *, lock: int) -> None:
    """Write bytecode that is taken without looking at its source again: what lies here never changes.

    The compiler executes nothing. Files that are no Python of this version are left to fail when they are imported.
    """
    (site / ".lock").unlink(missing_ok=True)  # uv's own
    total = sum(not re.search(_NOT_COMPILED, f"/{path.relative_to(site)}") for path in site.rglob("*.py"))
    listener(Step("compile", 0, total))
    with subprocess.Popen(  # noqa: S603 -- the interpreter, by its path
        [
            python(), "-I", "-u", "-m", "compileall", "-j", "0", "--invalidation-mode", "unchecked-hash",
            "-s", ".", "-p", SITE, "-x", _NOT_COMPILED, ".",
        ],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        cwd=site, pass_fds=(lock,),
    ) as process:  # fmt: skip
        try:
            full = _follow(process.stdout or (), total, listener)
        except BaseException:
            process.kill()
            raise
    if full:
        raise refused(site, errno.ENOSPC, os.strerror(errno.ENOSPC))


def _follow(lines: Iterable[str], total: int, listener: Callable[[Step], None]) -> bool:
    """Tell how many of the files are compiled; whether the disk was full."""
    done, full = 0, False
    for line in lines:
        full = full or bool(_FULL.search(line))
        if begun := line.count("Compiling '"):  # several processes write at once
            done += begun
            listener(Step("compile", min(done, total), total))
    return full


def _finish(part: Path, seconds: float) -> None:
    """Describe it and make all of it read-only, for its owner too."""
    site = part / "site"
    packages = {found.name: found.version for found in map(PathDistribution, sorted(site.glob("*.dist-info")))}
    notes = [f"{path.name} is there and is not run at start" for path in sorted(site.glob("*.pth"))]
    size = 0
    for path, _folders, files in os.walk(part):
        for name in files:
            found = os.lstat(f"{path}/{name}")
            size += found.st_blocks * 512
            if stat.S_ISREG(found.st_mode):
                Path(path, name).chmod(0o555 if found.st_mode & stat.S_IXUSR else 0o444)
    about = About(interpreter(), packages, size, round(seconds, 1), notes)
    described = part / "about.json"
    described.write_text(json.dumps(about._asdict(), indent=1) + "\n", encoding="utf-8")
    described.chmod(0o444)
    for path, _folders, _files in os.walk(part, topdown=False):
        Path(path).chmod(0o555)
