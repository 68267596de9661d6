"""What every rule is: a page, references, and a verdict on one need under one policy."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, ClassVar

from fumehood.policy.reach import path_covers

if TYPE_CHECKING:
    from fumehood.check.need import Need
    from fumehood.execution import Verdict
    from fumehood.policy import Policy

NO_CLAUSE = "# no policy line allows this: it would undo the isolation; run it outside fumehood if you trust it"


class Rule:
    """The root of the rules.

    Attributes:
        id: `FH` and three digits; the first is the family.
        name: The pattern, so that «allow NAME» reads.
        capabilities: The needs it judges.
        clause: The policy clause that decides, or the baseline rule that does.
        weight: Findings of a heavier rule come first.
    """

    id: ClassVar[str]
    name: ClassVar[str]
    capabilities: ClassVar[tuple[str, ...]]
    clause: ClassVar[str]
    weight: ClassVar[int] = 50
    cwe: ClassVar[tuple[int, ...]] = ()
    owasp: ClassVar[tuple[str, ...]] = ()

    def judge(self, need: Need, policy: Policy) -> Verdict | None:
        """Answer the verdict on a need; None where it is another rule's matter."""
        raise NotImplementedError

    def why(self, need: Need) -> str:
        """Say in one sentence why it is refused."""
        raise NotImplementedError

    def fix(self, need: Need) -> str:
        """Say what the code could do instead."""
        raise NotImplementedError

    def allow(self, need: Need) -> str:
        """Answer the policy line that would allow it."""
        del need
        return NO_CLAUSE

    @classmethod
    def page(cls) -> str:
        """Answer the rule's page in Markdown."""
        return inspect.cleandoc(cls.__doc__ or "")


def toml(value: str) -> str:
    """Write text as a TOML string."""
    return '"' + "".join(_escaped(char) for char in value) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    return char if char.isprintable() else f"\\u{ord(char) & 0xFFFF:04X}"


def granted(path: str, folders: tuple[str, ...]) -> bool:
    """Tell whether a path lies in what a policy lists."""
    return any(path_covers(folder, path) for folder in folders)
