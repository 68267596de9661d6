"""All attacks, one table."""

from __future__ import annotations

from typing import Final

from tests.escape import files, network

ATTACKS: Final = (*files.ATTACKS, *network.ATTACKS)
