"""Texts to bytes and back: `Buffer`, `atob`, `unescape` and the rest of what concealed strings are made with."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import quote, unquote

from fumehood.check.bash.values import HOLE, is_known

_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r\n": ""}
_ESCAPE = re.compile(
    r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([0-7]{1,3})|(\r\n|.))", re.DOTALL
)
_PERCENT = re.compile(r"%u([0-9a-fA-F]{4})|%([0-9a-fA-F]{2})")
_LAST_CHARACTER = 0x10FFFF


def _one(match: re.Match[str]) -> str:
    for group in (1, 2, 3):
        if match[group]:
            code = int(match[group], 16)
            return chr(code) if code <= _LAST_CHARACTER else ""
    if match[4]:
        return chr(int(match[4], 8))
    return _SIMPLE.get(match[5], match[5])


def unescaped(text: str) -> str:
    r"""Resolve the escapes of a string literal: `\x41`, `\u{41}`, `\101`."""
    return _ESCAPE.sub(_one, text) if "\\" in text else text


def percent_decoded(text: str) -> str:
    """Do what `unescape` does."""
    return _PERCENT.sub(lambda match: chr(int(match[1] or match[2], 16)), text)


def uri_decoded(text: str) -> str:
    """Do what `decodeURIComponent` does."""
    return unquote(text)


def uri_encoded(text: str) -> str:
    """Do what `encodeURIComponent` does."""
    return quote(text, safe="!~*'()-_.", errors="replace")


def decoded(text: str, encoding: str) -> str:
    """Answer the bytes that a text stands for, one character each, a mark where they can't be known."""
    if not is_known(text):
        return HOLE
    encoding = encoding.lower()
    try:
        if encoding in {"base64", "base64url"}:
            packed = re.sub(r"[^A-Za-z0-9+/]", "", text.replace("-", "+").replace("_", "/"))
            return base64.b64decode(packed + "=" * (-len(packed) % 4)).decode("latin-1")
        if encoding == "hex":
            return bytes.fromhex(text).decode("latin-1")
    except (binascii.Error, ValueError):
        return HOLE
    if encoding in {"latin1", "binary", "ascii"}:
        return text
    return text.encode("utf-8", "replace").decode("latin-1")


def encoded(data: str, encoding: str) -> str:
    """Answer bytes, one character each, as a text in an encoding."""
    if not is_known(data):
        return HOLE
    raw = data.encode("latin-1", "replace")
    encoding = encoding.lower()
    if encoding in {"base64", "base64url"}:
        return base64.b64encode(raw).decode()
    if encoding == "hex":
        return raw.hex()
    if encoding in {"latin1", "binary", "ascii"}:
        return data
    return raw.decode("utf-8", "replace")
