"""How closely a program deserves to be followed: one that names nothing with power can't hide any behind its loops."""

from __future__ import annotations

import ast
from typing import Final

from fumehood.check.python.powers.words import words

# With none of these, nothing outside the program's own objects can be reached by a computed name or text.
POWERFUL_NAMES: Final = words("""
exec eval compile __import__ getattr setattr open globals locals vars __builtins__ __loader__ __spec__ breakpoint
input type
""") - {"type", "input", "breakpoint"}
HARMLESS_IMPORTS: Final = words("""
math random collections itertools functools typing dataclasses datetime re string heapq bisect statistics decimal
fractions numpy
pandas matplotlib seaborn scipy sklearn abc enum copy time operator cmath numbers array queue doctest unittest
__future__ timeit
skimage networkx sympy torch pprint json csv textwrap warnings contextlib
""")


def is_keen(tree: ast.Module) -> bool:  # noqa: C901 - one way for each kind
    """Tell whether a program could make use of text or names that it puts together."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            if node.id in POWERFUL_NAMES:
                return True
        elif isinstance(node, ast.Attribute):
            if node.attr.startswith("__") and node.attr not in {"__init__", "__name__", "__class__", "__doc__"}:
                return True
        elif isinstance(node, ast.Import):
            if any(alias.name.partition(".")[0] not in HARMLESS_IMPORTS for alias in node.names):
                return True
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] not in HARMLESS_IMPORTS:
            return True
    return False
