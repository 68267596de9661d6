"""How much memory a thing takes with all that it refers to."""

from __future__ import annotations

import gc
import sys
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, Final

#: Part of the process, whoever refers to them.
_EVERYBODYS: Final = (type, ModuleType, FunctionType, BuiltinFunctionType)
_AT_ONCE: Final = 1000


def weigh(thing: object, most: int) -> int:
    """Count the bytes; no further than to where they are more than `most`."""
    total, seen, waiting = 0, {id(thing)}, [thing]
    while waiting and total <= most:
        some = waiting[-_AT_ONCE:]
        del waiting[-_AT_ONCE:]
        total += sum(map(sys.getsizeof, some))
        found: dict[int, Any] = {id(each): each for each in gc.get_referents(*some)}
        waiting += [each for key, each in found.items() if key not in seen and not isinstance(each, _EVERYBODYS)]
        seen.update(found)
    return total
