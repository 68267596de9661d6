"""A report for people: each finding with the source it is about, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fumehood.execution import Finding, Report

COLOURS: Final = {"refuse": "\x1b[1;31m", "ask": "\x1b[1;33m", "allow": "\x1b[1;32m", "faint": "\x1b[2m"}
OFF: Final = "\x1b[0m"
WIDTH: Final = 160


def render(report: Report, source: str, *, colour: bool = False) -> str:
    """Answer a report as text; the control characters of the source are made visible, never passed on."""
    lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")  # as Python counts them
    blocks = [_block(finding, lines, colour=colour) for finding in report.findings]
    return "\n\n".join([*blocks, _summary(report, colour=colour)]) + "\n"


def _summary(report: Report, *, colour: bool) -> str:
    word = {"allow": "Allowed", "ask": "A person must decide", "refuse": "Refused"}[report.verdict]
    count = len(report.findings)
    causes = "" if not count else f": {count} cause{'s' if count > 1 else ''}"
    unfinished = "" if report.analysis.complete else "; the code could not be read to its end"
    return f"{_painted(word, report.verdict, colour=colour)}{causes}{unfinished} ({report.analysis.ms:.1f} ms)."


def _block(finding: Finding, lines: list[str], *, colour: bool) -> str:
    title = _painted(f"{finding.rule} {finding.name}", finding.verdict, colour=colour)
    head = f"{title} at line {finding.line}, column {finding.col + 1}"
    shown = [head, *_excerpt(finding, lines, colour=colour), f"  why:   {_safe(finding.why)}"]
    shown += [f"  how:   {_safe(step)}" for step in finding.trace]
    return "\n".join([*shown, f"  fix:   {_safe(finding.fix)}", f"  allow: {_safe(finding.allow)}"])


def _excerpt(finding: Finding, lines: list[str], *, colour: bool) -> list[str]:
    if not 0 < finding.line <= len(lines):
        return []
    text = lines[finding.line - 1]
    start = max(0, min(finding.col, len(text)) - WIDTH // 2) if len(text) > WIDTH else 0
    before, rest = text[start : finding.col], text[finding.col : start + WIDTH]
    length = max(1, min(len(finding.snippet.partition("\n")[0]), len(rest)))
    gutter = f"{finding.line:5} | "
    marks = " " * (len(gutter) + len(_safe(before))) + "^" * length
    return [f"{gutter}{_safe(before)}{_safe(rest)}", _painted(marks, finding.verdict, colour=colour)]


def _safe(text: str) -> str:
    """Show what would steer a terminal instead of doing it."""
    return "".join(char if char.isprintable() else " " if char == "\t" else f"\\x{ord(char):02x}" for char in text)


def _painted(text: str, kind: str, *, colour: bool) -> str:
    return f"{COLOURS[kind]}{text}{OFF}" if colour else text
