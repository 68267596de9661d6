"""A fuzz target: any bytes, read as a program of any language, are answered within the budget.

`python -m tests.fuzz.check_target` fuzzes for as long as it is let, where atheris is installed; the tests feed it by hypothesis.
"""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING

from fumehood.check import State, examine, render, to_json, to_sarif
from fumehood.execution import LANGUAGES

if TYPE_CHECKING:
    from fumehood.execution import Report

_kept: list[State] = [State()]


def one_input(data: bytes) -> None:
    """Read one program; the first byte says the language, and whether it comes after the ones before."""
    if not data:
        return
    language = LANGUAGES[data[0] % len(LANGUAGES)]
    source = data[1:] if data[0] & 64 else data[1:].decode("utf-8", "surrogateescape")
    report, state = examine(source, language, "workbench" if data[0] & 32 else None, state=_kept[0])
    _kept[0] = state if data[0] & 128 else State()
    answered(report, source if isinstance(source, str) else source.decode("utf-8", "replace"))


def answered(report: Report, source: str) -> None:
    """Every report is whole: a verdict, findings inside of the source, and every form of it can be written."""
    assert report.verdict in {"allow", "ask", "refuse"}
    assert report.analysis.complete or report.verdict != "allow"
    lines = re.split(r"\r\n|\r|\n", source)
    for finding in report.findings:
        assert 1 <= finding.line <= len(lines), finding
        assert len(finding.snippet) <= 200
        assert all((finding.why, finding.fix, finding.allow, finding.clause))
    assert "\x1b" not in render(report, source)
    json.dumps([to_json(report), to_sarif(report, "x")], allow_nan=False).encode()


if __name__ == "__main__":
    import atheris  # type: ignore[import-not-found] # a tool of whoever fuzzes, no dependency

    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
