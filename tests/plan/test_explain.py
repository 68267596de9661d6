from __future__ import annotations

import pytest

from fumehood.errors import UsageError
from fumehood.plan import plan
from fumehood.plan.explain import Layer, why
from fumehood.policy import Policy
from tests.plan.hosts import ROOT

PLAN = plan(Policy.default(), ROOT)


@pytest.mark.parametrize(
    ("layer", "what", "allowed_by"),
    [
        ("limit", "memory", ('limits.memory = "4GiB"', "--memory 4GiB")),
        ("limit", "wall", ('limits.wall = "1m"', "--timeout 1m")),
        ("limit", "processes", ("limits.processes = 128", "")),
        ("limit", "files", ("limits.open_files = 512", "")),
        ("limit", "output", ('limits.output = "2MiB"', "")),
        ("limit", "displays", ('limits.displays = "32MiB"', "")),
        ("egress", "a.org:443", ('network.allow = ["a.org:443"]', "--allow-net a.org:443")),
        ("egress", "connect 10.0.0.1:443", ('network.allow = ["10.0.0.1:443"]', "--allow-net 10.0.0.1:443")),
        ("seccomp", "execve", ("code.spawn = true", "--policy workbench")),
        ("seccomp", "socket", ('network.allow = ["HOST:PORT"]', "--allow-net HOST:PORT")),
        ("landlock", "read /srv/a", ('files.read = ["/srv/a"]', "--data PATH")),
        ("landlock", "write /srv/a", ('files.write = ["/srv/a"]', "--out DIR")),
        ("seccomp", "ptrace", ("", "")),
        ("seccomp", "no_such_call", ("", "")),
    ],
)  # fmt: skip
def test_a_refusal_names_what_would_allow_it(layer: Layer, what: str, allowed_by: tuple[str, str]) -> None:
    """From the refusal to the line of the policy and the option for one run; none where no policy allows it."""
    explained = why(PLAN, layer, what)

    assert allowed_by == (explained.allow, explained.flag)


def test_what_stands_in_a_list_is_kept() -> None:
    """The line to add holds what is allowed already: pasting it takes nothing away."""
    made = plan(Policy.default().but(**{"network.allow": ["a.org:1"]}), ROOT)

    assert 'network.allow = ["a.org:1", "b.org:2"]' == why(made, "egress", "b.org:2").allow


def test_a_grant_is_not_named_for_what_it_does_not_cover() -> None:
    """With the network granted, a refused socket is of a family that no policy opens."""
    made = plan(Policy.default().but(**{"network.allow": ["a.org:1"]}), ROOT)

    assert ("baseline.socket", "") == (why(made, "seccomp", "socket").clause, why(made, "seccomp", "socket").allow)


def test_an_unknown_refusal_is_an_error() -> None:
    """What no plan refuses is not explained away."""
    with pytest.raises(UsageError, match="luck"):
        why(PLAN, "limit", "luck")
