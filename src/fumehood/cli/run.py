"""`fumehood run`."""

from __future__ import annotations

import hashlib
import json
import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from fumehood import sandbox, showing
from fumehood.cli import displays
from fumehood.cli.commands import EXIT
from fumehood.cli.options import folder, load_policy, read_source, source_options
from fumehood.cli.progress import Advance, Building
from fumehood.cli.text import printable, write
from fumehood.errors import Unavailable
from fumehood.execution import ProgramError, Report, Result

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from fumehood.execution import Finding, Language
    from fumehood.policy import Policy


@click.command("run")
@source_options
@click.option("--env", default="auto", metavar="NAME|auto", help="What is installed inside.")
@click.option("--tier", metavar="NAME", help="How to isolate; the policy's tier by default.")
@click.option("--data", multiple=True, metavar="PATH", help="A file or folder to read inside, at data/NAME.")
@click.option("--out", metavar="DIR", callback=folder, help="Where what the code writes below out/ goes.")
@click.option("--timeout", metavar="30s", help="The wall limit of this run.")
@click.option("--memory", metavar="2GiB", help="The memory limit of this run.")
@click.option("--allow-net", multiple=True, metavar="HOST:PORT", help="A host that the code may reach.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on standard output.")
def command(  # noqa: PLR0913, PLR0917 -- the contract's options
    file: str | None,
    code: str | None,
    lang: str | None,
    policy: str,
    env: str,
    tier: str | None,
    data: tuple[str, ...],
    out: str | None,
    timeout: str | None,
    memory: str | None,
    allow_net: tuple[str, ...],
    as_json: bool,  # noqa: FBT001 -- click's
) -> int:
    """Run a program in a sandbox of its own, which is gone afterwards.

    With no FILE and no -c the program is read from standard input.
    """
    source, name, language = read_source(file, code, lang)
    in_force = load_policy(policy, wall=timeout, memory=memory, hosts=allow_net)
    building, advance, asked = Building("data" if env == "auto" else env), Advance(), list[Report]()
    try:
        result = sandbox.run(
            source,
            language=language,
            policy=in_force,
            env=env,
            tier=tier,
            data=data,
            out=out,
            name=name,
            on_stdout=None if as_json else advance.before(_writer(sys.stdout)),
            on_stderr=None if as_json else advance.before(_writer(sys.stderr)),
            on_event=None if as_json else advance.hear,
            approve=partial(_ask, asked) if sys.stdin.isatty() and sys.stderr.isatty() else None,
            on_build=building.hear,
        )
    except Unavailable as error:
        if as_json:
            _print(_unavailable(error, source, language, policy=in_force))
        raise
    finally:
        building.close()
        advance.hide()
    if as_json:
        _print(result)
    else:
        _show(result, out, told=bool(asked))
    return EXIT[result.outcome]


def _ask(asked: list[Report], report: Report) -> bool:
    """Let the person at the terminal decide about this one run."""
    asked.append(report)
    for finding in report.findings:
        for line in _finding(finding, ran=False):
            write(sys.stderr, printable(line) + "\n")
    return click.confirm("Run it all the same?", default=False, err=True)


def _finding(finding: Finding, *, ran: bool) -> list[str]:
    """A finding as a person reads it: where, why, how to mend the code, what would allow it."""
    what = "noted" if ran else finding.verdict
    lines = [
        f"fumehood: {what}: {finding.rule} {finding.name}, line {finding.line}: {finding.why}",
        *([f"    {finding.snippet}"] if finding.snippet else []),
        f"  fix:   {finding.fix}",
    ]
    if finding.allow:
        lines.append(f"  allow: {finding.allow}")
    return lines


def _print(result: Result) -> None:
    """One JSON object in UTF-8; in ASCII where standard output has another encoding."""
    unicode = (sys.stdout.encoding or "").lower() in {"utf-8", "utf8"}
    write(sys.stdout, json.dumps(result.to_dict(), ensure_ascii=not unicode, allow_nan=False) + "\n")


def _unavailable(error: Unavailable, source: str, language: Language, *, policy: Policy) -> Result:
    """What `--json` says where nothing could run."""
    return Result(
        outcome="unavailable",
        error=ProgramError(type(error).__name__, str(error), None, "", error.remedy()),
        tier=policy.isolation.tier,
        language=language,
        policy=policy.name,
        code_sha256=hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest(),
        policy_sha256=policy.sha256,
    )


def _writer(stream: TextIO) -> Callable[[str], None]:
    """Pass output on as it comes; on a terminal without what could steer it."""
    terminal = stream.isatty()

    def pass_on(piece: str) -> None:
        write(stream, printable(piece) if terminal else piece)

    return pass_on


def _show(result: Result, out: str | None, *, told: bool) -> None:
    """What was displayed, and the value, on standard output; on standard error all else that is not yet told."""
    remarks = displays.show(result, out)
    if result.error is None and (words := showing.last_words(result)):
        write(sys.stdout, printable(words) + "\n")
    for line in [*remarks, *([] if told else _found(result)), *_remarks(result)]:
        write(sys.stderr, printable(line) + "\n")


def _found(result: Result) -> list[str]:
    ran = result.outcome != "refused"
    return [line for finding in result.findings for line in _finding(finding, ran=ran)]


def _remarks(result: Result) -> list[str]:
    lines = list[str]()
    if result.error is not None:
        lines.append((result.error.traceback or f"{result.error.name}: {result.error.message}").rstrip())
        lines += [f"fumehood: {result.error.remedy}"] if result.error.remedy else []
    if result.outcome == "refused":
        lines.append("fumehood: refused before it ran; nothing of it was executed.")
    if result.limit is not None:
        hit = result.limit
        lines.append(f"fumehood: the {hit.kind} limit of {hit.limit} ended the program ({hit.used} used).")
        lines.append(f"  {hit.remedy}")
    for denial in result.denials:
        lines.append(f"fumehood: refused by {denial.layer}: {denial.what} ({denial.clause}).")
        lines.append(f"  {denial.remedy}")
    lines += _left_behind(result)
    if sys.stderr.isatty():
        lines.append(_summary(result))
    return lines


def _left_behind(result: Result) -> list[str]:
    """What of it did not come out."""
    clauses = {"stdout": "limits.output", "stderr": "limits.output", "displays": "limits.displays"}
    dropped = {name: count for name, count in result.dropped._asdict().items() if count}
    return [
        *(
            f"fumehood: {count:,} more bytes of {name} were dropped; {clauses[name]} keeps the first."
            for name, count in dropped.items()
        ),
        *(f"fumehood: left out: {each.path}: {each.why}" for each in result.left_out),
    ]


def _summary(result: Result) -> str:
    weak = [control.name for control in result.controls if control.status != "enforced"]
    usage = result.usage
    parts = [
        f"{result.outcome} in {usage.wall_ms:.0f} ms",
        f"{usage.peak_memory / 2**20:.0f} MiB",
        f"policy {result.policy}",
        f"{result.tier}: {len(result.controls) - len(weak)} of {len(result.controls)} controls enforced",
    ]
    if weak:
        parts.append("weaker: " + ", ".join(weak))
    if result.files:
        parts.append(f"{len(result.files)} files in out/")
    return "— " + " · ".join(parts)
