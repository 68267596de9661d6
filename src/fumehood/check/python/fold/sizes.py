"""How large a computed result could be, bounded before it is made: a few characters can stand for gigabytes."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# What is folded are values of any type: the kinds are told apart at run time.

from __future__ import annotations

import re
from typing import Any, Final

#: What is given in all, and what is filled into a template.
MOST_GIVEN: Final = 8_000_000
MOST_FILLED: Final = 2_000_000
_EACH: Final = 4
#: What takes the place of each of these signs may be as long as all that is given.
_SIGNS: Final = {
    "mod": "%",
    "format": "{",
    "format_map": "{",
    "substitute": "$",
    "safe_substitute": "$",
    "expandtabs": "\t",
}


def extent(thing: object, most: int = MOST_GIVEN) -> int:
    """Count the characters and items of a thing, of a part as often as it is met; no further than beyond `most`."""
    total, waiting = 0, [thing]
    while waiting and total <= most:
        one = waiting.pop()
        if isinstance(one, str | bytes | bytearray):
            total += len(one)
        elif isinstance(one, int):
            total += one.bit_length() // 3 + 1
        elif isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, list | tuple | set | frozenset):
            waiting += one
        total += _EACH
    return total


def is_reasonable(step: str, owner: object, *, plain: list[Any], named: dict[str, Any]) -> bool:
    """Tell whether what a function or a method of `owner` makes of these is of a size worth making."""
    if extent([plain, named]) > MOST_GIVEN:
        return False
    if step not in _SIGNS:
        return True
    template, rest = (owner, plain) if isinstance(owner, str | bytes) else (plain[0], plain[1:]) if plain else ("", [])
    if not isinstance(template, str | bytes):
        return True
    text = template if isinstance(template, str) else template.decode("latin-1")
    widths = [int(run) for run in re.findall(r"[0-9]{1,9}", text)]
    if step == "expandtabs" or ":{" in text:  # a width of its own among what is given
        widths += [abs(each) for each in (*rest, *named.values()) if isinstance(each, int)]
    parts = [*(rest[0] if step == "mod" and rest and isinstance(rest[0], tuple) else rest), *named.values()]
    longest = max([*map(extent, parts), *widths], default=0)
    return text.count(_SIGNS[step]) * longest <= MOST_FILLED
