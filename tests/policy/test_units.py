from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fumehood.policy import format_bytes, format_seconds, parse_bytes, parse_seconds


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2GiB", 2 * 1024**3),
        ("512MiB", 512 * 1024**2),
        ("1MB", 1_000_000),
        ("10kB", 10_000),
        ("10 kB", 10_000),
        ("100B", 100),
        ("1.5GiB", 3 * 512 * 1024**2),
        ("2gib", 2 * 1024**3),
        ("1TiB", 1024**4),
    ],
)
def test_a_size_is_read_with_its_unit(text: str, size: int) -> None:
    """Sizes are read in both families of units."""
    assert size == parse_bytes(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("30s", 30.0), ("2m", 120.0), ("2min", 120.0), ("1h", 3600.0), ("1d", 86400.0), ("1.5s", 1.5)],
)
def test_a_time_is_read_with_its_unit(text: str, seconds: float) -> None:
    """Times are read in the units that people use."""
    assert seconds == parse_seconds(text)


@pytest.mark.parametrize(
    "text", ["", "2", "GiB", "2 gigs", "-1GiB", "1e3MB", "2GiB ago", "٢GiB", "0.3B", "1_000B", "inf B", "2G"]
)
def test_what_is_no_size_is_refused(text: str) -> None:
    """A number without a unit, or with one that is not known, is no size."""
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        parse_bytes(text)


@pytest.mark.parametrize("text", ["", "30", "s", "30 secs", "-1s", "30S", "1M", "1:30", "nan s", "1m30s"])
def test_what_is_no_time_is_refused(text: str) -> None:
    """A capital M is not a minute, and a bare number is not a time."""
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        parse_seconds(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (2147483648, "2GiB"),
        (1024**2, "1MiB"),
        (1000, "1000B"),
        (0, "0B"),
        (1_500_000_000, "1.397GiB"),
        (float("inf"), "inf"),
    ],
)
def test_a_size_is_written_for_people(size: float, text: str) -> None:
    """The largest binary unit is taken, with few digits where it does not divide."""
    assert text == format_bytes(size)


@pytest.mark.parametrize(("seconds", "text"), [(30.0, "30s"), (0.5, "500ms"), (120, "2m"), (90, "90s"), (3600, "1h")])
def test_a_time_is_written_for_people(seconds: float, text: str) -> None:
    """The largest unit that gives a whole number is taken."""
    assert text == format_seconds(seconds)


@given(st.floats(0.001, 366 * 86400))
def test_a_written_time_reads_the_same(seconds: float) -> None:
    """What is written for people loses nothing."""
    assert seconds == parse_seconds(format_seconds(seconds))
