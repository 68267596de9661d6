"""`sandbox.files`: a sandbox's workspace as its caller sees it, blocking and awaitable."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from fumehood.folder import Folder
from fumehood.tiers.jail.waiting import complete

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from fumehood.execution import Copied, FileInfo
    from fumehood.session import Session

T = TypeVar("T")


class Files:
    """The files of a sandbox.

    Paths are relative to the workspace: "data/in.csv", "out/report.html". No link is followed, whatever the code put
    there. May be used while something runs; before the first run it opens the sandbox. Where something is not what it
    should be, that is a `UsageError` (`MissingFile` where there is nothing), and a `DiskLimitExceeded` where it does
    not fit.
    """

    def __init__(self, session: Session) -> None:
        """See the workspace of this session."""
        self._session = session

    def _do(self, work: Callable[[Folder], T]) -> T:
        with Folder(complete(self._session.space())) as folder:
            return work(folder)

    def read(self, path: str | os.PathLike[str], *, offset: int = 0, length: int | None = None) -> bytes:
        """The bytes of a file, from `offset` on, at most `length`."""
        return self._do(lambda folder: folder.read(path, offset=offset, length=length))

    def read_text(self, path: str | os.PathLike[str], *, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The text of a file."""
        return self.read(path).decode(encoding, errors)

    def write(self, path: str | os.PathLike[str], data: bytes | bytearray | memoryview | str) -> None:
        """Write a file, folders before it included; it is there as a whole or not at all. Text is UTF-8."""
        self._do(lambda folder: folder.write(path, data))

    def list(self, path: str | os.PathLike[str] = ".", *, recursive: bool = False) -> list[FileInfo]:
        """What lies in a folder, by name; with `recursive`, below it too."""
        return self._do(lambda folder: folder.list(path, recursive=recursive))

    def stat(self, path: str | os.PathLike[str]) -> FileInfo:
        """What something is, a link too."""
        return self._do(lambda folder: folder.stat(path))

    def remove(self, path: str | os.PathLike[str], *, recursive: bool = False) -> None:
        """Remove a file, a link or an empty folder; with `recursive`, a folder and all in it."""
        self._do(lambda folder: folder.remove(path, recursive=recursive))

    def mkdir(self, path: str | os.PathLike[str]) -> None:
        """Make a folder, and those before it."""
        self._do(lambda folder: folder.mkdir(path))

    def copy_in(self, source: str | os.PathLike[str], path: str | os.PathLike[str]) -> Copied:
        """Copy a file or a folder of the host into the sandbox. Links in a folder are left out, and told."""
        return self._do(lambda folder: folder.copy_in(source, path))

    def copy_out(self, path: str | os.PathLike[str], target: str | os.PathLike[str]) -> Copied:
        """Copy a file, or the plain files and folders of a folder, to the host, as files of the caller."""
        return self._do(lambda folder: folder.copy_out(path, target))


class AsyncFiles:
    """The same as `Files`, with the same names, awaitable; the work is done in a thread."""

    def __init__(self, session: Session) -> None:
        """See the workspace of this session."""
        self._session = session

    async def _do(self, work: Callable[[Folder], T]) -> T:
        import anyio.to_thread  # noqa: PLC0415 -- a blocking caller never needs it

        with Folder(await self._session.space()) as folder:
            # Shielded from cancellation by default: the descriptor is in use until the work is done.
            return await anyio.to_thread.run_sync(partial(work, folder))

    async def read(self, path: str | os.PathLike[str], *, offset: int = 0, length: int | None = None) -> bytes:
        """As `Files.read`."""
        return await self._do(lambda folder: folder.read(path, offset=offset, length=length))

    async def read_text(self, path: str | os.PathLike[str], *, encoding: str = "utf-8", errors: str = "strict") -> str:
        """As `Files.read_text`."""
        return (await self.read(path)).decode(encoding, errors)

    async def write(self, path: str | os.PathLike[str], data: bytes | bytearray | memoryview | str) -> None:
        """As `Files.write`."""
        await self._do(lambda folder: folder.write(path, data))

    async def list(self, path: str | os.PathLike[str] = ".", *, recursive: bool = False) -> list[FileInfo]:
        """As `Files.list`."""
        return await self._do(lambda folder: folder.list(path, recursive=recursive))

    async def stat(self, path: str | os.PathLike[str]) -> FileInfo:
        """As `Files.stat`."""
        return await self._do(lambda folder: folder.stat(path))

    async def remove(self, path: str | os.PathLike[str], *, recursive: bool = False) -> None:
        """As `Files.remove`."""
        await self._do(lambda folder: folder.remove(path, recursive=recursive))

    async def mkdir(self, path: str | os.PathLike[str]) -> None:
        """As `Files.mkdir`."""
        await self._do(lambda folder: folder.mkdir(path))

    async def copy_in(self, source: str | os.PathLike[str], path: str | os.PathLike[str]) -> Copied:
        """As `Files.copy_in`."""
        return await self._do(lambda folder: folder.copy_in(source, path))

    async def copy_out(self, path: str | os.PathLike[str], target: str | os.PathLike[str]) -> Copied:
        """As `Files.copy_out`."""
        return await self._do(lambda folder: folder.copy_out(path, target))
