"""From what was handed in to a syntax tree: encoding, size, nesting, and the forms that notebooks accept."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from fumehood.check.budget import MAX_SOURCE
from fumehood.check.python.nested import parse
from fumehood.notebook import translate

if TYPE_CHECKING:
    from fumehood.check.need import ParseError

MAX_TOKENS: Final = 60_000
TOKEN: Final = re.compile(r"\w+|[^\w\s]")


def tree_of(text: str) -> ast.Module | ParseError | None:
    """Parse a program, in notebook form too; None for one that is too large to be read."""
    if len(text) > MAX_SOURCE or (len(text) > MAX_TOKENS and _tokens(text) > MAX_TOKENS):
        return None
    tree = parse(text)
    if isinstance(tree, ast.Module):
        return tree
    if "!" in text or "%" in text or "?" in text:
        translated = translate(text)
        if translated != text:
            return parse(translated)
    return tree


def _tokens(text: str) -> int:
    count = 0
    for _ in TOKEN.finditer(text):
        count += 1
        if count > MAX_TOKENS:
            break
    return count
