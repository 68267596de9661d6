"""Marked-up text that takes far more to read than it is long, told by a look that takes no more than that."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline

__all__ = ["Patience", "TooDear", "closed", "is_dear"]

#: An attribute as everything that reads HTML understands it; nothing here goes back to try again.
_ATTRIBUTES: Final = r"(?:\s++[\w:.-]++(?:=(?:\"[^\"<>]*+\"|'[^'<>]*+'|[\w.%#-]++))?+)*+\s*+"
#: An element with nothing but text in it.
_PAIR: Final = re.compile(rf"<([a-zA-Z][\w:.-]*+){_ATTRIBUTES}>[^<>]*+</\1\s*+>")
_EMPTY: Final = r"area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr"
_NO_PAIR: Final = re.compile(rf"(?i)<(?:{_EMPTY})(?=[\s/>])[^<>]*+>")
_CLOSED: Final = re.compile(rf"<(?!(?i:{_EMPTY})[\s/>])([a-zA-Z][\w:.-]*+)({_ATTRIBUTES})/>")
_BEGINNING: Final = re.compile(r"<[a-zA-Z]")
#: What is still open when a block ends is made anew in each block after it.
_FORMATTING: Final = re.compile(r"(?i)<(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/>]")
#: Elements open at once, each of which may be looked at for each tag that follows; pairs taken out within pairs.
_MOST_OPEN, _PASSES = 1000, 12
#: Characters of a paragraph that may be looked at again, for each character of the text and in all.
_AGAIN, _AT_LEAST = 100, 1_000_000


class TooDear(Exception):
    """To read this to its end would take too long."""


def closed(text: str) -> str:
    """XML's `<g/>` as `<g></g>`, which HTML reads alike wherever it stands; small text is left as it is."""
    return _CLOSED.sub(r"<\1\2></\1>", text) if text.count("<") > _MOST_OPEN and "/>" in text else text


def is_dear(text: str) -> bool:
    """Whether HTML may take memory or time by the square of its length.

    Whatever is a pair here is one to a reader of HTML as well, or no element at all: more is counted than is there.
    """
    tags = text.count("<")
    if tags <= _MOST_OPEN and len(_FORMATTING.findall(text)) * tags <= len(text):
        return False
    left = _NO_PAIR.sub("x", text)
    for _ in range(_PASSES):
        left, taken = _PAIR.subn("x", left)
        if not taken:
            break
    return len(_BEGINNING.findall(left)) > _MOST_OPEN or len(_FORMATTING.findall(left)) * tags > len(text)


class Patience:
    """Counts what a reader of Markdown may look at again, and ends it there."""

    def __init__(self, text: str) -> None:
        """For this text."""
        self._left = _AGAIN * len(text) + _AT_LEAST

    def watch(self, reader: MarkdownIt) -> None:
        """From now on it raises `TooDear` once that is too much: from each sign it may look to its paragraph's end."""
        reader.inline.ruler.before("text", "patience", self._look)

    def _look(self, state: StateInline, _silent: bool) -> bool:  # noqa: FBT001 -- as all rules of this reader
        self._left -= len(state.src) - state.pos
        if self._left < 0:
            raise TooDear
        return False
