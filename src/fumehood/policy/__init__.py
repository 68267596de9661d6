"""What generated code may do: a frozen value, read from TOML or made in Python, that can be narrowed.

The tables are in `clauses`, the forms of their values in `kinds`, units in `units`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from fumehood.errors import PolicyError
from fumehood.policy import reading
from fumehood.policy.clauses import (
    CONTROLS,
    TIERS,
    TOOL,
    Check,
    Code,
    Files,
    Guard,
    Isolation,
    Limits,
    Network,
    OnDenial,
    Output,
    Secret,
    Table,
    kinds,
)
from fumehood.policy.frozen import Frozen
from fumehood.policy.kinds import literal
from fumehood.policy.reach import covered, host_covers, module_covers, path_covers
from fumehood.policy.units import format_bytes, format_seconds, parse_bytes, parse_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = [
    "CLAUSES", "CONTROLS", "TIERS", "Check", "Clause", "Code", "Files", "Guard", "Isolation", "Limits", "Network",
    "OnDenial", "Output", "Policy", "Secret", "covered", "format_bytes", "format_seconds", "host_covers",
    "module_covers", "parse_bytes", "parse_seconds", "path_covers", "shipped",
]  # fmt: skip

shipped = reading.shipped


class Clause(NamedTuple):
    """One entry that every policy has: `limits.memory`; what may be written there; what it is for."""

    name: str
    accepted: str
    says: str


CLAUSES: Final[Mapping[str, Clause]] = {
    **{
        f"{table.table_name()}.{each.name}": Clause(
            f"{table.table_name()}.{each.name}", each.metadata["kind"].accepted, each.metadata["says"]
        )
        for table in reading.TABLES.values()
        for each in fields(table)
    },
    "secrets": Clause(
        "secrets",
        'NAME = { source = "env:NAME" or "file:/path", host = "host:port" }',
        "values that the proxy puts into requests to one host; the code never sees them",
    ),
    "tools": Clause(
        "tools",
        'NAME = "allow", "ask" or "deny"',
        "host functions that the code may call; the gate decides about each call",
    ),
}
"""Every clause by its name, in the order of a policy file."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What generated code may do. Two policies that permit the same have the same `sha256`, whatever their names.

    Raises:
        PolicyError: A value has no meaning; the error names the clause and the accepted form.
    """

    name: str = "custom"
    limits: Limits = field(default_factory=Limits)
    files: Files = field(default_factory=Files)
    network: Network = field(default_factory=Network)
    code: Code = field(default_factory=Code)
    secrets: Mapping[str, Secret] = field(default_factory=Frozen[Secret])
    tools: Mapping[str, str] = field(default_factory=Frozen[str])
    output: Output = field(default_factory=Output)
    on_denial: OnDenial = field(default_factory=OnDenial)
    isolation: Isolation = field(default_factory=Isolation)
    check: Check = field(default_factory=Check)
    guard: Guard = field(default_factory=Guard)
    _hash: int = field(init=False, repr=False, compare=False)

    def __hash__(self) -> int:
        """Told at each call, and the same for good."""
        return self._hash

    def __post_init__(self) -> None:
        """Read what is no table yet, freeze the two open tables and refuse a secret that could go nowhere."""
        reading.read_name(self.name)
        for name in reading.TABLES:
            object.__setattr__(self, name, reading.read_table(name, getattr(self, name)))
        object.__setattr__(self, "secrets", Frozen(reading.read_secrets(self.secrets)))
        object.__setattr__(self, "tools", Frozen(reading.read_tools(self.tools)))
        for name, secret in self.secrets.items():
            if not covered(secret.host, self.network.allow, host_covers):
                message = f"secrets.{name} goes to {secret.host}, which network.allow does not name"
                remedy = f"Add {literal(secret.host)} to network.allow, or take the secret out."
                raise PolicyError(message, remedy=remedy)
        told = tuple(getattr(self, each.name) for each in fields(self) if each.compare)
        object.__setattr__(self, "_hash", hash(told))

    @classmethod
    def default(cls) -> Policy:
        """Return the policy that is in force when none is named; the same as the shipped `default.toml`."""
        return cls(name="default")

    @classmethod
    def load(cls, source: Policy | str | Path | None = None) -> Policy:
        """Return a policy by the name of a shipped one, by the path of a TOML file, or as it is.

        Raises:
            MissingFile: The path leads nowhere.
            PolicyError: No such name, or what stands in the file is not a policy.
        """
        if isinstance(source, Policy):
            return source
        if source is None or source == "default":
            return _default()
        path = reading.find(str(source))
        return cls.from_toml(reading.read_text(path), where=str(path), name=path.stem)

    @classmethod
    def from_toml(cls, text: str, *, where: str = "the policy", name: str = "custom") -> Policy:
        """Return the policy that TOML text says; `where` names its file in errors, `name` it unless it does so itself.

        Raises:
            PolicyError: It says something that has no meaning.
        """
        data = reading.parse(text, where)
        try:
            return cls.from_dict({"name": name, **data})
        except PolicyError as error:
            raise PolicyError(f"{where}: {error.message}", remedy=error.remedy()) from None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Policy:
        """Return the policy that plain data says, in the shape of the TOML.

        Raises:
            PolicyError: It says something that has no meaning.
        """
        return cls(**reading.read_tables(data))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON, sizes in bytes and times in seconds; `from_dict` gives the policy again."""
        tables: dict[str, Any] = {"name": self.name}
        for name, table in self._tables():
            tables[name] = {key: kind.write(getattr(table, key)) for key, kind in kinds(type(table))}
        tables["secrets"] = {name: {"source": each.source, "host": each.host} for name, each in self.secrets.items()}
        tables["tools"] = dict(self.tools)
        return tables

    def to_toml(self) -> str:
        """Return the whole policy as TOML, with units; `from_toml` gives it again."""
        lines = [f"name = {literal(self.name)}"]
        for name, table in self._tables():
            lines += ["", f"[{name}]"]
            lines += [f"{key} = {kind.show(getattr(table, key))}" for key, kind in kinds(type(table))]
        for name, secret in self.secrets.items():
            lines += [
                "",
                f"[secrets.{literal(name)}]",
                f"source = {literal(secret.source)}",
                f"host = {literal(secret.host)}",
            ]
        if self.tools:
            lines += ["", "[tools]", *(f"{literal(name)} = {literal(word)}" for name, word in self.tools.items())]
        return "\n".join(lines) + "\n"

    @property
    def sha256(self) -> str:
        """Return the hash of what it permits; its name does not count."""
        return _sha256(self)

    def leaves(self) -> Iterator[tuple[str, Any]]:
        """Yield every clause and its value: `("limits.memory", 2147483648)`; the open tables as one value each."""
        for name, table in self._tables():
            for key, _ in kinds(type(table)):
                yield f"{name}.{key}", getattr(table, key)
        yield "secrets", self.secrets
        yield "tools", self.tools

    def line(self, clause: str) -> str:
        """Return a clause as one says it: `limits.memory = "2GiB"`, `network.allow = []`."""
        name, _, key = clause.partition(".")
        value = getattr(self, name)
        if isinstance(value, Table):
            return f"{clause} = {dict(kinds(type(value)))[key].show(getattr(value, key))}"
        return f"{name} = {{{', '.join(value)}}}"

    def narrow(self, other: Policy | None = None, /, **changes: object) -> Policy:
        """Return the policy that permits what both this one and the other permit, and nothing else.

        The other may be given by clauses instead, as for `but`; what would widen has no effect.

        Raises:
            PolicyError: A change names no clause or has no meaning.
        """
        other = self.but(**changes) if other is None else other.but(**changes)
        tables: dict[str, Any] = {name: table.meet(getattr(other, name)) for name, table in self._tables()}
        allow = tables["network"].allow
        secrets = {
            name: secret
            for name, secret in self.secrets.items()
            if other.secrets.get(name) == secret and covered(secret.host, allow, host_covers)
        }
        names = (*self.tools, *(name for name in other.tools if name not in self.tools))
        tools = {name: TOOL.meet(self.tools.get(name, "allow"), other.tools.get(name, "allow")) for name in names}
        narrowed = Policy(name=self.name, **tables, secrets=secrets, tools=tools)
        # Met with itself a table drops entries that another one covers; that alone narrows nothing.
        same = {name: table.meet(table) for name, table in self._tables()} == tables
        if same and (narrowed.secrets, narrowed.tools) == (self.secrets, self.tools):
            return self
        if other.name == self.name:
            return replace(narrowed, name=f"{self.name} narrowed")
        return replace(narrowed, name=other.name if changes else f"{self.name} & {other.name}")

    def but(self, **changes: object) -> Policy:
        """Return this policy with other values at some clauses: `policy.but(**{"limits.wall": "5s"})`. It may widen.

        The result is named after what changed, such as `default+limits.wall`.

        Raises:
            PolicyError: A change names no clause or has no meaning.
        """
        tables: dict[str, Any] = {}
        for clause, value in changes.items():
            if clause not in CLAUSES:
                raise reading.unknown_clause(clause)
            name, _, key = clause.partition(".")
            tables[name] = replace(tables.get(name, getattr(self, name)), **{key: value}) if key else value
        changed = replace(self, **tables)
        if changed == self:
            return self
        names = [*self.name.split("+"), *changes]
        return replace(changed, name="+".join(dict.fromkeys(names)))

    def _tables(self) -> Iterator[tuple[str, Table]]:
        return ((name, cast("Table", getattr(self, name))) for name in reading.TABLES)


@lru_cache(maxsize=64)
def _sha256(policy: Policy) -> str:
    import hashlib  # noqa: PLC0415 -- a millisecond that importing the policy alone saves
    import json  # noqa: PLC0415 -- as above

    permitted = {key: value for key, value in policy.to_dict().items() if key != "name"}
    return hashlib.sha256(json.dumps(permitted, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@cache
def _default() -> Policy:
    """Keep the default, which every call without a policy asks for; to make it means to check each value."""
    return Policy.default()
