"""Time series, statistics, models, exact mathematics and graphs."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import date, timedelta
from statistics import correlation, linear_regression, mean, quantiles, stdev, variance
from typing import TYPE_CHECKING

import pytest

from tests.programs.test_tables import as_csv

if TYPE_CHECKING:
    from tests.programs.conftest import Ask

pytestmark = pytest.mark.jail

DAYS = [(date(2023, 1, 1) + timedelta(days=n), 10 + 5 * math.sin(n / 9) + n * 0.02) for n in range(400)]
SERIES = as_csv("day,temperature", [(day.isoformat(), repr(value)) for day, value in DAYS])
POINTS = [(n / 10, 3 * n / 10 - 4 + math.cos(n * 7) / 3) for n in range(80)]


def test_resampling(ask: Ask) -> None:
    """Daily values to monthly means and yearly maxima."""
    found = ask(
        """
import pandas as pd

df = pd.read_csv("data/days.csv", parse_dates=["day"], index_col="day")
monthly = df["temperature"].resample("MS").mean()
yearly = df["temperature"].resample("YE").max()
{"monthly": {d.strftime("%Y-%m"): v for d, v in monthly.items()}, "yearly": yearly.tolist()}
""",
        days__csv=SERIES,
    )
    months: dict[str, list[float]] = defaultdict(list)
    years: dict[int, list[float]] = defaultdict(list)
    for day, value in DAYS:
        months[f"{day:%Y-%m}"].append(value)
        years[day.year].append(value)

    assert pytest.approx({month: mean(values) for month, values in months.items()}) == found["monthly"]
    assert pytest.approx([max(years[2023]), max(years[2024])]) == found["yearly"]


def test_a_rolling_window(ask: Ask) -> None:
    """A moving average, the change to the week before, and the day that lies furthest above it."""
    found = ask(
        """
import pandas as pd

df = pd.read_csv("data/days.csv", parse_dates=["day"]).set_index("day")
df["average"] = df["temperature"].rolling(window=7).mean()
df["change"] = df["temperature"].diff(7)
df["above"] = df["temperature"] - df["average"]
last = df.iloc[-1]
{"average": last["average"], "change": last["change"], "day": df["above"].idxmax().date().isoformat(), "first": int(df["average"].isna().sum())}
""",  # noqa: E501 -- as it was written
        days__csv=SERIES,
    )
    values = [value for _day, value in DAYS]
    above = {n: values[n] - mean(values[n - 6 : n + 1]) for n in range(6, len(values))}
    furthest = max(above, key=lambda n: above[n])

    assert pytest.approx((mean(values[-7:]), values[-1] - values[-8])) == (found["average"], found["change"])
    assert (DAYS[furthest][0].isoformat(), 6) == (found["day"], found["first"])


def test_gaps_are_interpolated(ask: Ask) -> None:
    """Every third value missing, filled in along a line, with what stays unknown at the end."""
    rows = [(day.isoformat(), "" if n % 3 == 1 else repr(value)) for n, (day, value) in enumerate(DAYS[:50])]
    found = ask(
        """
import pandas as pd

s = pd.read_csv("data/gaps.csv", parse_dates=["day"], index_col="day")["temperature"]
filled = s.interpolate(method="linear", limit_area="inside")
{"missing": int(s.isna().sum()), "still": int(filled.isna().sum()), "mean": filled.mean()}
""",
        gaps__csv=as_csv("day,temperature", rows),
    )
    values = [value for _day, value in DAYS[:50]]
    filled = [(values[n - 1] + values[n + 1]) / 2 if n % 3 == 1 and n < 49 else values[n] for n in range(50)]
    expected = filled[:-1] if 49 % 3 == 1 else filled

    assert {"missing": 17, "still": 1} == {key: found[key] for key in ("missing", "still")}
    assert pytest.approx(mean(expected)) == found["mean"]


def test_outliers(ask: Ask) -> None:
    """Quartiles, the fence of Tukey, and what lies beyond it."""
    values = [math.sin(n) * 10 + n % 5 for n in range(97)] + [80.0, -70.0]
    found = ask(
        """
import numpy as np
import pandas as pd

