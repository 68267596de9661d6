"""FH7xx: memory, numbers and processes beyond any limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fumehood.check.rules.rule import Rule

if TYPE_CHECKING:
    from fumehood.check.need import Need
    from fumehood.execution import Verdict
    from fumehood.policy import Policy


class ExhaustResources(Rule):
    """The code plainly makes what no limit holds: filler without end, numbers of gigabits, processes without end.

    ## Why is this refused?
    The limits would end it; saying so before saves the run. Long loops and large data are left to the limits.

    ## Refused
    ```python
    hoard = []
    while True:
        hoard.append(bytearray(10**8))
    ```

    ## Allowed
    ```python
    while True:
        step()
    ```

    ## What to do
    Work in pieces, and keep results rather than copies.
    """

    id = "FH701"
    name = "exhaust-resources"
    capabilities = ("resource.exhaust",)
    clause = "limits.memory"
    weight = 50
    cwe = (400, 770)
    owasp = ("LLM10:2025 Unbounded Consumption",)

    def judge(self, need: Need, policy: Policy) -> Verdict | None:
        del need, policy
        return "refuse"

    def why(self, need: Need) -> str:
        return f"The code would use up the machine: {need.value or 'growth without end'}."

    def fix(self, need: Need) -> str:
        del need
        return "Work in pieces, and keep results rather than copies."

    def allow(self, need: Need) -> str:
        del need
        return "# no limit is large enough; limits.memory and limits.processes end it at run time"


RULES: tuple[type[Rule], ...] = (ExhaustResources,)
