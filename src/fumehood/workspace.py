"""The files that a sandbox's code may change, as the host sees them: through one folder descriptor, never by path.

Whatever lies there was put there by untrusted code, perhaps is being changed at this moment. Each step opens one name
relative to the folder before, without following links, and looks at what it opened, not at what it was told.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterable
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from fumehood.errors import MissingFile, UsageError
from fumehood.execution import File, LeftOut

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

OUT = "out"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LOOK = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK = 1 << 20
_DEEPEST = 64
#: Links and size of a tmpfs folder that holds nothing: two names of twenty bytes each, and so on for each more.
_EMPTY = 2, 40
#: Files and folders, and characters in their paths together: a folder's name is stored once and told with each.
MOST, MOST_TOLD = 100_000, 1 << 23
_WHOLE_MACHINE = "/"


class Entry(NamedTuple):
    """Something below out/: its path, a descriptor and the size if it is a plain file, why it is left out if it is."""

    parts: tuple[str, ...]
    descriptor: int | None = None
    size: int = 0
    why: str = ""

    @property
    def path(self) -> str:
        """The path as the result names it; what can't be printed is escaped."""
        return "/".join(part if part.isprintable() else ascii(part)[1:-1] for part in self.parts)


class Used(NamedTuple):
    """Bytes stored in a workspace, and how full it is, 0 to 1, by bytes and by the number of files."""

    stored: int
    by_bytes: float
    by_files: float


class Bounds:
    """What may come home in all: what lies on the workspace's own file system, and no more bytes than it can hold.

    Files with holes look larger than the room they take, and the caller's disk has no such limit.

    Attributes:
        passed: Why there are too many names, once there are.
    """

    def __init__(self, device: int, room: int) -> None:
        """Begin with nothing brought home."""
        self._device = device
        self._left = room
        self._names = self._told = 0
        self.passed = ""

    def admit(self, above: tuple[str, ...], names: list[str]) -> list[str]:
        """Count the names in a folder; those that may be looked at, in their order."""
        names.sort()
        before = sum(map(len, above)) + len(above)
        for place, name in enumerate(names):
            self._names += 1
            self._told += before + len(name)
            if self._names > MOST:
                self.passed = f"there are more than {MOST} files and folders"
            elif self._told > MOST_TOLD:
                self.passed = f"the paths have more than {MOST_TOLD:,} characters together"
            if self.passed:
                return names[:place]
        return names

    def exceeded(self, about: os.stat_result) -> str:
        """Why this is too much; else it is counted."""
        if about.st_dev != self._device:
            return "it lies on another file system"
        if not stat.S_ISREG(about.st_mode):
            return ""
        if about.st_size > self._left:
            return "the files together are larger than limits.disk"
        self._left -= about.st_size
        return ""


class Workspace:
    """A sandbox's working folder, by its descriptor, which is borrowed."""

    def __init__(self, descriptor: int) -> None:
        """Look at the folder behind an open descriptor."""
        self._root = descriptor

    def used(self) -> Used:
        """What is stored in it, /tmp and /dev/shm together."""
        about = os.fstatvfs(self._root)
        return Used(
            (about.f_blocks - about.f_bfree) * about.f_frsize,
            1 - about.f_bfree / about.f_blocks if about.f_blocks else 0.0,
            1 - about.f_ffree / about.f_files if about.f_files else 0.0,
        )

    def _room(self) -> int:
        about = os.fstatvfs(self._root)
        return about.f_blocks * about.f_frsize

    def outputs(self) -> tuple[list[File], list[LeftOut]]:
        """The plain files below out/, and what else lies there."""
        files: list[File] = []
        left: list[LeftOut] = []
        for entry in () if self.is_untouched() else self._walk():
            if entry.why:
                left.append(LeftOut(entry.path, entry.why))
            elif entry.descriptor is not None:
                files.append(transfer(entry.path, entry.descriptor, None, most=entry.size))
        return files, left

    def is_untouched(self) -> bool:
        """Whether out/ is a folder without anything in it, as a tmpfs tells by its size; most runs leave it so."""
        try:
            about = os.stat(OUT, dir_fd=self._root, follow_symlinks=False)
        except FileNotFoundError:
            return False
        here = about.st_dev == os.fstat(self._root).st_dev
        return here and stat.S_ISDIR(about.st_mode) and (about.st_nlink, about.st_size) == _EMPTY

    def collect(self, out: Path, start: tuple[str, ...] = (OUT,)) -> tuple[list[File], list[LeftOut]]:
        """Copy the plain files and folders below out/, or below `start`, to the folder `out`, as files of the caller.

        Each file is written beside its place and renamed into it: no file is ever half there.

        Raises:
            UsageError: The target can't be written: no room, no right.
        """
        found: list[File | LeftOut] = []
        try:
            with opened(os.open(out, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)) as folder:
                taken = (_take(entry, folder, len(start)) for entry in self._walk(start))
                found.extend(each for each in taken if each is not None)
        except OSError as error:
            told = f"{out} could not be written: {error.strerror} (after {len(found)} files)"
            raise UsageError(told, remedy="Make room, or name another folder.") from error
        return [file for file in found if isinstance(file, File)], [left for left in found if isinstance(left, LeftOut)]

    def _walk(self, start: tuple[str, ...] = (OUT,)) -> Iterator[Entry]:
        """All that lies below a folder. One folder is open at a time: code could make more than we may open."""
        pending: list[tuple[str, ...]] = [start]
        bounds = Bounds(os.fstat(self._root).st_dev, self._room())
        while pending and not bounds.passed:
            parts = pending.pop()
            try:
                folder = _descend(self._root, parts)
            except OSError as error:
                moved = error.errno in {errno.ENOTDIR, errno.ELOOP, errno.ENOENT}
                yield Entry(parts, why="it is not a folder any more" if moved else _reason(error))
                continue
            with opened(folder):
                names = bounds.admit(parts, _names(folder))
                for name in names:
                    yield from _visit(folder, (*parts, name), pending, bounds=bounds)
        if bounds.passed:
            yield Entry((*start, "…"), why=bounds.passed)


