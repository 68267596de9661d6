"""The command line. Thin: each command turns words into a call and its answer into text; errors become exit codes."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run a command and leave with its exit code (0 to 7 as the documentation says, 130 when interrupted)."""
    runs = sys.argv[1:2] == ["run"] and not {"-h", "--help"} & set(sys.argv)
    if None in {sys.stdin, sys.stdout, sys.stderr}:
        _stand_in()
    try:
        if runs:
            _start_jail()
        from fumehood.cli.commands import execute

        code = execute()
    except KeyboardInterrupt:  # before the commands are there to catch it
        code = 130
    # Everything is written, and to wait for the jail's end would take longer; but with pid 1 of a container the kernel
    # would end the launcher before it has cleared up.
    if runs and os.getpid() != 1:
        os._exit(code)
    sys.exit(code)


def _stand_in() -> None:
    """Put something in place of standard streams that are closed, whose numbers other files would get.

    Nothing comes in, what goes to standard error is thrown away, and writing to standard output fails and is told.
    """
    for name, mode, flags in (("stdin", "r", os.O_RDONLY), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_WRONLY)):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, flags)
            os.set_inheritable(null, True)  # noqa: FBT003 -- its only form
            setattr(sys, name, open(null, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 -- as long as the process


def _start_jail() -> None:
    """Start what a run under the default policy needs before reading the command line: it takes as long as that.

    Where the jail can't start, the run itself says why, when it asks.
    """
    from fumehood.tiers.jail.spawn import Launched

    launched = Launched()
    gc.set_threshold(50_000)  # what is imported stays: there is nothing to collect
    from contextlib import suppress

    from fumehood.errors import Error
    from fumehood.plan import plan
    from fumehood.policy import Policy
    from fumehood.tiers.jail.opening import Opening

    opening, policy, made = Opening(launched), Policy.default(), None
    with suppress(Error, OSError):
        made = plan(policy, opening.host)
        opening.describe(made)
    from fumehood import pool

    shared = pool.shared(waiting=0, opening=opening)
    if made is not None:
        with suppress(Error):
            shared.expect(policy, made)
