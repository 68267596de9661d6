"""Made-up machines, each as `doctor` would find one: what a plan is made for without being on it."""

from __future__ import annotations

from fumehood.plan import Host, Problem

GIB = 1024**3

ROOT = Host(
    release="6.18.0",
    machine="x86_64",
    root=True,
    user_namespaces=True,
    landlock=7,
    seccomp=True,
    seccomp_notify=True,
    cgroup="v1",
    controllers=frozenset({"memory", "pids", "cpu", "freezer"}),
    cpus=4,
    memory=16 * GIB,
    python="/opt/python/bin/python3",
    prefixes=("/opt/python",),
    links={"/bin": "usr/bin", "/lib": "usr/lib", "/lib64": "usr/lib64", "/sbin": "usr/sbin"},
    etc=("/etc/ssl/certs", "/etc/ld.so.cache"),
    node="/usr/bin/node",
    bash="/usr/bin/bash",
    package="/opt/site/fumehood",
    loader="/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
    egress=True,
    tiers=("jail", "gvisor"),
)
"""Real root with every controller of cgroup v1."""

DELEGATED = ROOT._replace(root=False, cgroup="v2", python="/usr/bin/python3", prefixes=())
"""An ordinary user in a systemd session with a delegated cgroup v2."""

PLAIN = DELEGATED._replace(cgroup="none", controllers=frozenset[str]())
"""An ordinary user without any cgroup."""

OLD = PLAIN._replace(
    landlock=0,
    seccomp_notify=False,
    links={},
    directories=("/bin", "/lib"),
    node=None,
    package="/opt/site/fumehood",
    loader=None,
)
"""An ordinary user on an old kernel: no Landlock, no record of refused calls, no merged usr."""

CLOSED = PLAIN._replace(
    user_namespaces=False,
    problems=(Problem("user namespaces are restricted by AppArmor", "Run `sysctl -w x=0`."),),
)
"""A machine on which no jail works."""

HOSTS = {"root": ROOT, "delegated": DELEGATED, "plain": PLAIN, "old": OLD}
"""Those on which a jail works, by name."""
