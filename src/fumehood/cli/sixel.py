"""A PNG as sixels of 216 colours, for the kinds of PNG that plots are: no other, nor a broken one, is drawn."""

from __future__ import annotations

import struct
import zlib
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MOST_POINTS = 1_500_000
_LEVELS = 6
_BAND = 6  # a sixel is six points, one below the other
#: Of the kinds 2 (colour) and 6 (colour with transparency).
_BYTES = {2: 3, 6: 4}


def drawn(png: bytes) -> str:
    """What shows the picture on a terminal that knows sixels; nothing where it can't be decoded."""
    try:
        width, rows = _decoded(png)
    except (ValueError, struct.error, zlib.error):
        return ""
    step = 100 / (_LEVELS - 1)
    palette = "".join(
        f"#{number};2;{number // 36 * step:.0f};{number // 6 % 6 * step:.0f};{number % 6 * step:.0f}"
        for number in range(_LEVELS**3)
    )
    bands = "-".join(_band(rows[top : top + _BAND], width) for top in range(0, len(rows), _BAND))
    return f'\x1bPq"1;1;{width};{len(rows)}{palette}{bands}\x1b\\'


def _band(rows: list[bytes], width: int) -> str:
    """Up to six rows: for each colour in them one line of sixels, drawn over each other."""
    lines: list[str] = []
    for colour in sorted(set(b"".join(rows))):
        masks = bytearray(width)
        for bit, row in enumerate(rows):
            start = row.find(colour)
            while start >= 0:
                masks[start] |= 1 << bit
                start = row.find(colour, start + 1)
        lines.append(f"#{colour}" + "".join(_repeated(63 + mask, len(list(run))) for mask, run in groupby(masks)))
    return "$".join(lines)


def _repeated(code: int, count: int) -> str:
    return f"!{count}{chr(code)}" if count > 3 else chr(code) * count  # noqa: PLR2004 -- as short as can be


def _decoded(png: bytes) -> tuple[int, list[bytes]]:
    """The width, and for each row one number of a colour a point.

    Raises:
        ValueError: It is too large, of another kind, or broken.
    """
    chunks = list(_chunks(png))
    if not chunks or chunks[0][0] != b"IHDR":
        message = "no PNG"
        raise ValueError(message)
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
    if depth != 8 or kind not in _BYTES or interlaced or not 0 < width * height <= _MOST_POINTS:  # noqa: PLR2004 -- bits
        message = "another kind of PNG"
        raise ValueError(message)
    size = width * _BYTES[kind]
    data = zlib.decompressobj().decompress(
        b"".join(data for name, data in chunks if name == b"IDAT"), (size + 1) * height
    )
    if len(data) != (size + 1) * height:
        message = "a part of the picture is missing"
        raise ValueError(message)
    rows: list[bytes] = []
    above = bytes(size)
    for start in range(0, len(data), size + 1):
        above = _unfiltered(data[start], bytearray(data[start + 1 : start + 1 + size]), above, step=_BYTES[kind])
        rows.append(_coloured(above, _BYTES[kind]))
    return width, rows


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(_SIGNATURE)
    while png.startswith(_SIGNATURE) and place + 8 <= len(png):
        length, name = struct.unpack_from(">I4s", png, place)
        yield name, png[place + 8 : place + 8 + length]
        place += length + 12


def _unfiltered(method: int, row: bytearray, above: bytes, *, step: int) -> bytes:
    """Undo one row's filter (PNG specification, 9.2)."""
    if method == 0:
        return bytes(row)
    if method == 2:  # noqa: PLR2004 -- the specification's numbers
        return bytes([(value + up) & 255 for value, up in zip(row, above, strict=True)])
    if method not in _PREDICTORS:
        message = "an unknown filter"
        raise ValueError(message)
    predict = _PREDICTORS[method]
    for place in range(step):
        row[place] = (row[place] + predict(0, above[place], 0)) & 255
    for place in range(step, len(row)):
        row[place] = (row[place] + predict(row[place - step], above[place], above[place - step])) & 255
    return bytes(row)


def _nearest_of(left: int, up: int, corner: int) -> int:
    to_left, to_up = abs(up - corner), abs(left - corner)
    to_corner = abs(left + up - corner - corner)
    if to_left <= to_up and to_left <= to_corner:
        return left
    return up if to_up <= to_corner else corner


_PREDICTORS: dict[int, Callable[[int, int, int], int]] = {
    1: lambda left, _up, _corner: left,
    3: lambda left, up, _corner: (left + up) // 2,
    4: _nearest_of,
}


def _coloured(row: bytes, step: int) -> bytes:
    """The nearest of the colours for each point; what is transparent is white."""
    if step == 4:  # noqa: PLR2004 -- bytes of a point
        row = b"".join(row[at : at + 3] if row[at + 3] > 127 else b"\xff\xff\xff" for at in range(0, len(row), 4))  # noqa: PLR2004 -- half
    levels = row.translate(_NEAREST)
    return bytes(r * 36 + g * 6 + b for r, g, b in zip(levels[::3], levels[1::3], levels[2::3], strict=True))


_NEAREST = bytes(round(value / 255 * (_LEVELS - 1)) for value in range(256))
