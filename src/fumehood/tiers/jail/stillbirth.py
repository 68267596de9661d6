"""Why a sandbox ended before it was ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fumehood.errors import SandboxClosed, Unavailable

if TYPE_CHECKING:
    from fumehood.tiers.jail.wire import Message


def stillborn(gone: Message) -> SandboxClosed | Unavailable:
    """Why a sandbox ended before it was ready."""
    if gone.get("reason") == "warden":
        return SandboxClosed("The jail's processes were killed.", remedy="Try again: new ones are started.")
    if "why" not in gone:
        return SandboxClosed("The sandbox was killed before it was used.", remedy="Try again: a new one is made.")
    return Unavailable(
        f"The sandbox could not be made: {gone['why']}",
        remedy="`fumehood doctor` says what this machine can enforce and what is missing.",
    )
