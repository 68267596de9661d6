"""The files of a sandbox as its caller reads and writes them, from outside, while its code may be changing them.

All goes through the workspace's descriptor: each step opens one name relative to the folder before and follows no
link, so no path leads out of it, whatever the code puts where. What is opened is looked at before it is used.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self, cast

from fumehood.errors import DiskLimitExceeded, MissingFile, UsageError
from fumehood.execution import Copied, File, FileInfo, LeftOut
from fumehood.workspace import MOST, MOST_TOLD, Workspace, listing, opened, transfer

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

_ROOT = "/workspace"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Of a fifo the opening would wait for a writer; what is no plain file is refused once it is open.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_DEEPEST = 64
_KINDS: dict[int, Literal["file", "folder", "link"]] = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "folder",
    stat.S_IFLNK: "link",
}
_WHAT = {
    errno.ELOOP: "is a symbolic link, or leads through one; links are not followed",
    errno.ENOTDIR: "leads through something that is no folder (links are not followed)",
    errno.EISDIR: "is a folder",
    errno.ENOTEMPTY: "is a folder that is not empty",
    errno.EEXIST: "is there already, and is no folder",
    errno.EROFS: "can't be changed: what was handed over with data= is read-only",
    errno.EACCES: "can't be opened: the code in the sandbox took the right away",
    errno.EPERM: "can't be changed by you",
    errno.ENXIO: "is a socket or a pipe without an end",
    errno.EXDEV: "lies on another file system",
    errno.ENAMETOOLONG: "has a name that is too long",
}
_REMEDIES = {
    errno.EISDIR: "files.list() says what lies in it.",
    errno.ENOTEMPTY: "files.remove(path, recursive=True) removes all that lies in it, too.",
    errno.EROFS: "Write elsewhere: out/ and the workspace are free.",
    errno.EACCES: "Let the code give it back: os.chmod(path, 0o700).",
    errno.ENAMETOOLONG: "A name has at most 255 bytes.",
}


class Folder:
    """A workspace, by its descriptor."""

    def __init__(self, descriptor: int) -> None:
        """Take the descriptor over."""
        self._root = descriptor
        about = os.fstat(descriptor)
        self._owner = about.st_uid, about.st_gid  # the sandbox's user, as seen from here

    def __enter__(self) -> Self:
        """Use it in a block that closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of it."""
        os.close(self._root)

    def read(self, path: str | os.PathLike[str], *, offset: int = 0, length: int | None = None) -> bytes:
        """The bytes of a file, from `offset` on, at most `length`."""
        if offset < 0 or (length is not None and length < 0):
            raise UsageError(f"offset={offset}, length={length}", remedy="Give numbers from 0 on.")
        with self._told(path), opened(self._open(_parts(path))) as file:
            left = max(os.fstat(file).st_size - offset, 0)  # it may be growing
            left = left if length is None else min(left, length)
            pieces: list[bytes] = []
            while left > 0 and (piece := os.pread(file, left, offset)):
                pieces.append(piece)
                offset, left = offset + len(piece), left - len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def write(self, path: str | os.PathLike[str], data: bytes | bytearray | memoryview | str) -> None:
        """Write a file, folders before it included; it is there as a whole or not at all."""
        with self._told(path), self._making(_parts(path)) as file:
            view = memoryview(data.encode() if isinstance(data, str) else data).cast("B")
            while view:
                view = view[os.write(file, view) :]

    def list(self, path: str | os.PathLike[str] = ".", *, recursive: bool = False) -> list[FileInfo]:
        """What lies in a folder, by name; with `recursive`, below it too."""
        found: list[FileInfo] = []
        told = 0
        pending = [_parts(path, empty=True)]
        while pending:
            parts = pending.pop(0)
            with self._told(path), opened(self._descend(parts)) as folder:
                here = list(_look(folder, parts))
            found += here
            told += sum(len(each.path) for each in here)
            _require(len(found) <= MOST, path, f"holds more than {MOST:,} files and folders")
            _require(told <= MOST_TOLD, path, f"holds paths of more than {MOST_TOLD:,} characters together")
            if recursive:
                pending += [(*parts, each.path.rpartition("/")[2]) for each in here if each.kind == "folder"]
                _require(len(parts) < _DEEPEST, path, f"is more than {_DEEPEST} folders deep")
        return found

    def stat(self, path: str | os.PathLike[str]) -> FileInfo:
        """What something is, a link too; `MissingFile` where there is nothing."""
        parts = _parts(path, empty=True)
        with self._told(path), opened(self._descend(parts[:-1])) as folder:
            about = os.stat(parts[-1], dir_fd=folder, follow_symlinks=False) if parts else os.fstat(folder)
        return _info(parts, about)

    def remove(self, path: str | os.PathLike[str], *, recursive: bool = False) -> None:
        """Remove a file, a link or an empty folder; with `recursive`, a folder and all in it."""
        parts = _parts(path)
        with self._told(path), opened(self._descend(parts[:-1])) as folder:
            try:
                _remove(folder, parts[-1], _DEEPEST if recursive else 0)
            except OSError as error:
                is_left = recursive and error.errno == errno.ENOTEMPTY
                _require(not is_left, path, f"is more than {_DEEPEST} folders deep, or being filled by the code")
                raise

    def mkdir(self, path: str | os.PathLike[str]) -> None:
        """Make a folder, and those before it; one that is there already is left as it is."""
        with self._told(path):
            os.close(self._descend(_parts(path), make=True))

    def copy_in(self, source: str | os.PathLike[str], path: str | os.PathLike[str]) -> Copied:
        """Copy a file or a folder of the host to `path`. Links in a folder are left out, and told."""
        origin = Path(source)
        if not origin.exists():
            raise MissingFile(f"{origin}: no such file or folder", remedy="Check the path.")
        files: list[File] = []
        left: list[LeftOut] = []
        with self._told(path):
            for below, host in _walk(origin, left):
                parts = (*_parts(path), *below)
                if host is None:
                    os.close(self._descend(parts, make=True))
                    continue
                with opened(host), self._making(parts) as file:
                    files.append(transfer("/".join(parts), host, file))
        return Copied(tuple(files), tuple(left))

    def copy_out(self, path: str | os.PathLike[str], target: str | os.PathLike[str]) -> Copied:
        """Copy a file, or the plain files and folders of a folder, to `target` on the host, as files of the caller."""
        parts, goal = _parts(path, empty=True), Path(target)
        with self._told(path):
            if self.stat(path).kind != "folder":
                with opened(self._open(parts)) as file:
                    return Copied((_bring_home(file, "/".join(parts), goal),), ())
        _make_home(goal)
        files, left = Workspace(self._root).collect(goal, parts)
        return Copied(tuple(files), tuple(left))

    def _open(self, parts: tuple[str, ...]) -> int:
        """A plain file, for reading."""
        with opened(self._descend(parts[:-1])) as folder:
            file = os.open(parts[-1], _READ, dir_fd=folder)
        if stat.S_ISREG(mode := os.fstat(file).st_mode):
            return file
        os.close(file)
        raise OSError(errno.EISDIR if stat.S_ISDIR(mode) else errno.ENXIO, "")

    @contextmanager
    def _making(self, parts: tuple[str, ...]) -> Generator[int]:
        """A new file, beside its place until it is whole."""
        with opened(self._descend(parts[:-1], make=True)) as folder:
            beside = f".{os.urandom(8).hex()}.part"
            file = os.open(beside, _NEW, 0o600, dir_fd=folder)
            try:
                with opened(file):
                    yield file
                    os.fchmod(file, 0o644)
                    self._give(file)
                os.rename(beside, parts[-1], src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                with suppress(FileNotFoundError):  # the code may have taken it away
                    os.unlink(beside, dir_fd=folder)
                raise

    def _descend(self, parts: tuple[str, ...], *, make: bool = False) -> int:
        folder = os.dup(self._root)
        for part in parts:
            with opened(folder):
                folder = self._step(folder, part, make=make)
        return folder

    def _step(self, folder: int, name: str, *, make: bool) -> int:
        made = False
        if make:
            with suppress(FileExistsError):
                os.mkdir(name, 0o755, dir_fd=folder)
                made = True
        below = os.open(name, _FOLDER, dir_fd=folder)
        if made:
            os.fchmod(below, 0o755)
            self._give(below)
        return below

    def _give(self, descriptor: int) -> None:
        """Make it the sandbox's own, where we are another user: root."""
        if os.fstat(descriptor).st_uid != self._owner[0]:
            os.fchown(descriptor, *self._owner)

    @contextmanager
    def _told(self, path: str | os.PathLike[str]) -> Generator[None]:
        """Say in our own words what the kernel said of a path."""
        try:
            yield
        except OSError as error:
            if isinstance(error, UsageError | DiskLimitExceeded):
                raise
            raise _told(os.fspath(path), error) from error


