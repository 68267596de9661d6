"""FH0xx: source that can't be read, or not to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fumehood.check.rules.rule import Rule

if TYPE_CHECKING:
    from fumehood.check.need import Need
    from fumehood.execution import Verdict
    from fumehood.policy import Policy


class SyntaxFault(Rule):
    """The source is no program of its language.

    ## Why is this refused?
    It would fail in any case; line, column and message say where. Text that is not UTF-8 or holds null bytes
    counts as well.

    ## Refused
    ```python
    print("unfinished
    ```

    ## Allowed
    ```python
    print("finished")
    ```

    ## What to do
    Mend the line that is named.
    """

    id = "FH001"
    name = "syntax-fault"
    capabilities = ("source.syntax",)
    clause = "baseline.readable-code"
    weight = 100
    cwe = (1284,)
    owasp = ("LLM05:2025 Improper Output Handling",)

    def judge(self, need: Need, policy: Policy) -> Verdict | None:
        del need, policy
        return "refuse"

    def why(self, need: Need) -> str:
        return f"The code does not parse: {need.value}."

    def fix(self, need: Need) -> str:
        return f"Mend line {need.line}."

    def allow(self, need: Need) -> str:
        del need
        return "# no policy line makes this a program"


class ReadingUnfinished(Rule):
    """The source is too large or too tangled to be read within its budget, or too much was left by those before it.

    ## Why does it matter?
    What was not read is not known. The sandbox holds it; `check.incomplete` says whether to run it, to ask or
    to refuse.

    ## Judged by `check.incomplete`
    ```python
    data = [ ...a hundred thousand literals... ]
    ```

    ## Allowed
    ```python
    data = json.load(open("data/in.json"))
    ```

    ## What to do
    Put large data into a file below `data/`, and split long programs; `reset()` begins with nothing left.
    """

    id = "FH002"
    name = "reading-unfinished"
    capabilities = ("source.incomplete",)
    clause = "check.incomplete"
    weight = 10
    cwe = (1050,)
    owasp = ("LLM10:2025 Unbounded Consumption",)

    def judge(self, need: Need, policy: Policy) -> Verdict | None:
        del need
        return policy.check.incomplete  # type: ignore[return-value]

    def why(self, need: Need) -> str:
        del need
        return (
            "The code, or what those before it left, could not be read within the time and size that reading may take."
        )

    def fix(self, need: Need) -> str:
        del need
        return "Put large data into a file below data/, and split long programs; reset() begins with nothing left."

    def allow(self, need: Need) -> str:
        del need
        return 'check.incomplete = "allow"'


RULES: tuple[type[Rule], ...] = (SyntaxFault, ReadingUnfinished)
