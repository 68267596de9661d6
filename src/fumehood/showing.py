"""How a result is shown to a person: which representation of each thing displayed, as HTML in a notebook, as text."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fumehood.execution import Display, Result

PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_SVG = "image/svg+xml"
Item = dict[str, "Display"]


def items(result: Result) -> list[Item]:
    """The things displayed, in order, each with its representations by type."""
    found: dict[int, Item] = {}
    for each in result.displays:
        found.setdefault(each.item, {})[each.mime] = each
    return list(found.values())


def picture(item: Mapping[str, Display]) -> Display | None:
    """The picture of a thing, where it has one of pixels."""
    return next((item[mime] for mime in PICTURES if mime in item), None)


def last_words(result: Result) -> str:
    """The error where there is one; else the value's text, unless the value is among the things displayed."""
    if result.error is not None:
        return result.error.traceback or result.error.message
    own = any(len(item) > 1 and _plain(item) == result.value_text for item in items(result))
    return "" if own else result.value_text


def html(result: Result) -> str:
    """For a notebook. What could run or fetch something where it is shown is shown as text."""
    parts = [_preformatted(result.stdout), *map(_item, items(result)), _preformatted(last_words(result))]
    return f"{''.join(parts)}<small>fumehood: {_escaped(_end(result))}, {result.usage.wall_ms:.1f} ms</small>"


def text(result: Result) -> str:
    """For a console."""
    end = _end(result)
    parts = [result.stdout, *map(_described, items(result)), last_words(result), end if end != result.outcome else ""]
    return "\n".join(part for part in parts if part) or end


class OnConsole(NamedTuple):
    """Text for rich, which would read a string for markup, and search it for words to colour: a long line for hours."""

    text: str

    def __rich_console__(self, console: Any, options: object) -> Iterator[object]:
        """Show it as it is."""
        yield console.render_str(self.text, markup=False, emoji=False, highlight=False)


def _end(result: Result) -> str:
    """The outcome, and why it is none that was asked for: the limit with its remedy, or what was found."""
    why = [each.why for each in result.findings] if result.outcome == "refused" else []
    if result.limit is not None:
        why = [f"{result.limit.kind}, {result.limit.limit}.", result.limit.remedy]
    return f"{result.outcome}: {' '.join(why)}" if why else result.outcome


def _plain(item: Mapping[str, Display]) -> str:
    return item["text/plain"].data if "text/plain" in item else ""


def _described(item: Mapping[str, Display]) -> str:
    shown = picture(item)
    if shown is not None:
        return f"<{shown.mime}, {shown.size:,} bytes>"
    return _plain(item) or f"<{', '.join(item)}>"


def _item(item: Item) -> str:
    shown = picture(item)
    if shown is not None:
        return f'<img src="data:{shown.mime};base64,{_escaped(shown.data)}">'
    if _SVG in item:  # a picture by reference runs and fetches nothing, wherever it came from
        data = base64.b64encode(item[_SVG].data.encode("utf-8", "replace")).decode("ascii")
        return f'<img src="data:{_SVG};base64,{data}">'
    if "text/html" in item and item["text/html"].inert:
        return item["text/html"].data
    return _preformatted(_described(item))


def _preformatted(text: str) -> str:
    return f"<pre>{_escaped(text)}</pre>" if text else ""


def _escaped(text: str) -> str:
    from html import escape  # noqa: PLC0415 -- its table of entities is nothing that a command needs

    return escape(text)
