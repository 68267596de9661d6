"""FH3xx: other programs, and signals to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fumehood.check.rules.rule import Rule

if TYPE_CHECKING:
    from fumehood.check.need import Need
    from fumehood.execution import Verdict
    from fumehood.policy import Policy


class StartProgram(Rule):
    """The code starts another program, a shell most of all.

    ## Why is this refused?
    A command line is a second program in another language, outside what reading this one can judge. Most tasks
    on data need none. Naming such a function counts as much as calling it: code that hides the call still has
    to name it somewhere.

    ## Refused
    ```python
    subprocess.run(["curl", url])
    ```

    ## Allowed
    ```python
    pathlib.Path("data").iterdir()
    ```

    ## What to do
    Use the library that does the same (`shutil`, `zipfile`, `json`), or run under `--policy workbench`, or set
    `code.spawn = true`.
    """

    id = "FH301"
    name = "start-program"
    capabilities = ("process.spawn",)
    clause = "code.spawn"
    weight = 80
    cwe = (78, 77)
    owasp = ("LLM05:2025 Improper Output Handling", "LLM06:2025 Excessive Agency")

    def judge(self, need: Need, policy: Policy) -> Verdict | None:
        del need
        return "allow" if policy.code.spawn else "refuse"

    def why(self, need: Need) -> str:
        which = f": {need.value[:80]}" if need.value else ""
        return f"The code starts another program{which}, and the policy grants none."

    def fix(self, need: Need) -> str:
        del need
        return "Use the language's own library: in Python, shutil, pathlib, zipfile and json replace most commands."

    def allow(self, need: Need) -> str:
        del need
        return "code.spawn = true"


class SignalProcess(Rule):
    """The code signals, stops or looks through other processes.

    ## Why is this refused?
    A program has no business with processes that it did not start; without `code.spawn` it starts none.

    ## Refused
    ```python
    os.kill(pid, signal.SIGKILL)
    ```

    ## Allowed
    ```python
    worker.join(timeout=5)
    ```

    ## What to do
    End your own threads and pools by their own methods (`join`, `shutdown`, `terminate`).
    """

    id = "FH302"
    name = "signal-process"
    capabilities = ("process.signal",)
    clause = "code.spawn"
    weight = 68
    cwe = (269,)
    owasp = ("LLM06:2025 Excessive Agency",)

    def judge(self, need: Need, policy: Policy) -> Verdict | None:
        del need
        return "allow" if policy.code.spawn else "refuse"

    def why(self, need: Need) -> str:
        return f"The code signals or inspects processes{f' ({need.value})' if need.value else ''} that are not its own."

    def fix(self, need: Need) -> str:
        del need
        return "End your own workers by join, shutdown or terminate."

    def allow(self, need: Need) -> str:
        del need
        return "code.spawn = true"


class RaisePrivilege(Rule):
    """The code tries to gain rights that it was not given: set-user-id bits, file capabilities, sudo.

    ## Why is this refused?
    A sandbox has no rights to gain, and code that asks for them was written for another place.

    ## Refused
    ```bash
    chmod u+s ./tool
    ```

    ## Allowed
    ```bash
    chmod +x ./build.sh
    ```

    ## What to do
    Work as the user one is.
    """

    id = "FH303"
    name = "raise-privilege"
    capabilities = ("privilege",)
    clause = "baseline.privileges"
    weight = 81
    cwe = (250, 269)
    owasp = ("LLM06:2025 Excessive Agency",)

    def judge(self, need: Need, policy: Policy) -> Verdict | None:
        del need, policy
        return "refuse"

    def why(self, need: Need) -> str:
        return f"The code tries to gain rights that it was not given ({need.value or 'privilege'})."

    def fix(self, need: Need) -> str:
        del need
        return "Work as the user one is: nothing in the workspace needs more."


RULES: tuple[type[Rule], ...] = (StartProgram, SignalProcess, RaisePrivilege)
