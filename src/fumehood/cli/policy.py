"""`fumehood policy list | show | lint`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from fumehood import sandbox
from fumehood.cli.tools import named
from fumehood.guard.lint import lint_tools
from fumehood.policy import Policy, format_seconds, shipped
from fumehood.policy.units import format_bytes

if TYPE_CHECKING:
    from fumehood.plan import Plan, Setting

_WIDE = 60


@click.group("policy")
def command() -> None:
    """List, show and lint policies."""


@command.command("list")
def list_() -> int:
    """List the policies that come with fumehood."""
    for name in shipped():
        policy = Policy.load(name)
        limits = policy.limits
        memory, wall = format_bytes(limits.memory), format_seconds(limits.wall)
        spawn = "spawn" if policy.code.spawn else ""
        click.echo(f"{name:16} {memory:>8} {wall:>5}  {policy.isolation.tier:8} {spawn}".rstrip())
    return 0


@command.command()
@click.argument("name", metavar="NAME|FILE")
@click.option("--json", "as_json", is_flag=True, help="Print the policy and its plan as JSON.")
def show(name: str, as_json: bool) -> int:  # noqa: FBT001 -- click's
    """Show a policy, and the plan by which it is enforced here.

    Each setting of the plan names the clause that it comes from. What this machine can't enforce has no plan.
    """
    policy = Policy.load(name)
    if not as_json:
        click.echo(policy.to_toml())
    plan = sandbox.plan_for(policy)
    if as_json:
        click.echo(json.dumps({"policy": policy.to_dict(), "sha256": policy.sha256, "plan": _data(plan)}))
        return 0
    for part, settings in plan.slices():
        click.echo(f"# plan: {part}")
        for setting in settings.values():
            click.echo(_line(setting))
        click.echo("")
    return 0


def _line(setting: Setting) -> str:
    value = json.dumps(setting.value)
    if len(value) > _WIDE:
        value = value[: _WIDE - 1] + "…"
    mark = "" if setting.status == "enforced" else f" [{setting.status}]"
    return f"#   {setting.name:24} {value:{_WIDE}} <- {setting.because}{mark}"


def _data(plan: Plan) -> dict[str, dict[str, object]]:
    return {
        part: {
            setting.name: {
                "value": setting.value,
                "because": setting.because,
                "status": setting.status,
                "how": setting.how,
            }
            for setting in settings.values()
        }
        for part, settings in plan.slices()
    }


@command.command()
@click.argument("file")
@click.option(
    "--tools", metavar="MODULE:NAME", help="The host functions, to hold [tools] and their declarations against."
)
def lint(file: str, tools: str | None) -> int:
    """Say what is wrong in a policy, or weaker here.

    With --tools, MODULE is imported, and NAME in it is a list of functions: what [tools] says is held against them, and
    so is what their authors declared. A fault is exit code 1.
    """
    policy = Policy.load(file)
    click.echo(f"{file}: a policy named {policy.name} ({policy.sha256[:12]})")
    weak = [control for control in sandbox.plan_for(policy).controls() if control.status != "enforced"]
    for control in weak:
        click.echo(f"  {control.name} is {control.status} on this machine: {control.how}")
    remarks = [] if tools is None else lint_tools(policy, named(tools))
    for remark in remarks:
        click.echo(f"  {remark.grade}: {remark.text}")
    return 1 if any(remark.grade == "fault" for remark in remarks) else 0
