"""What an environment has installed, inside: found by `import`, and imported before sandboxes are forked if it says so.

Of a `.pth` file nothing is read. Its lines are programs that would run at every start, before the one that was asked
for; no package of the shipped environments needs one, and one that does says so when an environment is created.
"""

from __future__ import annotations

import os
import shutil
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from fumehood.kernel import mount
from fumehood.tiers.jail import seeds
from fumehood.tiers.jail.seal import HOST_PROC

if TYPE_CHECKING:
    from fumehood.tiers.jail.wire import Message

_HOME = "/tmp"  # noqa: S108 -- in the zygote's own root, and $HOME of its sandboxes
_PRIVATE = mount.NOSUID | mount.NODEV | mount.NOEXEC
#: Folders whose files each sandbox copies to its $HOME, because nothing was imported that had read them already.
_owed: list[str] = []


def load(packages: Message) -> None:
    """In the zygote: put the packages on `sys.path`, import what is to be there beforehand, and rehearse.

    Meanwhile there is a $HOME to write to, with the files that packages look for there.

    Raises:
        RuntimeError: An import or the rehearsal failed, or started threads, of which no fork would have any.
    """
    if packages["site"]:
        sys.path.append(packages["site"])
    if not packages["imports"]:
        _owed.extend([packages["home"]] if packages["home"] else [])
        return
    mount.mount("home", _HOME, "tmpfs", _PRIVATE, "size=64m,mode=0755")
    if packages["home"]:
        _copy(packages["home"])
    for name in packages["imports"]:
        import_module(name)
        _require_one_thread(f"importing {name}")
    _rehearse(packages["rehearsal"])
    mount.unmount(_HOME)


def _rehearse(program: str) -> None:
    """Run what a program of this environment does first: what that loads, fills and compiles is then there for all."""
    try:
        exec(compile(program, "<rehearsal>", "exec"), {"__name__": "__main__"})  # noqa: S102 -- the environment's own
    except Exception as error:
        message = f"the environment's rehearsal failed: {type(error).__name__}: {error}"
        raise RuntimeError(message) from error
    _require_one_thread("the environment's rehearsal")


def _require_one_thread(what: str) -> None:
    if len(os.listdir(f"{HOST_PROC}/self/task")) > 1:
        message = f"{what} starts threads, so it can't be done before sandboxes are forked"
        raise RuntimeError(message)


def move_in() -> None:
    """In a sandbox: put the files in $HOME that the packages look for there, and draw random numbers of its own."""
    for folder in _owed:
        _copy(folder)
    seeds.renew()


def _copy(folder: str) -> None:
    """As files of our own, which may be written; those that they are copied from may not."""
    for path, folders, files in os.walk(folder):
        target = _HOME + path.removeprefix(folder)
        for name in folders:
            os.mkdir(f"{target}/{name}")
        for name in files:
            shutil.copyfile(f"{path}/{name}", f"{target}/{name}")
