"""All attacks: those on a sandbox that was made for its caller, and those on one that was made ahead."""

from __future__ import annotations

from typing import Final

from tests.escape import caller, files, kernel, network, pooled, protocol, resources, siblings

EVERY: Final = (
    *files.ATTACKS,
    *kernel.ATTACKS,
    *network.ATTACKS,
    *protocol.ATTACKS,
    *siblings.ATTACKS,
    *caller.ATTACKS,
    *resources.ATTACKS,
    *pooled.ATTACKS,
)
