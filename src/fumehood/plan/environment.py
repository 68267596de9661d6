"""What code finds installed, as a value. `fumehood.environments` builds and finds it; here it is only described."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

PLACE: Final = "/opt/environment"
"""Where an environment is mounted inside."""
SITE: Final = f"{PLACE}/site"
"""What is put on `sys.path`."""
HOME: Final = f"{PLACE}/home"
"""Files that the packages look for in $HOME, and would have to make there."""


@dataclass(frozen=True, slots=True)
class Environment:
    """An interpreter with hash-locked packages: built once, immutable, shared by all sandboxes that use it.

    `lock` is the hash of what it was built from: the locked packages and the interpreter that they are for. `folder` is
    where they lie on the host, "" where there are none; `home`, if any, has files that they look for in $HOME.
    `imports` are the modules that a zygote imports before sandboxes are forked from it, and `rehearsal` is a program
    that it then runs, so that no sandbox pays for the first time; what that defines as `burn_in` is run by those
    sandboxes too that are to be handed out next.
    """

    name: str
    lock: str = ""
    interpreter: str = ""
    folder: str = ""
    home: str = ""
    imports: tuple[str, ...] = ()
    rehearsal: str = ""

    def described(self) -> dict[str, Any]:
        """Return what a zygote is started with, as plain data."""
        return {
            "name": self.name,
            "lock": self.lock,
            "site": SITE if self.folder else "",
            "home": HOME if self.home else "",
            "imports": list(self.imports),
            "rehearsal": self.rehearsal,
        }


BARE: Final = Environment("bare")
"""The interpreter and its standard library."""
