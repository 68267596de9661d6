"""Find out, by trying, what this machine can enforce: the facts that a plan is made from."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from fumehood.kernel import landlock, seccomp
from fumehood.kernel.libc import MACHINE
from fumehood.kernel.syscalls import numbers

if TYPE_CHECKING:
    from fumehood.kernel.cgroup import Cgroups
    from fumehood.tiers.jail.wire import Message

_SYS_ADMIN = 21
_ALL_IDS = 1 << 32
_ETC = ("alternatives", "ssl/certs", "ca-certificates", "fonts", "ld.so.cache", "localtime", "mime.types", "inputrc")
_TOP = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")


def is_real_root() -> bool:
    """Whether this process is the host's root with its powers, not the root of some user namespace."""
    if os.geteuid() != 0:
        return False
    with open("/proc/self/status", encoding="ascii") as file:
        capabilities = next(int(line.split()[1], 16) for line in file if line.startswith("CapEff:"))
    with open("/proc/self/uid_map", encoding="ascii") as file:
        first, outer, count = (int(word) for word in file.readline().split())
    return bool(capabilities >> _SYS_ADMIN & 1) and first == outer == 0 and count >= _ALL_IDS - 1


def facts(*, root: bool, groups: Cgroups, problem: OSError | None) -> Message:
    """A `plan.Host` as a message; `problem` is what the kernel answered when the jail's namespaces were asked for."""
    problems = [] if problem is None else [_explain(problem)]
    if not numbers(MACHINE):
        problems.append(_problem(f"no system call table for {MACHINE}", "Run on x86_64 or aarch64."))
    has_seccomp, notify = seccomp.available()
    if not has_seccomp:
        problems.append(_problem("this kernel has no seccomp filters", "Boot a kernel with CONFIG_SECCOMP_FILTER=y."))
    prefixes = {os.path.realpath(prefix) for prefix in (sys.base_prefix, sys.base_exec_prefix)}
    return {
        "release": os.uname().release,
        "machine": MACHINE,
        "root": root,
        "user_namespaces": problem is None,
        "landlock": landlock.abi(),
        "seccomp": has_seccomp,
        "seccomp_notify": notify,
        "cgroup": groups.version,
        "controllers": sorted(groups.controllers),
        "cpus": len(os.sched_getaffinity(0)),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "python": os.path.realpath(sys.executable),
        "prefixes": sorted(prefix for prefix in prefixes if prefix != "/usr" and not prefix.startswith("/usr/")),
        "links": {path: os.readlink(path) for path in _TOP if os.path.islink(path)},
        "directories": [path for path in _TOP if os.path.isdir(path) and not os.path.islink(path)],
        "etc": [f"/etc/{name}" for name in _ETC if os.path.exists(f"/etc/{name}")],
        "package": os.path.abspath(f"{__file__}/../../.."),
        "loader": _loader(),
        "node": _which("node"),
        "bash": _which("bash"),
        "problems": problems,
    }


def _loader() -> str | None:
    """The dynamic loader of this interpreter, links resolved."""
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as file:
        paths = {line.split()[-1] for line in file if "/ld-" in line}
    return next(iter(paths), None)


def _which(name: str) -> str | None:
    """A program of the host that the root will hold: one below /usr."""
    for folder in ("/usr/local/bin", "/usr/bin"):
        if os.access(f"{folder}/{name}", os.X_OK) and os.path.realpath(f"{folder}/{name}").startswith("/usr/"):
            return f"{folder}/{name}"
    return None


def _sysctl(path: str) -> str:
    try:
        with open(f"/proc/sys/{path}", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def _problem(what: str, remedy: str) -> dict[str, str]:
    return {"what": what, "remedy": remedy}


def _explain(problem: OSError) -> dict[str, str]:
    """What stands in the way of a user namespace here, and the command that mends it."""
    if _sysctl("kernel/apparmor_restrict_unprivileged_userns") == "1":
        return _problem(
            "AppArmor lets no ordinary program make user namespaces (Ubuntu 23.10 and later)",
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for this "
            "python with «userns,», or run as root.",
        )
    if _sysctl("kernel/unprivileged_userns_clone") == "0":
        return _problem(
            "user namespaces are switched off for ordinary users",
            "sudo sysctl -w kernel.unprivileged_userns_clone=1",
        )
    if _sysctl("user/max_user_namespaces") == "0":
        return _problem("user namespaces are switched off", "sudo sysctl -w user.max_user_namespaces=15000")
    return _problem(
        f"the kernel refused the jail's namespaces ({problem})",
        "Inside a container, start it with --security-opt seccomp=unconfined --security-opt systempaths=unconfined "
        "(or a seccomp profile that allows unshare, mount and setns); on a host, check that user namespaces are on.",
    )
