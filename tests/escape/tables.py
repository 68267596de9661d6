"""All attacks, one table."""

from __future__ import annotations

from typing import Final

from tests.escape import files, kernel, network

ATTACKS: Final = (*files.ATTACKS, *kernel.ATTACKS, *network.ATTACKS)