x = pd.read_csv("data/x.csv")["x"].to_numpy()
q1, q3 = np.percentile(x, [25, 75])
iqr = q3 - q1
mask = (x < q1 - 1.5 * iqr) | (x > q3 + 1.5 * iqr)
{"q1": float(q1), "q3": float(q3), "outliers": sorted(x[mask].tolist()), "clean_std": float(np.std(x[~mask], ddof=1))}
""",
        x__csv=as_csv("x", [(repr(value),) for value in values]),
    )
    first, _middle, third = quantiles(values, n=4, method="inclusive")
    fence = 1.5 * (third - first)
    inside = [value for value in values if first - fence <= value <= third + fence]

    assert pytest.approx((first, third, stdev(inside))) == (found["q1"], found["q3"], found["clean_std"])
    assert [-70.0, 80.0] == found["outliers"]


def test_a_line_is_fitted_three_ways(ask: Ask) -> None:
    """numpy, scipy and statsmodels agree with the closed form, and so do the correlation and R²."""
    found = ask(
        """
import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats

df = pd.read_csv("data/points.csv")
slope, intercept = np.polyfit(df["x"], df["y"], 1)
fit = stats.linregress(df["x"], df["y"])
model = sm.OLS(df["y"], sm.add_constant(df["x"])).fit()
print(model.summary())
{
    "numpy": [slope, intercept],
    "scipy": [fit.slope, fit.intercept],
    "statsmodels": [model.params["x"], model.params["const"]],
    "r": float(df["x"].corr(df["y"])),
    "r2": model.rsquared,
}
""",
        points__csv=as_csv("x,y", [(repr(x), repr(y)) for x, y in POINTS]),
    )
    xs, ys = zip(*POINTS, strict=True)
    line, strength = linear_regression(xs, ys), correlation(xs, ys)

    for library in ("numpy", "scipy", "statsmodels"):
        assert pytest.approx([line.slope, line.intercept]) == found[library]
    assert pytest.approx((strength, strength**2)) == (found["r"], found["r2"])


def test_two_groups_are_compared(ask: Ask) -> None:
    """Welch's test and a chi-squared test, by their formulas."""
    one = [5 + math.sin(n) for n in range(30)]
    other = [5.6 + math.cos(n) * 1.5 for n in range(25)]
    found = ask(
        """
import numpy as np
from scipy import stats

a = np.loadtxt("data/a.txt")
b = np.loadtxt("data/b.txt")
welch = stats.ttest_ind(a, b, equal_var=False)
chi2, p, dof, expected = stats.chi2_contingency([[20, 30], [35, 15]], correction=False)
{"t": float(welch.statistic), "chi2": float(chi2), "dof": int(dof), "significant": bool(welch.pvalue < 0.05)}
""",
        a__txt="\n".join(map(repr, one)),
        b__txt="\n".join(map(repr, other)),
    )
    spread = variance(one) / len(one) + variance(other) / len(other)
    cells = [(20, 50 * 55 / 100), (30, 50 * 45 / 100), (35, 50 * 55 / 100), (15, 50 * 45 / 100)]
    chi2 = sum((seen - expected) ** 2 / expected for seen, expected in cells)

    assert pytest.approx(((mean(one) - mean(other)) / math.sqrt(spread), chi2)) == (found["t"], found["chi2"])
    assert (1, True) == (found["dof"], found["significant"])


