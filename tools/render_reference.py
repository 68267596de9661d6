"""Render docs/reference/ from the code it describes: `python tools/render_reference.py [--check]`.

With --check nothing is written; the exit code is 1 and the stale pages are named.
"""

from __future__ import annotations

import json
import sys
import tomllib

import fumehood.errors
from fresh import ROOT, keep_fresh
from fumehood.policy import CLAUSES, Policy, shipped

FOLDER = ROOT / "docs" / "reference"
NOTE = "<!-- Written by tools/render_reference.py; change the code it describes instead. -->"


def policy_page() -> str:
    """Lay out every clause, and what the shipped policies say otherwise than the default."""
    default = written(Policy.default())
    clauses = [
        f"| `{clause.name}` | {cell(clause.says)} | {cell(clause.accepted)} | {default[clause.name]} |"
        for clause in CLAUSES.values()
    ]
    others = [row for name in sorted(shipped()) if name != "default" for row in differences(name)]
    return "\n".join([
        "# Policy",
        "",
        NOTE,
        "",
        "A policy is a TOML file with the tables below; what it leaves out has the default's value.",
        "",
        "| clause | what it is for | accepted | default |",
        "| --- | --- | --- | --- |",
        *clauses,
        "",
        "## Shipped policies",
        "",
        "`default` is what stands above. The others differ from it in this:",
        "",
        "| policy | clause | value |",
        "| --- | --- | --- |",
        *others,
        "",
    ])  # fmt: skip


def errors_page() -> str:
    """Show the tree of errors as its module draws it."""
    tree = (fumehood.errors.__doc__ or "").strip()
    return f"# Errors\n\n{NOTE}\n\n```text\n{tree}\n```\n"


def written(policy: Policy) -> dict[str, str]:
    """Give every clause's value as it stands in the policy's file, empty for an open table without entries."""
    tables = tomllib.loads(policy.to_toml())
    return {
        clause: f"`{json.dumps(tables[table][name])}`" if name else ""
        for clause in CLAUSES
        for table, _, name in (clause.partition("."),)
    }


def differences(name: str) -> list[str]:
    """List what a shipped policy says otherwise than the default."""
    default, other = written(Policy.default()), written(Policy.load(name))
    rows = [f"| `{name}` | `{clause}` | {other[clause]} |" for clause in CLAUSES if other[clause] != default[clause]]
    return rows or [f"| `{name}` | | all as `default` |"]


def cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(keep_fresh({FOLDER / "policy.md": policy_page(), FOLDER / "errors.md": errors_page()}))
