"""Decompression with a bound: a few bytes that unpack to gigabytes stop at the budget."""

from __future__ import annotations

import bz2
import lzma
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fumehood.check.budget import Budget

MAX_UNPACKED = 200_000


def decompressed(packed: bytes, budget: Budget) -> bytes | None:
    """Unpack gzip, zlib, bzip2 or xz, at most `MAX_UNPACKED` bytes; None where it is none of them."""
    for unpack in (_zlib, _bzip2, _xz):
        raw = unpack(packed)
        if raw:
            budget.produce(len(raw))
            return raw
    return None


def _zlib(packed: bytes) -> bytes | None:
    try:
        return zlib.decompressobj(wbits=47).decompress(packed, MAX_UNPACKED)
    except zlib.error:
        return None


def _bzip2(packed: bytes) -> bytes | None:
    try:
        return bz2.BZ2Decompressor().decompress(packed, MAX_UNPACKED)
    except (OSError, EOFError):
        return None


def _xz(packed: bytes) -> bytes | None:
    try:
        return lzma.LZMADecompressor(memlimit=8 << 20).decompress(packed, MAX_UNPACKED)
    except (lzma.LZMAError, EOFError):
        return None
