"""Draw docs/peers.svg from docs/peers.json, which benchmarks/peers.py writes: `python tools/render_peers_chart.py [--check]`.

With --check nothing is written; the exit code is 1 if the chart is stale. It follows the reader's light or dark.
"""

from __future__ import annotations

import json
import math
import sys
from html import escape
from typing import Any

from fresh import ROOT, keep_fresh

RESULT, CHART = ROOT / "docs" / "peers.json", ROOT / "docs" / "peers.svg"
Row = dict[str, Any]

WIDTH, LEFT, RIGHT = 860, 250, 800
TOP, LANE, GAP, HEADING = 82, 17, 10, 30
LEAST_MS, SECOND, MOST_MS = 0.1, 1_000.0, 10_000.0
#: Each snippet has a colour and a shape, so that either will do.
SNIPPETS = {"trivial": "print(1+1)", "pandas": "groupby with pandas"}
HEADINGS = {False: "each program anew", True: "state kept between programs"}
STYLE = """
text { font-family: system-ui, -apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif; font-size: 14px; fill: #1f2328 }
.paper { fill: #ffffff; stroke: #d1d9e0 }
.band { fill: #f0f4f8 }
.grid { stroke: #d1d9e0 }
.quiet { fill: #59636e; font-size: 13px }
.title { font-size: 16px; font-weight: 600 }
.ours { font-weight: 600 }
.trivial { fill: #0969da; stroke: #0969da }
.pandas { fill: #bc4c00; stroke: #bc4c00 }
.span { stroke-width: 3; stroke-opacity: 0.4; stroke-linecap: round }
@media (prefers-color-scheme: dark) {
text { fill: #f0f6fc }
.paper { fill: #0d1117; stroke: #3d444d }
.band { fill: #1a222c }
.grid { stroke: #3d444d }
.quiet { fill: #9198a1 }
.trivial { fill: #58a6ff; stroke: #58a6ff }
.pandas { fill: #f0883e; stroke: #f0883e }
}
"""


def chart(document: dict[str, Any]) -> str:
    """The whole picture."""
    drawn: list[str] = []
    y, group = TOP, None
    for row in document["rows"]:
        kept = row["facts"].get("state", {}).get("holds", False)
        if kept is not group:
            group = kept
            y += HEADING
            drawn.append(words((16, y - 9), HEADINGS[kept], "quiet"))
        drawn += lanes(row, y)
        y += 2 * LANE + GAP
    machine = document["machine"]
    about = f"{machine['date']}, {machine['cores']} cores, load {machine['load'][0]:.1f}"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 34}" width="{WIDTH}" height="{y + 34}" role="img">',
        "<title>How long one program takes by each way to run it</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="paper" x="0.5" y="0.5" width="{WIDTH - 1}" height="{y + 33}" rx="6"/>',
        words((16, 28), "How long one program takes", "title"),
        words((WIDTH - 16, 28), f"median, and least to p99, log scale; {about}", "quiet", anchor="end"),
        *legend(),
        *axis(y),
        *drawn,
        "</svg>",
        "",
    ])  # fmt: skip


def legend() -> list[str]:
    """The two marks."""
    drawn: list[str] = []
    for x, (snippet, says) in zip((LEFT, LEFT + 130), SNIPPETS.items(), strict=True):
        drawn += [mark(snippet, x, 52), words((x + 12, 57), says, "quiet")]
    return drawn


def axis(bottom: int) -> list[str]:
    """A line and its words for each power of ten."""
    drawn: list[str] = []
    for power in range(round(math.log10(LEAST_MS)), round(math.log10(MOST_MS)) + 1):
        x = place(10.0**power)
        drawn += [
            f'<line class="grid" x1="{x}" y1="{TOP}" x2="{x}" y2="{bottom}"/>',
            words((x, bottom + 19), told(10.0**power), "quiet", anchor="middle"),
        ]
    return drawn


def lanes(row: Row, y: int) -> list[str]:
    """One peer: its name, and a lane for each snippet."""
    ours = row["name"].startswith("fumehood")
    drawn = (
        [f'<rect class="band" x="8" y="{y - 3}" width="{WIDTH - 16}" height="{2 * LANE + 6}" rx="4"/>'] if ours else []
    )
    drawn.append(words((16, y + LANE + 5), row["name"], "ours" if ours else ""))
    for number, snippet in enumerate(SNIPPETS):
        middle = y + number * LANE + LANE // 2
        seen = row[snippet]
        if "missing" in seen:
            said = "not measured" if "missing" in row["trivial"] else "no pandas"
            drawn.append(words((LEFT + 6, middle + 5), said, "quiet"))
            continue
        least, most, x = place(seen["min"]), place(seen["p99"]), place(seen["p50"])
        drawn += [
            f'<line class="span {snippet}" x1="{least}" y1="{middle}" x2="{most}" y2="{middle}"/>',
            mark(snippet, x, middle),
            words((max(most, x) + 10, middle + 5), told(seen["p50"]), "quiet"),
        ]
    return drawn


def mark(snippet: str, x: float, y: int) -> str:
    """A dot, or a square on its corner."""
    if snippet == "trivial":
        return f'<circle class="{snippet}" cx="{x}" cy="{y}" r="5"/>'
    return f'<path class="{snippet}" d="M{x} {y - 6}l6 6l-6 6l-6 -6z"/>'


def place(milliseconds: float) -> float:
    """Where a duration lies on the axis."""
    share = math.log10(min(max(milliseconds, LEAST_MS), MOST_MS) / LEAST_MS) / math.log10(MOST_MS / LEAST_MS)
    return round(LEFT + share * (RIGHT - LEFT), 1)


def told(milliseconds: float) -> str:
    """A duration with its unit."""
    count, unit = (milliseconds / SECOND, "s") if milliseconds >= SECOND else (milliseconds, "ms")
    return f"{float(f'{count:.2g}'):g} {unit}"


def words(at: tuple[float, float], text: str, kind: str = "", *, anchor: str = "start") -> str:
    """One line of text."""
    return f'<text class="{kind}" x="{at[0]}" y="{at[1]}" text-anchor="{anchor}">{escape(text)}</text>'


if __name__ == "__main__":
    sys.exit(keep_fresh({CHART: chart(json.loads(RESULT.read_text(encoding="utf-8")))}))
