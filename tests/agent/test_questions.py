"""Twelve questions about data, from the question to the answer, with the programs that a model would write.

The data are made by a seeded generator; each expected answer is computed from what the generator meant, not from the
files, and not by the program that is asked. The model is scripted, the programs run in the real sandbox, and the answer
is what they printed.
"""

from __future__ import annotations

import csv
import datetime as dt
import itertools
import json
import math
import random
import re
import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree as ET

import pytest

import fumehood as fh
from fumehood.agent.scripted import program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fumehood.agent import Answer

pytestmark = pytest.mark.jail


class Sale(NamedTuple):
    """One line of sales.csv."""

    day: dt.date
    region: str
    customer: int
    units: int
    price: float


@dataclass
class World:
    """What the generator made, and where it wrote it down."""

    folder: Path
    sales: list[Sale] = field(default_factory=list[Sale])
    temperatures: dict[dt.date, float | None] = field(default_factory=dict[dt.date, "float | None"])
    customers: dict[int, tuple[str, str]] = field(default_factory=dict[int, tuple[str, str]])
    requests: list[tuple[dt.datetime, int, float]] = field(default_factory=list[tuple[dt.datetime, int, float]])
    points: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    def path(self, name: str) -> Path:
        return self.folder / name


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Two thousand sales, ten years of temperatures with gaps, customers as nested JSON, a log in JSON lines, points."""
    chance = random.Random(20261125)  # noqa: S311 -- reproducible on purpose
    made = World(tmp_path_factory.mktemp("world"))
    names = ["Åsa Öst", 'Bo "Bob" Lind', "Chen, Li", "Dana", "Émile", "Fatima", "Goran", "Hana"]
    made.customers = {100 + n: (name, chance.choice(["retail", "trade"])) for n, name in enumerate(names)}
    first = dt.date(2024, 1, 1)
    for _ in range(2000):
        day = first + dt.timedelta(days=chance.randrange(366))
        made.sales.append(
            Sale(
                day,
                chance.choice(["north", "south", "east"]),
                chance.choice(list(made.customers)),
                chance.randint(1, 9),
                chance.randint(100, 9999) / 100,
            )
        )
    for n in range(3652):
        day = dt.date(2014, 1, 1) + dt.timedelta(days=n)
        warm = 9 + n / 3653 * 1.5 - 8 * math.cos(2 * math.pi * n / 365.25) + chance.gauss(0, 2)
        made.temperatures[day] = None if chance.random() < 0.02 else round(warm, 1)
    for n in range(3000):
        at = dt.datetime(2026, 3, 1) + dt.timedelta(seconds=n * 28)  # noqa: DTZ001 -- a log in its own time
        made.requests.append(
            (
                at,
                500 if chance.random() < (0.3 if at.hour == 14 else 0.02) else 200,
                round(chance.expovariate(1 / 80), 2),
            )
        )
    made.points = [(chance.randrange(1_000_000), chance.randrange(1_000_000)) for _ in range(6000)]
    _write(made)
    return made


def _write(made: World) -> None:
    with made.path("sales.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["date", "region", "customer", "units", "price"])
        writer.writerows(
            [sale.day.isoformat(), sale.region, sale.customer, sale.units, f"{sale.price:.2f}"] for sale in made.sales
        )
    with made.path("temps.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["Datum", "Mittel"])
        writer.writerows(
            [f"{day:%d.%m.%Y}", "" if warm is None else f"{warm}".replace(".", ",")]
            for day, warm in made.temperatures.items()
        )
    people = [
        {"id": number, "profile": {"name": name, "segments": [segment]}}
        for number, (name, segment) in made.customers.items()
    ]
    made.path("customers.json").write_text(json.dumps({"customers": people}, ensure_ascii=False), encoding="utf-8")
    lines = [json.dumps({"at": at.isoformat(), "status": status, "ms": ms}) for at, status, ms in made.requests]
    made.path("log.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    made.path("points.json").write_text(json.dumps(made.points), encoding="utf-8")


def ask(world: World, question: str, names: str, *codes: str, **options: object) -> Answer:
    """Ask with a model that writes these programs, one after the other, and answers with what the last one printed."""
    data = [world.path(name) for name in names.split()]
    settings: dict[str, object] = {"env": "bare"} | options
    told = fh.ask(question, model=fh.Scripted([*map(program, codes), "The answer is: {output}"]), data=data, **settings)
    assert told.ok, str(told)
    return told


def number(told: Answer) -> float:
    """The one number in an answer."""
    found = re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", told.answer)
    assert 1 == len(found), told.answer
    return float(found[0])


READ = (
    "import csv\nrows = list(csv.DictReader(open('data/sales.csv', encoding='utf-8')))\nprint(len(rows), list(rows[0]))"
)


def test_1_total_revenue(world: World) -> None:
    """A look at the table first, then the sum."""
    told = ask(
        world,
        "What is the total revenue?",
        "sales.csv",
        READ,
        "print(round(sum(int(r['units']) * float(r['price']) for r in rows), 2))",
    )

    assert pytest.approx(sum(sale.units * sale.price for sale in world.sales), abs=0.01) == number(told)
    assert "2000 ['date', 'region', 'customer', 'units', 'price']\n" == told.steps[0].stdout


def test_2_the_best_month(world: World) -> None:
    """Grouping by a part of a date."""
    code = """
