"""`fumehood` with a policy under which reading the code refuses nothing: what is tested is how the sandbox holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import fumehood
from fumehood import Error, Policy, Report, Result, check, doctor

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["AsyncSandbox", "Error", "Policy", "Report", "Result", "Sandbox", "check", "doctor", "recorded", "run"]


def recorded(policy: Policy | str | Path | None = None) -> Policy:
    """Take a policy's findings down without refusing for them."""
    return Policy.load(policy).but(**{"check.mode": "record"})


class Sandbox(fumehood.Sandbox):
    """A sandbox whose code is read and never refused."""

    def __init__(self, *, policy: Policy | str | Path | None = None, **options: Any) -> None:
        super().__init__(policy=recorded(policy), **options)


class AsyncSandbox(fumehood.AsyncSandbox):
    """The same, awaitable."""

    def __init__(self, *, policy: Policy | str | Path | None = None, **options: Any) -> None:
        super().__init__(policy=recorded(policy), **options)


def run(code: str, *, policy: Policy | str | Path | None = None, **options: Any) -> Result:
    """Run one program that is read and never refused."""
    return fumehood.run(code, policy=recorded(policy), **options)
