"""Other tools that judge Python before it runs, as they come: each is used where it is installed."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Row = dict[str, Any]
Judged = tuple[dict[str, bool], list[float]]
BANDIT_MEDIUM = 2


def judged(rows: list[Row]) -> dict[str, Judged]:
    """What each tool that is installed flags, and its milliseconds a snippet, sorted (none for a tool that reads in batches)."""
    tools = {"bandit, medium and up": bandit(), "RestrictedPython, no imports": restricted()}
    found = {name: _timed(rows, judge) for name, judge in tools.items() if judge is not None}
    rules = code_shield()
    return found | ({} if rules is None else {"CodeShield's rules": (semgrep(rows, rules), [])})


def _timed(rows: list[Row], judge: Callable[[str], bool]) -> Judged:
    flagged: dict[str, bool] = {}
    times: list[float] = []
    for row in rows:
        begun = time.thread_time()
        flagged[row["id"]] = judge(row["code"])
        times.append((time.thread_time() - begun) * 1000)
    return flagged, sorted(times)


def bandit() -> Callable[[str], bool] | None:
    """Answer bandit at medium severity or above."""
    if importlib.util.find_spec("bandit") is None:
        return None
    import io  # noqa: PLC0415 - only beside bandit
    import logging  # noqa: PLC0415 - as above

    from bandit.core import config, manager  # noqa: PLC0415 - optional

    logging.disable(logging.CRITICAL)
    settings = config.BanditConfig()

    def judge(code: str) -> bool:
        checker = manager.BanditManager(settings, "file")
        checker._parse_file("<code>", io.BytesIO(code.encode("utf-8", "replace")), [])  # noqa: SLF001 - has no other door for text
        ranks = {"LOW": 1, "MEDIUM": BANDIT_MEDIUM, "HIGH": 3}
        return any(ranks.get(issue.severity, 0) >= BANDIT_MEDIUM for issue in checker.results)

    return judge


def restricted() -> Callable[[str], bool] | None:
    """Answer RestrictedPython's compiler with every import refused, which is how it is without a guard of one's own."""
    if importlib.util.find_spec("RestrictedPython") is None:
        return None
    import ast  # noqa: PLC0415 - only beside RestrictedPython

    from RestrictedPython import compile_restricted_exec  # noqa: PLC0415 - optional

    def judge(code: str) -> bool:
        try:
            result = compile_restricted_exec(code)
            imports = any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.walk(ast.parse(code)))
        except (SyntaxError, ValueError, AttributeError):  # the last is a fault of its own on some programs
            return True
        return bool(result.errors) or imports

    return judge


def code_shield() -> Path | None:
    """Answer where CodeShield's semgrep rules for Python lie."""
    found = importlib.util.find_spec("codeshield")
    folder = Path(next(iter(found.submodule_search_locations or []), "")) if found is not None else None
    if folder is None or importlib.util.find_spec("semgrep") is None:
        return None
    return folder / "insecure_code_detector/rules/semgrep/python"


def semgrep(rows: list[Row], rules: Path) -> dict[str, bool]:
    """Answer what semgrep flags by rules, over all rows in one go: alone it takes seconds to start."""
    with tempfile.TemporaryDirectory() as folder:
        for number, row in enumerate(rows):
            Path(folder, f"{number}.py").write_text(row["code"], encoding="utf-8", errors="replace")
        command = [
            str(Path(sys.executable).parent / "semgrep"),
            "scan",
            "--config",
            str(rules),
            "--metrics=off",
            "--json",
        ]
        command += ["--disable-version-check", "--no-git-ignore", "--quiet", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        results = json.loads(done.stdout or "{}").get("results", [])
        hit = {int(Path(result["path"]).stem) for result in results}
    return {row["id"]: number in hit for number, row in enumerate(rows)}
