from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fumehood.errors import PolicyError, PolicyUnenforceable, Unavailable
from fumehood.plan import Environment, Host, plan
from fumehood.policy import Policy
from tests.plan.hosts import CLOSED, DELEGATED, GIB, HOSTS, OLD, PLAIN, ROOT

DEFAULT = Policy.default()
DATA = Environment("data", lock="0" * 64, folder="/srv/data")


def statuses(policy: Policy, host: Host) -> dict[str, str]:
    return {each.name: each.status for each in plan(policy, host).controls()}


def test_a_host_survives_json() -> None:
    """The warden sends what it probed as JSON; nothing is lost, and an unknown key is passed over."""
    for host in (*HOSTS.values(), CLOSED):
        data = json.loads(json.dumps(host.to_dict()))
        assert host == Host.from_dict({**data, "unheard": 1})


def test_root_with_cgroups_enforces_all_but_native_code() -> None:
    """On the best machine one guarantee stays weaker: native code, once in, can't be told from other code."""
    assert {"native"} == {name for name, status in statuses(DEFAULT, ROOT).items() if status != "enforced"}


def test_a_user_without_cgroups_is_told_what_is_weaker() -> None:
    """Memory, processes and processor time are watched from outside, and the control says so and why."""
    weak = {name for name, status in statuses(DEFAULT, PLAIN).items() if status == "weaker"}
    memory = next(each for each in plan(DEFAULT, PLAIN).controls() if each.name == "memory")

    assert {"cpu", "identity", "memory", "native", "processes"} == weak
    assert "no memory cgroup is usable" in memory.how
    assert 'limits.memory = "2GiB"' == memory.why


def test_an_old_kernel_is_told_what_is_absent() -> None:
    """Without Landlock its control is absent; what mounts and namespaces hold stays enforced."""
    held = statuses(DEFAULT, OLD)

    assert "absent" == held["landlock"]
    assert ("enforced", "enforced") == (held["filesystem"], held["network"])
    assert plan(DEFAULT, OLD).syscalls["recorded"].value is False


def test_an_older_landlock_is_weaker() -> None:
    """An ABI that knows files alone is named with what it lacks."""
    control = next(each for each in plan(DEFAULT, ROOT._replace(landlock=3)).controls() if each.name == "landlock")

    assert "weaker" == control.status
    assert "TCP" in control.how


def test_limits_choose_the_strongest_means() -> None:
    """Each limit is held by the cgroup where its controller is usable, one by one, and otherwise by the next best."""
    partial = DELEGATED._replace(controllers=frozenset({"memory"}))
    ways = [
        {name: plan(DEFAULT, host).jail[name].value for name in ("memory.by", "processes.by", "cpus.by", "cpu.by")}
        for host in (DELEGATED, partial, PLAIN)
    ]

    assert ["cgroup", "cgroup", "cgroup", "cgroup"] == list(ways[0].values())
    assert ["cgroup", "rlimit", "affinity", "polling"] == list(ways[1].values())
    assert ["polling", "rlimit", "affinity", "polling"] == list(ways[2].values())


def test_address_space_is_a_backstop_only_where_memory_is_polled() -> None:
    """With a cgroup allocators may reserve what they like; without, a leap between two readings is stopped."""
    assert "rlimit.as" not in plan(DEFAULT, ROOT).jail
    assert 10 * GIB == plan(DEFAULT, PLAIN).jail["rlimit.as"].value


def test_part_of_a_processor_needs_a_cgroup() -> None:
    """Affinity holds whole processors; for a half the control says what it is in truth."""
    half = DEFAULT.but(**{"limits.cpus": 0.5})

    assert ("enforced", "enforced", "weaker") == (
        statuses(half, ROOT)["cpus"],
        statuses(DEFAULT, PLAIN)["cpus"],
        statuses(half, PLAIN)["cpus"],
    )


