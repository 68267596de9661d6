"""Other ways to run a model's Python, beside fumehood's, in one run: `peers.py [--build] [--rounds N] [--json] [--write]`.

Each peer is called in a process of its own by a driver (benchmarks/drivers) and timed there; the turns are ours, so that a
machine under load slows all alike. Two snippets: one that prints 1+1, and a groupby with pandas. Then each peer runs the
programs of `probes.py`. --build makes the peers' environments and leaves; --write keeps the result in docs/peers.json, from
which tools/render_peers.py makes docs/peers.md and its chart. What can't be had stands in the result with the reason.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import installs
import references
from driving import Driver, Missing
from probes import FACTS, Bait, plain
from rounds import Times, columns

from fumehood import environments

if TYPE_CHECKING:
    from collections.abc import Callable

RESULT = Path(__file__).resolve().parent.parent / "docs" / "peers.json"
SNIPPETS = {
    "trivial": "print(1+1)",
    "pandas": """
import pandas as pd
frame = pd.DataFrame({"k": ["a", "b", "a", "b"] * 25, "v": [1.0, 2.0, 3.0, 4.0] * 25})
print(frame.groupby("k")["v"].sum().to_dict())
""",
}
PRINTS = {"trivial": "2", "pandas": "{'a': 100.0, 'b': 150.0}"}
#: The snippets take their turns in each so-manieth round.
EVERY = {"trivial": 1, "pandas": 6}
PAUSE_S = 0.03
BEGAN = time.monotonic()


@dataclass(frozen=True)
class Peer:
    """One row.

    Args:
        name: What stands in the table.
        how: What one call is.
        installed: Its environment in requirements/peers; "" is fumehood's own.
        command: Its driver with the words for a snippet, given the environment's interpreter.
        release: Says the version, where the driver does not.
        reference: Has nothing to do for the trivial snippet, and its output is not kept.
    """

    name: str
    how: str
    installed: str
    command: Callable[[str, Path], list[str]]
    release: Callable[[], str] = platform.python_version
    reference: bool = False

    def code(self, snippet: str) -> str:
        """What it is given to run."""
        return "pass" if self.reference and snippet == "trivial" else SNIPPETS[snippet]


class Line:
    """A peer with one snippet: its driver, and the seconds that its calls took."""

    def __init__(self, peer: Peer, snippet: str) -> None:
        """Start the driver, and have the snippet run once."""
        python = installs.python(peer.installed) if peer.installed else Path(sys.executable)
        if python is None:
            told = "not installed: run benchmarks/peers.py --build"
            raise Missing(told)
        command = peer.command(snippet, python)
        self._code, self._prints = peer.code(snippet), "" if peer.reference else PRINTS[snippet]
        began = time.perf_counter()
        self.driver = Driver(Path(sys.executable) if command[0] == "programs.py" else python, command)
        try:
            self._run()
        except Missing:
            self.driver.close()
            raise
        self.first = time.perf_counter() - began
        self.seconds: list[float] = []

    def call(self) -> None:
        """One measured call."""
        time.sleep(PAUSE_S)
        self.seconds.append(self._run())

    def figures(self, cold: float | None) -> dict[str, Any]:
        """All durations in milliseconds."""
        times = Times("", sorted(self.seconds))
        return {
            "calls": len(self.seconds),
            **{label: round(seconds * 1000, 3) for label, seconds in columns(times)},
            "first": round(self.first * 1000, 1),
            "cold": None if cold is None else round(times.median / cold, 5),
        }

    def _run(self) -> float:
        told = self.driver.ask(self._code)
        if told["error"] or told["output"].strip() != self._prints:
            raise Missing(plain(told["error"] or told["output"]))
        seconds: float = told["seconds"]
        return seconds


def programs(way: str) -> Callable[[str, Path], list[str]]:
    """Python itself, started for each program."""
    return lambda _snippet, python: ["programs.py", way, str(python), "-c"]


def bubblewrap(_snippet: str, python: Path) -> list[str]:
    """As `references` has it, with the interpreter and its packages to read."""
    program = shutil.which("bwrap")
    if program is None:
        told = "bubblewrap is not installed"
        raise Missing(told)
    seen = [word for place in (sys.base_prefix, python.parent.parent) for word in ("--ro-bind", str(place), str(place))]
    return ["programs.py", "run", program, *references.BWRAP.split(), *seen, str(python), "-c"]


def bubblewraps() -> str:
    """Its version."""
    return subprocess.run(["bwrap", "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]  # noqa: S607 -- as it is found


def driver(*words: str, **more: list[str]) -> Callable[[str, Path], list[str]]:
    """A driver that is told `words`, and `more` for a snippet."""
    return lambda snippet, _python: [*words, *more.get(snippet, [])]


PEERS = (
    Peer("python3, cold", "a new interpreter by `posix_spawn`, its output dropped; `pass` is its trivial snippet", "plain", programs("spawn"), reference=True),
    Peer("subprocess.run", "a new interpreter, its output kept", "plain", programs("run")),
    Peer("bubblewrap + python3", "a new interpreter in namespaces of its own", "plain", bubblewrap, bubblewraps),
    Peer("AutoGen local executor", "`LocalCommandLineCodeExecutor`: a file and a new interpreter", "autogen", driver("autogen_executors.py", "local")),
    Peer("pydantic-monty, one-shot", "a session for each program, in a pool's process", "monty", driver("monty_sessions.py", "each")),
    Peer("fumehood, one-shot", '`fumehood.run`: a sandbox for each program, with `env="data"` for the groupby', "", driver("fumehood_runs.py", "once", pandas=["data"])),
    Peer("AutoGen Jupyter executor, live", "`JupyterCodeExecutor`: one kernel", "autogen", driver("autogen_executors.py", "jupyter")),
    Peer("LangChain PythonREPL, live", "`exec` in the caller's process", "langchain", driver("langchain_repl.py")),
    Peer("smolagents local executor, live", "`LocalPythonExecutor`: a walk over the syntax tree in the caller's process", "smolagents", driver("smolagents_local.py", pandas=["pandas"])),
    Peer("pydantic-monty, live", "one session", "monty", driver("monty_sessions.py", "kept")),
    Peer("fumehood, live", '`fumehood.Sandbox`: one sandbox, with `env="data"` for the groupby', "", driver("fumehood_runs.py", "live", pandas=["data"])),
)  # fmt: skip


def main() -> None:
    """Build, or measure."""
    arguments = options()
    if arguments.build:
        for name in installs.names():
            installs.build(name)
        environments.ready("data")
        return
    document = measured(arguments.rounds)
    if arguments.write:
        RESULT.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        say("docs/peers.json is written; tools/render_peers.py and tools/render_peers_chart.py make the page of it")
    print(json.dumps(document, ensure_ascii=False) if arguments.json else "\n".join(lines(document)))


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--build", action="store_true", help="build the environments of all peers, and leave")
    parser.add_argument("--rounds", type=int, default=120, help="turns of each trivial snippet (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--write", action="store_true", help="keep the result in docs/peers.json")
    return parser.parse_args()


def measured(rounds: int) -> dict[str, Any]:
    """All that one run has to say."""
    load = os.getloadavg()[0]
    with Bait() as bait:  # before the drivers, which inherit its variable
        opened = {(peer, snippet): line(peer, snippet) for peer in PEERS for snippet in SNIPPETS}
        ready = {key: found for key, found in opened.items() if isinstance(found, Line)}
        take_turns(ready, rounds)
        facts = {peer: probed(peer, ready, bait) for peer in PEERS if not peer.reference}  # whose output is not kept
        releases = {peer: found.driver.release or peer.release() for (peer, _), found in ready.items()}
        for found in ready.values():
            found.driver.close()
    cold = {key: Times("", sorted(found.seconds)).median for (peer, key), found in ready.items() if peer.reference}
    return {
        "machine": machine() | {"load": [round(load, 2), round(os.getloadavg()[0], 2)]},
        "rounds": rounds,
        "seconds": round(time.monotonic() - BEGAN),
        "snippets": SNIPPETS,
        "facts": FACTS,
        "rows": [
            {"name": peer.name, "how": peer.how, "reference": peer.reference, "version": releases.get(peer, "")}
            | {
                snippet: found.figures(cold.get(snippet)) if isinstance(found, Line) else {"missing": found}
                for snippet in SNIPPETS
                for found in (opened[peer, snippet],)
            }
            | {"facts": facts.get(peer, {})}
            for peer in PEERS
        ],
    }  # fmt: skip


def line(peer: Peer, snippet: str) -> Line | str:
    """A peer that is ready for its turns, or why there is none."""
    say(f"starting {peer.name}, {snippet}")
    try:
        return Line(peer, snippet)
    except Missing as missing:
        return str(missing)


def take_turns(ready: dict[tuple[Peer, str], Line], rounds: int) -> None:
    """One call of each in every round that it takes part in."""
    for turn in range(rounds):
        if turn % 10 == 0:
            say(f"round {turn} of {rounds}")
        for (_, snippet), found in ready.items():
            if turn % EVERY[snippet] == 0:
                found.call()


def probed(peer: Peer, ready: dict[tuple[Peer, str], Line], bait: Bait) -> dict[str, Any]:
    """What its programs can do to us."""
    say(f"probing {peer.name}")
    return bait.facts(
        {
            snippet: partial(ready[peer, snippet].driver.ask, probe=True)
            for snippet in SNIPPETS
            if (peer, snippet) in ready
        }
    )


def machine() -> dict[str, Any]:
    """What the figures hold for."""
    return {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "pandas": installs.pinned("plain", "pandas"),
        "fumehood": version("fumehood"),
        "user": "root" if os.geteuid() == 0 else "an ordinary user",
    }


def say(what: str) -> None:
    """Tell how far it is."""
    print(f"{time.monotonic() - BEGAN:6.1f} s  {what}", file=sys.stderr, flush=True)


def lines(document: dict[str, Any]) -> list[str]:
    """The result for people."""
    told = [f"— peers — load {document['machine']['load']}, {document['seconds']} s"]
    for snippet in SNIPPETS:
        told += ["", f"{snippet + ', ms':34} {'calls':>6} {'min':>9} {'p50':>9} {'p99':>9} {'first':>9} {'p50 ×':>9}"]
        for row in document["rows"]:
            seen = row[snippet]
            if "missing" in seen:
                told.append(f"{row['name']:34} {seen['missing']}")
            else:
                shown = "".join(f"{seen[label]:>10.2f}" for label in ("min", "p50", "p99", "first"))
                cold = "" if seen["cold"] is None else f"{seen['cold']:>10.4f}"
                told.append(f"{row['name']:34} {seen['calls']:>6}{shown}{cold}")
    for row in [row for row in document["rows"] if row["facts"]]:
        told += ["", f"a program in {row['name']}:"]
        told += [f"  {'yes' if fact['holds'] else 'no ':4} {FACTS[name]}" for name, fact in row["facts"].items()]
    return told


if __name__ == "__main__":
    main()
