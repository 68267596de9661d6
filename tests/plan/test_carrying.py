"""The four tests that carry the idea: every clause does something, everything has a cause, and less is never more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fumehood.errors import PolicyUnenforceable
from fumehood.plan import BASELINE, Environment, Host, Plan, Setting, plan, widened
from fumehood.plan.explain import recordable, why
from fumehood.policy import CLAUSES, CONTROLS, Policy, Secret
from tests.plan.hosts import HOSTS, ROOT
from tests.policy.policies import policies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fumehood.execution import Language

NETWORKED = Policy.default().but(**{"network.allow": ["a.org:443"]})
OTHERWISE: Mapping[str, Any] = {
    "limits.wall": 29.0,
    "limits.cpu": 29.0,
    "limits.cpus": 2.0,
    "limits.memory": 1024**3,
    "limits.processes": 63,
    "limits.open_files": 255,
    "limits.disk": 1024**2,
    "limits.output": 1023,
    "limits.background": 60.0,
    "limits.idle": 60.0,
    "limits.lifetime": 60.0,
    "limits.displays": 1023,
    "files.read": ["/srv"],
    "files.write": ["/srv"],
    "network.allow": ["a.org:443", "b.org:443"],
    "code.spawn": True,
    "code.native": True,
    "code.modules": ["math"],
    "output.redact_secrets": False,
    "output.inert_html": False,
    "output.strip_terminal_escapes": False,
    "on_denial.action": "end",
    "isolation.tier": "gvisor",
    "isolation.require": ["wall"],
    "check.mode": "record",
    "check.unknown": "ask",
    "check.incomplete": "allow",
    "guard.mode": "strict",
    "secrets": {"key": Secret(source="env:KEY", host="a.org:443")},
    "tools": {"mail": "ask"},
}


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
@pytest.mark.parametrize("clause", CLAUSES)
def test_every_clause_changes_the_plan(host: Host, clause: str) -> None:
    """No clause does nothing: on each host another value gives another plan, and a setting caused by that clause."""
    before = plan(NETWORKED, host)
    after = plan(NETWORKED.but(**{clause: OTHERWISE[clause]}), host)

    changed = {new.because for old, new in pairs(before, after) if old != new}

    assert clause in changed
    assert [slice_ for _, slice_ in before.slices()] != [slice_ for _, slice_ in after.slices()]


def pairs(before: Plan, after: Plan) -> list[tuple[Setting | None, Setting]]:
    old = {(name, setting): part[setting] for name, part in before.slices() for setting in part}
    return [(old.get((name, setting)), part[setting]) for name, part in after.slices() for setting in part]


def test_a_leaf_is_a_clause() -> None:
    """What the policy holds and what the clauses name are the same, so that no leaf escapes the tests here."""
    assert list(CLAUSES) == [clause for clause, _ in Policy.default().leaves()]


@pytest.mark.parametrize("language", ["python", "bash", "javascript"])
@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
@pytest.mark.parametrize("policy", [NETWORKED, Policy.load("workbench")], ids=["default", "workbench"])
def test_every_setting_has_a_cause(policy: Policy, host: Host, language: Language) -> None:
    """Each setting names a clause of the policy or a rule of the baseline, and says how that stands."""
    made = plan(policy, host, language=language)

    assert [] == [each for each in made.settings() if each.because not in {*CLAUSES, *BASELINE}]
    assert [] == [each for each in made.settings() if not each.why]
    assert [] == [each for each in made.settings() if each.status != "enforced" and not each.how]


def test_every_rule_of_the_baseline_causes_something() -> None:
    """A rule that no setting names would be a sentence and not a rule."""
    packages = Environment("data", lock="0" * 64, folder="/srv/data")
    policies = (Policy.default(), NETWORKED.but(**{"code.spawn": True}))
    made = [plan(policy, ROOT, environment=packages) for policy in policies]

    used = {each.because for one in made for each in one.settings()}

    # These three stand behind a clause's grant: they hold what the grant does not cover.
    assert {"baseline.spawn", "baseline.connections", "baseline.socket"} == set(BASELINE) - used


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
@pytest.mark.parametrize("policy", [Policy.default(), NETWORKED, Policy.load("workbench")], ids=lambda p: p.name)
def test_every_recorded_refusal_is_explained(policy: Policy, host: Host) -> None:
    """Each refusal leads to its setting, its clause or rule, and the line that would allow it where one can."""
    made = plan(policy, host)
    refusals = list(recordable(made))

    assert len(refusals) > 60
    for layer, what in refusals:
        explained = why(made, layer, what)
        assert explained.setting in list(made.settings())
        assert (explained.clause in CLAUSES) == bool(explained.allow)
        assert explained.clause in {*CLAUSES, *BASELINE}
        assert explained.remedy


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
@pytest.mark.parametrize("policy", [Policy.default(), NETWORKED, Policy.load("workbench")], ids=lambda p: p.name)
def test_what_allows_it_allows_it(policy: Policy, host: Host) -> None:
    """The line that an explanation names is valid TOML of a policy, and under it that refusal's setting is wider."""
    made = plan(policy, host)
    for layer, what in recordable(made):
        explained = why(made, layer, what)
        if not explained.allow:
            continue
        # Which host a refused socket was for, the kernel can't say.
        line = Policy.from_toml(explained.allow.replace("HOST:PORT", "some.example.org:1"))
        clause = explained.clause
        changed = plan(policy.but(**{clause: dict(line.leaves())[clause]}), host)
        assert widened(changed, made), (layer, what, explained.allow)


