"""From what was handed in to a syntax tree: encoding, size, nesting, and the forms that notebooks accept."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from fumehood.check.budget import MAX_SOURCE
from fumehood.check.python.nested import parse

if TYPE_CHECKING:
    from fumehood.check.need import ParseError

MAX_TOKENS: Final = 60_000
TOKEN: Final = re.compile(r"\w+|[^\w\s]")
CELL_MAGIC: Final = re.compile(r"\A(?:\s*\n)*%%(\w+)([^\n]*)\n?")
LINE: Final = re.compile(r"^(\s*)((?:[\w.,\s\[\]]+=\s*)?)([!%]{1,2})(.*)$")
HELP: Final = re.compile(r"^(\s*)(?:\?{1,2}[\w.%]+|[\w.%()*]+\?{1,2})\s*$")


def tree_of(text: str) -> ast.Module | ParseError | None:
    """Parse a program, in notebook form too; None for one that is too large to be read."""
    if len(text) > MAX_SOURCE or (len(text) > MAX_TOKENS and _tokens(text) > MAX_TOKENS):
        return None
    tree = parse(text)
    if isinstance(tree, ast.Module):
        return tree
    if "!" in text or "%" in text or "?" in text:
        changed = parse(plain_of(text))
        if isinstance(changed, ast.Module):
            return changed
    return tree


def _tokens(text: str) -> int:
    count = 0
    for _ in TOKEN.finditer(text):
        count += 1
        if count > MAX_TOKENS:
            break
    return count


def plain_of(text: str) -> str:
    """Write notebook lines as calls, each on the line where it stood: `!ls` as `__shell__('ls')`."""
    cell = CELL_MAGIC.match(text)
    if cell is not None:
        before = text[: cell.start(1)].count("\n")
        name, rest, body = cell[1], cell[2].strip(), text[cell.end() :]
        if name in {"time", "timeit", "capture", "prun", "memit"}:
            return "\n" * (before + 1) + plain_of(body)
        return "\n" * before + f"__magic__({f'{name} {rest}'!r}, {body!r})\n"
    return "\n".join(_line(line) for line in text.split("\n"))


def _line(line: str) -> str:
    if HELP.match(line):
        return f"{HELP.match(line)[1]}pass"  # type: ignore[index]
    found = LINE.match(line)
    if found is None:
        return line
    indent, target, mark, rest = found.groups()
    call = "__shell__" if mark.startswith("!") else "__magic__"
    return f"{indent}{target}{call}({rest.strip()!r})"
