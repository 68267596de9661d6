"""Pictures in the terminal itself, where it says by its environment that it shows them.

kitty and iTerm2 decode the picture themselves; for sixel it is decoded here. Within tmux and screen nothing is drawn.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Protocol

from fumehood.cli import sixel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fumehood.execution import Display

_MOST_BYTES = 8 * 1024 * 1024
_CHUNK = 4096
_KITTY = frozenset({"xterm-kitty", "xterm-ghostty"})
_ITERM = frozenset({"iTerm.app", "WezTerm"})
_SIXEL = frozenset({"foot", "foot-extra", "mlterm", "contour", "yaft-256color"})


class Terminal(Protocol):
    """One way to draw."""

    def draw(self, picture: Display) -> str:
        """What to write so that the picture shows; nothing where it can't."""
        ...


def terminal(environment: Mapping[str, str]) -> Terminal | None:
    """How this terminal draws, if it does."""
    name = environment.get("TERM", "")
    if "TMUX" in environment or name.startswith(("screen", "tmux")):
        return None
    if name in _KITTY or "KITTY_WINDOW_ID" in environment:
        return _Kitty()
    if environment.get("TERM_PROGRAM") in _ITERM or environment.get("LC_TERMINAL") == "iTerm2":
        return _Iterm()
    return _Sixel() if name in _SIXEL or "sixel" in name else None


class _Kitty:
    def draw(self, picture: Display) -> str:
        if picture.mime != "image/png" or picture.size > _MOST_BYTES:
            return ""
        pieces = [picture.data[start : start + _CHUNK] for start in range(0, len(picture.data), _CHUNK)]
        heads = ["a=T,f=100,", *[""] * (len(pieces) - 1)]
        last = len(pieces) - 1
        return "".join(
            f"\x1b_G{head}m={int(number < last)};{piece}\x1b\\"
            for number, (head, piece) in enumerate(zip(heads, pieces, strict=True))
        )


class _Iterm:
    def draw(self, picture: Display) -> str:
        if picture.size > _MOST_BYTES:
            return ""
        return f"\x1b]1337;File=inline=1;size={picture.size};preserveAspectRatio=1:{picture.data}\x07"


class _Sixel:
    def draw(self, picture: Display) -> str:
        if picture.mime != "image/png" or picture.size > _MOST_BYTES:
            return ""
        return sixel.drawn(base64.b64decode(picture.data))
