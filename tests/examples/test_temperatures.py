from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "temperatures"
DAYS = 3653


def test_the_data_is_the_same_everywhere(tmp_path: Path) -> None:
    """Two runs write the same bytes: one row for each day of ten years, a few of them without a reading."""
    first, second = generated(tmp_path / "first.csv"), generated(tmp_path / "second.csv")

    rows = list(csv.DictReader(first.decode().splitlines()))

    assert first == second
    assert DAYS == len({row["date"] for row in rows}) == len(rows)
    assert 10 <= sum(not row["temperature"] for row in rows) <= 100
    assert all(-30 < float(row["temperature"]) < 45 for row in rows if row["temperature"])


def test_each_year_gets_its_average(tmp_path: Path) -> None:
    """The program prints ten years, each with the mean of that year's readings."""
    (tmp_path / "data").mkdir()
    generated(tmp_path / "data" / "temps.csv")
    with (tmp_path / "data" / "temps.csv").open("a") as file:
        file.write("2030-01-01,1.0\n2030-01-02,\n2030-01-03,4.0\n")

    command = [sys.executable, str(FOLDER / "average.py")]
    done = subprocess.run(command, check=True, cwd=tmp_path, capture_output=True, text=True)
    lines = done.stdout.splitlines()

    assert [str(year) for year in (*range(2015, 2025), 2030)] == [line[:4] for line in lines[1:]]
    assert ["2030", "2.50", "°C", "2", "1"] == lines[-1].split()


def generated(path: Path) -> bytes:
    subprocess.run([sys.executable, str(FOLDER / "generate.py"), str(path)], check=True)
    return path.read_bytes()
