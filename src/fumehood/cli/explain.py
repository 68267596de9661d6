"""`fumehood explain`."""

from __future__ import annotations

import click

from fumehood.check import explain


@click.command("explain")
@click.argument("rule")
def command(rule: str) -> int:
    """Show the page of a rule: what it finds, why, and what would be allowed instead."""
    click.echo(explain(rule))
    return 0