def test_a_file_in_memory_is_offered_only_where_it_is_counted() -> None:
    """memfd_create makes memory that only a cgroup counts."""
    assert "allow" == plan(DEFAULT, ROOT).syscalls["anonymous-files"].value["otherwise"]
    assert "absent" == plan(DEFAULT, PLAIN).syscalls["anonymous-files"].value["action"]


def test_spawning_needs_the_grant() -> None:
    """Without code.spawn execve is refused; with it programs run, and files of the workspace may be programs."""
    bench = Policy.load("workbench")
    refused, granted = plan(DEFAULT, ROOT), plan(bench, ROOT)

    assert ("refuse", "allow") == tuple(each.syscalls["spawn"].value["action"] for each in (refused, granted))
    assert (False, True) == tuple(each.jail["mount:/workspace"].value["executable"] for each in (refused, granted))
    assert () == refused.landlock["execute"].value
    assert "/usr" in granted.landlock["execute"].value


def test_node_may_be_executed_and_nothing_else() -> None:
    """For JavaScript one program is executed; Landlock names it, and the control does not claim more than that."""
    script = plan(DEFAULT, ROOT, language="javascript")
    control = next(each for each in script.controls() if each.name == "spawn")

    assert (ROOT.node, ROOT.loader) == script.landlock["execute"].value
    assert "weaker" == control.status
    assert script.digest != plan(DEFAULT, ROOT).digest


def test_the_root_holds_nothing_of_the_host_but_its_system() -> None:
    """What is bound is the system, the interpreter, fumehood itself and the harmless part of /etc, all read-only."""
    mounts = [each.value for each in plan(DEFAULT, ROOT).jail.values() if each.name.startswith("mount:")]
    bound = {each["source"] for each in mounts if each["kind"] == "bind"}
    writable = {each["target"] for each in mounts if each["writable"] and each["kind"] != "dev"}

    assert {"/usr", "/opt/python", "/opt/site/fumehood", "/etc/ssl/certs", "/etc/ld.so.cache"} == bound
    assert {"/workspace", "/tmp", "/dev/shm"} == writable  # noqa: S108 -- the sandbox's own
    assert [] == [each for each in mounts if each["writable"] and each["executable"]]


def test_an_environment_is_shown_read_only() -> None:
    """Its folder is one mount, mapped as code like the system's libraries, found by interpreters of its own, too."""
    made = plan(DEFAULT, ROOT, environment=DATA)
    mounted = made.jail["mount:/opt/environment/site"]

    assert "baseline.packages" == mounted.because
    assert ("bind", "/srv/data", False, True) == tuple(
        mounted.value[part] for part in ("kind", "source", "writable", "executable")
    )
    assert "/opt/environment" in made.landlock["read.system"].value
    assert "/opt/environment/site" == made.jail["environment"].value["PYTHONPATH"]
    assert "mount:/opt/environment/site" not in plan(DEFAULT, ROOT).jail


def test_an_environment_s_programs_run_where_programs_may() -> None:
    """`code.spawn` reaches what is installed, as it reaches the system's programs."""
    bench = Policy.load("workbench")

    assert "/opt/environment" in plan(bench, ROOT, environment=DATA).landlock["execute"].value
    assert () == plan(DEFAULT, ROOT, environment=DATA).landlock["execute"].value


@pytest.mark.parametrize(
    "change", [{"lock": "1" * 64}, {"imports": ("json",)}, {"rehearsal": "1"}, {"folder": "/srv/b"}]
)
def test_sandboxes_of_another_environment_are_others(change: dict[str, Any]) -> None:
    """Neither what waits in the pool nor a zygote is shared between environments that differ in anything."""
    assert (
        plan(DEFAULT, ROOT, environment=DATA).digest != plan(DEFAULT, ROOT, environment=replace(DATA, **change)).digest
    )


