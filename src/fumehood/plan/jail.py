"""The jail's slice: namespaces, who the code is, its limits, its root, its environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fumehood.plan.limits import limit_settings
from fumehood.plan.mounts import WORKSPACE, elsewhere, mount_settings
from fumehood.plan.settings import Setting, Slice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fumehood.execution import Status
    from fumehood.plan.draft import Draft

UID: Final = 1000
NAMESPACES: Final = ("user", "pid", "mount", "net", "ipc", "uts", "cgroup")
_THREADS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_ENVIRONMENT: Final = {
    "HOME": "/tmp",  # noqa: S108 -- the sandbox's own
    # joblib's own processes have to be executed, and then lack the packages; in one process it gives the same.
    "JOBLIB_MULTIPROCESSING": "0",
    "LANG": "C.UTF-8",
    "LOGNAME": "user",
    "MPLBACKEND": "Agg",
    "MPLCONFIGDIR": "/tmp/.matplotlib",  # noqa: S108 -- the sandbox's own
    "PWD": WORKSPACE,
    "PYTHONDONTWRITEBYTECODE": "1",
    "SHELL": "/bin/sh",
    "TERM": "dumb",
    "TMPDIR": "/tmp",  # noqa: S108 -- the sandbox's own
    "USER": "user",
    # libuv would try io_uring at its start, and each run of node would be recorded as an attempt.
    "UV_USE_IO_URING": "0",
    # A zygote must have one thread when it forks.
    **dict.fromkeys(_THREADS, "1"),
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}


def jail_slice(draft: Draft) -> Slice:
    """Return what the warden and the zygote set up."""
    return Slice(
        [*_separation(draft), *_identity(draft), *limit_settings(draft), *mount_settings(draft), *_rest(draft)]
    )


def _separation(draft: Draft) -> Iterator[Setting]:
    policy = draft.policy
    yield draft.by_clause("tier", policy.isolation.tier, "isolation.tier", how="Linux namespaces", order="strict")
    yield draft.by_rule("namespaces", NAMESPACES, "namespaces", how="unshare, once for the template and once a sandbox")
    how = "own mount namespace with a root put together read-only" + (", and Landlock" if draft.host.landlock else "")
    yield draft.by_clause("files.read", policy.files.readable, "files.read", how=how, order="paths")
    yield draft.by_clause("files.write", policy.files.write, "files.write", how=how, order="paths")
    allow = policy.network.allow
    how = "own network namespace without an interface, sockets refused by seccomp"
    if allow:
        how = "own network namespace, joined to the egress proxy alone"
    yield draft.by_clause("network", "proxy" if allow else "none", "network.allow", how=how, order="strict")
    yield _native(draft)


def _native(draft: Draft) -> Setting:
    """Native code can't be told from other code once it runs; what it may do is held by everything else."""
    code = draft.policy.code
    how = f"judged before the run; {_MAPPING[code.spawn]}; held by seccomp if it gets in"
    status: Status = "weaker"
    if code.native:
        how, status = "granted; native code is held by the same settings as any other", "enforced"
    return draft.by_clause("native", code.native, "code.native", how=how, status=status, order="implies")


_MAPPING: Final = {
    False: "files of the workspace can't be mapped as code (noexec)",
    True: "files of the workspace may be programs, since code.spawn grants them",
}


def _identity(draft: Draft) -> Iterator[Setting]:
    root = draft.host.root
    how = "own user namespace"
    how += ", a range of host users of its own" if root else "; outside it the sandbox is the caller's own user"
    status: Status = "enforced" if root else "weaker"
    yield draft.by_rule("identity", UID, "unprivileged-user", how=how, status=status)
    yield draft.by_rule("host uid", "range" if root else "caller", "unprivileged-user", how=how, status=status)
    yield draft.by_rule("capabilities", (), "no-capabilities", how="capset, in a user namespace of its own")
    yield draft.by_rule(
        "no_new_privs", value=True, rule="no-new-privileges", how="PR_SET_NO_NEW_PRIVS", order="protects"
    )
    yield draft.by_rule("dumpable", value=False, rule="not-dumpable", how="PR_SET_DUMPABLE", order="implies")
    yield draft.by_rule("oom_score_adj", 1000, "first-to-die", how="oom_score_adj")
    yield draft.by_rule("hostname", "sandbox", "neutral-name", how="own UTS namespace")


def _rest(draft: Draft) -> Iterator[Setting]:
    packages = draft.environment.described()
    site = packages["site"]
    places = [f"{prefix}/bin" for prefix in elsewhere(draft.host.prefixes)] + ([f"{site}/bin"] if site else [])
    variables = {"PATH": ":".join([*places, "/usr/local/bin", "/usr/bin", "/bin"]), **_ENVIRONMENT}
    if site:
        variables["PYTHONPATH"] = site  # for interpreters that the code may start; its own is told by the zygote
    yield draft.by_rule(
        "environment", variables, "clean-environment", how="made up; nothing of the caller's is taken over"
    )
    yield draft.by_rule("packages", packages, "packages", how="read-only mount, imported before sandboxes are forked")
