"""From needs and a policy to findings and one verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fumehood.check.need import Need, Reading
from fumehood.execution import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fumehood.check.rules.rule import Rule
    from fumehood.execution import Verdict
    from fumehood.policy import Policy

MAX_FINDINGS: Final = 50
RANK: Final[dict[Verdict, int]] = {"refuse": 2, "ask": 1, "allow": 0}


def judge(reading: Reading, policy: Policy) -> tuple[Verdict, tuple[Finding, ...]]:
    """Answer the verdict on a program, and one finding for each cause, worst first."""
    found: dict[tuple[str, str | None], tuple[int, Finding]] = {}
    for need in [*reading.needs, *_of_reading(reading)]:
        decided = decide(need, policy)
        if decided is None:
            continue
        rule, verdict = decided
        key = (rule.id, need.value)
        if key not in found or _surer(need, found[key][1]):
            found[key] = (rule.weight, finding(need, rule, verdict))
    kept = _without_echoes(found.values())
    kept.sort(key=lambda pair: (-RANK[pair[1].verdict], -pair[0], pair[1].line, pair[1].col))
    findings = tuple(item for _, item in kept[:MAX_FINDINGS])
    return (findings[0].verdict if findings else "allow"), findings


def decide(need: Need, policy: Policy) -> tuple[Rule, Verdict] | None:
    """Answer the rule that judges a need and its verdict; None where it is allowed."""
    from fumehood.check.catalogue import BY_CAPABILITY  # noqa: PLC0415 -- 3 ms that a program without needs saves

    for rule in BY_CAPABILITY.get(need.capability, ()):
        verdict = rule.judge(need, policy)
        if verdict is not None:
            return None if verdict == "allow" else (rule, verdict)
    return None


def _of_reading(reading: Reading) -> Iterable[Need]:
    """What the reading as a whole is judged by: source that does not parse, or was not read to its end."""
    if reading.error is not None:
        fault = reading.error
        yield Need(
            "source.syntax",
            f"{fault.message} (line {fault.line}, column {fault.col + 1})",
            fault.line,
            fault.col,
            "",
            (),
            "resolved",
        )
    if not reading.complete:
        yield Need("source.incomplete", None, 1, 0, "", (), "unknown")


def _surer(need: Need, other: Finding) -> bool:
    return need.confidence == "resolved" and other.confidence != "resolved"


def _without_echoes(found: Iterable[tuple[int, Finding]]) -> list[tuple[int, Finding]]:
    """Leave out the mere naming of a function on a line where its use is found already."""
    whole = list(found)
    used = {(item.rule, item.line) for _, item in whole if item.confidence == "resolved"}
    return [pair for pair in whole if pair[1].confidence == "resolved" or (pair[1].rule, pair[1].line) not in used]


def finding(need: Need, rule: Rule, verdict: Verdict) -> Finding:
    """Answer what a person or a model needs to act on one cause."""
    shown = need if need.value is None else need._replace(value=need.value[:300])
    return Finding(
        rule=rule.id,
        name=rule.name,
        capability=shown.capability,
        value=shown.value,
        line=shown.line,
        col=shown.col,
        snippet=shown.snippet,
        trace=shown.trace,
        confidence=shown.confidence,
        clause=rule.clause,
        why=rule.why(shown),
        fix=rule.fix(shown),
        allow=rule.allow(shown),
        verdict=verdict,
    )
