"""What a program shows while it runs: bundles of representations, sent as events while there is room for them."""

from __future__ import annotations

import base64
import binascii
import builtins
import json
import sys
from _thread import allocate_lock
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from fumehood.tiers.jail import wire
from fumehood.tiers.jail.events import BUNDLE_LIMIT, DISPLAY_LIMIT, SIGNATURES, is_mime, is_text
from fumehood.tiers.jail.runner import bundle
from fumehood.tiers.jail.runner.remark import remark
from fumehood.tiers.jail.runner.value import name, represent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fumehood.tiers.jail.runner.line import Line

#: Of one frame, as it travels; what a representation takes more than this is not shown.
_FRAME_ROOM = wire.FRAME_LIMIT - 64 * 1024


class Screen:
    """Where `display` goes. Outside a run, and in processes that the program forked, that is standard output."""

    def __init__(self, line: Line) -> None:
        """Show on this line, and be what `display` means everywhere in this process."""
        self._line = line
        self._lock = allocate_lock()
        self._run: int | None = None
        self._room = self._left = self._dropped = 0
        builtins.display = self.display  # type: ignore[attr-defined]  # as in a notebook

    def begin(self, run: int, room: int) -> None:
        """A run begins, of whose displays this many bytes are kept."""
        self._room, self._left, self._dropped = room, DISPLAY_LIMIT, 0
        self._run = run

    def end(self) -> int:
        """The run has ended; how many bytes of its displays were dropped."""
        with self._lock:  # a thread of the program may be showing something
            self._run = None
        return self._dropped

    @property
    def full(self) -> bool:
        """Whether nothing more would be shown, so that it need not be drawn."""
        return self._left <= 0 or self._room <= 0

    def display(self, *objects: object, raw: bool = False, display_id: object = None, **_: object) -> Handle | None:
        """Show objects as in a notebook, each in all representations that it has; with `raw`, bundles as they are."""
        for shown in objects:
            if raw and isinstance(shown, dict):
                self.show(shown)  # pyright: ignore[reportUnknownArgumentType] -- checked there
            else:
                # What would not be shown need not be drawn.
                self.show({"text/plain": represent(shown)} | ({} if self.full else bundle.of(shown)))
        return Handle(self) if display_id else None

    def show(self, representations: Mapping[Any, object]) -> None:
        """Send one bundle: of it what is what it says, and fits."""
        whole: dict[str, tuple[str, int]] = {}
        if len(representations) > BUNDLE_LIMIT:
            remark(f"{len(representations) - BUNDLE_LIMIT} representations beyond {BUNDLE_LIMIT} are not shown")
        for told, data in list(representations.items())[:BUNDLE_LIMIT]:
            try:
                mime = _mime(told)
                whole[mime] = _encoded(mime, data)
            except ValueError as wrong:
                remark(f"not shown: {wrong}")
        if whole and (self._run is None or not self._line.is_ours()):
            text, _ = whole.get("text/plain", ("", 0))
            print(text or f"<{', '.join(whole)}>")  # noqa: T201 -- there is no run to show it in
        elif whole:
            self._flush()
            with self._lock:
                self._send(whole)

    def _send(self, whole: dict[str, tuple[str, int]]) -> None:
        """Send what there is room for, and count the rest."""
        kept: dict[str, str] = {}
        frame_room = _FRAME_ROOM
        for mime, (data, size) in whole.items():
            travelling = len(json.dumps(data))
            if self._left <= 0 or size > self._room or travelling > frame_room:
                self._dropped += size
                continue
            kept[mime] = data
            self._room -= size
            frame_room -= travelling
        if not kept:
            return
        self._left -= 1
        self._line.say({"event": "display", "bundle": kept})

    def tell(self, event: wire.Message) -> bool:
        """Send another event; False outside a run and in processes that the program forked."""
        with self._lock:
            if self._run is None or not self._line.is_ours():
                return False
            return self._line.say(event)

    def _flush(self) -> None:
        """What was printed before comes before."""
        with suppress(Exception):  # the program may have put anything there
            sys.stdout.flush()


class Handle:
    """What `display(…, display_id=True)` gives: shows further states of the same thing, one below the other."""

    def __init__(self, screen: Screen) -> None:
        """Show there."""
        self.display = self.update = screen.display


def _mime(told: object) -> str:
    """A MIME type.

    Raises:
        ValueError: It is none.
    """
    if isinstance(told, str) and is_mime(told.lower()):
        return told.lower()
    message = f"{represent(told)[:100]} is no MIME type"
    raise ValueError(message)


def _encoded(mime: str, data: object) -> tuple[str, int]:
    """A representation as it travels, and its size in bytes.

    Raises:
        ValueError: It is not what its type says.
    """
    if is_text(mime):
        text = _text(mime, data)
        return text, len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    content = _content(mime, data)
    if not content.startswith(SIGNATURES.get(mime, b"")):
        message = f"what was given as {mime} is something else"
        raise ValueError(message)
    return base64.b64encode(content).decode("ascii"), len(content)


def _text(mime: str, data: object) -> str:
    if isinstance(data, bytes):
        return data.decode("utf-8", "replace")
    if isinstance(data, str):
        return str(data)
    if mime.endswith("json"):
        try:
            return _strict(json.dumps(data, default=represent))
        except (TypeError, ValueError, RecursionError) as error:
            message = f"what was given as {mime} is not JSON: {error}"
            raise ValueError(message) from error
    message = f"what was given as {mime} is {name(data)}, not text"
    raise ValueError(message)


def _strict(told: str) -> str:
    """What json writes, without the numbers that only Python's JSON knows."""
    is_strict = "NaN" not in told and "Infinity" not in told
    return told if is_strict else json.dumps(json.loads(told, parse_constant=lambda _: None))


def _content(mime: str, data: object) -> bytes:
    if isinstance(data, bytes | bytearray):
        return bytes(data)
    try:
        if isinstance(data, str):
            return base64.b64decode("".join(data.split()), validate=True)
    except binascii.Error as error:
        message = f"what was given as {mime} is not base64"
        raise ValueError(message) from error
    message = f"what was given as {mime} is {name(data)}, not bytes"
    raise ValueError(message)
