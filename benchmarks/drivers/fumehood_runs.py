"""fumehood: `fumehood_runs.py once|live [ENVIRONMENT]`, a sandbox for each program or one for all.

A probe is read, but not refused for what was read: the sandbox shall answer.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import orders

import fumehood
from fumehood.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

UNREFUSED = Policy.from_toml('[check]\nmode = "record"\n', where="probe")


@contextmanager
def opened(kind: str) -> Iterator[orders.Runs]:
    """Have both ways ready; the sandbox of probes is made when there is one."""
    options: dict[str, Any] = {"env": sys.argv[2]} if sys.argv[2:] else {}
    with ExitStack() as stack:

        @cache
        def run(policy: Policy | None) -> Callable[[str], fumehood.Result]:
            if kind == "once":
                return partial(fumehood.run, policy=policy, **options)
            return stack.enter_context(fumehood.Sandbox(policy=policy, **options)).run

        yield orders.Runs(lambda code: printed(run(None)(code)), lambda code: printed(run(UNREFUSED)(code)))


def printed(result: fumehood.Result) -> str:
    """What a program printed, if it came to its end."""
    if result.limit is not None:
        message = f"its {result.limit.kind} is limited to {result.limit.limit}"
        raise RuntimeError(message)
    if result.error is not None:
        message = f"{result.error.name}: {result.error.message}"
        raise RuntimeError(message)
    return result.stdout


if __name__ == "__main__":
    orders.serve("fumehood", opened(orders.mode()))