def test_mounts_come_outer_first() -> None:
    """A mount never covers what an earlier one put below it, unless the policy names the path itself."""
    policy = DEFAULT.but(**{"files.read": ["/srv/b/c", "/srv/b"], "files.write": ["/srv/a"]})
    targets = [each.value["target"] for each in plan(policy, ROOT).jail.values() if each.name.startswith("mount:")]

    assert [] == [(a, b) for i, a in enumerate(targets) for b in targets[i + 1 :] if a.startswith(b + "/")]


def test_a_shared_folder_is_not_under_the_disk_limit() -> None:
    """Host paths that may be written lie outside the tmpfs, and the control says so."""
    policy = DEFAULT.but(**{"files.write": ["/srv"]})

    assert ("enforced", "weaker") == (statuses(DEFAULT, ROOT)["disk"], statuses(policy, ROOT)["disk"])


def test_nothing_of_the_caller_is_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables inside are made up; the caller's are not looked at."""
    monkeypatch.setenv("API_KEY", "hunter2")
    variables = plan(DEFAULT, ROOT).jail["environment"].value

    assert "API_KEY" not in variables
    assert "/opt/python/bin:/usr/local/bin:/usr/bin:/bin" == variables["PATH"]


@pytest.mark.parametrize(
    ("changes", "host", "words"),
    [
        ({"isolation.tier": "microvm"}, ROOT, "microvm"),
        ({"network.allow": ["a.org:443"]}, ROOT._replace(egress=False), "egress"),
        ({"isolation.require": ["memory", "wall"]}, PLAIN, "memory is weaker"),
        ({"isolation.require": ["landlock"]}, OLD, "landlock is absent"),
    ],
)
def test_what_can_not_be_enforced_is_refused(changes: dict[str, object], host: Host, words: str) -> None:
    """A demand that this host can't meet is an error with a remedy, never a plan with less."""
    with pytest.raises(PolicyUnenforceable, match=words) as caught:
        plan(DEFAULT.but(**changes), host)

    assert caught.value.remedy()


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"limits.memory": "17GiB"}, "this machine's 16GiB"), ({"limits.cpus": 5}, "this machine's 4")],
)
def test_a_limit_above_the_machine_is_refused(changes: dict[str, object], words: str) -> None:
    """A limit that limits nothing here is a mistake, and the error has the machine's figure."""
    with pytest.raises(PolicyError, match=words):
        plan(DEFAULT.but(**changes), ROOT)


@pytest.mark.parametrize(
    ("host", "what", "remedy"),
    [
        (CLOSED, "AppArmor", "sysctl -w x=0"),
        (ROOT._replace(user_namespaces=False), "user namespaces are off", "max_user_namespaces"),
        (ROOT._replace(seccomp=False), "seccomp", "CONFIG_SECCOMP_FILTER"),
    ],
)
def test_a_machine_without_a_jail_is_told_what_is_missing(host: Host, what: str, remedy: str) -> None:
    """Where no jail works nothing is planned; the error lists what is missing and what mends it."""
    with pytest.raises(Unavailable, match=what) as caught:
        plan(DEFAULT, host)

    assert not isinstance(caught.value, PolicyUnenforceable)
    assert remedy in caught.value.remedy()


def test_sandboxes_of_one_digest_are_interchangeable() -> None:
    """The digest changes with what a sandbox is sealed with, and not with what is decided outside it."""
    sealed = plan(DEFAULT, ROOT).digest

    assert sealed == plan(Policy(name="other"), ROOT).digest
    assert sealed == plan(DEFAULT.but(**{"output.inert_html": False, "check.unknown": "ask"}), ROOT).digest
    assert sealed != plan(DEFAULT.but(**{"limits.memory": "1GiB"}), ROOT).digest
    assert sealed != plan(DEFAULT, PLAIN).digest


@given(st.sampled_from(list(HOSTS.values())))
def test_every_value_is_plain_data(host: Host) -> None:
    """A plan can be shown, sent and stored: each setting's value is JSON."""
    for setting in plan(Policy.load("workbench"), host).settings():
        json.dumps(setting.value, allow_nan=False)
