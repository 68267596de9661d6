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

if TYPE_CHECKING:
    from fumehood.tiers.jail.wire import Message

_HOME = "/tmp"  # noqa: S108 -- in the zygote's own root, and $HOME of its sandboxes
_PRIVATE = mount.NOSUID | mount.NODEV | mount.NOEXEC


def load(packages: Message) -> None:
    """In the zygote: put the packages on `sys.path`, and import what is to be there beforehand.

    While they are imported they have a $HOME to write to, with the files that they would look for there.
    """
    if not packages["site"]:
        return
    sys.path.append(packages["site"])
    if not packages["imports"]:
        return
    mount.mount("home", _HOME, "tmpfs", _PRIVATE, "size=64m,mode=0755")
    furnish(packages)
    for name in packages["imports"]:
        import_module(name)
    mount.unmount(_HOME)


def furnish(packages: Message) -> None:
    """Copy the files of the environment's home to $HOME."""
    if packages["home"] and os.path.isdir(packages["home"]):
        shutil.copytree(packages["home"], _HOME, dirs_exist_ok=True, copy_function=shutil.copyfile)
