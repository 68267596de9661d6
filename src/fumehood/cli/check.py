"""`fumehood check`."""

from __future__ import annotations

import json
import sys

import click

from fumehood.check import check, render, to_json, to_sarif
from fumehood.cli.options import load_policy, read_source, source_options
from fumehood.errors import UsageError

EXIT = {"allow": 0, "refuse": 3, "ask": 7}


@click.command("check")
@source_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--sarif", is_flag=True, help="Print SARIF 2.1.0.")
def command(  # noqa: PLR0917 -- the contract's options
    file: str | None,
    code: str | None,
    lang: str | None,
    policy: str,
    as_json: bool,  # noqa: FBT001 -- click's
    sarif: bool,  # noqa: FBT001 -- click's
) -> int:
    """Read a program without running any of it: what it could do, held against a policy.

    Exit code 0 is allowed, 3 refused, 7 a person must decide.
    """
    if as_json and sarif:
        raise UsageError("--json and --sarif are two forms of one report.", remedy="Name one of them.")
    source, name, language = read_source(file, code, lang)
    report = check(source, language=language, policy=load_policy(policy))
    if as_json:
        click.echo(json.dumps(to_json(report), ensure_ascii=False))
    elif sarif:
        click.echo(json.dumps(to_sarif(report, file or name), ensure_ascii=False))
    else:
        click.echo(render(report, source, colour=sys.stdout.isatty()), nl=False)
    return EXIT[report.verdict]