def _visit(folder: int, parts: tuple[str, ...], pending: list[tuple[str, ...]], *, bounds: Bounds) -> Iterator[Entry]:
    """Look at one name: give what it is, and remember a folder for later."""
    try:
        with opened(os.open(parts[-1], _LOOK, dir_fd=folder)) as seen:
            about = os.fstat(seen)
            why = _unwanted(parts, about) or bounds.exceeded(about)
            plain = not why and stat.S_ISREG(about.st_mode)
            # The link in our own /proc leads to the very inode that was looked at, whatever has the name by now.
            descriptor = os.open(f"/proc/self/fd/{seen}", os.O_RDONLY | os.O_CLOEXEC) if plain else None
    except OSError as error:
        yield Entry(parts, why=_reason(error))
        return
    if descriptor is not None:
        with opened(descriptor):
            yield Entry(parts, descriptor, about.st_size)
        return
    yield Entry(parts, why=why)
    if not why:
        pending.append(parts)


def _unwanted(parts: tuple[str, ...], about: os.stat_result) -> str:
    """Why something is left out; nothing for a plain file or a folder."""
    mode = about.st_mode
    why = ""
    if not parts[-1].isprintable() or "\\" in parts[-1]:
        why = "its name has characters that can't be printed"
    elif stat.S_ISDIR(mode):
        why = f"folders are more than {_DEEPEST} deep" if len(parts) > _DEEPEST else ""
    elif stat.S_ISLNK(mode):
        why = "it is a symbolic link"
    elif not stat.S_ISREG(mode):
        kinds = {stat.S_IFIFO: "a fifo", stat.S_IFSOCK: "a socket"}
        why = f"it is {kinds.get(stat.S_IFMT(mode), 'a device')}"
    elif mode & (stat.S_ISUID | stat.S_ISGID):
        why = "it is set to run as its owner (setuid or setgid)"
    elif about.st_nlink > 1:
        why = "it has more than one name (hard link)"
    return why


def _reason(error: OSError) -> str:
    return (error.strerror or "it could not be opened").lower()


def _names(folder: int) -> list[str]:
    try:
        return listing(folder)
    except OSError:
        return []  # made unreadable: then it is empty to us as well


def listing(folder: int) -> list[str]:
    """The names in a folder, at most one too many: some kernels find no end while the code goes on making files."""
    with os.scandir(folder) as entries:
        return [entry.name for entry in islice(entries, MOST + 1)]


@contextmanager
def opened(descriptor: int) -> Generator[int]:
    """Close it at the end of the block."""
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _descend(start: int, parts: tuple[str, ...], *, make: bool = False) -> int:
    """Open a folder step by step, following no link; with `make`, folders that are missing are made."""
    folder = os.dup(start)
    for part in parts:
        with opened(folder):
            folder = _step(folder, part, make=make)
    return folder


def _step(folder: int, name: str, *, make: bool) -> int:
    if make:
        with suppress(FileExistsError):
            os.mkdir(name, 0o777, dir_fd=folder)
    return os.open(name, _FOLDER, dir_fd=folder)


