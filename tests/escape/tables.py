"""All attacks, one table."""

from __future__ import annotations

from typing import Final

from tests.escape import caller, files, kernel, network, protocol, resources, siblings

ATTACKS: Final = (
    *files.ATTACKS,
    *kernel.ATTACKS,
    *network.ATTACKS,
    *protocol.ATTACKS,
    *siblings.ATTACKS,
    *caller.ATTACKS,
    *resources.ATTACKS,
)
