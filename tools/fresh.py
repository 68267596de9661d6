"""What the tools/render_*.py have in common: each writes files that nobody writes by hand, and can say that one is stale."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parent.parent


def keep_fresh(texts: Mapping[Path, str | None]) -> int:
    """Make files what they should be, None being gone; with --check write nothing, name the stale ones and answer 1."""
    stale = [path for path, text in texts.items() if text != written(path)]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is stale: run python tools/{Path(sys.argv[0]).name}", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        text = texts[path]
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 0


def written(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
