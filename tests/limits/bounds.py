"""A policy with limits small enough to be reached at once, and how to wait for what a run leaves."""

from __future__ import annotations

from typing import Final

from tests import unread as fh

BOUNDS: Final = fh.Policy.default().but(
    **{
        "limits.wall": "6s",
        "limits.cpu": "2s",
        "limits.memory": "64MiB",
        "limits.processes": 16,
        "limits.open_files": 64,
        "limits.disk": "8MiB",
        "limits.output": "64KiB",
    }
)


def by_cgroup(controller: str) -> bool:
    """Whether this machine lets this user limit with a cgroup's controller."""
    from fumehood import pool  # noqa: PLC0415 -- starts the jail

    return controller in pool.shared().host.controllers
