"""Render docs/peers.md from docs/peers.json, which benchmarks/peers.py writes: `python tools/render_peers.py [--check]`.

With --check nothing is written; the exit code is 1 if the page is stale. tools/render_peers_chart.py draws its chart.
"""

from __future__ import annotations

import json
import math
import sys
from typing import Any

from fresh import ROOT, keep_fresh

RESULT, PAGE = ROOT / "docs" / "peers.json", ROOT / "docs" / "peers.md"
NOTE = (
    "<!-- Written by tools/render_peers.py from peers.json, which benchmarks/peers.py writes; change those instead. -->"
)
HEADS = {
    "process": "in your process",
    "home": "reads your home",
    "write": "writes there",
    "network": "reaches your 127.0.0.1",
    "variables": "sees your variables",
    "programs": "starts programs",
    "state": "state kept",
    "memory": "takes 3 GiB",
}
QUIET = 0.3
Document = dict[str, Any]
BEHIND = """
- A snippet prints, and what it printed is held against what it should print; the seconds are those of the call, taken in the
  process of the one who calls the peer. Before each call there is a rest of 30 ms, and all other peers take their turns: calls
  come now and then, as an agent's do, not in a row. In a long row what fumehood's pool has waiting is used up, and a call waits for
  a sandbox to be made ([one_shot](../benchmarks/one_shot.py) measures that too).
- fumehood reads each program before it runs, keeps sandboxes waiting and accounts for each run; all that is in its figures but
  the memory of what waits, which [idle](../benchmarks/idle.py) and [data](../benchmarks/data.py) measure. Its probes are read, too,
  but not refused for what was read, so that the sandbox answers. By default most of them would not have been started.
- Probes are single calls of the standard library or of pandas. «no» says that this way is closed, not that there is none: nobody
  tried to break out. For fumehood others do: [the specification](../SPECIFICATION.md) names the suites,
  [the threat model](../THREAT_MODEL.md) what they leave open.
- Monty and smolagents interpret a part of Python themselves: programs may meet what is missing, and loops and classes take longer
  than in Python's own interpreter, which these two snippets do not show. Monty has no packages; its limits on memory and time are
  there, but not set by default. smolagents may import pandas only for the snippet that needs it: what it then reads, writes and
  reaches is by pandas.
- bubblewrap is a tool to build sandboxes with, here as its handbook has it: namespaces and a read-only system, the interpreter and its
  packages. The shell that it starts is in there, too. A filter of system calls and limits are left to who uses it. fumehood's default
  limit of memory is 2 GiB.
- smolagents says of its executor that it is no sandbox, AutoGen of both of its that they run code on the local machine, and points to
  its container executor, which needs an engine and was not measured; LangChain warns of PythonREPL, and no longer maintains the package.
- All peers are installed from [locks](../requirements/peers) with the same pandas and pyarrow as the environment `data`, each in an
  environment of its own. To measure them here: `python benchmarks/peers.py --build`, then `python benchmarks/peers.py`; `--write` keeps
  the result, `python tools/render_peers.py` and `render_peers_chart.py` make this page of it. bubblewrap is the system's; where it is not
  installed its rows say so.
""".strip().splitlines()


def page(document: Document) -> str:
    """The whole page."""
    return "\n".join([
        "# Beside other ways to run a model's Python",
        "",
        NOTE,
        "",
        *setting(document),
        "",
        "![Duration of one program by peer, on a logarithmic scale; the figures are in the tables](peers.svg)",
        "",
        "What one call is:",
        "",
        *(f"- **{row['name']}**: {row['how']}" for row in document["rows"]),
        "",
        "## How long a program takes",
        "",
        *times(document, "trivial", "`print(1+1)`, in milliseconds"),
        "",
        *times(document, "pandas", "A groupby with pandas, in milliseconds"),
        "",
        "«× cold» is the median over that of the first row, «from nothing» one single start: the peer's own process, its imports",
        "and set-up, and the first program, with everything installed. p99 of fewer than a hundred calls is the longest of them.",
        "",
        "## What isolation each gives",
        "",
        *isolation(document),
        "",
        "## Where a peer is faster than fumehood",
        "",
        *faster(document),
        "",
        "## What stands behind the figures",
        "",
        *BEHIND,
        "",
    ])  # fmt: skip


