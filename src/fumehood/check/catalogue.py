"""The one table of rules. Documentation, SARIF metadata and `explain` are rendered from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fumehood.check.rules import code, escape, files, network, processes, reading, resources, secrets
from fumehood.errors import UsageError

if TYPE_CHECKING:
    from fumehood.check.rules.rule import Rule

FAMILIES: Final = {
    "0": ("Reading", reading.RULES),
    "1": ("Files", files.RULES),
    "2": ("Network", network.RULES),
    "3": ("Processes", processes.RULES),
    "4": ("Code", code.RULES),
    "5": ("Escape", escape.RULES),
    "6": ("Secrets", secrets.RULES),
    "7": ("Resources", resources.RULES),
}
# Within a family the order is that of judgement: the first rule that has a verdict on a need decides.
RULES: Final[tuple[Rule, ...]] = tuple(rule() for _, rules in FAMILIES.values() for rule in rules)


def _by_capability() -> dict[str, tuple[Rule, ...]]:
    found: dict[str, tuple[Rule, ...]] = {}
    for rule in RULES:
        for capability in rule.capabilities:
            found[capability] = (*found.get(capability, ()), rule)
    return found


BY_CAPABILITY: Final = _by_capability()
BY_ID: Final = {rule.id: rule for rule in RULES}


def page(rule: Rule) -> str:
    """Answer a rule's page in Markdown."""
    references = [f"- [CWE-{number}](https://cwe.mitre.org/data/definitions/{number}.html)" for number in rule.cwe]
    references += [f"- OWASP Top 10 for LLM Applications: {name}" for name in rule.owasp]
    judged = ", ".join(f"`{name}`" for name in rule.capabilities)
    head = f"# {rule.id} {rule.name}\n\nDecided by `{rule.clause}`. Judges {judged}.\n"
    return "\n".join([head, rule.page(), "", "## References", *references, ""])


def explain(rule_id: str) -> str:
    """Answer the page of a rule, by its id or its name.

    Raises:
        UsageError: There is no such rule.
    """
    wanted = rule_id.strip()
    for rule in RULES:
        if wanted.upper() == rule.id or wanted.lower() == rule.name:
            return page(rule)
    known = ", ".join(rule.id for rule in RULES)
    raise UsageError(f"There is no rule {rule_id!r}.", remedy=f"Name one of {known}.")
