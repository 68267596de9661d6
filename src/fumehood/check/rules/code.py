"""FH4xx: code that can't be read, native code, data that runs code, modules out of bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fumehood.check.rules.rule import NO_CLAUSE, Rule, toml
from fumehood.policy.reach import module_covers

if TYPE_CHECKING:
    from fumehood.check.need import Need
    from fumehood.execution import Verdict
    from fumehood.policy import Policy


class RunOpaqueCode(Rule):
    """The code runs other code that was decoded, decrypted or fetched, and can't be read beforehand.

    ## Why is this refused?
    Code that is resolved is judged by what it does: `exec` of an encoded `print(1)` passes. What stays
    unreadable after folding was made unreadable, and there is no honest need for that in an answer to a
    question.

    ## Refused
    ```python
    exec(Fernet(key).decrypt(blob))
    ```

    ## Allowed
    ```python
    exec("total = sum(range(10))")
    ```

    ## What to do
    Write the code out in plain text.
    """

    id = "FH401"
    name = "run-opaque-code"
    capabilities = ("code.opaque", "code.concealed")
    clause = "baseline.readable-code"
    weight = 78
    cwe = (94, 95, 506)
    owasp = ("LLM05:2025 Improper Output Handling",)

    def judge(self, need: Need, policy: Policy) -> Verdict | None:
        del need, policy
        return "refuse"

    def why(self, need: Need) -> str:
        return f"The code runs other code that can't be read before ({need.value or 'hidden'})."

    def fix(self, need: Need) -> str:
        del need
        return "Write the code out in plain text instead of decoding or fetching it."


class RunUnknownCode(Rule):
    """The code runs text whose content can't be told, such as an expression that is typed in.

    ## Why does it matter?
    The sandbox holds whatever the text turns out to be; a policy may still prefer to ask first.

    ## Judged by `check.unknown`
    ```python
    eval(input())
    ```

    ## Allowed
    ```python
    ast.literal_eval(text)
    ```

    ## What to do
    Parse data with `ast.literal_eval` or `json`, and formulas with a small parser.
    """

    id = "FH402"
    name = "run-unknown-code"
    capabilities = ("code.dynamic",)
    clause = "check.unknown"
    weight = 30
    cwe = (95,)
    owasp = ("LLM05:2025 Improper Output Handling",)

    def judge(self, need: Need, policy: Policy) -> Verdict | None:
        return policy.check.unknown if need.confidence == "unknown" else "allow"  # type: ignore[return-value]

    def why(self, need: Need) -> str:
        del need
        return "The code runs text whose content can't be told before it runs."

    def fix(self, need: Need) -> str:
        del need
        return "Parse values with ast.literal_eval or json instead of running text."

    def allow(self, need: Need) -> str:
        del need
        return 'check.unknown = "allow"'


class TakeHiddenMember(Rule):
    """The code takes a function out of a powerful module by a name that can't be read.

    ## Why is this refused?
    `os`, `subprocess`, `builtins` and their like hold the functions that matter. Taking one by a computed name
    that folding can't resolve has one purpose: that nobody sees which.

    ## Refused
    ```python
    [f for n, f in vars(os).items() if len(n) == 6][0]("id")
    ```

    ## Allowed
    ```python
    getattr(math, name)(2.0)
    ```

    ## What to do
    Name the function.
    """

    id = "FH403"
    name = "take-hidden-member"
    capabilities = ("code.hidden",)
    clause = "baseline.readable-code"
    weight = 76
    cwe = (470, 506)
    owasp = ("LLM05:2025 Improper Output Handling",)

    def judge(self, need: Need, policy: Policy) -> Verdict | None:
        del need, policy
        return "refuse"

    def why(self, need: Need) -> str:
        return f"The code uses {need.value or 'a function'} by a name that can't be read."

    def fix(self, need: Need) -> str:
        del need
        return "Name the function that is meant."


class LoadNativeCode(Rule):
    """The code loads or calls native code that is not part of the environment.

    ## Why is this refused?
    Native calls pass by everything Python checks, and can rewrite the interpreter itself.

    ## Refused
    ```python
    ctypes.CDLL(None).system(b"id")
    ```

    ## Allowed
    ```python
    numpy.linalg.norm(vector)
    ```

    ## What to do
    Use a package of the environment, or set `code.native = true`.
    """

    id = "FH404"
    name = "load-native-code"
    capabilities = ("code.native",)
    clause = "code.native"
    weight = 74
    cwe = (114, 829)
    owasp = ("LLM06:2025 Excessive Agency",)

    def judge(self, need: Need, policy: Policy) -> Verdict | None:
        del need
        return "allow" if policy.code.native else "refuse"

    def why(self, need: Need) -> str:
        which = f" ({need.value})" if need.value else ""
        return f"The code loads or calls native code{which}, past everything that Python checks."

    def fix(self, need: Need) -> str:
        del need
        return "Use a package of the environment that does the same."

    def allow(self, need: Need) -> str:
        del need
        return "code.native = true"


class LoadActingData(Rule):
    """The code reads data whose reading calls functions: a pickle, YAML or JSON that names them.

    ## Why is this refused?
    The data is judged by the functions that it names; these ones act. Pickles of arrays and models pass.

    ## Refused
    ```python
    yaml.load("!!python/object/apply:os.system [id]", Loader=yaml.UnsafeLoader)
    ```

    ## Allowed
    ```python
    yaml.safe_load(text)
    ```

    ## What to do
    Use `json`, `yaml.safe_load` or `numpy.load(..., allow_pickle=False)`.
    """

    id = "FH405"
    name = "load-acting-data"
    capabilities = ("code.unpickle",)
    clause = "baseline.readable-code"
    weight = 77
    cwe = (502,)
    owasp = ("LLM03:2025 Supply Chain", "LLM05:2025 Improper Output Handling")

    def judge(self, need: Need, policy: Policy) -> Verdict | None:
        del need, policy
        return "refuse"

    def why(self, need: Need) -> str:
        return f"Reading this data calls functions ({need.value or 'unknown'})."

    def fix(self, need: Need) -> str:
        del need
        return "Use a format that only holds data: json, csv, yaml.safe_load."


class ImportModule(Rule):
    """The code imports a module that `code.modules` does not list.

    ## Why is this refused?
    The policy names the modules that this code may use.

    ## Refused (with `code.modules = ["math"]`)
    ```python
    import socket
    ```

    ## Allowed
    ```python
    import math
    ```

    ## What to do
    Do without it, or add it: `code.modules = ["math", "socket"]`.
    """

    id = "FH406"
    name = "import-module"
    capabilities = ("module.import",)
    clause = "code.modules"
    weight = 55
    cwe = (829,)
    owasp = ("LLM03:2025 Supply Chain",)

    def judge(self, need: Need, policy: Policy) -> Verdict | None:
        modules = policy.code.modules
        if isinstance(modules, str) or need.value is None:
            return "allow"
        return "allow" if any(module_covers(entry, need.value) for entry in modules) else "refuse"

    def why(self, need: Need) -> str:
        return f"The code imports {need.value}, which the policy does not list."

    def fix(self, need: Need) -> str:
        del need
        return "Use one of the modules that the policy lists."

    def allow(self, need: Need) -> str:
        return f"code.modules = [{toml(need.value or '')}]"


class UseUnknownModule(Rule):
    """The code uses a module that no table knows.

    ## Why does it matter?
    What it can do is not known; the sandbox decides. A policy may prefer to ask.

    ## Judged by `check.unknown`
    ```python
    import somepackage
    ```

    ## Allowed
    ```python
    import pandas
    ```

    ## What to do
    Use a well-known package, or list the modules that are fine in `code.modules`.
    """

    id = "FH407"
    name = "use-unknown-module"
    capabilities = ("module.unknown",)
    clause = "check.unknown"
    weight = 20
    cwe = (829,)
    owasp = ("LLM03:2025 Supply Chain",)

    def judge(self, need: Need, policy: Policy) -> Verdict | None:
        modules = policy.code.modules
        if not isinstance(modules, str) and any(module_covers(entry, need.value or "") for entry in modules):
            return "allow"
        return policy.check.unknown  # type: ignore[return-value]

    def why(self, need: Need) -> str:
        return f"The code uses {need.value}, a module that fumehood knows nothing of."

    def fix(self, need: Need) -> str:
        del need
        return "Use a module of the standard library or a well-known package."

    def allow(self, need: Need) -> str:
        return f"code.modules = [{toml(need.value or '')}]"


RULES: tuple[type[Rule], ...] = (
    RunOpaqueCode,
    RunUnknownCode,
    TakeHiddenMember,
    LoadNativeCode,
    LoadActingData,
    ImportModule,
    UseUnknownModule,
)

__all__ = ["NO_CLAUSE", "RULES"]
