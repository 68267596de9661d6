"""What a program displayed, for the person who ran it: tables as text, pictures where the terminal can or as files."""

from __future__ import annotations

import base64
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from fumehood import showing
from fumehood.cli.text import printable, write
from fumehood.errors import UsageError

if TYPE_CHECKING:
    from fumehood.cli.inline import Terminal
    from fumehood.execution import Display, Result
    from fumehood.showing import Item

_SUFFIXES = {
    "image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp", "image/svg+xml": "svg",
    "application/pdf": "pdf",
}  # fmt: skip


def show(result: Result, out: str | None) -> list[str]:
    """Show each thing displayed on standard output; say where the pictures are."""
    terminal = _terminal() if sys.stdout.isatty() else None
    remarks: list[str] = []
    unseen = 0
    for item in showing.items(result):
        kept = _keep(item, Path(out)) if out is not None else None
        is_seen = _show(item, terminal)
        if kept is not None:
            remarks.append(f"fumehood: a picture was displayed: {kept}")
        unseen += kept is None and not is_seen
    if unseen:
        some = f"{unseen} displays" if unseen > 1 else "a display"
        remarks.append(f"fumehood: {some} can't be shown here: --out DIR keeps pictures as files, --json has all data.")
    return remarks


def _terminal() -> Terminal | None:
    from fumehood.cli import inline

    return inline.terminal(os.environ)


def keep(result: Result, out: str) -> list[str]:
    """Write the pictures into a folder and say where; nothing is shown."""
    kept = [_keep(item, Path(out)) for item in showing.items(result)]
    return [f"fumehood: a picture was displayed: {path}" for path in kept if path is not None]


def _show(item: Item, terminal: Terminal | None) -> bool:
    """Show one thing; False where it is more than the text that stands for it."""
    picture = showing.picture(item)
    drawn = terminal.draw(picture) if terminal is not None and picture is not None else ""
    if drawn:
        write(sys.stdout, drawn + "\n")
        return True
    if picture is not None or _rich(item) is not None:
        return False
    words = item["text/plain"].data if "text/plain" in item else next(iter(item.values())).data
    write(sys.stdout, printable(words) + "\n")
    return True


def _rich(item: Item) -> Display | None:
    """A representation that a person would look at in another program."""
    return next((each for mime, each in item.items() if mime in _SUFFIXES or mime.startswith("application/vnd.")), None)


def _keep(item: Item, folder: Path) -> Path | None:
    """Write its picture into the folder, below a name that nothing has yet."""
    shown = next((item[mime] for mime in _SUFFIXES if mime in item), None)
    if shown is None:
        return None
    data = shown.data.encode() if shown.mime == "image/svg+xml" else base64.b64decode(shown.data)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return _write(data, folder, number=shown.item + 1, suffix=_SUFFIXES[shown.mime])
    except OSError as error:
        told = f"a picture could not be written to {folder}: {error.strerror}"
        raise UsageError(told, remedy="Name a folder with room that you may write to: --out DIR.") from error


def _write(data: bytes, folder: Path, *, number: int, suffix: str) -> Path:
    while True:
        path = folder / f"display-{number}.{suffix}"
        try:
            with path.open("xb") as file:
                file.write(data)
        except FileExistsError:
            number += 1
        else:
            return path