from collections import defaultdict
months = defaultdict(float)
for row in rows:
    months[row['date'][:7]] += int(row['units']) * float(row['price'])
print(max(months, key=months.get))
"""
    told = ask(world, "Which month had the highest sales?", "sales.csv", READ, code)

    months: defaultdict[int, float] = defaultdict(float)
    for sale in world.sales:
        months[sale.day.month] += sale.units * sale.price
    best = max(months.items(), key=lambda each: each[1])[0]
    assert f"The answer is: 2024-{best:02}" == told.answer


def test_3_average_temperature_per_year_and_the_trend(world: World) -> None:
    """Foreign dates, decimal commas and gaps; a least-squares slope."""
    code = """
import csv, statistics
years = {}
for row in csv.DictReader(open('data/temps.csv', encoding='utf-8'), delimiter=';'):
    if row['Mittel']:
        years.setdefault(int(row['Datum'][-4:]), []).append(float(row['Mittel'].replace(',', '.')))
means = {year: statistics.fmean(values) for year, values in sorted(years.items())}
slope, _ = statistics.linear_regression(list(means), list(means.values()))
print('; '.join(f'{year}={mean:.3f}' for year, mean in means.items()), f'trend={slope:.5f}')
"""
    told = ask(world, "Average temperature per year, and the trend?", "temps.csv", code)

    expected = {
        year: statistics.fmean(
            warm for day, warm in world.temperatures.items() if day.year == year and warm is not None
        )
        for year in range(2014, 2024)
    }
    found = {int(year): float(mean) for year, mean in re.findall(r"(\d{4})=([\d.]+)", told.answer)}
    middle = statistics.fmean(expected)
    slope = sum((year - middle) * mean for year, mean in expected.items()) / sum(
        (year - middle) ** 2 for year in expected
    )
    assert pytest.approx(expected, abs=0.001) == found
    assert pytest.approx(slope, abs=0.0001) == float(told.answer.split("trend=")[1])


def test_4_the_three_best_customers(world: World) -> None:
    """A join of CSV and nested JSON; names with quotes, commas and accents."""
    code = """
import csv, json
names = {each['id']: each['profile']['name'] for each in json.load(open('data/customers.json', encoding='utf-8'))['customers']}
spent = {}
for row in csv.DictReader(open('data/sales.csv', encoding='utf-8')):
    key = int(row['customer'])
    spent[key] = spent.get(key, 0) + int(row['units']) * float(row['price'])
print(json.dumps([names[key] for key in sorted(spent, key=spent.get, reverse=True)[:3]], ensure_ascii=False))
"""
    told = ask(world, "Who are the three best customers?", "sales.csv customers.json", code)

    spent: Counter[str] = Counter()
    for sale in world.sales:
        spent[world.customers[sale.customer][0]] += round(sale.units * sale.price * 100)
    assert [name for name, _ in spent.most_common(3)] == json.loads(told.answer.split(": ", 1)[1])


def test_5_median_order_by_region(world: World) -> None:
    """A small table as the answer."""
    code = """
