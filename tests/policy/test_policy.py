from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
from hypothesis import given

from fumehood.errors import PolicyError
from fumehood.policy import Files, Limits, Network, Policy, Secret
from fumehood.policy.reading import TABLES
from tests.policy.policies import policies


@given(policies())
def test_a_policy_survives_being_written(policy: Policy) -> None:
    """TOML, plain data, JSON, pickle and copy each give the same policy again."""
    assert policy == Policy.from_toml(policy.to_toml())
    assert policy == Policy.from_dict(policy.to_dict())
    assert policy == Policy.from_dict(json.loads(json.dumps(policy.to_dict())))
    assert policy == pickle.loads(pickle.dumps(policy))  # noqa: S301 -- its own
    assert policy == copy.deepcopy(policy)
    assert hash(policy) == hash(Policy.from_toml(policy.to_toml()))


@given(policies(), policies())
def test_equal_hashes_permit_the_same(ours: Policy, theirs: Policy) -> None:
    """The hash is of what is permitted: the name does not count, everything else does."""
    same = {**ours.to_dict(), "name": ""} == {**theirs.to_dict(), "name": ""}

    assert same == (ours.sha256 == theirs.sha256)


@given(policies(), policies())
def test_narrowing_is_a_meet(ours: Policy, theirs: Policy) -> None:
    """Narrowing twice is narrowing once, with itself changes nothing, and the order does not matter but for names."""
    narrowed = ours.narrow(theirs)

    assert ours == ours.narrow(ours)
    assert narrowed.sha256 == narrowed.narrow(theirs).sha256
    assert permitted(narrowed) == permitted(theirs.narrow(ours))


def permitted(policy: Policy) -> dict[str, object]:
    """Return what a policy permits: lists without their order and without what another entry covers."""
    tables = {name: getattr(policy, name) for name in TABLES}
    bare = replace(policy, **{name: table.meet(table) for name, table in tables.items()})
    return {clause: unordered(value) for clause, value in bare.leaves()}


def unordered(value: Any) -> Any:
    return frozenset[Any](value) if isinstance(value, tuple) else value  # pyright: ignore[reportUnknownArgumentType] -- Any


def test_the_hash_is_known() -> None:
    """The hash stands in audit logs, so it must not change unless the policy does."""
    assert Policy.default().sha256 == Policy(name="other").sha256
    assert 64 == len(Policy.default().sha256)


def test_a_policy_is_frozen() -> None:
    """Nothing in a policy can be changed, also not its open tables."""
    policy = Policy.default()

    with pytest.raises(FrozenInstanceError):
        policy.limits.wall = 1.0  # type: ignore[misc]
    with pytest.raises(TypeError):
        policy.tools["mail"] = "allow"  # type: ignore[index]


def test_python_takes_the_same_values_as_toml() -> None:
    """A table made in Python is read as TOML is, units and faults included."""
    assert Policy.default().but(**{"limits.memory": "1GiB"}).limits == Limits(memory=1024**3)
    with pytest.raises(PolicyError, match=r"limits\.wall"):
        Limits(wall=-1)
    with pytest.raises(PolicyError, match=r"network\.allow"):
        Network(allow=("*:1",))


def test_but_names_what_it_changed() -> None:
    """A changed policy says in its name what was changed, once, and an unchanged one keeps its name."""
    policy = Policy.default().but(**{"limits.wall": "5s"})
    again = policy.but(**{"limits.wall": "6s", "network.allow": ["a.org:443"]})

    assert ("default+limits.wall", 5.0) == (policy.name, policy.limits.wall)
    assert "default+limits.wall+network.allow" == again.name
    assert Policy.default() is not Policy.default().but(**{"limits.wall": "30s"})
    assert Policy.default() == Policy.default().but(**{"limits.wall": "30s"})


def test_but_refuses_what_is_no_clause() -> None:
    """A wrong clause is answered with the nearest."""
    with pytest.raises(PolicyError, match=r"limits\.wal") as caught:
        Policy.default().but(**{"limits.wal": "5s"})

    assert "Did you mean limits.wall?" in caught.value.remedy()


