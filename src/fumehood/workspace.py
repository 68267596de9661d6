"""The files that a sandbox's code may change, as the host sees them: through one folder descriptor, never by path.

Whatever lies there was put there by untrusted code, perhaps is being changed at this moment. Each step opens one name
relative to the folder before, without following links, and looks at what it opened, not at what it was told.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from fumehood.errors import MissingFile, UsageError
from fumehood.execution import File, LeftOut

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OUT = "out"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LOOK = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK = 1 << 20
_DEEPEST = 64
_MOST_FILES = 100_000
_MODE = 0o777


class Workspace:
    """A sandbox's working folder, by its descriptor."""

    def __init__(self, descriptor: int, owner: int | None = None) -> None:
        """Borrow the descriptor; `owner` is the user that new files shall belong to where we are another."""
        self._root = descriptor
        self._owner = owner if owner is not None and owner != os.geteuid() else None

    def used(self) -> tuple[int, float]:
        """Bytes stored in it, /tmp and /dev/shm together; and how full it is, 0 to 1, by bytes or by files."""
        about = os.fstatvfs(self._root)
        stored = (about.f_blocks - about.f_bfree) * about.f_frsize
        by_bytes = 1 - about.f_bfree / about.f_blocks if about.f_blocks else 0.0
        by_files = 1 - about.f_ffree / about.f_files if about.f_files else 0.0
        return stored, max(by_bytes, by_files)

    def outputs(self) -> tuple[list[File], list[LeftOut]]:
        """The plain files below out/, and what else lies there."""
        files: list[File] = []
        left: list[LeftOut] = []
        for path, descriptor, why in self._walk():
            if why:
                left.append(LeftOut(path, why))
            elif descriptor is not None:
                files.append(_describe(path, descriptor))
        return files, left

    def collect(self, target: Path) -> tuple[list[File], list[LeftOut]]:
        """Copy the plain files and folders below out/ to `target`, as files of the caller.

        Each file is written beside its place and renamed into it: no file is ever half there.

        Raises:
            UsageError: The target can't be written: no room, no right.
        """
        files: list[File] = []
        left: list[LeftOut] = []
        try:
            target.mkdir(parents=True, exist_ok=True)
            with _opened(os.open(target, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)) as folder:
                for path, descriptor, why in self._walk():
                    if why:
                        left.append(LeftOut(path, why))
                    else:
                        _copy(path, descriptor, folder, files)
        except OSError as error:
            told = f"{target} could not be written: {error.strerror} ({len(files)} files were)"
            raise UsageError(told, remedy="Make room or name another folder with --out.") from error
        return files, left

    def _walk(self) -> Iterator[tuple[str, int | None, str]]:
        """(path, descriptor of a plain file or None for a folder, why it is left out) for all below out/."""
        try:
            root = os.open(OUT, _FOLDER, dir_fd=self._root)
        except OSError as error:
            why = "not a folder any more" if error.errno in {errno.ENOTDIR, errno.ELOOP} else (error.strerror or "")
            yield OUT, None, why or "gone"
            return
        count = 0
        pending = [(OUT, root, 0)]
        while pending:
            path, folder, depth = pending.pop()
            with _opened(folder):
                for name in sorted(_names(folder)):
                    count += 1
                    if count > _MOST_FILES:
                        yield f"{path}/…", None, f"more than {_MOST_FILES} files"
                        return
                    inner = f"{path}/{name}"
                    descriptor, why = _look(folder, name, depth)
                    if why:
                        yield inner, None, why
                    elif stat.S_ISDIR(os.fstat(descriptor).st_mode):
                        yield inner, None, ""
                        pending.append((inner, descriptor, depth + 1))
                    else:
                        with _opened(descriptor):
                            yield inner, descriptor, ""


def _names(folder: int) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _look(folder: int, name: str, depth: int) -> tuple[int, str]:
    """Open a plain file or a folder for reading, or say why it is left out; nothing else is ever opened."""
    if not name.isprintable() or "\\" in name:
        return -1, "its name has characters that are not printable"
    try:
        with _opened(os.open(name, _LOOK, dir_fd=folder)) as seen:
            about = os.fstat(seen)
            why = _unwanted(about, depth)
            if why:
                return -1, why
            # The link in our own /proc leads to exactly the inode that was looked at, whatever has the name by now.
            flags = os.O_RDONLY | os.O_CLOEXEC | (os.O_DIRECTORY if stat.S_ISDIR(about.st_mode) else 0)
            return os.open(f"/proc/self/fd/{seen}", flags), ""
    except OSError as error:
        return -1, (error.strerror or "it could not be opened").lower()


