"""HTML, SVG and Markdown that a program or a model made, so that showing it runs nothing and fetches nothing.

What may be fetched or linked is what the policy lets the code reach anyway: the hosts of `network.allow`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from fumehood.guard.dear import Patience, TooDear, closed, is_dear
from fumehood.guard.markup import ATTRIBUTES, DROPPED, SHAPE_ATTRIBUTES, SHAPES, STYLES, TAGS
from fumehood.policy import covered, host_covers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from markdown_it.token import Token

__all__ = ["Inert"]

_NAMESPACES: Final = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
_FETCHES: Final = re.compile(r"(?i)url\s*\(\s*['\"]?(?!\s*#)|image-set|image\s*\(|@import|expression|\\|/\*")
_PICTURE: Final = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+")
_PORTS: Final = {"http": 80, "https": 443}
_LINK: Final = re.compile(  # an atomic group: `*+` behind a group finds more with Python 3.11.2 than with later ones
    r"(!?)\[((?:[^\[\]\\]|\\.)*)\]\(\s*(<[^<>\n]*>|[^\s()]*+(?>(?:\([^\s()]*+\)[^\s()]*+)*))[^()\n]*+\)"
)
_AUTOLINK: Final = re.compile(r"<([a-zA-Z][a-zA-Z0-9+.\-]{1,31}:[^\s<>]*)>")
_DEFINITION: Final = re.compile(r"(?m)^ {0,3}\[((?:[^\[\]\\]|\\.)+)\]:\s*(\S+).*$")
_MARKUP: Final = re.compile(r"([\\`*_\[\]<>!&|#~])")


class Inert:
    """Makes marked-up text inert; `hosts` are those that may be linked to and fetched from, as in `network.allow`."""

    def __init__(self, hosts: Collection[str] = ()) -> None:
        """Take the allowed hosts."""
        self._hosts = tuple(hosts)

    def allows(self, url: str) -> bool:
        """Whether a link may lead there."""
        try:
            parts = urlsplit(url.strip())
            port = parts.port or _PORTS.get(parts.scheme)
        except ValueError:
            return False
        if (
            port is None
            or not parts.hostname
            or parts.username is not None
            or re.search(r"[\\\s\x00-\x1f]", url.strip())
        ):
            return False
        return covered(f"{parts.hostname}:{port}", self._hosts, host_covers)

    def html(self, text: str) -> str | None:
        """HTML without scripts, forms, frames, foreign pictures and links; None where it would take too much."""
        import nh3  # noqa: PLC0415 -- only where HTML leaves

        text = closed(text)
        if is_dear(text):
            return None
        return nh3.clean(
            text,
            tags=set(TAGS),
            clean_content_tags=set(DROPPED - {"foreignObject"}),
            attributes={"*": set(ATTRIBUTES)},
            attribute_filter=self._kept,
            url_schemes={"http", "https", "data"},
            filter_style_properties=set(STYLES),
        )

    def svg(self, text: str) -> str | None:
        """SVG of shapes and text alone, which refers to nothing outside itself; None as above."""
        import nh3  # noqa: PLC0415 -- as above

        text = closed(text[max(text.find("<svg"), 0) :])  # an XML head and a document type are none of HTML
        if is_dear(text):
            return None
        cleaned = nh3.clean(
            text,
            tags=set(SHAPES),
            clean_content_tags=set(DROPPED),
            attributes={"*": set(SHAPE_ATTRIBUTES)},
            attribute_filter=self._drawn,
            url_schemes={"data"},
            filter_style_properties=set(STYLES),
        )
        return cleaned.replace("&nbsp;", "&#160;").replace("<svg", f"<svg {_NAMESPACES}", 1).strip()

    def _kept(self, tag: str, attribute: str, value: str) -> str | None:
        if attribute == "href":
            return value if tag == "a" and self.allows(value) else None
        if attribute == "src":
            return value if tag == "img" and (_PICTURE.fullmatch(value) or self.allows(value)) else None
        return None if attribute == "style" and _FETCHES.search(value) else value

    def _drawn(self, tag: str, attribute: str, value: str) -> str | None:
        if attribute in {"href", "xlink:href"}:
            return value if value.startswith("#") or (tag == "image" and _PICTURE.fullmatch(value)) else None
        return None if _FETCHES.search(value) else value

    def markdown(self, text: str) -> str:
        """Markdown whose links and pictures lead to allowed hosts alone; the others show their address as code."""
        if self._harmless(text):
            return text
        told = _LINK.sub(self._unlinked, text)
        told = _DEFINITION.sub(lambda found: found[0] if self.allows(found[2]) else _code(found[0]), told)
        told = _AUTOLINK.sub(lambda found: found[0] if self.allows(found[1]) else _code(found[1]), told)
        if not self._harmless(told) and "<" in told:
            told = told.replace("<", "&lt;")
        return told if self._harmless(told) else _MARKUP.sub(r"\\\1", text)

    def _unlinked(self, found: re.Match[str]) -> str:
        picture, label, url = found[1], found[2], found[3].strip("<>")
        if self.allows(url) or url.startswith("#"):
            return found[0]
        return f"{'picture: ' if picture else ''}{label} ({_code(url)})" if label or picture else _code(url)

    def _harmless(self, text: str) -> bool:
        """Whether what reads Markdown finds no address in it that is not allowed, and no HTML."""
        from markdown_it import MarkdownIt  # noqa: PLC0415 -- only where Markdown leaves

        reader = MarkdownIt("commonmark")
        Patience(text).watch(reader)
        setattr(reader, "validateLink", bool)  # noqa: B010 -- what is no link to this reader may be one to another
        try:
            return all(self._token_is_harmless(each) for each in _tokens(reader.parse(text)))
        except TooDear:
            return False

    def _token_is_harmless(self, token: Token) -> bool:
        if token.type in {"html_inline", "html_block"}:
            return False
        urls = [str(token.attrs[name]) for name in ("href", "src") if name in token.attrs]
        return all(url.startswith("#") or self.allows(url) for url in urls)


def _tokens(tokens: list[Token]) -> Iterator[Token]:
    for each in tokens:
        yield each
        yield from _tokens(each.children or [])


def _code(text: str) -> str:
    """As code, which no reader of Markdown makes a link of."""
    plain = " ".join(text.split()).replace("`", "'")
    return f"`{plain}`" if plain else ""
