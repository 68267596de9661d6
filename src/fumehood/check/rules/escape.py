"""FH5xx: ways out of the program's own objects, and tampering with what runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fumehood.check.rules.rule import Rule

if TYPE_CHECKING:
    from fumehood.check.need import Need
    from fumehood.execution import Verdict
    from fumehood.policy import Policy


class LeaveOwnObjects(Rule):
    """The code walks from its own objects to frames, globals, all subclasses or code objects.

    ## Why is this refused?
    That walk is how code reaches functions that it was not given: every known way out of a restricted
    interpreter takes it.

    ## Refused
    ```python
    ().__class__.__base__.__subclasses__()
    ```

    ## Allowed
    ```python
    type(value).__name__
    ```

    ## What to do
    Import what is needed by its name.
    """

    id = "FH501"
    name = "leave-own-objects"
    capabilities = ("escape.introspection",)
    clause = "baseline.own-objects"
    weight = 82
    cwe = (653, 470)
    owasp = ("LLM06:2025 Excessive Agency",)

    def judge(self, need: Need, policy: Policy) -> Verdict | None:
        del need, policy
        return "refuse"

    def why(self, need: Need) -> str:
        return f"The code uses {need.value or 'introspection'} to reach objects that it was not given."

    def fix(self, need: Need) -> str:
        del need
        return "Import what is needed by its name; leave frames, globals and subclasses alone."


class TamperWithRunner(Rule):
    """The code changes the interpreter, the standard library or the channel that it is run through.

    ## Why is this refused?
    Replaced builtins, trace hooks, forged descriptors and early exits have one use in generated code: to make
    the run look like something that it was not. What is measured about a run is measured from outside, so it
    would not work either.

    ## Refused
    ```python
    builtins.open = lambda *args: None
    ```

    ## Allowed
    ```python
    sys.stdout = io.StringIO()
    ```

    ## What to do
    Wrap functions of your own; leave the interpreter's alone.
    """

    id = "FH502"
    name = "tamper-with-runner"
    capabilities = ("runner.tamper",)
    clause = "baseline.runner"
    weight = 79
    cwe = (913, 471)
    owasp = ("LLM06:2025 Excessive Agency",)

    def judge(self, need: Need, policy: Policy) -> Verdict | None:
        del need, policy
        return "refuse"

    def why(self, need: Need) -> str:
        return f"The code changes what it is run by ({need.value or 'the interpreter'})."

    def fix(self, need: Need) -> str:
        del need
        return "Wrap your own functions; leave builtins, hooks, descriptors and limits alone."


class StayAfterRun(Rule):
    """The code installs something that runs after it: a service, a scheduled job.

    ## Why is this refused?
    A run is over when its result is there.

    ## Refused
    ```python
    crontab.CronTab(user=True).new(command="id")
    ```

    ## Allowed
    ```python
    time.sleep(1)
    ```

    ## What to do
    Write the schedule below `out/` and let a person install it.
    """

    id = "FH503"
    name = "stay-after-run"
    capabilities = ("persistence",)
    clause = "baseline.one-run"
    weight = 88
    cwe = (506, 912)
    owasp = ("LLM06:2025 Excessive Agency",)

    def judge(self, need: Need, policy: Policy) -> Verdict | None:
        del need, policy
        return "refuse"

    def why(self, need: Need) -> str:
        return f"The code installs something that outlives its run ({need.value or 'a job'})."

    def fix(self, need: Need) -> str:
        del need
        return "Write it below out/ and let a person install it."


RULES: tuple[type[Rule], ...] = (LeaveOwnObjects, TamperWithRunner, StayAfterRun)
