"""`fumehood ask`."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Final

import click

from fumehood.agent import Agent, Answer, Budget, Failure
from fumehood.cli import displays
from fumehood.cli.options import folder, load_policy
from fumehood.cli.progress import Building
from fumehood.cli.text import printable, write
from fumehood.errors import Unavailable, UsageError
from fumehood.policy.units import format_bytes, parse_seconds

if TYPE_CHECKING:
    from fumehood.agent import Step
    from fumehood.agent.answer import Stopped
    from fumehood.execution import Event

EXIT: Final[dict[Stopped, int]] = {"answered": 0, "error": 1, "refused": 3, "steps": 4, "budget": 4}
_FOLD: Final = 12  # lines of a program or of its output that are shown


@click.command("ask")
@click.argument("question")
@click.option("--data", multiple=True, metavar="PATH", help="A file or folder that the programs may read.")
@click.option("--model", metavar="PROVIDER:NAME", help="By default a small one of the first provider with a key set.")
@click.option("--base-url", metavar="URL", help="A server that speaks the provider's format.")
@click.option("--policy", default="default", metavar="FILE|NAME", help="What the programs may do.")
@click.option("--env", default="auto", metavar="NAME|auto", help="What is installed inside.")
@click.option("--out", metavar="DIR", callback=folder, help="Where the files and pictures that the programs make go.")
@click.option(
    "--max-steps", type=int, default=Budget().steps, show_default=True, metavar="N", help="Programs that may run."
)
@click.option("--max-tokens", type=int, metavar="N", help="Tokens that may be used.")
@click.option("--max-cost", type=float, metavar="DOLLARS", help="Money, where the model's price is known.")
@click.option("--max-time", default="10m", show_default=True, metavar="TIME", help="Time until the answer.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, and nothing else, on standard output.")
def command(  # noqa: PLR0913, PLR0917 -- the contract's options
    question: str,
    data: tuple[str, ...],
    model: str | None,
    base_url: str | None,
    policy: str,
    env: str,
    out: str | None,
    max_steps: int,
    max_tokens: int | None,
    max_cost: float | None,
    max_time: str,
    as_json: bool,  # noqa: FBT001 -- click's
) -> int:
    """Have a model answer a question by programs that it writes, read and run in a sandbox.

    What happens on the way goes to standard error, the answer to standard output. Exit code 0 is answered, 1 the model
    failed, 3 it refused or was refused, 4 a budget is used up.
    """
    budget = Budget(max_steps, max_tokens, max_cost, _seconds(max_time))
    building = Building(env if env != "auto" else "data")
    agent = Agent(
        model,
        base_url=base_url,
        policy=load_policy(policy),
        env=env,
        on_build=building.hear,
        out=out,
        budget=budget,
    )
    with agent, closing(building):
        try:
            with closing(agent.stream(question, data=data, live=False)) as events:  # also when interrupted, at once
                *_, last = map(_tell, events)
        except Unavailable as error:
            if as_json:
                _print(Answer("", "error", agent.model, failure=Failure(str(error), error.remedy())))
            raise
    answer: Answer = last.detail["answer"]
    _finish(answer, out, as_json=as_json)
    return EXIT[answer.stopped]


def _seconds(text: str) -> float:
    try:
        return parse_seconds(text)
    except ValueError:
        raise UsageError(f"--max-time {text!r} is no time", remedy='Write it like "90s" or "5m".') from None


def _tell(event: Event) -> Event:
    """Progress, for a person, on standard error."""
    if event.event == "waits":
        _say(f"… {event.detail['why']} Trying again in {event.detail['seconds']:.0f} s.")
    elif event.event == "asks":
        _say(f"… asking {event.detail['model']}")
    elif event.event == "program":
        _say("── program", *_folded(event.detail["code"], "   "))
    elif event.event == "step":
        _step(event.detail["step"])
    return event


def _step(step: Step) -> None:
    result = step.result
    if step.outcome == "refused":
        _say("── refused before it ran")
        for finding in step.findings:
            _say(f"   {finding.rule} {finding.name}, line {finding.line}: {finding.why}", f"   fix: {finding.fix}")
        return
    _say(f"── allowed · {step.outcome} in {result.usage.wall_ms:.0f} ms")
    _say(*_folded(result.stdout + result.stderr, "   │ "))
    if result.value_text:
        _say(*_folded(result.value_text, "   = "))
    if result.error is not None:
        _say(f"   {result.error.name}: {result.error.message}")
    if result.limit is not None:
        _say(f"   the {result.limit.kind} limit of {result.limit.limit} ended it")
    if step.displays:
        _say(f"   showed {', '.join(dict.fromkeys(display.mime for display in result.displays))}")


def _folded(text: str, margin: str) -> list[str]:
    lines = text.rstrip().splitlines()
    shown = lines if len(lines) <= _FOLD + 1 else lines[:_FOLD]
    more = [f"{margin}… {len(lines) - len(shown)} more lines"] if len(shown) < len(lines) else []
    return [f"{margin}{line[:400]}" for line in shown] + more


def _say(*lines: str) -> None:
    for line in lines:
        write(sys.stderr, printable(line) + "\n")


def _finish(answer: Answer, out: str | None, *, as_json: bool) -> None:
    """The pictures, then why there is no answer, then the answer itself, last."""
    _show(answer, out, as_json=as_json)
    for file in answer.files:
        _say(f"file: {file.path} ({format_bytes(file.size)})" + ("" if out else ", kept with --out DIR"))
    if answer.failure is not None:
        _say(f"fumehood: {answer.failure.message}", f"  {answer.failure.remedy}")
    for what, count in answer.filtered.items():
        _say(f"fumehood: taken out of the answer: {what} ({count}×)")
    if as_json:
        _print(answer)
    elif answer.answer:
        write(sys.stdout, printable(answer.answer) + "\n")


def _print(answer: Answer) -> None:
    """One JSON object in UTF-8; in ASCII where standard output has another encoding."""
    unicode = (sys.stdout.encoding or "").lower() in {"utf-8", "utf8"}
    write(sys.stdout, json.dumps(answer.to_dict(), ensure_ascii=not unicode, allow_nan=False) + "\n")


def _show(answer: Answer, out: str | None, *, as_json: bool) -> None:
    """Show what the programs displayed where a person looks at it; else keep the pictures, or name them."""
    for step in answer.steps:
        if sys.stdout.isatty() and not as_json:
            _say(*displays.show(step.result, out))
        elif out is not None:
            _say(*displays.keep(step.result, out))
        elif step.displays:
            _say(f"fumehood: {step.displays} displayed, kept with --out DIR")
