"""FH1xx: files and folders that are not the program's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from fumehood.check.places import normal, place_of
from fumehood.check.rules.rule import Rule, granted, toml

if TYPE_CHECKING:
    from fumehood.check.need import Need
    from fumehood.execution import Verdict
    from fumehood.policy import Policy

WRITES = frozenset({"fs.write", "fs.delete"})


class _PathRule(Rule):
    """A rule that judges a path against `files.read` or `files.write`."""

    cwe: ClassVar[tuple[int, ...]] = (22, 200)
    owasp: ClassVar[tuple[str, ...]] = ("LLM06:2025 Excessive Agency",)
    verb: ClassVar[str]
    places: ClassVar[tuple[str, ...]] = ("outside",)

    def judge(self, need: Need, policy: Policy) -> Verdict | None:
        if need.value is None:
            return policy.check.unknown if self.places == ("outside",) else None  # type: ignore[return-value]
        writing = need.capability in WRITES
        place = place_of(need.value, writing=writing)
        if place == "unknown":
            return policy.check.unknown if self.places == ("outside",) else None  # type: ignore[return-value]
        if place not in self.places:
            return None
        lists = policy.files.write if writing else (*policy.files.read, *policy.files.write)
        return "allow" if granted(normal(need.value), lists) else "refuse"

    def why(self, need: Need) -> str:
        if need.value is None:
            return f"The code {self.verb} a path that can't be told, and the policy does not leave that to the sandbox."
        return f"The code {self.verb} {need.value}, which lies outside the workspace and is in no list of the policy."

    def allow(self, need: Need) -> str:
        key = "write" if need.capability in WRITES else "read"
        if need.value is None:
            return 'check.unknown = "allow"'
        path = normal(need.value)
        return (
            f"files.{key} = [{toml(path)}]"
            if path.startswith("/")
            else f'files.{key} = ["/home/USER{path[1:]}"]'
            if path.startswith("~")
            else f"files.{key} = [{toml('/' + path.lstrip('*/'))}]"
        )


class ReadOutsideWorkspace(_PathRule):
    """The code reads a file that is neither in the workspace nor granted by `files.read`.

    ## Why is this refused?
    Generated code is given its inputs below `data/` and works in its own folder. Anything else on the machine
    (accounts, configuration, other people's files) is of no use to the task, and reading it is the first half
    of leaking it.

    ## Refused
    ```python
    open("/etc/passwd").read()
    ```

    ## Allowed
    ```python
    open("data/sales.csv").read()
    ```

    ## What to do
    Give the file to the run with `--data PATH` and read it as `data/NAME`, or grant the path in the policy:
    `files.read = ["/srv/reference"]`.
    """

    id = "FH101"
    name = "read-outside-workspace"
    capabilities = ("fs.read",)
    clause = "files.read"
    verb = "reads"

    def fix(self, need: Need) -> str:
        del need
        return "Read inputs from data/ and the workspace by relative paths; pass the file with --data if it is needed."


class WriteOutsideWorkspace(_PathRule):
    """The code writes to a path that is neither in the workspace nor granted by `files.write`.

    ## Why is this refused?
    What a program leaves outside its folder changes the machine for everything that runs later. Results belong
    below `out/`.

    ## Refused
    ```python
    open("/usr/encoded_data.py", "w").write(code)
    ```

    ## Allowed
    ```python
    open("out/report.txt", "w").write(text)
    ```

    ## What to do
    Write below `out/` (kept with `--out DIR`) or to `/tmp`; or grant the folder: `files.write =
    ["/srv/results"]`.
    """

    id = "FH102"
    name = "write-outside-workspace"
    capabilities = ("fs.write",)
    clause = "files.write"
    weight = 60
    cwe = (22, 73)
    verb = "writes to"

    def fix(self, need: Need) -> str:
        del need
        return "Write results below out/ and scratch files to the workspace or /tmp."


class DeleteOutsideWorkspace(_PathRule):
    """The code deletes, moves or empties something that is neither in the workspace nor granted by `files.write`.

    ## Why is this refused?
    Deleting what one did not make can't be undone.

    ## Refused
    ```python
    shutil.rmtree("/home/user/docs")
    ```

    ## Allowed
    ```python
    os.remove("out/draft.txt")
    ```

    ## What to do
    Delete only files that the program made itself, or grant the folder: `files.write = ["/srv/scratch"]`.
    """

    id = "FH103"
    name = "delete-outside-workspace"
    capabilities = ("fs.delete",)
    clause = "files.write"
    weight = 70
    cwe = (22, 73)
    verb = "deletes"

    def fix(self, need: Need) -> str:
        del need
        return "Delete only what the program itself made in the workspace, by relative paths."


class ListOutsideWorkspace(_PathRule):
    """The code lists a folder that is neither in the workspace nor granted by `files.read`.

    ## Why is this refused?
    Listing the machine's folders is how code finds what to steal or to break; its own inputs are named to it.

    ## Refused
    ```python
    glob.glob("/home/*")
    ```

    ## Allowed
    ```python
    glob.glob("data/*.csv")
    ```

    ## What to do
    List `data/` or the workspace, or grant the folder: `files.read = ["/srv/reference"]`.
    """

    id = "FH104"
    name = "list-outside-workspace"
    capabilities = ("fs.list",)
    clause = "files.read"
    weight = 45
    cwe = (548,)
    verb = "lists"

    def fix(self, need: Need) -> str:
        del need
        return "List data/ or the workspace by a relative path."


class ReadSecretFile(_PathRule):
    """The code reaches for a file that holds keys, passwords or another process's secrets.

    ## Why is this refused?
    Private keys, cloud credentials, browser profiles, password databases and `/proc/PID/environ` are what
    stolen machines are searched for. No task on data needs them.

    ## Refused
    ```python
    (Path.home() / ".aws" / "credentials").read_text()
    ```

    ## Allowed
    ```python
    open("data/config.json").read()
    ```

    ## What to do
    Let the policy hand a secret to one host without showing it to the code: see `[secrets]`.
    """

    id = "FH105"
    name = "read-secret-file"
    capabilities = ("fs.read", "fs.list", "fs.write", "fs.delete")
    clause = "files.read"
    weight = 85
    cwe = (522, 200)
    owasp = ("LLM02:2025 Sensitive Information Disclosure", "LLM06:2025 Excessive Agency")
    verb = "reaches for"
    places = ("secret",)

    def why(self, need: Need) -> str:
        return f"The code reaches for {need.value}, a place where keys or secrets are kept."

    def fix(self, need: Need) -> str:
        del need
        return "Leave credentials to the policy's [secrets]; the code never needs to see them."


class WriteStartupFile(_PathRule):
    """The code changes a file that another program runs or obeys when it starts.

    ## Why is this refused?
    Shell profiles, cron tables, units, `.pth` files, git hooks and `authorized_keys` make code outlive its run:
    that is how a single answer becomes a lasting foothold.

    ## Refused
    ```python
    open("/root/.bashrc", "a").write("alias ls=id")
    ```

    ## Allowed
    ```python
    open("out/setup.sh", "w").write("echo ready")
    ```

    ## What to do
    Write a script below `out/` and let a person install it.
    """

    id = "FH106"
    name = "write-startup-file"
    capabilities = ("fs.write", "fs.delete")
    clause = "files.write"
    weight = 90
    cwe = (506, 912)
    owasp = ("LLM06:2025 Excessive Agency",)
    verb = "changes"
    places = ("startup",)

    def why(self, need: Need) -> str:
        return f"The code changes {need.value}, which other programs run or obey when they start."

    def fix(self, need: Need) -> str:
        del need
        return "Write the text below out/, under a name that nothing obeys, and let a person install it."


RULES: tuple[type[Rule], ...] = (
    ReadSecretFile,
    WriteStartupFile,
    ReadOutsideWorkspace,
    WriteOutsideWorkspace,
    DeleteOutsideWorkspace,
    ListOutsideWorkspace,
)  # fmt: skip - a table
