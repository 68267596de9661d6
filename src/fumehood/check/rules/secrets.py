"""FH6xx: secrets in the environment, and who and where the machine is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fumehood.check.rules.rule import Rule
from fumehood.check.secrets import is_secret_name, is_steering_name

if TYPE_CHECKING:
    from fumehood.check.need import Need
    from fumehood.execution import Verdict
    from fumehood.policy import Policy


class ReadSecretVariable(Rule):
    """The code reads an environment variable whose name says that it holds a secret.

    ## Why is this refused?
    Keys in the environment belong to the caller. A sandbox has none of them, so the code would fail; where one
    is needed the policy hands it to one host without showing it to the code.

    ## Refused
    ```python
    os.environ["OPENAI_API_KEY"]
    ```

    ## Allowed
    ```python
    os.environ.get("LANG", "C")
    ```

    ## What to do
    Declare it: `[secrets]` with `OPENAI_API_KEY = { source = "env:OPENAI_API_KEY", host = "api.openai.com:443"
    }`.
    """

    id = "FH601"
    name = "read-secret-variable"
    capabilities = ("env.read",)
    clause = "secrets"
    weight = 73
    cwe = (526, 522)
    owasp = ("LLM02:2025 Sensitive Information Disclosure",)

    def judge(self, need: Need, policy: Policy) -> Verdict | None:
        if need.value is None or need.value == "*":
            return None
        if need.value in policy.secrets or not is_secret_name(need.value.replace("*", "X")):
            return "allow"
        return "refuse"

    def why(self, need: Need) -> str:
        return f"The code reads {need.value}, an environment variable that by its name holds a secret."

    def fix(self, need: Need) -> str:
        del need
        return "Leave the key to the policy's [secrets]; it is added to requests outside the sandbox."

    def allow(self, need: Need) -> str:
        name = (need.value or "NAME").replace("*", "")
        return f'secrets.{name} = {{ source = "env:{name}", host = "HOST:443" }}'


class ReadWholeEnvironment(Rule):
    """The code takes all environment variables at once.

    ## Why is this refused?
    Whoever needs a variable knows its name; taking them all is how keys are harvested.

    ## Refused
    ```python
    print(dict(os.environ))
    ```

    ## Allowed
    ```python
    os.environ.get("HOME")
    ```

    ## What to do
    Read the one variable that is needed.
    """

    id = "FH602"
    name = "read-whole-environment"
    capabilities = ("env.read",)
    clause = "baseline.environment"
    weight = 71
    cwe = (526,)
    owasp = ("LLM02:2025 Sensitive Information Disclosure",)

    def judge(self, need: Need, policy: Policy) -> Verdict | None:
        return policy.check.unknown if need.value is None else "refuse" if need.value == "*" else None  # type: ignore[return-value]

    def why(self, need: Need) -> str:
        del need
        return "The code takes all environment variables at once."

    def fix(self, need: Need) -> str:
        del need
        return "Read the one variable that is needed by its name."


class SteerPrograms(Rule):
    """The code sets a variable that changes how programs or the interpreter start.

    ## Why is this refused?
    `LD_PRELOAD`, `PYTHONSTARTUP` and their like put foreign code into every program that starts later.

    ## Refused
    ```python
    os.environ["LD_PRELOAD"] = "./x.so"
    ```

    ## Allowed
    ```python
    os.environ["MPLBACKEND"] = "Agg"
    ```

    ## What to do
    Pass settings to functions as arguments.
    """

    id = "FH603"
    name = "steer-programs"
    capabilities = ("env.write",)
    clause = "baseline.runner"
    weight = 74
    cwe = (427, 426)
    owasp = ("LLM06:2025 Excessive Agency",)

    def judge(self, need: Need, policy: Policy) -> Verdict | None:
        del policy
        return "refuse" if need.value is not None and is_steering_name(need.value) else "allow"

    def why(self, need: Need) -> str:
        return f"The code sets {need.value}, which changes how programs start."

    def fix(self, need: Need) -> str:
        del need
        return "Pass settings as arguments instead."


class AskWhoRuns(Rule):
    """The code asks which user, groups or machine it runs as.

    ## Why is this refused?
    A sandbox has one made-up user on one made-up machine. Code that asks is taking stock of what it could
    attack; a task on data has no use for the answer. `platform.system()` and `os.cpu_count()` are fine.

    ## Refused
    ```python
    os.getlogin(), os.getgroups()
    ```

    ## Allowed
    ```python
    platform.python_version()
    ```

    ## What to do
    Leave it out.
    """

    id = "FH604"
    name = "ask-who-runs"
    capabilities = ("host.identity", "secret.read")
    clause = "baseline.identity"
    weight = 40
    cwe = (497,)
    owasp = ("LLM02:2025 Sensitive Information Disclosure",)

    def judge(self, need: Need, policy: Policy) -> Verdict | None:
        del need, policy
        return "refuse"

    def why(self, need: Need) -> str:
        return f"The code asks who or where it is ({need.value or 'identity'}), which no task on data needs."

    def fix(self, need: Need) -> str:
        del need
        return "Leave it out; platform.system() and os.cpu_count() are fine."


RULES: tuple[type[Rule], ...] = (ReadSecretVariable, ReadWholeEnvironment, SteerPrograms, AskWhoRuns)