import csv, statistics
orders = {}
for row in csv.DictReader(open('data/sales.csv', encoding='utf-8')):
    orders.setdefault(row['region'], []).append(int(row['units']) * float(row['price']))
for region in sorted(orders):
    print(f'| {region} | {statistics.median(orders[region]):.2f} |')
"""
    told = ask(world, "What is the median order in each region?", "sales.csv", code)

    for region in ("east", "north", "south"):
        values = sorted(sale.units * sale.price for sale in world.sales if sale.region == region)
        half = len(values) // 2
        median = values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2
        assert re.search(rf"\| {region} \| {median:.2f} \|", told.answer) or pytest.approx(median, abs=0.01) == float(
            told.answer.split(f"| {region} | ")[1].split(" ")[0]
        )


def test_6_how_many_days_are_missing(world: World) -> None:
    """Gaps are counted, and the longest run of them found."""
    code = """
import csv
values = [row['Mittel'] for row in csv.DictReader(open('data/temps.csv', encoding='utf-8'), delimiter=';')]
runs = ''.join('x' if not value else ' ' for value in values).split()
print(sum(not value for value in values), 'missing, at most', max(map(len, runs)), 'in a row')
"""
    told = ask(world, "How many days have no value, and how many in a row at most?", "temps.csv", code)

    longest = run = 0
    for warm in world.temperatures.values():
        run = run + 1 if warm is None else 0
        longest = max(longest, run)
    missing = list(world.temperatures.values()).count(None)
    assert f"The answer is: {missing} missing, at most {longest} in a row" == told.answer


def test_7_do_dearer_things_sell_less(world: World) -> None:
    """A correlation."""
    code = "import statistics\nprint(statistics.correlation([int(r['units']) for r in rows], [float(r['price']) for r in rows]))"
    told = ask(world, "How do price and units correlate?", "sales.csv", READ, code)

    xs, ys = [sale.units for sale in world.sales], [sale.price for sale in world.sales]
    mx, my = sum(xs) / len(xs), sum(ys) / len(ys)
    expected = sum((x - mx) * (y - my) for x, y in zip(xs, ys, strict=True)) / math.sqrt(
        sum((x - mx) ** 2 for x in xs) * sum((y - my) ** 2 for y in ys)
    )
    assert pytest.approx(expected, abs=1e-9) == number(told)


def test_8_the_hour_with_the_most_errors(world: World) -> None:
    """JSON lines, read line by line."""
    code = """
import json
from collections import Counter
everything, errors = Counter(), Counter()
with open('data/log.jsonl', encoding='utf-8') as lines:
    for line in lines:
        entry = json.loads(line)
        hour = int(entry['at'][11:13])
        everything[hour] += 1
        errors[hour] += entry['status'] >= 500
worst = max(everything, key=lambda hour: errors[hour] / everything[hour])
print(f'{worst}:00 with {100 * errors[worst] / everything[worst]:.1f} %')
"""
    told = ask(world, "In which hour do most requests fail, and what share?", "log.jsonl", code)

    failed = [status for at, status, _ in world.requests if at.hour == 14]
    assert f"The answer is: 14:00 with {100 * failed.count(500) / len(failed):.1f} %" == told.answer


def test_9_the_slowest_percent(world: World) -> None:
    """A quantile, and state that stays from one program to the next."""
    first = "import json\ntimes = sorted(json.loads(line)['ms'] for line in open('data/log.jsonl', encoding='utf-8'))"
    told = ask(
        world,
        "What is the 99th percentile of the times?",
        "log.jsonl",
        first,
        "print(times[-(-99 * len(times) // 100) - 1])",
    )

    times = [ms for _, _, ms in world.requests]
    assert pytest.approx(sorted(times)[2969]) == number(told)
    assert 0.99 <= sum(ms <= number(told) for ms in times) / len(times) < 0.9905


def test_10_a_refused_program_is_mended(world: World) -> None:
    """The first program asks the network for exchange rates, which is refused with a fix; the second does without."""
    refused = "import urllib.request\nprint(urllib.request.urlopen('https://rates.example.org/eur').read())"
    told = ask(
        world,
        "How many weekend sales are there?",
        "sales.csv",
        refused,
        READ,
        "import datetime\nprint(sum(datetime.date.fromisoformat(r['date']).weekday() > 4 for r in rows))",
    )

    assert sum(sale.day.isoweekday() > 5 for sale in world.sales) == number(told)
    assert ["refused", "completed", "completed"] == [step.outcome for step in told.steps]
    assert told.steps[0].findings[0].fix


def test_11_a_program_that_takes_too_long_is_mended(world: World) -> None:
    """Every pair of points is too much for the time limit; sorting them is not."""
    slow = """
