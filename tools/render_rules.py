"""Render docs/rules from the catalogue: `python tools/render_rules.py`; `--check` fails where a page is not as rendered."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from fumehood.check.catalogue import FAMILIES, RULES, page

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "rules"


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


def main() -> int:
    """Write the pages, or tell which are stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a page is stale")
    only_check = parser.parse_args().check
    pages = rendered()
    known = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    stale = sorted(name for name in {*pages, *known} if pages.get(name) != known.get(name))
    if only_check:
        for name in stale:
            print(f"docs/rules/{name} is stale: run python tools/render_rules.py", file=sys.stderr)
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in stale:
        if name in pages:
            (FOLDER / name).write_text(pages[name], encoding="utf-8")
        else:
            (FOLDER / name).unlink()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