def _unwanted(about: os.stat_result, depth: int) -> str:
    mode = about.st_mode
    if stat.S_ISDIR(mode):
        return "" if depth < _DEEPEST else f"folders are more than {_DEEPEST} deep"
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    if not stat.S_ISREG(mode):
        kinds = {stat.S_IFIFO: "a fifo", stat.S_IFSOCK: "a socket"}
        return kinds.get(stat.S_IFMT(mode), "a device")
    if mode & (stat.S_ISUID | stat.S_ISGID):
        return "it is set to run as its owner (setuid or setgid)"
    return "it has more than one name (hard link)" if about.st_nlink > 1 else ""


@contextmanager
def _opened(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _describe(path: str, descriptor: int) -> File:
    digest, size = hashlib.sha256(), 0
    for data in _read(descriptor):
        digest.update(data)
        size += len(data)
    return File(path, size, digest.hexdigest())


def _read(descriptor: int) -> Iterator[bytes]:
    """The content, up to the size that the file has now: it may be growing while it is read."""
    left = os.fstat(descriptor).st_size
    while left > 0:
        data = os.read(descriptor, min(left, _CHUNK))
        if not data:
            return
        left -= len(data)
        yield data


def _copy(path: str, descriptor: int | None, target: int, files: list[File]) -> None:
    """Copy one file, or make one folder, below the caller's folder."""
    *folders, name = path.split("/")[1:]
    where = os.dup(target)
    try:
        for folder in (*folders, *([name] if descriptor is None else [])):
            with suppress(FileExistsError):
                os.mkdir(folder, _MODE, dir_fd=where)
            inner = os.open(folder, _FOLDER, dir_fd=where)
            os.close(where)
            where = inner
        if descriptor is not None:
            files.append(_write(path, name, descriptor, where))
    finally:
        os.close(where)


def _write(path: str, name: str, descriptor: int, where: int) -> File:
    beside = f".{name[:100]}.{os.getpid()}.part"
    digest, size = hashlib.sha256(), 0
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    made = os.open(beside, flags, 0o666, dir_fd=where)
    try:
        with _opened(made):
            for data in _read(descriptor):
                view = memoryview(data)
                while view:
                    view = view[os.write(made, view) :]
                digest.update(data)
                size += len(data)
        os.rename(beside, name, src_dir_fd=where, dst_dir_fd=where)
    except OSError:
        with suppress(OSError):
            os.unlink(beside, dir_fd=where)
        raise
    return File(path, size, digest.hexdigest())


def shared(paths: Iterator[str | os.PathLike[str]] | tuple[str | os.PathLike[str], ...]) -> list[dict[str, object]]:
    """The orders by which host files and folders become readable at data/NAME.

    Raises:
        MissingFile: A path leads nowhere.
        UsageError: It can't be read, is neither a file nor a folder, or two have one name.
    """
    trees: dict[str, dict[str, object]] = {}
    for path in paths:
        name = os.path.basename(os.path.abspath(path))
        source = os.path.realpath(path)
        _require_readable(os.fspath(path), source)
        if name in trees:
            told = f"--data {path}: there is already a {name} in data/"
            raise UsageError(told, remedy="Rename one of the two, or hand over the folder that holds both.")
        trees[name] = {"source": source, "target": f"/workspace/data/{name}", "writable": False}
    return list(trees.values())


def _require_readable(path: str, source: str) -> None:
    if not os.path.exists(source):
        raise MissingFile(f"--data {path}: no such file or folder", remedy="Check the path.")
    if not (os.path.isfile(source) or os.path.isdir(source)):
        raise UsageError(f"--data {path} is neither a file nor a folder", remedy="Copy what you need into a file.")
    needed = os.R_OK | (os.X_OK if os.path.isdir(source) else 0)
    if not os.access(source, needed):
        raise UsageError(f"--data {path} can't be read by you", remedy=f"chmod u+r {path}, or run as its owner.")
    if os.path.basename(source) in {"", "/"}:
        raise UsageError("--data / would hand over the whole machine", remedy="Name the folder that the code needs.")
