"""The root that the code sees, mount by mount, in the order in which they are made.

The value of a `mount:PATH` setting has `kind`, `source`, `target`, `writable` and `executable`. By kind, `source` is:
`bind` the host's path, shown with what is mounted below it; `symlink` where the link points; `dev` the device's node on
the host; `text` the content of a made-up file; `proc` the options; `tmpfs` the name of a folder in the sandbox's one
tmpfs, whose size is `disk` and `inodes`. Everything is nosuid, and nodev but for the device nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fumehood.plan.environment import HOME, SITE
from fumehood.policy import path_covers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fumehood.plan.draft import Draft
    from fumehood.plan.settings import Setting

WORKSPACE: Final = "/workspace"
PACKAGE: Final = "/opt/fumehood/fumehood"
SCRATCH: Final = {WORKSPACE: "workspace", "/tmp": "tmp", "/dev/shm": "shm"}  # noqa: S108 -- the sandbox's own, not the host's
DEVICES: Final = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_LINKS: Final = {
    "/dev/fd": "/proc/self/fd",
    "/dev/stdin": "/proc/self/fd/0",
    "/dev/stdout": "/proc/self/fd/1",
    "/dev/stderr": "/proc/self/fd/2",
}
_ETC: Final = {
    "/etc/passwd": "root:x:0:0:root:/nonexistent:/usr/sbin/nologin\nuser:x:1000:1000:user:/tmp:/bin/sh\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "/etc/group": "root:x:0:\nuser:x:1000:\nnogroup:x:65534:\n",
    "/etc/hosts": "127.0.0.1 localhost sandbox\n::1 localhost\n",
    "/etc/hostname": "sandbox\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


def mount_settings(draft: Draft) -> Iterator[Setting]:
    """Yield every mount, outer ones before what lies in them."""
    yield from _system(draft)
    for target, text in _ETC.items():
        yield _rule(draft, "text", text, target=target, rule="synthetic-etc")
    for path in draft.host.etc:
        yield _rule(draft, "bind", path, target=path, rule="shared-etc")
    for path in DEVICES:
        yield _rule(draft, "dev", path, target=path, rule="devices", writable=True)
    for target, source in _LINKS.items():
        yield _rule(draft, "symlink", source, target=target, rule="devices")
    yield _rule(draft, "proc", "subset=pid", target="/proc", rule="own-processes")
    yield from _scratch(draft)
    yield from _shared(draft)


def _system(draft: Draft) -> Iterator[Setting]:
    """Yield the host's programs and libraries, the interpreter where it lies elsewhere, and the packages."""
    host = draft.host
    yield _rule(draft, "bind", "/usr", target="/usr", rule="interpreter", executable=True)
    for target, source in host.links.items():
        yield _rule(draft, "symlink", source, target=target, rule="interpreter")
    for path in (*host.directories, *elsewhere(host.prefixes)):
        yield _rule(draft, "bind", path, target=path, rule="interpreter", executable=True)
    if host.package:
        yield _rule(draft, "bind", host.package, target=PACKAGE, rule="runner")
    if draft.environment.folder:
        # Its libraries are mapped as code like the system's.
        yield _rule(draft, "bind", draft.environment.folder, target=SITE, rule="packages", executable=True)
    if draft.environment.home:
        yield _rule(draft, "bind", draft.environment.home, target=HOME, rule="packages")


def elsewhere(prefixes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the interpreter's prefixes that don't lie in /usr, outer ones first."""
    return tuple(sorted(path for path in set(prefixes) if not path_covers("/usr", path)))


def _scratch(draft: Draft) -> Iterator[Setting]:
    for target, source in SCRATCH.items():
        mount = _mount("tmpfs", source, target, writable=True, executable=_runs_own_files(draft))
        yield draft.by_clause(f"mount:{target}", mount, "limits.disk", how="part of one tmpfs", order="mount")


def _shared(draft: Draft) -> Iterator[Setting]:
    """Yield the host paths that the policy names; the outer first, so that an inner one is not covered up."""
    files = draft.policy.files
    paths = [(path, "files.read", False) for path in files.read] + [(path, "files.write", True) for path in files.write]
    for path, clause, writable in sorted(paths):
        mount = _mount("bind", path, path, writable=writable, executable=_runs_own_files(draft))
        yield draft.by_clause(f"mount:{path}", mount, clause, how="bind mount", order="mount")


def _runs_own_files(draft: Draft) -> bool:
    """Whether files that are not the system's may be mapped as code: what was just built, or a library."""
    return draft.policy.code.spawn or draft.policy.code.native


def _rule(  # noqa: PLR0913 -- the parts of a mount, named where they are not plain
    draft: Draft, kind: str, source: str, *, target: str, rule: str, writable: bool = False, executable: bool = False
) -> Setting:
    mount = _mount(kind, source, target, writable=writable, executable=executable)
    return draft.by_rule(f"mount:{target}", mount, rule, how=_HOW[kind], order="mount")


_HOW: Final = {
    "bind": "read-only bind mount", "symlink": "link", "dev": "bind mount of the host's node", "text": "made-up file",
    "proc": "proc of the sandbox's own process namespace",
}  # fmt: skip


def _mount(kind: str, source: str, target: str, *, writable: bool, executable: bool) -> dict[str, Any]:
    return {"kind": kind, "source": source, "target": target, "writable": writable, "executable": executable}
