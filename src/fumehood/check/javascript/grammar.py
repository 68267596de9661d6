"""JavaScript source to a tree of plain nodes, by tree-sitter's grammar, which is loaded when it is first needed."""

from __future__ import annotations

import importlib
import time
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from fumehood.errors import UsageError

if TYPE_CHECKING:
    from fumehood.check.budget import Budget


@dataclass(slots=True, eq=False)
class Node:
    """One named node: its kind, its text, its named children, and those of them that have a role.

    Attributes:
        start: Offset in characters; `end` likewise.
        operator: What stands between the operands of an expression.
    """

    kind: str
    text: str
    start: int
    end: int
    children: list[Node] = field(default_factory=list["Node"])
    fields: dict[str, Node] = field(default_factory=dict[str, "Node"])
    operator: str = ""

    def get(self, name: str) -> Node:
        """Answer the child with this role, an empty node where there is none."""
        return self.fields.get(name, NOTHING)

    def __bool__(self) -> bool:
        """Say whether there is a node."""
        return self is not NOTHING


NOTHING = Node("nothing", "", 0, 0)
_SKIPPED = frozenset({"comment", "html_comment", "hash_bang_line"})


@cache
def _parser() -> Any:
    try:
        library = importlib.import_module("tree_sitter")
        language = importlib.import_module("tree_sitter_javascript")
    except ImportError:
        raise UsageError(
            "Reading JavaScript before it runs needs tree-sitter, which is not installed here.",
            remedy="pip install 'fumehood[check]'",
        ) from None
    return library.Parser(library.Language(language.language()))


def parse(source: str, budget: Budget, *, tolerant: bool = False) -> tuple[Node, int | None]:
    """Answer the tree of a program, and the offset of its first error or None; a faulty one's tree where `tolerant`.

    Raises:
        UsageError: The grammar is not installed.
        Exhausted: The program is larger than the budget.
    """
    data = source.encode("utf-8", "replace")
    begun = time.perf_counter()
    parser = _parser()
    budget.deadline += time.perf_counter() - begun  # loading the grammar is no work on this source
    root = parser.parse(data).root_node
    budget.step(root.descendant_count // 4)
    error = _first_error(root, data, budget)
    return _converted(root, data, budget) if error is None or tolerant else NOTHING, error


def _first_error(root: Any, data: bytes, budget: Budget) -> int | None:
    waiting = [root] if root.has_error else []
    while waiting:
        node = waiting.pop()
        budget.step()
        if node.type == "ERROR" or node.is_missing:
            return len(data[: node.start_byte].decode("utf-8", "replace"))
        waiting.extend(child for child in reversed(node.children) if child.has_error or child.is_missing)
    return None


def _converted(root: Any, data: bytes, budget: Budget) -> Node:
    """Copy the tree, without recursion: programs may be nested as deep as they like."""
    text = data.decode()
    starts = None if len(text) == len(data) else _byte_offsets(text)

    def offset(place: int) -> int:
        return place if starts is None else bisect_left(starts, place)

    def copy(node: Any) -> Node:
        start, end = offset(node.start_byte), offset(node.end_byte)
        return Node(node.type, text[start:end], start, end)

    top = copy(root)
    waiting = [(root, top)]
    while waiting:
        original, made = waiting.pop()
        budget.step()
        for place, child in enumerate(original.children):
            role = original.field_name_for_child(place)
            if not child.is_named:
                made.operator = child.type if role == "operator" or not made.operator else made.operator
                continue
            if child.type in _SKIPPED:
                continue
            inner = copy(child)
            made.children.append(inner)
            if role and role not in made.fields:
                made.fields[role] = inner
            waiting.append((child, inner))
    return top


def _byte_offsets(text: str) -> list[int]:
    offsets: list[int] = []
    place = 0
    for character in text:
        offsets.append(place)
        place += len(character.encode())
    return offsets
