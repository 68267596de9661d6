"""Where the interpreter of another language is inside a sandbox, and whether its policy lets it be started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fumehood import pool
from fumehood.errors import UsageError

if TYPE_CHECKING:
    from fumehood.execution import Language
    from fumehood.policy import Policy

_PROGRAM = {"bash": "bash", "javascript": "node"}


def interpreter(language: Language, sandboxes: Language, policy: Policy) -> str:
    """The path of a language's interpreter, in a sandbox that was made for the language `sandboxes`.

    Raises:
        UsageError: This machine has none, or the policy lets none be started.
    """
    host = pool.shared().host
    path = host.bash if language == "bash" else host.node
    if path is None:
        told = f"language {language!r} needs {_PROGRAM[language]}, and this machine has none below /usr"
        raise UsageError(told, remedy=f"Install {_PROGRAM[language]} from your distribution.")
    if policy.code.spawn or (language == "javascript" and sandboxes == "javascript"):
        return path
    if language == "javascript":
        told = "this sandbox was made for python, and its policy lets it start no other program"
        raise UsageError(told, remedy="Make the sandbox with language='javascript', or set code.spawn = true.")
    told = "bash is a way to start other programs, and this policy has code.spawn = false"
    raise UsageError(told, remedy="Use the policy workbench (--policy workbench), or set code.spawn = true.")
