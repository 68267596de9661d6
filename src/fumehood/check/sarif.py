"""A report as SARIF 2.1.0, for editors and code hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from fumehood.check.catalogue import RULES, page
from fumehood.check.serial import to_json

if TYPE_CHECKING:
    from fumehood.check.rules.rule import Rule
    from fumehood.execution import Report

LEVELS: Final = {"refuse": "error", "ask": "warning", "allow": "note"}
SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def to_sarif(report: Report, path: str) -> dict[str, Any]:
    """Answer a report on the source at `path` as a SARIF log."""
    uri = quote(path)
    index = {rule.id: number for number, rule in enumerate(RULES)}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "fumehood",
                        "semanticVersion": f"{report.analysis.version}.0.0",
                        "rules": [_described(rule) for rule in RULES],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [{"executionSuccessful": report.analysis.complete}],
                "results": [_result(item, index, uri) for item in to_json(report)["findings"]],
                "properties": {
                    "verdict": report.verdict,
                    "policySha256": report.policy_sha256,
                    "codeSha256": report.code_sha256,
                },
            }
        ],
    }


def _described(rule: Rule) -> dict[str, Any]:
    text = page(rule)
    return {
        "id": rule.id,
        "name": "".join(part.capitalize() for part in rule.name.split("-")),
        "shortDescription": {"text": rule.page().partition("\n")[0]},
        "fullDescription": {"text": rule.page().partition("\n\n## Refused")[0]},
        "help": {"text": text, "markdown": text},
        "properties": {
            "tags": ["security", *(f"external/cwe/cwe-{number}" for number in rule.cwe)],
            "precision": "high",
        },
    }


def _result(item: dict[str, Any], index: dict[str, int], uri: str) -> dict[str, Any]:
    region: dict[str, Any] = {"startLine": item["line"], "startColumn": item["col"] + 1}
    if item["snippet"]:
        region["snippet"] = {"text": item["snippet"]}
    return {
        "ruleId": item["rule"],
        "ruleIndex": index[item["rule"]],
        "level": LEVELS[item["verdict"]],
        "message": {"text": f"{item['why']} {item['fix']} To allow it: {item['allow']}"},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}],
        "properties": {
            key: item[key] for key in ("capability", "value", "confidence", "clause", "trace", "verdict", "name")
        },
    }