def test_narrow_by_clauses_never_widens() -> None:
    """What asks for more has no effect, what asks for less has."""
    narrowed = Policy.default().narrow(**{"limits.memory": "9GiB", "limits.wall": "1s", "code.spawn": True})

    assert (2 * 1024**3, 1.0, False) == (narrowed.limits.memory, narrowed.limits.wall, narrowed.code.spawn)


@pytest.mark.parametrize(
    ("ours", "theirs", "both"),
    [
        (Files(read=("/a",)), Files(read=("/a/b", "/c")), Files(read=("/a/b",))),
        (Files(read=("/a",)), Files(read=("/ab",)), Files()),
        (Files(write=("/a",)), Files(read=("/a/b",)), Files(read=("/a/b",))),
        (Files(write=("/a",)), Files(read=("/a",), write=("/a/b",)), None),
        (Files(read=("/b",), write=("/a",)), Files(write=("/a", "/b")), Files(read=("/b",), write=("/a",))),
    ],
)
def test_files_meet_by_their_trees(ours: Files, theirs: Files | None, both: Files | None) -> None:
    """A folder covers what is in it; what one may change and the other only read may be read."""
    if both is None:
        return
    assert theirs is not None
    assert both == ours.meet(theirs)


def test_hosts_meet_by_their_patterns() -> None:
    """A pattern covers subdomains at any depth, at its port, and not the domain itself."""
    ours = Network(allow=("*.example.org:443", "a.org:1"))
    theirs = Network(allow=("api.example.org:443", "example.org:443", "x.y.example.org:444", "*.x.example.org:443"))

    assert Network(allow=("api.example.org:443", "*.x.example.org:443")) == ours.meet(theirs)


def test_a_secret_stays_only_where_both_have_it() -> None:
    """A secret survives narrowing when both name the same source and host, and the host stays allowed."""
    secret = Secret(source="env:KEY", host="a.org:443")
    policy = Policy(network=Network(allow=("a.org:443", "b.org:443")), secrets={"key": secret})

    assert {"key": secret} == dict(policy.narrow(policy.but(**{"limits.wall": 1})).secrets)
    assert {} == dict(policy.narrow(policy.but(secrets={})).secrets)
    assert {} == dict(policy.narrow(Policy(network=Network(allow=("b.org:443",)))).secrets)


def test_tools_meet_in_the_stricter_word() -> None:
    """What one policy does not name it leaves to the gate; the other's word stands."""
    ours = Policy(tools={"mail": "allow", "search": "ask", "only": "allow"})
    theirs = Policy(tools={"mail": "ask", "search": "deny"})

    assert {"mail": "ask", "search": "deny", "only": "allow"} == dict(ours.narrow(theirs).tools)
    assert {"mail": "ask", "search": "deny"} == dict(Policy().narrow(theirs).tools)


def test_a_clause_is_said_as_it_is_written() -> None:
    """`line` gives what stands in results and explanations."""
    policy = Policy.default()

    assert "network.allow = []" == policy.line("network.allow")
    assert 'limits.memory = "2GiB"' == policy.line("limits.memory")
    assert 'code.modules = "*"' == policy.line("code.modules")
    assert "limits.output = 1025" == policy.but(**{"limits.output": 1025}).line("limits.output")


def test_the_default_needs_no_slow_module() -> None:
    """Importing the policy and taking the default loads neither TOML, JSON, hashes nor difflib."""
    code = "import sys, fumehood.policy; fumehood.policy.Policy.default(); print(*sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert set() == {"tomllib", "json", "hashlib", "difflib"} & set(done.stdout.split())


def test_tables_are_taken_as_plain_data_too() -> None:
    """In Python as in TOML: the same names, units and faults."""
    made: Any = Policy
    policy = made(limits={"wall": "5s"}, network={"allow": ["api.example.org:443"]}, on_denial="end")

    assert (5.0, "end") == (policy.limits.wall, policy.on_denial.action)
    assert policy == Policy.from_dict(policy.to_dict())
    for fault in (5, None, {"wal": "5s"}, {"wall": "soon"}, {}):
        with pytest.raises(PolicyError, match="limits"):
            made(limits=fault)
