"""Programs in a reply's text: some models write a fenced block where they should call the tool."""

from __future__ import annotations

import ast
import re
from typing import Final

_FENCE: Final = re.compile(r"^(?:```|~~~)[ \t]*(\w*)[^\n]*\n(.*?)^(?:```|~~~)[ \t]*$", re.MULTILINE | re.DOTALL)
_PYTHON: Final = {"python", "python3", "py", "tool_code"}
_MOST: Final = 200_000  # characters: more is no program that a model wrote by hand
_DOING: Final = (ast.Call, ast.Assign, ast.Import, ast.ImportFrom)


def fenced(text: str) -> str:
    """The program in a text's fenced blocks, all of them one after the other; empty where there is none.

    A block without a language counts where it is Python that does something: answers quote tables and output in such.
    """
    if len(text) > _MOST:
        return ""
    blocks = [(found[1].lower(), found[2]) for found in _FENCE.finditer(text)]
    return "\n".join(code for language, code in blocks if language in _PYTHON or (not language and _does(code)))


def _does(code: str) -> bool:
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(node, _DOING) for node in ast.walk(tree))
