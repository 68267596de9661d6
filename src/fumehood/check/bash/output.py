"""What a statement leaves: its output as far as it is known, and whether it succeeded."""

from __future__ import annotations

from dataclasses import dataclass

from fumehood.check.bash.values import is_known, settled


@dataclass(frozen=True, slots=True)
class Output:
    """The text on standard output; `status` is True for success, None where only the run will tell."""

    text: str = ""
    status: bool | None = None


DONE = Output("", status=True)


def lines(text: str) -> list[str] | None:
    """Answer the lines that `read` would take from `text`, None where they are not known."""
    return settled(text).splitlines() if is_known(text) else None
