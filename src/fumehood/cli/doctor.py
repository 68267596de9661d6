"""`fumehood doctor`."""

from __future__ import annotations

import json

import click

from fumehood.cli.commands import UNAVAILABLE
from fumehood.diagnosis import doctor

_MARKS = {"enforced": "✓", "weaker": "~", "absent": "✗"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> int:  # noqa: FBT001 -- click's
    """Show what this machine can enforce, what it can't, and the command that mends it."""
    found = doctor()
    if as_json:
        click.echo(json.dumps(found.to_dict()))
        return 0 if found.ok else UNAVAILABLE
    if found.host is not None:
        host = found.host
        who = "root" if host.root else "an ordinary user"
        click.echo(
            f"Linux {host.release} on {host.machine}, as {who}; cgroups: {host.cgroup}; Landlock ABI {host.landlock}"
        )
    for control in found.controls:
        click.echo(f"  {_MARKS[control.status]} {control.name:12} {control.how}")
    for problem in found.problems:
        click.echo(f"  ✗ {problem.what}\n    {problem.remedy}")
    for each in found.weaker:
        click.echo(f"{each.what}\n  → {each.remedy}")
    if found.ok:
        click.echo(f"Sandboxes run here: the first answered after {found.first_run_ms:.0f} ms.")
    else:
        click.echo("No sandbox can run here as it is.")
    return 0 if found.ok else UNAVAILABLE
