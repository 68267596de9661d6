"""Sizes in bytes and times in seconds, as people write and read them: `2GiB`, `512MiB`, `30s`, `500ms`."""

from __future__ import annotations

import math
import re
from typing import Final

_KIB: Final = 1024
_BINARY: Final = {"TiB": _KIB**4, "GiB": _KIB**3, "MiB": _KIB**2, "KiB": _KIB}
_BYTES: Final = {
    "b": 1,
    **{name.lower(): size for name, size in _BINARY.items()},
    **{name: 1000**power for power, name in enumerate(("kb", "mb", "gb", "tb"), 1)},
}
# Milliseconds are a divisor, so that "500ms" is exactly 0.5 and not 500 * 0.001.
_SECONDS: Final = {"ms": (1, 1000), "s": (1, 1), "m": (60, 1), "min": (60, 1), "h": (3600, 1), "d": (86400, 1)}
_QUANTITY: Final = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,30})?) ?([A-Za-z]+)", re.ASCII)


def parse_bytes(text: str) -> int:
    """Read `"2GiB"`, `"512MiB"`, `"1MB"`, `"10kB"`, `"100B"` as a number of bytes.

    Raises:
        ValueError: It is not a number with one of these units, or not a whole number of bytes.
    """
    number, unit = _split(text)
    if unit.lower() not in _BYTES:
        raise ValueError(text)
    size = float(number) * _BYTES[unit.lower()] if "." in number else int(number) * _BYTES[unit.lower()]
    if size != int(size):
        raise ValueError(text)
    return int(size)


def parse_seconds(text: str) -> float:
    """Read `"500ms"`, `"30s"`, `"2m"`, `"1h"`, `"1d"` as a number of seconds.

    Raises:
        ValueError: It is not a number with one of these units.
    """
    number, unit = _split(text)
    if unit not in _SECONDS:
        raise ValueError(text)
    factor, divisor = _SECONDS[unit]
    return float(number) * factor / divisor


def _split(text: str) -> tuple[str, str]:
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    return match[1], match[2]


def format_bytes(size: float) -> str:
    """Write a number of bytes for people: `2GiB`, `1.4GiB`, `512B`. Exact where one unit divides it."""
    if not math.isfinite(size):
        return str(size)
    for unit, factor in _BINARY.items():
        if size >= factor:
            return f"{size / factor:.4g}{unit}" if size % factor else f"{int(size // factor)}{unit}"
    return f"{size:.10g}B"


def format_seconds(seconds: float) -> str:
    """Write a number of seconds for people: `30s`, `500ms`, `2m`, `1h`. Reading it back gives the same number."""
    for unit, (factor, divisor) in (("h", (3600, 1)), ("m", (60, 1)), ("s", (1, 1)), ("ms", (1, 1000))):
        count = seconds * divisor / factor
        if count >= 1 and count == int(count) and count * factor / divisor == seconds:
            return f"{int(count)}{unit}"
    return f"{seconds:f}s" if float(f"{seconds:f}") == seconds else f"{seconds!r}s"
