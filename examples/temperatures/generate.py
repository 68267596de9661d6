"""Write ten years of a city's daily mean temperatures, the same file on every machine: `python generate.py temps.csv`.

A yearly swing, a slow warming, weather that lasts some days, and now and then a station that reported nothing.
Degrees Celsius; a day without a reading has an empty field.
"""

from __future__ import annotations

import csv
import math
import random
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST = date(2015, 1, 1)
LAST = date(2024, 12, 31)
SEED = 2015

MEAN = 10.2
SWING = 9.4  # half the distance between the warmest and the coldest day of an average year
COLDEST = 18  # day of the year
WARMING = 0.045  # degrees a year
PERSISTENCE = 0.78  # how much of today's deviation is left tomorrow
UNREST = 2.1  # degrees, standard deviation of what each day adds
OUTAGE = 0.004  # chance that an outage begins on a day
LONGEST_OUTAGE = 6  # days


def main(arguments: list[str]) -> None:
    """Write the file named by the one argument."""
    if len(arguments) != 1:
        sys.exit("Say where to write: python generate.py temps.csv")
    with Path(arguments[0]).open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("date", "temperature"))
        rows.writerows((day.isoformat(), "" if value is None else f"{value:.1f}") for day, value in readings())


def readings() -> Iterator[tuple[date, float | None]]:
    """Yield each day with its temperature, or None where the station was silent."""
    chance = random.Random(SEED)  # noqa: S311 -- a series to be repeated, not a secret
    deviation, silent = 0.0, 0
    for number in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(days=number)
        deviation = PERSISTENCE * deviation + UNREST * bell(chance)
        if not silent and chance.random() < OUTAGE:
            silent = 1 + int(chance.random() * LONGEST_OUTAGE)
        yield day, None if silent else climate(day) + deviation
        silent = max(0, silent - 1)


def climate(day: date) -> float:
    """Give what the day would be in a year without weather."""
    turn = 2 * math.pi * (day.timetuple().tm_yday - COLDEST) / 365.25
    return MEAN - SWING * math.cos(turn) + WARMING * (day - FIRST).days / 365.25


def bell(chance: random.Random) -> float:
    """Draw from a bell curve of deviation 1; only `random()` is promised to give the same numbers in every Python."""
    return sum(chance.random() for _ in range(12)) - 6


if __name__ == "__main__":
    main(sys.argv[1:])