@given(ours=policies(), theirs=policies(), host=st.sampled_from(list(HOSTS.values())))
def test_narrowing_never_widens(ours: Policy, theirs: Policy, host: Host) -> None:
    """The plan of a narrowed policy permits nothing that the plan of either policy does not."""
    ours, theirs = satisfiable(ours, host), satisfiable(theirs, host)

    try:
        made = plan(ours.narrow(theirs), host)
    except PolicyUnenforceable:
        return  # what one demands and the other's limit makes weaker: nothing runs, which is narrower than anything

    assert () == widened(made, plan(ours, host))
    assert () == widened(made, plan(theirs, host))


def satisfiable(policy: Policy, host: Host) -> Policy:
    """Take out what this host would refuse to plan, so that there is a plan to compare."""
    controls = plan(policy.but(**{"isolation.require": ()}), host).controls()
    held = [each.name for each in controls if each.status == "enforced"]
    return policy.but(**{"isolation.require": [each for each in policy.isolation.require if each in held]})


@given(policy=policies(), host=st.sampled_from(list(HOSTS.values())))
def test_a_plan_is_never_wider_than_itself(policy: Policy, host: Host) -> None:
    """Comparing is sane: equal policies give equal plans, and neither is wider."""
    policy = satisfiable(policy, host)

    assert plan(policy, host) == plan(replace(policy, name="same"), host)
    assert () == widened(plan(policy, host), plan(policy, host))


@pytest.mark.parametrize(
    ("clause", "narrow", "wide"),
    [
        ("limits.wall", "1s", "2s"),
        ("limits.memory", "1GiB", "2GiB"),
        ("limits.disk", "1MiB", "2MiB"),
        ("limits.background", "off", "1h"),
        ("limits.background", "1h", "2h"),
        ("limits.idle", "1h", "off"),
        ("limits.lifetime", "1h", "2h"),
        ("files.read", [], ["/srv"]),
        ("files.read", ["/srv/a"], ["/srv"]),
        ("files.write", [], ["/srv"]),
        ("network.allow", [], ["a.org:443"]),
        ("network.allow", ["b.a.org:443"], ["*.a.org:443"]),
        ("code.spawn", False, True),
        ("code.native", False, True),
        ("code.modules", ["math"], "*"),
        ("output.redact_secrets", True, False),
        ("output.inert_html", True, False),
        ("on_denial.action", "end", "record"),
        ("isolation.tier", "gvisor", "jail"),
        ("isolation.require", ["wall"], []),
        ("check.mode", "enforce", "record"),
        ("check.unknown", "refuse", "allow"),
        ("tools", {"mail": "ask"}, {"mail": "allow"}),
        ("tools", {"mail": "deny"}, {}),
    ],
)
def test_widening_is_seen(clause: str, narrow: object, wide: object) -> None:
    """The comparison bites: for each kind of clause, the wider value is found wider and the narrower is not."""
    small = plan(Policy.default().but(**{clause: narrow}), ROOT)
    large = plan(Policy.default().but(**{clause: wide}), ROOT)

    assert () != widened(large, small)
    assert () == widened(small, large)


def test_each_guarantee_that_can_be_demanded_is_reported() -> None:
    """`isolation.require` and the controls of a result use the same names."""
    assert list(CONTROLS) == [each.name for each in plan(Policy.default(), ROOT).controls()]
