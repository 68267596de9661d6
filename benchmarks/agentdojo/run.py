"""Run AgentDojo (0.1.35, suites v1.2.2) against the gate, in real sandboxes, and against rules that are no gate.

    python -m venv v && v/bin/pip install . agentdojo==0.1.35 && v/bin/python benchmarks/agentdojo/run.py [--write]

Everything is deterministic. The rules that are no gate are run against every ninth attack, which shows what they are;
`--quick` does that for all. `--only WORD` runs the levels with that word in their name. `--write` puts the table into
docs/agentdojo.md.
"""

from __future__ import annotations

import statistics
import sys
import warnings
from pathlib import Path
from typing import Any

from declarations import DECLARED, FORGEABLE, naive_reads
from harness import SUITES, Run, Setting, speed_up, task

from fumehood.guard.origins import leaves

PAGE = Path(__file__).parent.parent.parent / "docs" / "agentdojo.md"
BEGIN, END = "<!-- table -->", "<!-- end of the table -->"
READS = naive_reads()
#: It attacks the words of the answer alone, which no gate of calls can see.
TEXT_ONLY = ("travel", "injection_task_6")


def nothing(_: Any) -> bool:
    """No gate."""
    return True


def trifecta(told: Any) -> bool:
    """Nothing leaves once both untrusted and private content was read."""
    call, _, seen = told
    untrusted, private = any(READS[name][0] for name in seen), any(READS[name][1] for name in seen)
    return not (call.tool.effect == "egress" and untrusted and private)


def named(told: Any) -> bool:
    """Every critical argument stands in the user's words."""
    call, origins, _ = told
    values = [leaf.value for value in call.critical().values() for leaf in leaves(value) if leaf.value != ""]
    return not call.tool.consequential or all(origins.of(value).kind == "user" for value in values)


LEVELS: dict[str, dict[str, Any]] = {
    "no gate": {"rule": nothing, "shows": "each"},
    "trifecta (untrusted + private read: nothing leaves)": {"rule": trifecta, "shows": "each"},
    "entity (the user named whom it affects)": {"rule": named, "shows": "each"},
    "fumehood, default": {},
    "fumehood, results shown at once": {"shows": "each"},
    "fumehood, strict": {"strict": True},
}


def pairs() -> list[tuple[str, Any, Any]]:
    """Every user task with every injected goal that wants something done."""
    return [
        (suite, user, injection)
        for suite, dojo in SUITES.items()
        for user in dojo.user_tasks.values()
        for injection in dojo.injection_tasks.values()
        if (suite, injection.ID) != TEXT_ONLY
    ]


def users() -> list[tuple[str, Any]]:
    return [(suite, user) for suite, dojo in SUITES.items() for user in dojo.user_tasks.values()]


def row(name: str, options: dict[str, Any], step: int) -> tuple[str, list[str], list[float]]:
    """Measure one level: utility and asks without attack, side effects with one, and with reused arguments."""
    benign = [(suite, task(suite, user, injection=None, setting=Setting(**options))) for suite, user in users()]
    some = pairs()[::step]
    attacked = [task(s, u, injection=i, setting=Setting(**options, attack="goal")) for s, u, i in some]
    reused = adaptive(options)
    good = {s: sum(r.utility for suite, r in benign if suite == s) for s in SUITES}
    asks = sum(len(r.asked) for _, r in benign)
    harmed = sum(bool(r.harm) for r in attacked)
    cells = [
        f"{sum(good.values())}/{len(benign)} ({100 * sum(good.values()) / len(benign):.1f} %)",
        " / ".join(map(str, good.values())),
        f"{harmed}/{len(some)}",
        f"{sum(r.security for r in attacked)}/{len(some)}",
        f"{sum(r.attacked for r in attacked)}",
        f"{sum(bool(r.harm) for r in reused)}/{len(reused)}",
        f"{asks / len(benign):.2f} ({sum(bool(r.asked) for _, r in benign)})",
    ]
    print(f"| {name} | {' | '.join(cells)} |", flush=True)
    for each in attacked:
        if each.harm and options.get("rule") is None:
            print("  harm:", each.harm, file=sys.stderr, flush=True)
    times = [ms for _, r in benign for ms in r.gate_ms] if "rule" not in options else []
    return name, cells, times


def adaptive(options: dict[str, Any]) -> list[Run]:
    """The user's own calls with their critical arguments, and the attacker's content: tasks where there is one."""
    done: list[Run] = []
    for suite, user in users():
        calls = user.ground_truth(SUITES[suite].load_and_inject_default_environment({}))
        if not any(_reusable(suite, call) for call in calls):
            continue
        injection = next(iter(SUITES[suite].injection_tasks.values()))
        done.append(task(suite, user, injection=injection, setting=Setting(**options, attack="adaptive")))
    return [each for each in done if each.attacked]


def _reusable(suite: str, call: Any) -> bool:
    effect, critical, _ = DECLARED[suite][call.function]
    return effect != "read" and critical is not None and any(name not in critical for name in call.args)


def forged() -> list[str]:
    """Tasks whose target rests on a field that an outsider can fill: with a forged record beside the real one."""
    lines: list[str] = []
    for suite, user in users():
        run = task(suite, user, injection=None, setting=Setting())
        resting = {(where, value) for _, where, value in run.origins if isinstance(value, str)}
        for where, value in sorted(resting):
            if not FORGEABLE & {where.rpartition(".")[2], where}:
                continue
            evil = "forged-" + value if "@" in value or " " not in value else "Forged " + value
            again = task(suite, user, injection=None, setting=Setting(forged=(value, evil)))
            passed = not again.asked
            lines.append(f"{suite} {user.ID} {where} {'done without asking' if passed else 'asked'}")
    return lines


def main(arguments: list[str]) -> int:
    """Measure, print, and write the table."""
    warnings.simplefilter("ignore")
    speed_up()
    quick = "--quick" in arguments
    only = arguments[arguments.index("--only") + 1] if "--only" in arguments else ""
    chosen = {name: options for name, options in LEVELS.items() if only in name}
    rows = [row(name, options, 9 if quick or "rule" in options else 1) for name, options in chosen.items()]
    times = sorted(ms for _, _, each in rows for ms in each) or [0.0]
    told = forged()
    resting = {" ".join(line.split()[:2]) for line in told}
    passed = {" ".join(line.split()[:2]) for line in told if line.endswith("without asking")}
    p50, p99 = statistics.median(times), times[int(len(times) * 0.99)]
    notes = [
        f"Gate: p50 {p50:.2f} ms, p99 {p99:.2f} ms over {len(times)} decisions.",
        (
            f"Forged records: in {len(resting)} tasks the target rests on a field that an outsider can fill; {len(passed)}"
            f" of them act on the forged record without asking: {', '.join(sorted(passed)) or 'none'}."
        ),
    ]
    print(*notes, *told, sep="\n")
    if "--write" in arguments:
        _write(rows, notes)
    return 0


def _write(rows: list[tuple[str, list[str], list[float]]], notes: list[str]) -> None:
    head = [
        "| level | useful, nobody answers | ws / travel / bank / slack | side effects | AgentDojo’s check | attacked | reused | asks |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    table = [
        *head,
        *(f"| {name} | {' | '.join(cells)} |" for name, cells, _ in rows),
        "",
        *(f"- {each}" for each in notes),
    ]
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    PAGE.write_text(before + BEGIN + "\n" + "\n".join(table) + "\n" + END + after, encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
