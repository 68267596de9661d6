"""What code finds installed. So far there is `bare`, the standard library, and what a caller hands over as a value."""

from __future__ import annotations

from fumehood.errors import UsageError
from fumehood.plan import BARE, Environment

__all__ = ["BARE", "Environment", "choose"]

AUTO = "auto"


def choose(env: str | Environment) -> Environment:
    """The environment that a name stands for.

    Raises:
        UsageError: There is no such environment.
    """
    if isinstance(env, Environment):
        return env
    if env not in {AUTO, BARE.name}:
        told = f"there is no environment {env!r}"
        raise UsageError(told, remedy=f"Use one of {AUTO}, {BARE.name}.")
    return BARE