def _told(path: str, error: OSError) -> UsageError | DiskLimitExceeded:
    shown = path if path.isprintable() else ascii(path)
    if error.errno == errno.ENOENT:
        return MissingFile(f"{shown}: no such file or folder in the sandbox", remedy="files.list() says what is there.")
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        told = f"{shown} does not fit: the sandbox's files are at limits.disk"
        return DiskLimitExceeded(told, remedy="Remove files, or raise limits.disk in the policy.")
    what = _WHAT.get(error.errno or 0, f"can't be used: {os.strerror(error.errno or 0)}")
    return UsageError(f"{shown} {what}", remedy=_REMEDIES.get(error.errno or 0, "files.stat() says what it is."))


def _parts(path: object, *, empty: bool = False) -> tuple[str, ...]:
    """The names of a path below the workspace.

    Raises:
        UsageError: It leads elsewhere, or names nothing.
    """
    if isinstance(path, os.PathLike):
        path = cast("os.PathLike[str]", path).__fspath__()
    if not isinstance(path, str):
        raise UsageError(f"{path!r} is no path", remedy='Give a text such as "data/in.csv".')
    text = path
    inside = text.startswith(f"{_ROOT}/") or text == _ROOT
    names = tuple(name for name in text.removeprefix(_ROOT if inside else "").split("/") if name not in {"", "."})
    if "\0" in text or ".." in names or (text.startswith("/") and not inside):
        raise UsageError(f"{text!r} does not lie in the workspace", remedy='Give a path below it: "out/report.csv".')
    if not names and not empty:
        raise UsageError(f"{text!r} is the workspace itself", remedy='Name what lies in it: "out/report.csv".')
    return names


