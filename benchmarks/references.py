"""What fumehood is compared with, on the same machine in the same run."""

from __future__ import annotations

import os
import shutil
import sys

from rounds import Case

#: As the handbooks of bubblewrap do it: namespaces and a read-only /usr, without system-call filter, limits or cgroup.
BWRAP = (
    "--unshare-all --die-with-parent --new-session --ro-bind /usr /usr --symlink usr/lib /lib"
    " --symlink usr/lib64 /lib64 --symlink usr/bin /bin --proc /proc --dev /dev --tmpfs /tmp"
    " --dir /workspace --chdir /workspace --clearenv"
)
_PAUSE = 0.02


def start(program: str, *arguments: str) -> int:
    """Run a program to its end by the cheapest way there is; its exit status. Its output goes nowhere."""
    nowhere = (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)
    child = os.posix_spawn(program, [program, *arguments], os.environ, file_actions=[nowhere])
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def cold() -> Case:
    """`python3 -c pass` with the interpreter that runs this: one × in every promise."""
    return Case("cold: python3 -c pass", lambda: start(sys.executable, "-c", "pass"), pause=_PAUSE)


def fork() -> Case:
    """fork, _exit and wait of this very process; apart, since each page that it writes to afterwards costs a copy."""
    return Case("fork + _exit", _fork, pause=_PAUSE, apart=True)


def _fork() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def peers() -> list[Case]:
    """Bubblewrap starting Python for each program, where it is installed and works."""
    program = shutil.which("bwrap")
    arguments = [*BWRAP.split(), "/usr/bin/python3", "-c", "print(1+1)"]
    if program is None or start(program, *arguments) != 0:
        return []
    return [Case("bubblewrap + python3 -c print(1+1)", lambda: start(program, *arguments), pause=_PAUSE, every=2)]
