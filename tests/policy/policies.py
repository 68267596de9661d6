"""Any policy at all, for property tests: each clause is drawn from values that a policy may have."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

from hypothesis import strategies as st

from fumehood.policy import CONTROLS, Files, Policy, Secret, covered, host_covers, path_covers
from fumehood.policy.kinds import Choice
from fumehood.policy.reading import TABLES

HOSTS = ("a.org:1", "b.a.org:1", "*.a.org:1", "*.b.a.org:1", "*.c.org:2", "x.c.org:2", "[::1]:2", "10.0.0.1:1")
PATHS = ("/a", "/a/b", "/a/b/c", "/ab", "/usr/share/x", "/etc/hosts", "/etc/passwd", "/workspace/x", "/etc")
MODULES = ("os", "os.path", "math", "numpy", "numpy.linalg")


def _some(entries: tuple[str, ...]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(entries), unique=True, max_size=3)


SPECIAL: dict[str, st.SearchStrategy[Any]] = {
    "limits.wall": st.floats(0.001, 100),
    "limits.cpu": st.floats(0.001, 100),
    "limits.cpus": st.floats(0.01, 4),
    "limits.memory": st.integers(8 * 1024**2, 16 * 1024**3),
    "limits.processes": st.integers(1, 1000),
    "limits.open_files": st.integers(16, 1000),
    "limits.disk": st.integers(1, 1024**4),
    "limits.output": st.integers(1, 1024**4),
    "limits.background": st.just(0.0) | st.floats(0.001, 100),
    "limits.idle": st.just(math.inf) | st.floats(0.001, 100),
    "limits.lifetime": st.just(math.inf) | st.floats(0.001, 100),
    "limits.displays": st.integers(1, 1024**4),
    "files.read": _some(PATHS),
    "files.write": _some(PATHS),
    "network.allow": _some(HOSTS),
    "code.modules": st.just("*") | _some(MODULES),
    "isolation.require": _some(CONTROLS),
    "isolation.tier": st.sampled_from(("jail", "gvisor")),
}


def _words(*words: str) -> st.SearchStrategy[str]:
    return st.sampled_from(words)


def _values(clause: str, kind: Any) -> st.SearchStrategy[Any]:
    if clause in SPECIAL:
        return SPECIAL[clause]
    return st.sampled_from(kind.words) if isinstance(kind, Choice) else st.booleans()


@st.composite
def _files(draw: st.DrawFn) -> Files:
    write = draw(_some(PATHS))
    return Files(read=tuple(p for p in draw(_some(PATHS)) if not covered(p, write, path_covers)), write=tuple(write))


TABLE_STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    name: st.builds(
        table, **{each.name: _values(f"{name}.{each.name}", each.metadata["kind"]) for each in fields(table)}
    )
    for name, table in TABLES.items()
} | {"files": _files()}


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Draw a policy; a secret goes where the policy's network leads."""
    tables = {name: draw(strategy) for name, strategy in TABLE_STRATEGIES.items()}
    allow = tables["network"].allow
    hosts = [host for host in HOSTS if not host.startswith("*") and covered(host, allow, host_covers)]
    names = _words("k", "l")
    sources = _words("env:K", "file:/k")
    secrets = (
        draw(st.dictionaries(names, st.builds(Secret, source=sources, host=st.sampled_from(hosts)), max_size=2))
        if hosts
        else {}
    )
    tools = draw(st.dictionaries(_words("mail", "search"), _words("allow", "ask", "deny"), max_size=2))
    return Policy(name=draw(st.sampled_from(("p", "q"))), **tables, secrets=secrets, tools=tools)
