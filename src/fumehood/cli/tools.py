"""Host functions by the name of their module: `--tools MODULE:NAME`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from fumehood.errors import UsageError
from fumehood.guard.tool import Tool, Tools


def named(place: str) -> Tools:
    """Import what `MODULE:NAME` names: a list of functions or tools, or one.

    Raises:
        UsageError: It can't be imported, or is something else.
    """
    module, _, name = place.partition(":")
    if not module or not name:
        raise UsageError(f"--tools {place} does not name a module and a name in it", remedy="Write MODULE:NAME.")
    sys.path.insert(0, str(Path.cwd()))  # as `python -m` has it
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        told = f"--tools {place} can't be imported: {error}"
        raise UsageError(
            told, remedy="Start where the module can be found, and name a list of functions in it."
        ) from None
    finally:
        del sys.path[0]
    if isinstance(found, Mapping):
        found = list(cast("Mapping[str, Any]", found).values())
    if isinstance(found, Tool) or not isinstance(found, Iterable):
        found = [found]
    listed = list(cast("Iterable[Any]", found))
    if not all(callable(each) for each in listed):
        raise UsageError(f"--tools {place} holds what is no function", remedy="Name a list of functions or tools.")
    return Tools(listed)