def setting(document: Document) -> list[str]:
    """What was measured where and when."""
    machine = document["machine"]
    load = machine["load"][0]
    rows = sum(1 for row in document["rows"] if "missing" not in row["trivial"])
    where = f"{machine['cores']} cores, Linux {machine['kernel']}, Python {machine['python']}, pandas {machine['pandas']}, as {machine['user']}"
    told = [
        f"Measured on {machine['date']} by [benchmarks/peers.py](../benchmarks/peers.py): {rows} ways to run a program take turns for",
        f"{document['rounds']} rounds in one run (pandas in every sixth) on {where}.",
    ]
    if load > QUIET * machine["cores"]:
        told += [
            f"**The machine was not quiet**: its load average was {load:.1f} before the run. Medians and p99 are those of a busy machine;",
            "minima and what stands beside each other in one run say more.",
        ]
    else:
        told.append(f"The load average before the run was {load:.1f}.")
    return told


def times(document: Document, snippet: str, head: str) -> list[str]:
    """The durations of one snippet."""
    rows = [f"| {head} | version | calls | min | p50 | p99 | × cold | from nothing |", "| --- |" + " --- |" * 7]
    for row in document["rows"]:
        seen = row[snippet]
        if "missing" in seen:
            rows.append(f"| {row['name']} | {row['version']} | {absent(row, seen['missing'])} | | | | | |")
            continue
        figures = " | ".join(shown(seen[label]) for label in ("min", "p50", "p99"))
        cold = "" if seen["cold"] is None else f"{seen['cold']:.2g}"
        rows.append(
            f"| {row['name']} | {row['version']} | {seen['calls']} | {figures} | {cold} | {shown(seen['first'])} |"
        )
    return rows


def absent(row: Document, reason: str) -> str:
    """Why there are no figures: a peer that has others can't do it, one that has none is not here."""
    alone = "missing" in row["trivial"] and "missing" in row["pandas"]
    return f"not measured: {reason}" if alone else f"not supported: {reason}"


def isolation(document: Document) -> list[str]:
    """What programs could do from inside each peer."""
    told = [
        "Each peer, as it comes, ran programs that tried this the ordinary way. Whether they succeeded was seen from outside, by the",
        "file, the listener, or words of the output that the program could not have had otherwise. «yes» says of the program:",
        "",
        *(f"- **{HEADS[fact]}**: {says}" for fact, says in document["facts"].items()),
        "",
        "| | " + " | ".join(HEADS[fact] for fact in document["facts"]) + " |",
        "| --- |" + " --- |" * len(document["facts"]),
    ]
    return told + [
        f"| {row['name']} | " + " | ".join(cell(row["facts"].get(fact)) for fact in document["facts"]) + " |"
        for row in document["rows"]
        if row["facts"]
    ]


def cell(fact: Document | None) -> str:
    """One answer; how, where it took a package."""
    if fact is None:
        return ""
    if not fact["holds"]:
        return "no"
    by_package = "pandas" in fact["by"] or "DataFrame" in fact["by"]
    return f"yes, by `{fact['by']}`" if by_package else "yes"


def faster(document: Document) -> list[str]:
    """Every peer of the same kind whose median is below ours."""
    told: list[str] = []
    for ours in (row for row in document["rows"] if row["name"].startswith("fumehood")):
        kept = ours["facts"]["state"]["holds"]
        for snippet, what in (("trivial", "`print(1+1)`"), ("pandas", "the groupby")):
            limit = ours[snippet]["p50"]
            ahead = [
                f"{row['name']} ({shown(row[snippet]['p50'])} ms)"
                for row in document["rows"]
                if row["facts"] and row["facts"]["state"]["holds"] == kept
                and row is not ours and row[snippet].get("p50", limit) < limit
            ]  # fmt: skip
            told.append(f"- {what}, {ours['name']} ({shown(limit)} ms): {', '.join(ahead) or 'none'}.")
    return told


def shown(milliseconds: float) -> str:
    """Three figures or so."""
    return f"{milliseconds:,.{max(0, 2 - int(math.log10(max(milliseconds, 1))))}f}"


if __name__ == "__main__":
    sys.exit(keep_fresh({PAGE: page(json.loads(RESULT.read_text(encoding="utf-8")))}))