import json
points = json.load(open('data/points.json'))
print(min((a[0] - b[0]) ** 2 for i, a in enumerate(points) for j, b in enumerate(points) for k in range(1000) if i != j))
"""
    fast = """
import json
xs = sorted(x for x, _ in json.load(open('data/points.json')))
print(max(b - a for a, b in zip(xs, xs[1:])))
"""
    policy = fh.Policy.default().but(**{"limits.wall": "2s"})
    told = ask(world, "What is the widest gap between neighbouring x?", "points.json", slow, fast, policy=policy)

    seen = sorted({x for x, _ in world.points})
    assert max(after - before for before, after in itertools.pairwise(seen)) == number(told)
    assert [("limit", "wall"), ("completed", None)] == [
        (step.outcome, step.result.limit and step.result.limit.kind) for step in told.steps
    ]


PLOT = """
import csv
revenue = {}
for row in csv.DictReader(open('data/sales.csv', encoding='utf-8')):
    revenue[row['region']] = revenue.get(row['region'], 0) + int(row['units']) * float(row['price'])
most = max(revenue.values())
bars = ''.join(
    f'<rect x="{10 + 60 * n}" y="{210 - 200 * value / most:.3f}" width="40" height="{200 * value / most:.3f}"><title>{region}</title></rect>'
    for n, (region, value) in enumerate(sorted(revenue.items()))
)
svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="200" height="220">{bars}</svg>'
open('out/revenue.svg', 'w').write(svg)

class Picture:
    def _repr_svg_(self):
        return svg

print('out/revenue.svg')
Picture()
"""


def test_12_a_plot(world: World, tmp_path: Path) -> None:
    """A bar for each region: shown, kept as a file, and each as high as its revenue."""
    told = ask(world, "Plot the revenue by region.", "sales.csv", PLOT, out=tmp_path / "out")

    revenue: Counter[str] = Counter()
    for sale in world.sales:
        revenue[sale.region] += round(sale.units * sale.price * 100)
    most = max(revenue.values())
    drawn = ET.fromstring((tmp_path / "out" / "revenue.svg").read_text())  # noqa: S314 -- our own test's program wrote it
    bars = {bar[0].text: float(bar.attrib["height"]) for bar in drawn}
    assert pytest.approx({region: 200 * value / most for region, value in revenue.items()}, abs=0.01) == bars
    assert (1, ["image/svg+xml"]) == (
        told.steps[0].displays,
        [display.mime for display in told.displays if "svg" in display.mime],
    )
    assert "The answer is: out/revenue.svg" == told.answer


def test_none_of_the_answers_is_there_without_the_programs(world: World) -> None:
    """The check of the checks: a model that runs a program of no use answers nothing of this."""
    checks: list[Callable[[World], None]] = [
        test_1_total_revenue,
        test_2_the_best_month,
        test_6_how_many_days_are_missing,
        test_8_the_hour_with_the_most_errors,
    ]
    other = World(
        world.folder,
        world.sales[1:],
        dict(list(world.temperatures.items())[400:]),
        world.customers,
        world.requests[::2],
        world.points,
    )
    other.sales = [sale._replace(day=dt.date(2024, (sale.day.month + 5) % 12 + 1, 1), units=2) for sale in other.sales]
    for check in checks:
        with pytest.raises(AssertionError):
            check(other)
