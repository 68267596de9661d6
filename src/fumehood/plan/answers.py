"""The value of a setting in the slice of system calls, read: which calls it answers, by which tests, and how."""

from __future__ import annotations

from typing import Any, cast


def calls(value: Any) -> list[str]:
    """Return the names of the calls that a setting answers; none for a setting that is no table."""
    if not isinstance(value, dict):
        return []
    table = cast("dict[str, Any]", value)
    return [table["call"]] if "call" in table else table["calls"]


def tests(value: Any) -> list[tuple[int, str, Any]]:
    """Return the tests of arguments, in the order in which they are made."""
    return [(rule["arg"], rule["op"], rule["value"]) for rule in value.get("rules", ())]


def actions(value: Any) -> list[str]:
    """Return the answer of each test and then that of everything else."""
    return [*(rule["action"] for rule in value.get("rules", ())), value.get("otherwise", value.get("action"))]
