"""What a program may say while it runs: events, checked before anyone hears of them.

An event is data and carries no power; what happened is measured from outside. The runner keeps to these bounds, so
whoever passes them speaks in its place.

    {"event": "display", "bundle": {MIME type: text, or base64 of bytes}}
    {"event": "progress", "done": number, "total": number or null}
    {"event": "call", "call": number of the call, "tool": name, "arguments": {…}}
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from typing import TYPE_CHECKING, NamedTuple, NoReturn, cast

from fumehood.tiers.jail.wire import Message, Tampered

if TYPE_CHECKING:
    from collections.abc import Callable

#: Of one run: all events, the displays among them, the representations of one display.
EVENT_LIMIT, DISPLAY_LIMIT, BUNDLE_LIMIT = 1_000_000, 1_000, 16
#: Calls that wait for their answer; the runner lets no more of the program's threads call at once.
AT_ONCE = 16
_NAME_LIMIT = 200
_MIME = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_TEXTS = ("text/", "application/javascript", "application/xml")
_TEXT_ENDS = ("json", "+xml")  # application/json, application/vnd.plotly.v1+json, application/vnd.vegalite.v6.json
#: How the bytes of a picture begin: what does not is no picture, whatever it is called.
SIGNATURES = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
    "image/webp": b"RIFF",
}


class Shown(NamedTuple):
    """One representation of something that the program displayed; `item` counts the things, `size` is in bytes."""

    item: int
    mime: str
    data: str
    size: int


def is_mime(mime: str) -> bool:
    """Whether this is a MIME type without parameters, in lower case and of bounded length."""
    return _MIME.fullmatch(mime) is not None


def is_text(mime: str) -> bool:
    """Whether data of this MIME type travels as text; all other is base64 of bytes."""
    return mime.startswith(_TEXTS) or mime.endswith(_TEXT_ENDS)


class Events:
    """The events of one run: counted, checked and handed on; of displays as many as fit under the cap are kept."""

    def __init__(self, cap: int, listener: Callable[[Message], None] | None) -> None:
        """Begin with nothing said."""
        self.shown: list[Shown] = []
        self.dropped = 0
        self._room = cap
        self._listener = listener
        self._count = self._displays = 0

    def take(self, event: Message) -> None:
        """Check one event, keep it if it is a display, and tell the listener.

        Raises:
            Tampered: The runner never says this.
        """
        self._count += 1
        kind = event.get("event")
        check = _CHECKS.get(kind) if isinstance(kind, str) else None
        if check is None or self._count > EVENT_LIMIT or not check(event):
            _refuse(f"the channel carried an event that is none: {str(kind)[:_NAME_LIMIT]!r}")
        if kind == "display" and not self._keep(event):
            return
        if self._listener is not None:
            self._listener(event)

    def _keep(self, event: Message) -> bool:
        """Keep the representations that fit, and leave the others out of the event; whether any is left."""
        self._displays += 1
        if self._displays > DISPLAY_LIMIT:
            _refuse(f"the channel carried more than {DISPLAY_LIMIT} displays")
        kept: dict[str, str] = {}
        for mime, data in cast("dict[str, str]", event["bundle"]).items():
            size = _size(mime, data)
            if size > self._room:
                self.dropped += size
                continue
            self._room -= size
            kept[mime] = data
            self.shown.append(Shown(self._displays - 1, mime, data, size))
        event["bundle"] = kept
        return bool(kept)


def _refuse(why: str) -> NoReturn:
    raise Tampered(why)


def _size(mime: str, data: str) -> int:
    """How many bytes a representation has; of a picture, that it begins as one.

    Raises:
        Tampered: It is not what its type says.
    """
    if is_text(mime):
        return len(data) if data.isascii() else len(data.encode("utf-8", "surrogatepass"))
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        message = f"a display of type {mime} is not base64"
        raise Tampered(message) from error
    if not content.startswith(SIGNATURES.get(mime, b"")):
        _refuse(f"a display of type {mime} is something else")
    return len(content)


def _is_display(event: Message) -> bool:
    bundle = event.get("bundle")
    if event.keys() != {"event", "bundle"} or not isinstance(bundle, dict):
        return False
    items = cast("dict[str, object]", bundle)
    return 0 < len(items) <= BUNDLE_LIMIT and all(is_mime(m) and isinstance(d, str) for m, d in items.items())


def _is_progress(event: Message) -> bool:
    done, total = event.get("done"), event.get("total")
    return event.keys() == {"event", "done", "total"} and _is_amount(done) and (total is None or _is_amount(total))


def _is_amount(told: object) -> bool:
    return type(told) in {int, float} and 0 <= cast("float", told) < math.inf


def _is_call(event: Message) -> bool:
    number, tool = event.get("call"), event.get("tool")
    return (
        event.keys() == {"event", "call", "tool", "arguments"}
        and type(number) is int
        and 0 <= number < 1 << 53
        and isinstance(tool, str)
        and 0 < len(tool) <= _NAME_LIMIT
        and isinstance(event.get("arguments"), dict)
    )


_CHECKS: dict[str, Callable[[Message], bool]] = {
    "display": _is_display,
    "progress": _is_progress,
    "call": _is_call,
}