def _require(holds: bool, path: object, fault: str) -> None:  # noqa: FBT001 -- reads as an assertion
    if not holds:
        raise UsageError(f"{path} {fault}", remedy="reset() begins with an empty workspace.")


def _info(parts: tuple[str, ...], about: os.stat_result) -> FileInfo:
    return FileInfo(
        "/".join(parts) or ".", _KINDS.get(stat.S_IFMT(about.st_mode), "other"), about.st_size, about.st_mtime
    )


def _look(folder: int, parts: tuple[str, ...]) -> Iterator[FileInfo]:
    told = 0
    for name in sorted(listing(folder)):
        with suppress(FileNotFoundError):  # gone meanwhile
            found = _info((*parts, name), os.stat(name, dir_fd=folder, follow_symlinks=False))
            told += len(found.path)
            yield found
        if told > MOST_TOLD:
            break  # `list` refuses all of it


def _remove(folder: int, name: str, depth: int) -> None:
    """A folder only as far down as `depth`; 0 is an empty one."""
    if not stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        os.unlink(name, dir_fd=folder)
        return
    if depth:
        with opened(os.open(name, _FOLDER, dir_fd=folder)) as below:
            for each in os.listdir(below):  # noqa: PTH208 -- of a descriptor
                _remove(below, each, depth - 1)
    os.rmdir(name, dir_fd=folder)


def _walk(origin: Path, left: list[LeftOut]) -> Iterator[tuple[tuple[str, ...], int | None]]:
    """What lies below a host path: where it goes, and an open file, or None for a folder."""
    if origin.is_file():
        yield (), os.open(origin, os.O_RDONLY | os.O_CLOEXEC)
        return
    for place, folders, names, descriptor in os.fwalk(origin, follow_symlinks=False):
        below = Path(place).relative_to(origin).parts
        yield below, None
        for name in sorted((*folders, *names)):
            about = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            if stat.S_ISREG(about.st_mode):
                yield (*below, name), os.open(name, _READ, dir_fd=descriptor)
            elif not stat.S_ISDIR(about.st_mode):
                left.append(LeftOut("/".join((*below, name)), "it is a link or no plain file"))


def _make_home(goal: Path) -> None:
    try:
        goal.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{goal} can't be made: {error.strerror}", remedy="Name another folder.") from error


def _bring_home(file: int, path: str, goal: Path) -> File:
    beside = goal.with_name(f".{goal.name[:100]}.{os.getpid()}.part")
    try:
        with opened(os.open(beside, _NEW, 0o666)) as made:
            brought = transfer(path, file, made)
        beside.rename(goal)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise UsageError(f"{goal} can't be written: {error.strerror}", remedy="Name another place.") from error
    return brought
