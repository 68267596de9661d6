"""The job of ./demo, as a model might have written it: the average temperature of each year in data/temps.csv."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path
from statistics import fmean

years: defaultdict[str, list[float]] = defaultdict(list)
missing: defaultdict[str, int] = defaultdict(int)
with Path("data/temps.csv").open(newline="", encoding="utf-8") as file:
    for row in csv.DictReader(file):
        year = row["date"][:4]
        if row["temperature"]:
            years[year].append(float(row["temperature"]))
        else:
            missing[year] += 1

print("year  average  days  missing")
for year, values in sorted(years.items()):
    print(f"{year}  {fmean(values):5.2f} °C  {len(values)}  {missing[year]:7}")
