"""Where environments lie: in `fumehood/environments` below `$XDG_DATA_HOME` or `~/.local/share`.

    built/KEY/            site/ (the packages), lock.txt, about.json (locked while in use); read-only;
                          KEY is the hash of lock and interpreter
    built/KEY.fonts-N/    matplotlib's list of the fonts that this machine had when it was made; read-only
    built/NAME.part/      one of these while it is built; whoever builds next throws it away
    built/NAME.building   locked by who builds or removes
    names/NAME.json       an environment of the user's own: its definition

Each is finished by a rename, so that what has its name is whole.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fumehood.environments.definition import BARE, DATA, NAME, Definition, data
from fumehood.errors import Unavailable, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class About(NamedTuple):
    """What was measured when an environment was finished: when, how long it took, how big it is, for which Python."""

    interpreter: str
    packages: dict[str, str]
    size: int
    seconds: float
    notes: list[str]


class Store:
    """The environments of one user."""

    def __init__(self) -> None:
        """Find where they lie; nothing is made yet."""
        home = os.environ.get("XDG_DATA_HOME", "")
        try:
            base = Path(home) if home.startswith("/") else Path.home() / ".local" / "share"
        except RuntimeError as error:
            told = "environments lie in a folder of the user's, and this user has none"
            raise Unavailable(told, remedy="Set HOME, or XDG_DATA_HOME.") from error
        self.folder = base / "fumehood" / "environments"
        self.built = self.folder / "built"
        self.names = self.folder / "names"

    def prepare(self) -> None:
        """Make the folders.

        Raises:
            Unavailable: Nothing can be written there.
        """
        with writing(self.folder):
            for folder in (self.built, self.names):
                folder.mkdir(parents=True, exist_ok=True, mode=0o755)

    def define(self, name: str) -> Definition:
        """The definition that a name stands for.

        Raises:
            UsageError: There is no environment of that name.
        """
        if name == DATA:
            return data()
        if name == BARE:
            told = f"{BARE!r} is the standard library alone: it has no packages to export or remove"
            raise UsageError(told, remedy=f"Name another: {', '.join(self.known())}.")
        if not NAME.fullmatch(str(name)):
            raise self._unknown(name, "")
        try:
            return Definition.load(self.names.joinpath(f"{name}.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            raise self._unknown(name, f", or make it: fumehood env create {name} PACKAGE ...") from None
        except (OSError, ValueError) as error:
            told = f"the definition of {name!r} can't be read: {error}"
            raise UsageError(told, remedy=f"Remove {self.names}/{name}.json and create it anew.") from error

    def _unknown(self, name: str, otherwise: str) -> UsageError:
        known = ", ".join(("auto", BARE, *self.known()))
        return UsageError(f"there is no environment {name!r}", remedy=f"Use one of {known}{otherwise or '.'}")

    def known(self) -> tuple[str, ...]:
        """The names of all environments that have packages, the shipped one first."""
        own = sorted(path.stem for path in self.names.glob("*.json")) if self.names.is_dir() else []
        return (DATA, *own)

    def place(self, definition: Definition) -> Path:
        """Where it lies once it is built."""
        return self.place_of(definition.key)

    def place_of(self, key: str) -> Path:
        """Where what has this hash lies once it is built."""
        return self.built / key

    def find(self, definition: Definition) -> Path | None:
        """Where it lies, if it is built; nobody but its owner and root may have been able to change it.

        Raises:
            Unavailable: Others could have.
        """
        place = self.place(definition)
        try:
            found = place.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise Unavailable(f"{place} can't be opened: {error.strerror}", remedy="Check its permissions.") from error
        if found.st_uid not in {0, os.geteuid()} or found.st_mode & _WRITABLE_BY_OTHERS:
            told = f"{place} belongs to another user or can be changed by others, and is not used"
            raise Unavailable(told, remedy="Remove it, or point XDG_DATA_HOME at a folder of your own.")
        return place

    def about(self, definition: Definition) -> About | None:
        """What is known of a built environment."""
        place = self.find(definition)
        return None if place is None else read_about(place)

    @contextmanager
    def building(self, name: str, *, waits: Callable[[], None] | None = None) -> Generator[int]:
        """Be the only one that builds or removes what has a name here. Gives the lock, which children inherit and hold.

        If another process has it, `waits` is called once and it is waited for; without it the caller is refused.

        Raises:
            Unavailable: The lock can't be made.
            BlockingIOError: Another has it.
        """
        with writing(self.folder):
            lock = os.open(self.built / f"{name}.building", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if waits is None:
                    raise
                waits()
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield lock
        finally:
            os.close(lock)

    def hold(self, key: str) -> None:
        """Keep what is built from being removed for as long as this process lives."""
        _held.append(self._use(key, fcntl.LOCK_SH))

    @contextmanager
    def unused(self, key: str) -> Generator[None]:
        """Be sure that no process uses what is built.

        Raises:
            BlockingIOError: One does.
        """
        lock = self._use(key, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            yield
        finally:
            os.close(lock)

    def _use(self, key: str, how: int) -> int:
        """A lock on what is built, for as long as the descriptor is open."""
        with writing(self.folder):
            lock = os.open(self.place_of(key) / "about.json", os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, how)
        except BaseException:
            os.close(lock)
            raise
        return lock

    def unfinished(self) -> Iterator[str]:
        """The names of builds that were begun and not finished."""
        return (path.name.removesuffix(".part") for path in self.built.glob("*.part"))


_held: list[int] = []


def read_about(place: Path) -> About:
    """What stands in about.json."""
    facts: dict[str, Any] = json.loads((place / "about.json").read_text(encoding="utf-8"))
    return About(**facts)


def remove(folder: Path) -> None:
    """Remove a folder whose files and folders are read-only."""
    if not folder.exists():
        return
    for path, _folders, _files in os.walk(folder):
        Path(path).chmod(0o755)
    import shutil  # noqa: PLC0415 -- 2 ms that a run saves

    shutil.rmtree(folder)


@contextmanager
def writing(folder: Path) -> Generator[None]:
    """Translate what the file system refuses.

    Raises:
        Unavailable: Nothing can be written, or the disk is full.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, Unavailable | BlockingIOError):
            raise
        raise refused(folder, error.errno or 0, error.strerror or str(error)) from error


def refused(folder: Path, number: int, why: str) -> Unavailable:
    """The error for a folder in which nothing can be written."""
    import errno  # noqa: PLC0415 -- only where it failed

    if number in {errno.ENOSPC, errno.EDQUOT}:
        told = f"the disk of {folder} is full ({why}); nothing of what was being built was kept"
        return Unavailable(
            told, remedy="Free some space (`data` takes about 0.8 GB), or set XDG_DATA_HOME to another disk."
        )
    told = f"nothing can be written in {folder}: {why}"
    return Unavailable(told, remedy="Set XDG_DATA_HOME to a folder of your own.")
