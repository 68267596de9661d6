"""What code finds installed. So far there is `bare`: the interpreter and its standard library."""

from __future__ import annotations

from fumehood.errors import UsageError

BARE = "bare"
NAMES = ("auto", BARE)


def choose(name: str) -> str:
    """The environment that a name stands for.

    Raises:
        UsageError: There is no such environment.
    """
    if name not in NAMES:
        told = f"there is no environment {name!r}"
        raise UsageError(told, remedy=f"Use one of {', '.join(NAMES)}.")
    return BARE
