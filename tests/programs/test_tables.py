"""Read, clean, join, group, reshape."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections import defaultdict
from statistics import mean, median
from typing import TYPE_CHECKING, Any

import pytest

from tests.programs.sheets import workbook

if TYPE_CHECKING:
    from pathlib import Path

    from tests.programs.conftest import Ask

pytestmark = pytest.mark.jail

SALES = [
    (f"2024-{n % 12 + 1:02}-{n % 28 + 1:02}", ("north", "south", "east")[n % 3], n * 37 % 101 + 0.5) for n in range(240)
]


def as_csv(header: str, rows: list[tuple[Any, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header.split(","))
    writer.writerows(rows)
    return text.getvalue()


def test_the_month_with_the_highest_sales(ask: Ask) -> None:
    """The question of the README: read a CSV, group by month, take the largest."""
    found = ask(
        """
import pandas as pd

df = pd.read_csv("data/sales.csv", parse_dates=["date"])
df["month"] = df["date"].dt.month
monthly = df.groupby("month")["amount"].sum().round(2)
best_month = monthly.idxmax()
print(f"The month with the highest sales is {best_month} with a total of {monthly.max():,.2f}")
{"month": int(best_month), "total": float(monthly.max()), "months": len(monthly)}
""",
        sales__csv=as_csv("date,region,amount", SALES),
    )
    totals: dict[int, float] = defaultdict(float)
    for date, _region, amount in SALES:
        totals[int(date[5:7])] += amount
    best = max(totals, key=lambda month: totals[month])

    assert {"month": best, "total": pytest.approx(totals[best]), "months": 12} == found


def test_grouped_with_several_figures(ask: Ask) -> None:
    """`agg` with names, sorted, with a share of the whole."""
    found = ask(
        """
import pandas as pd

df = pd.read_csv("data/sales.csv")
summary = (
    df.groupby("region")
    .agg(total=("amount", "sum"), average=("amount", "mean"), middle=("amount", "median"), n=("amount", "size"))
    .sort_values("total", ascending=False)
)
summary["share"] = summary["total"] / summary["total"].sum()
summary.reset_index().to_dict(orient="records")
""",
        sales__csv=as_csv("date,region,amount", SALES),
    )
    by_region: dict[str, list[float]] = defaultdict(list)
    for _date, region, amount in SALES:
        by_region[region].append(amount)
    whole = sum(map(sum, by_region.values()))
    expected: list[dict[str, Any]] = [
        {"region": region, "total": sum(values), "average": mean(values), "middle": median(values), "n": len(values)}
        for region, values in sorted(by_region.items(), key=lambda item: -sum(item[1]))
    ]

    assert [row["region"] for row in expected] == [row["region"] for row in found]
    for ours, theirs in zip(expected, found, strict=True):
        assert {**ours, "share": ours["total"] / whole} == pytest.approx(theirs)


def test_nested_json(ask: Ask) -> None:
    """Records with records in them, flattened, filtered and averaged."""
    users: list[dict[str, Any]] = [
        {"id": n, "profile": {"age": 20 + n * 7 % 40, "city": ("Oslo", "Lima")[n % 2]}, "tags": ["a"] * (n % 4)}
        for n in range(50)
    ]
    found = ask(
        """
import json
import pandas as pd

with open("data/users.json") as f:
    payload = json.load(f)
df = pd.json_normalize(payload["users"])
df["n_tags"] = df["tags"].apply(len)
adults = df[df["profile.age"] >= 30]
result = adults.groupby("profile.city").agg(age=("profile.age", "mean"), tags=("n_tags", "sum"))
result.round(4).to_dict(orient="index")
""",
        users__json=json.dumps({"users": users}),
    )
    expected = {}
    for city in ("Lima", "Oslo"):
        them = [user for user in users if user["profile"]["city"] == city and user["profile"]["age"] >= 30]
        ages = [user["profile"]["age"] for user in them]
        expected[city] = {"age": round(mean(ages), 4), "tags": sum(len(user["tags"]) for user in them)}

    assert expected == found


def test_dirty_values_are_cleaned(ask: Ask) -> None:
    """Spaces, duplicates, currency signs, thousands, percent, missing values in several spellings, mixed case."""
    text = (
        "Name , Amount ,Rate,Joined\n"
        ' alice ,"$1,234.50",5%,2024-01-05\n'
        'BOB,"$200.00",n/a,05/02/2024\n'
        'BOB,"$200.00",n/a,05/02/2024\n'
        "carol,,12.5%,not a date\n"
        ' Dave,"($50.25)",7%,2024-03-01\n'
    )
    found = ask(
        """
import pandas as pd

df = pd.read_csv("data/dirty.csv", na_values=["n/a", "N/A", "-"])
df.columns = df.columns.str.strip().str.lower()
df = df.drop_duplicates()
df["name"] = df["name"].str.strip().str.title()
amount = df["amount"].str.replace(r"[$,]", "", regex=True).str.replace(r"^\\((.*)\\)$", r"-\\1", regex=True)
df["amount"] = pd.to_numeric(amount, errors="coerce").fillna(0)
df["rate"] = pd.to_numeric(df["rate"].str.rstrip("%"), errors="coerce") / 100
df["joined"] = pd.to_datetime(df["joined"], format="mixed", dayfirst=True, errors="coerce")
{
    "names": df["name"].tolist(),
    "total": df["amount"].sum(),
    "mean_rate": round(df["rate"].mean(), 6),
    "unknown_dates": int(df["joined"].isna().sum()),
    "months": df["joined"].dropna().dt.month.astype(int).tolist(),
}
""",
        dirty__csv=text,
    )

    assert {
        "names": ["Alice", "Bob", "Carol", "Dave"],
        "total": pytest.approx(1234.5 + 200 - 50.25),
        "mean_rate": pytest.approx((0.05 + 0.125 + 0.07) / 3, abs=1e-6),
        "unknown_dates": 1,
    } == {key: found[key] for key in ("names", "total", "mean_rate", "unknown_dates")}
    assert 3 == len(found["months"])


def test_two_tables_are_joined(ask: Ask) -> None:
    """A left join with what has no partner, and the sum per customer."""
    orders = [(n, n % 9, n * 11 % 50) for n in range(60)]
    customers = [(n, f"customer {n}") for n in range(7)]
    found = ask(
        """