def test_a_model_is_trained(ask: Ask) -> None:
    """Scaled features, a split, a classifier on separable classes and clusters where the data has them."""
    rows = [(n % 10 + 20 * (n % 2), n // 7 + 15 * (n % 2), n % 2) for n in range(120)]
    found = ask(
        """
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

df = pd.read_csv("data/classes.csv")
X, y = df[["a", "b"]], df["label"]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=42, stratify=y)
model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X_train, y_train)
clusters = KMeans(n_clusters=2, n_init=10, random_state=0).fit(X)
sizes = pd.Series(clusters.labels_).value_counts().sort_index().tolist()
centres = sorted(round(float(c), 6) for c in clusters.cluster_centers_[:, 0])
{"accuracy": accuracy_score(y_test, model.predict(X_test)), "test": len(X_test), "sizes": sizes, "centres": centres}
""",
        classes__csv=as_csv("a,b,label", rows),
    )
    centres = [round(mean(a for a, _b, label in rows if label == which), 6) for which in (0, 1)]

    assert {"accuracy": 1.0, "test": 30, "sizes": [60, 60], "centres": centres} == found


def test_exact_mathematics(ask: Ask) -> None:
    """An equation, an integral, a limit and a determinant, without rounding."""
    found = ask(
        """
import sympy as sp

x = sp.symbols("x")
roots = sp.solve(x**2 - 5 * x + 6, x)
area = sp.integrate(sp.sin(x), (x, 0, sp.pi))
limit = sp.limit(sp.sin(x) / x, x, 0)
det = sp.Matrix([[2, 1], [7, 4]]).det()
[[int(r) for r in roots], int(area), int(limit), int(det), str(sp.diff(x**3 + 2 * x, x)), sp.latex(sp.sqrt(x) / 2)]
"""
    )

    assert [[2, 3], 2, 1, 1, "3*x**2 + 2", r"\frac{\sqrt{x}}{2}"] == found


def test_a_search_on_all_processors(ask: Ask) -> None:
    """`n_jobs=-1`, as models write it: no process is started, and the best neighbourhood is the one by hand."""
    rows = [(x, 10 * (x // 4)) for x in range(16)]
    found = ask(
        """
import pandas as pd
from sklearn.model_selection import GridSearchCV, LeaveOneOut
from sklearn.neighbors import KNeighborsRegressor

df = pd.read_csv("data/steps.csv")
search = GridSearchCV(
    KNeighborsRegressor(), {"n_neighbors": [2, 4, 8]}, cv=LeaveOneOut(), scoring="neg_mean_absolute_error", n_jobs=-1
)
search.fit(df[["x"]], df["y"])
[search.best_params_["n_neighbors"], -search.best_score_]
""",
        steps__csv=as_csv("x,y", rows),
    )

    def error(count: int) -> float:
        told = 0.0
        for x, y in rows:
            near = sorted((abs(x - other), other) for other, _ in rows if other != x)[:count]
            told += abs(y - sum(10 * (other // 4) for _, other in near) / count)
        return told / len(rows)

    errors = {count: error(count) for count in (2, 4, 8)}
    assert found == pytest.approx([min(errors, key=errors.__getitem__), min(errors.values())])


def test_a_graph(ask: Ask) -> None:
    """Shortest ways by weight, components, and who is best connected."""
    edges = [(n, n * 3 % 17, n % 5 + 1) for n in range(1, 17)] + [(20, 21, 1)]
    found = ask(
        """
import networkx as nx
import pandas as pd

df = pd.read_csv("data/edges.csv")
G = nx.from_pandas_edgelist(df, "a", "b", edge_attr="weight")
lengths = nx.single_source_dijkstra_path_length(G, 1)
degree = max(dict(G.degree()).items(), key=lambda kv: (kv[1], -kv[0]))
{"lengths": {str(k): v for k, v in lengths.items()}, "components": nx.number_connected_components(G), "busiest": degree[0]}
""",  # noqa: E501 -- as it was written
        edges__csv=as_csv("a,b,weight", edges),
    )
    ways: dict[int, dict[int, int]] = defaultdict(dict)
    for one, other, weight in edges:
        ways[one][other] = ways[other][one] = weight
    lengths = {1: 0}
    for _ in ways:
        for one in list(lengths):
            for other, weight in ways[one].items():
                lengths[other] = min(lengths.get(other, lengths[one] + weight), lengths[one] + weight)
    seen: set[int] = set()
    components = 0
    for start in ways:
        components += start not in seen
        reached = [start] if start not in seen else []
        while reached:
            seen.add(one := reached.pop())
            reached += [other for other in ways[one] if other not in seen]
    degrees = {node: len(others) + (node in others) for node, others in ways.items()}

    assert {str(node): length for node, length in lengths.items()} == found["lengths"]
    assert components == found["components"]
    assert max(degrees, key=lambda node: (degrees[node], -node)) == found["busiest"]