def _take(entry: Entry, target: int, depth: int) -> File | LeftOut | None:
    """Bring one entry below the caller's folder, without the first `depth` names of its path."""
    if entry.why:
        return LeftOut(entry.path, entry.why)
    if entry.descriptor is None:
        os.close(_descend(target, entry.parts[depth:], make=True))
        return None
    with opened(_descend(target, entry.parts[depth:-1], make=True)) as where:
        name = entry.parts[-1]
        beside = f".{name[:100]}.{os.getpid()}.part"
        made = os.open(beside, _NEW, 0o666, dir_fd=where)
        try:
            file = transfer(entry.path, entry.descriptor, made, most=entry.size)
            os.rename(beside, name, src_dir_fd=where, dst_dir_fd=where)
        except OSError:
            os.unlink(beside, dir_fd=where)
            raise
        finally:
            os.close(made)
    return file


def transfer(path: str, source: int, target: int | None, *, most: int | None = None) -> File:
    """Read a file to the size that it has now, since it may be growing; write it to `target` if there is one.

    `most` is the size that it was counted with before: what it has grown by since then was not.
    """
    digest, size = hashlib.sha256(), 0
    left = os.fstat(source).st_size if most is None else most
    while left > 0:
        data = os.read(source, min(left, _CHUNK))
        if not data:
            break
        digest.update(data)
        size += len(data)
        left -= len(data)
        view = memoryview(data)
        while target is not None and view:
            view = view[os.write(target, view) :]
    return File(path, size, digest.hexdigest())


def target(out: str | os.PathLike[str]) -> Path:
    """The folder that receives what lies below out/, made and tried before anything runs.

    Raises:
        UsageError: It can't be made or written.
    """
    out = _path(out, "out")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        told = f"--out {out} can't be made: {getattr(error, 'strerror', error)}"
        raise UsageError(told, remedy="Name another folder.") from error
    if not os.access(out, os.W_OK | os.X_OK):
        raise UsageError(f"--out {out} can't be written by you", remedy="Name a folder of yours.")
    return out


def shared(data: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> list[dict[str, object]]:
    """The orders by which host files and folders, or one of them, become readable at data/NAME.

    Raises:
        MissingFile: A path leads nowhere.
        UsageError: It can't be read, is neither a file nor a folder, or two have one name.
    """
    trees: dict[str, dict[str, object]] = {}
    paths = data if isinstance(data, Iterable) and not isinstance(data, str | bytes) else (data,)
    for path in map(_named, paths):
        source = _resolved(path)
        name = Path(os.path.abspath(path)).name  # noqa: PTH100 -- a link keeps its own name, `..` is followed
        _require_readable(path, source)
        if name in trees:
            told = f"--data {path}: there is already a {name} in data/"
            raise UsageError(told, remedy="Rename one of the two, or hand over the folder that holds both.")
        trees[name] = {"source": str(source), "target": f"/workspace/data/{name}", "writable": False}
    return list(trees.values())


def _named(path: str | os.PathLike[str]) -> Path:
    if path == "":  # as a Path it would be the whole current folder
        raise UsageError("--data '' names nothing", remedy="Name a file or a folder; is a variable empty?")
    return _path(path, "data")


def _path(told: object, what: str) -> Path:
    if not isinstance(told, str | os.PathLike):
        raise UsageError(f"{what}={told!r} is no path", remedy='Give a path: "sales.csv", or a pathlib.Path.')
    return Path(cast("str | os.PathLike[str]", told))


def _resolved(path: Path) -> Path:
    try:
        return Path(os.path.realpath(path, strict=True))
    except (FileNotFoundError, NotADirectoryError):
        raise MissingFile(f"--data {path}: no such file or folder", remedy="Check the path.") from None
    except (OSError, ValueError) as error:
        told = f"--data {path} can't be opened: {getattr(error, 'strerror', error)}"
        raise UsageError(told, remedy="Check the path and its permissions.") from error


def _require_readable(path: Path, source: Path) -> None:
    if not (source.is_file() or source.is_dir()):
        raise UsageError(f"--data {path} is neither a file nor a folder", remedy="Copy what you need into a file.")
    if not os.access(source, os.R_OK | (os.X_OK if source.is_dir() else 0)):
        raise UsageError(f"--data {path} can't be read by you", remedy=f"chmod u+r {path}, or run as its owner.")
    if source == Path(_WHOLE_MACHINE):
        raise UsageError("--data / would hand over the whole machine", remedy="Name the folder that the code needs.")
