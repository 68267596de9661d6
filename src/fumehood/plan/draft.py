"""Where settings are written down: each by a clause of the policy or by a rule of the baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from fumehood.plan.baseline import BASELINE
from fumehood.plan.environment import BARE, Environment
from fumehood.plan.settings import Order, Setting

if TYPE_CHECKING:
    from fumehood.execution import Language, Status
    from fumehood.plan.host import Host
    from fumehood.policy import Policy


class Draft(NamedTuple):
    """What a plan is made of: the policy, the host, the language whose interpreter is started, what is installed."""

    policy: Policy
    host: Host
    language: Language
    environment: Environment = BARE

    def by_clause(
        self, name: str, value: Any, clause: str, *, how: str = "", order: Order = "same", status: Status = "enforced"
    ) -> Setting:
        """Return a setting that a clause caused."""
        return Setting(name, value, clause, self.policy.line(clause), how, status, order)

    def by_rule(
        self, name: str, value: Any, rule: str, *, how: str = "", order: Order = "same", status: Status = "enforced"
    ) -> Setting:
        """Return a setting that the baseline caused."""
        because = f"baseline.{rule}"
        return Setting(name, value, because, BASELINE[because], how, status, order)

    @property
    def starts_node(self) -> bool:
        """Whether the interpreter is node, which has to be executed inside: it can't be forked as Python can."""
        return self.language == "javascript" and self.host.node is not None
