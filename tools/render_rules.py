"""Render docs/rules from the catalogue: `python tools/render_rules.py [--check]`.

With --check nothing is written; the exit code is 1 and the stale pages are named.
"""

from __future__ import annotations

import sys

from fresh import ROOT, keep_fresh
from fumehood.check.catalogue import FAMILIES, RULES, page

FOLDER = ROOT / "docs" / "rules"


def rendered() -> dict[str, str]:
    """Answer the pages by file name."""
    pages = {f"{rule.id}.md": page(rule) for rule in RULES}
    lines = ["# Rules", "", "What `fumehood check` looks for. `fumehood explain FH101` prints a page.", ""]
    for digit, (title, rules) in FAMILIES.items():
        lines += [f"## FH{digit}xx {title}", "", "| rule | name | decided by |", "| --- | --- | --- |"]
        lines += [
            f"| [{rule.id}]({rule.id}.md) | {rule.name} | `{rule.clause}` |"
            for rule in sorted(rules, key=lambda rule: rule.id)
        ]
        lines.append("")
    return {"README.md": "\n".join(lines), **pages}


if __name__ == "__main__":
    gone = dict.fromkeys(FOLDER.glob("*.md"))
    sys.exit(keep_fresh(gone | {FOLDER / name: text for name, text in rendered().items()}))
