"""Pages, pictures, plots and what is exported for people."""

from __future__ import annotations

import json
import re
import struct
import xml.etree.ElementTree as ET
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.programs.test_tables import SALES, as_csv

if TYPE_CHECKING:
    from pathlib import Path

    from tests.programs.conftest import Ask

pytestmark = pytest.mark.jail


def test_a_page_is_read(ask: Ask) -> None:
    """Links by BeautifulSoup and a table by pandas, from one HTML file."""
    rows = "".join(f"<tr><td>item {n}</td><td>{n * n}</td></tr>" for n in range(12))
    links = "<a href='/a'>x</a><a href='/b'>y</a>"
    page = f"<h1> Report </h1><table><tr><th>name</th><th>count</th></tr>{rows}</table>{links}"
    found = ask(
        """
import pandas as pd
from bs4 import BeautifulSoup

with open("data/page.html", encoding="utf-8") as f:
    html = f.read()
soup = BeautifulSoup(html, "html.parser")
table = pd.read_html("data/page.html")[0]
{"title": soup.h1.get_text(strip=True), "links": [a["href"] for a in soup.find_all("a")], "sum": int(table["count"].sum())}
""",  # noqa: E501 -- as it was written
        page__html=page,
    )

    assert {"title": "Report", "links": ["/a", "/b"], "sum": sum(n * n for n in range(12))} == found


def test_xml_is_read(ask: Ask) -> None:
    """By XPath, with a namespace."""
    books = "".join(f"<b:book year='{2000 + n}'><b:price>{n * 3}.5</b:price></b:book>" for n in range(20))
    found = ask(
        """
from lxml import etree

tree = etree.parse("data/books.xml")
ns = {"b": "urn:books"}
recent = tree.xpath("//b:book[@year > 2010]/b:price/text()", namespaces=ns)
{"n": len(recent), "total": sum(float(p) for p in recent)}
""",
        books__xml=f"<?xml version='1.0'?><b:books xmlns:b='urn:books'>{books}</b:books>",
    )

    assert {"n": 9, "total": sum(n * 3 + 0.5 for n in range(11, 20))} == found


def test_a_picture_is_worked_on(ask: Ask) -> None:
    """Opened, halved, turned grey, saved: the mean brightness by the formula of Rec. 601."""
    pixels = [(x * 6 % 256, y * 9 % 256, (x + y) * 4 % 256) for y in range(20) for x in range(40)]
    found = ask(
        """
import numpy as np
from PIL import Image

img = Image.open("data/photo.ppm")
grey = img.convert("L")
img.resize((img.width // 2, img.height // 2)).save("out/small.png")
{"size": img.size, "mean": float(np.asarray(grey).mean())}
""",
        photo__ppm=b"P6 40 20 255\n" + bytes(value for pixel in pixels for value in pixel),
    )
    brightness = [0.299 * red + 0.587 * green + 0.114 * blue for red, green, blue in pixels]

    assert [40, 20] == found["size"]
    assert pytest.approx(sum(brightness) / len(brightness), abs=0.6) == found["mean"]
    assert (20, 10) == size(ask.out / "small.png")


def size(path: Path) -> tuple[int, int]:
    """Read width and height from a PNG's first chunk."""
    data = path.read_bytes()
    assert b"\x89PNG\r\n\x1a\n" == data[:8]
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def test_a_plot_is_saved(ask: Ask) -> None:
    """Bars with labels and a title, as PNG of the size that was asked for and as SVG with the words in it."""
    ask(
        """
import matplotlib.pyplot as plt
import pandas as pd

plt.rcParams["svg.fonttype"] = "none"
df = pd.read_csv("data/sales.csv")
totals = df.groupby("region")["amount"].sum().sort_values()
fig, ax = plt.subplots(figsize=(8, 5))
bars = ax.bar(totals.index, totals.values, color="steelblue")
ax.bar_label(bars, fmt="%.0f")
ax.set_title("Sales by region")
ax.set_ylabel("Amount")
plt.tight_layout()
plt.savefig("out/sales.png", dpi=150)
plt.savefig("out/sales.svg")
plt.close()
""",
        sales__csv=as_csv("date,region,amount", SALES),
    )
    words = "".join(ET.parse(ask.out / "sales.svg").getroot().itertext())  # noqa: S314 -- as above
    totals = {where: sum(amount for _d, region, amount in SALES if region == where) for _d, where, _a in SALES}

    assert (1200, 750) == size(ask.out / "sales.png")
    assert all(word in words for word in ("Sales by region", "north", "south", "east", "Amount"))
    assert all(f"{total:.0f}" in words for total in totals.values())


def test_a_statistical_plot_is_saved(ask: Ask) -> None:
    """seaborn: a heat map of correlations, whose numbers stand in the figure, and a distribution."""
    found = ask(
        """
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

plt.rcParams["svg.fonttype"] = "none"
rng = np.random.default_rng(7)
df = pd.DataFrame({"x": np.arange(50.0)})
df["y"] = -2 * df["x"]
df["z"] = rng.normal(size=50)
corr = df.corr()
sns.set_theme()
sns.heatmap(corr, annot=True, fmt=".2f", cmap="coolwarm")
plt.savefig("out/heatmap.svg")
plt.figure()
sns.histplot(df, x="z", kde=True)
plt.savefig("out/hist.png")
corr.loc["x", "y"]
"""
    )
    words = "".join(ET.parse(ask.out / "heatmap.svg").getroot().itertext())  # noqa: S314 -- as above

    assert pytest.approx(-1) == found
    assert 2 == len(re.findall(r"-1\.00", words))
    assert (640, 480) == size(ask.out / "hist.png")


def test_a_report_is_exported(ask: Ask) -> None:
    """One table as CSV, JSON, Markdown and Excel; each is read back here without the library that wrote it."""
    ask(
        """
import pandas as pd
from tqdm import tqdm

df = pd.read_csv("data/sales.csv")
frames = []
for region, part in tqdm(df.groupby("region"), desc="regions"):
    frames.append({"region": region, "total": round(part["amount"].sum(), 2), "n": len(part)})
report = pd.DataFrame(frames)
report.to_csv("out/report.csv", index=False)
report.to_json("out/report.json", orient="records")
with open("out/report.md", "w") as f:
    f.write(report.to_markdown(index=False))
report.to_excel("out/report.xlsx", index=False)
""",
        sales__csv=as_csv("date,region,amount", SALES),
    )
    expected = [
        {"region": region, "total": round(sum(a for _d, r, a in SALES if r == region), 2), "n": 80}
        for region in ("east", "north", "south")
    ]
    lines = (ask.out / "report.csv").read_text().splitlines()
    table = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in (ask.out / "report.md").read_text().splitlines()
    ]
    with zipfile.ZipFile(ask.out / "report.xlsx") as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()

    assert expected == json.loads((ask.out / "report.json").read_text())
    assert ["region,total,n", *(f"{row['region']},{row['total']},{row['n']}" for row in expected)] == lines
    assert [["region", "total", "n"]] == table[:1]
    assert [float(str(row["total"])) for row in expected] == [float(row[1]) for row in table[2:]]
    assert {row["total"] for row in expected} <= set(map(float, re.findall(r"<v>([\d.]+)</v>", sheet)))