import pandas as pd

orders = pd.read_csv("data/orders.csv")
customers = pd.read_csv("data/customers.csv")
merged = orders.merge(customers, how="left", on="customer_id", indicator=True)
unmatched = merged[merged["_merge"] == "left_only"]
totals = merged.dropna(subset=["name"]).groupby("name")["quantity"].sum()
{"unmatched": len(unmatched), "totals": totals.to_dict()}
""",
        orders__csv=as_csv("order_id,customer_id,quantity", orders),
        customers__csv=as_csv("customer_id,name", customers),
    )
    totals: dict[str, int] = defaultdict(int)
    for _order, customer, quantity in orders:
        if customer < 7:
            totals[f"customer {customer}"] += quantity

    assert {"unmatched": sum(order[1] >= 7 for order in orders), "totals": totals} == found


def test_a_pivot_table(ask: Ask) -> None:
    """Rows by month, columns by region, with margins."""
    found = ask(
        """
import pandas as pd

df = pd.read_csv("data/sales.csv", parse_dates=["date"])
df["month"] = df["date"].dt.month
table = df.pivot_table(values="amount", index="month", columns="region", aggfunc="sum", fill_value=0, margins=True)
{str(k): {c: round(float(x), 6) for c, x in row.items()} for k, row in table.iterrows()}
""",
        sales__csv=as_csv("date,region,amount", SALES),
    )
    cells: dict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(("north", "south", "east", "All"), 0.0))
    for date, region, amount in SALES:
        for row in (str(int(date[5:7])), "All"):
            cells[row][region] += amount
            cells[row]["All"] += amount

    assert cells.keys() == found.keys()
    assert all(cells[row] == pytest.approx(found[row]) for row in cells)


def test_an_excel_workbook(ask: Ask) -> None:
    """Two sheets, joined, exported as a new workbook that is opened here without any library."""
    sheets: dict[str, list[list[str | float]]] = {
        "items": [["sku", "price"], ["a", 2.5], ["b", 4], ["c", 10]],
        "stock": [["sku", "count"], ["a", 10], ["b", 0], ["c", 3]],
    }
    found = ask(
        """
import pandas as pd

sheets = pd.read_excel("data/shop.xlsx", sheet_name=None)
df = sheets["items"].merge(sheets["stock"], on="sku")
df["value"] = df["price"] * df["count"]
with pd.ExcelWriter("out/report.xlsx") as writer:
    df.to_excel(writer, sheet_name="value", index=False)
    df.describe().to_excel(writer, sheet_name="summary")
{"value": df["value"].sum(), "sheets": sorted(sheets)}
""",
        shop__xlsx=workbook(sheets),
    )

    assert {"value": 2.5 * 10 + 10 * 3, "sheets": ["items", "stock"]} == found
    assert (ask.out / "report.xlsx").read_bytes().startswith(b"PK")


def test_parquet_there_and_back(ask: Ask) -> None:
    """A table with text, numbers, dates and gaps through parquet, read with a filter and chosen columns."""
    found = ask(
        """
import pandas as pd

df = pd.read_csv("data/sales.csv", parse_dates=["date"])
df.loc[df["amount"] > 90, "amount"] = None
df["region"] = df["region"].astype("category")
df.to_parquet("out/sales.parquet", index=False)
back = pd.read_parquet("out/sales.parquet", columns=["region", "amount"], filters=[("amount", "<", 20)])
whole = pd.read_parquet("out/sales.parquet")
gaps = int(whole["amount"].isna().sum())
{"rows": len(back), "sum": back["amount"].sum(), "gaps": gaps, "same": whole["date"].equals(df["date"])}
""",
        sales__csv=as_csv("date,region,amount", SALES),
    )
    small = [amount for _date, _region, amount in SALES if amount < 20]

    assert {
        "rows": len(small),
        "sum": pytest.approx(sum(small)),
        "gaps": sum(amount > 90 for _date, _region, amount in SALES),
        "same": True,
    } == found
    assert b"PAR1" == (ask.out / "sales.parquet").read_bytes()[-4:]


def test_a_database(ask: Ask, tmp_path: Path) -> None:
    """SQLite read by SQL into a table, and the answer of the database held against it."""
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as database:
        database.execute("create table sales (date text, region text, amount real)")
        database.executemany("insert into sales values (?, ?, ?)", SALES)
    database.close()
    found = ask(
        """
import shutil
import sqlite3
import pandas as pd

shutil.copy("data/shop.db", "shop.db")
con = sqlite3.connect("shop.db")
df = pd.read_sql_query("SELECT region, AVG(amount) AS mean FROM sales WHERE date >= '2024-06-01' GROUP BY region", con)
con.close()
df.set_index("region")["mean"].to_dict()
""",
        shop__db=path.read_bytes(),
    )
    expected = {
        region: mean(amount for date, where, amount in SALES if where == region and date >= "2024-06-01")
        for region in ("east", "north", "south")
    }

    assert pytest.approx(expected) == found
