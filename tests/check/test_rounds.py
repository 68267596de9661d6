"""What each round of attacks and programs taught stays learnt. The first-try rates stand in rounds/README.md."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import cast

import pytest

from fumehood.check import check

pytestmark = pytest.mark.usefixtures("patient")
ROUNDS = Path(__file__).parent / "rounds"


def _cases(kind: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for path in sorted(ROUNDS.glob("round*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        cases = cast("dict[str, str]", getattr(module, kind))
        found += [(f"{path.stem}:{name}", code) for name, code in cases.items()]
    return found


@pytest.mark.parametrize(
    ("name", "code"), _cases("ATTACKS"), ids=lambda value: value if ":" in value and "\n" not in value else ""
)
def test_attack_is_refused(name: str, code: str) -> None:
    """Every attack of every round is refused, with a finding that can be acted on."""
    report = check(code)

    assert report.verdict == "refuse", name
    for finding in report.findings:
        assert 1 <= finding.line <= len(code.split("\n"))
        assert 0 <= finding.col <= len(code.split("\n")[finding.line - 1])
        assert finding.why.endswith(".")
        assert finding.fix
        assert finding.allow
        assert finding.clause


@pytest.mark.parametrize(
    ("name", "code"), _cases("PROGRAMS"), ids=lambda value: value if ":" in value and "\n" not in value else ""
)
def test_ordinary_program_is_allowed(name: str, code: str) -> None:
    """No ordinary program of any round is refused or asked about."""
    report = check(code)

    assert ((), "allow") == (report.findings, report.verdict), name
