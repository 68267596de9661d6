"""What an environment has installed, inside: found by `import`, and imported before sandboxes are forked if it says so.

Of a `.pth` file nothing is read. Its lines are programs that would run at every start, before the one that was asked
for; no package of the shipped environments needs one, and one that does says so when an environment is created.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from fumehood.kernel import mount
from fumehood.tiers.jail.seal import HOST_PROC, WORKSPACE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from fumehood.tiers.jail.wire import Message

_HOME = "/tmp"  # noqa: S108 -- in the zygote's own root, and $HOME of its sandboxes
_STAGE = "/tmp/.rehearsal"  # noqa: S108 -- the sandbox's own
_PRIVATE = mount.NOSUID | mount.NODEV | mount.NOEXEC
#: Folders whose files each sandbox copies to its $HOME, because nothing was imported that had read them already.
_owed: list[str] = []
#: Python writes into code and type caches until a function ran often enough; each such write would copy a page later.
_REHEARSALS, _REHEARSING_S = 8, 1.0
#: What a rehearsal defines under this name, the sandboxes that are handed out next do as well: unless that
#: took longer than this in the zygote, where the pages were its own.
_BURN_IN, _BRIEF_S = "burn_in", 0.05
_burn_ins: list[Callable[[], None]] = []


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
    code = compile(program, "<rehearsal>", "exec")
    scope: dict[str, Any] = {}
    end, least = time.monotonic() + _REHEARSING_S, _BRIEF_S  # what took longer once may have waited for a processor
    for _ in range(_REHEARSALS):
        os.chdir(_HOME)
        scope = {"__name__": "__main__"}
        _perform(lambda: exec(code, scope))  # noqa: B023, S102 -- called at once; the environment's own
        if _BURN_IN in scope:
            least = min(least, _perform(scope[_BURN_IN]))
        if time.monotonic() > end:
            break
    os.chdir("/")
    _require_one_thread("the environment's rehearsal")
    if _BURN_IN in scope and least < _BRIEF_S:
        _burn_ins.append(scope[_BURN_IN])


def _perform(part: Callable[[], None]) -> float:
    """Seconds that it took."""
    begun = time.monotonic()
    try:
        part()
    except Exception as error:
        message = f"the environment's rehearsal failed: {type(error).__name__}: {error}"
        raise RuntimeError(message) from error
    return time.monotonic() - begun


def _require_one_thread(what: str) -> None:
    if len(os.listdir(f"{HOST_PROC}/self/task")) > 1:
        message = f"{what} starts threads, so it can't be done before sandboxes are forked"
        raise RuntimeError(message)


def move_in() -> None:
    """In a sandbox: put the files in $HOME that the packages look for there."""
    for folder in _owed:
        _copy(folder)


def burn_in() -> None:
    """Sealed, before the first program: write once to the pages that it will write to.

    It fails where the policy leaves it too little, and then the program is the one that must be told so. What it left
    in files goes with its folder, and what it prints goes nowhere.
    """
    for part in _burn_ins:
        os.mkdir(_STAGE)
        os.chdir(_STAGE)
        with suppress(Exception), _unheard():
            part()
        os.chdir(WORKSPACE)
        shutil.rmtree(_STAGE)


@contextmanager
def _unheard() -> Generator[None]:
    """Meanwhile standard output and error lead nowhere."""
    kept = os.dup(1), os.dup(2)
    null = os.open("/dev/null", os.O_WRONLY)
    for number in (1, 2):
        os.dup2(null, number)
    os.close(null)
    try:
        yield
    finally:
        for number, descriptor in enumerate(kept, 1):
            (sys.stdout, sys.stderr)[number - 1].flush()
            os.dup2(descriptor, number)
            os.close(descriptor)


def _copy(folder: str) -> None:
    """As files of our own, which may be written; those that they are copied from may not."""
    for path, folders, files in os.walk(folder):
        target = _HOME + path.removeprefix(folder)
        for name in folders:
            os.mkdir(f"{target}/{name}")
        for name in files:
            shutil.copyfile(f"{path}/{name}", f"{target}/{name}")
