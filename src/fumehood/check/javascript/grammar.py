"""JavaScript source to a tree of plain nodes, by tree-sitter's grammar, which is loaded when it is first needed."""

from __future__ import annotations

import importlib
import time
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from fumehood.check.budget import Exhausted
from fumehood.errors import UsageError

if TYPE_CHECKING:
    from fumehood.check.budget import Budget

PIECE = 1 << 16
EVERY = 255  # children between two looks at the time


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
def load() -> Any:
    """Load the grammar, once; answer what makes a parser and the language.

    Raises:
        UsageError: It is not installed.
    """
    try:
        library = importlib.import_module("tree_sitter")
        language = importlib.import_module("tree_sitter_javascript")
    except ImportError:
        raise UsageError(
            "Reading JavaScript before it runs needs tree-sitter, which is not installed here.",
            remedy="pip install 'fumehood[check]'",
        ) from None
    return library.Parser, library.Language(language.language())


def parse(source: str, budget: Budget, *, tolerant: bool = False) -> tuple[Node, int | None]:
    """Answer the tree of a program, and the offset of its first error or None; a faulty one's tree where `tolerant`.

    Raises:
        UsageError: The grammar is not installed.
        Exhausted: The program is larger than the budget.
    """
    data = source.encode("utf-8", "replace")
    begun = time.thread_time()
    make, language = load()
    budget.deadline += (
        time.thread_time() - begun
    )  # where bash calls node it is loaded here, and is no work on this source
    root = _parsed(make(language), data, budget)
    budget.step(root.descendant_count // 4)
    error = _first_error(root, data, budget)
    return _converted(root, data, budget) if error is None or tolerant else NOTHING, error


def _parsed(parser: Any, data: bytes, budget: Budget) -> Any:
    """Answer the root of the grammar's tree. A parser is used once: while it asks for the time, other threads parse.

    Raises:
        Exhausted: The time is over.
    """

    def piece(place: int, _: object) -> bytes:
        return data[place : place + PIECE]

    def over(*_: object) -> bool:
        return budget.late()

    try:
        return parser.parse(piece, progress_callback=over).root_node
    except ValueError:  # what the library says of a parse that was given up
        raise Exhausted from None


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

    def copy(node: Any) -> Node:
        start, end = node.start_byte, node.end_byte
        if starts is not None:
            start, end = bisect_left(starts, start), bisect_left(starts, end)
        return Node(node.type, text[start:end], start, end)

    top = copy(root)
    waiting = [(root, top)]
    while waiting:
        original, made = waiting.pop()
        for place, child in enumerate(original.children):
            if not place & EVERY:
                budget.step()
            role = original.field_name_for_child(place)
            if child.is_named and child.type not in _SKIPPED:
                inner = copy(child)
                _adopt(made, inner, role)
                waiting.append((child, inner))
                budget.step()
            elif not child.is_named and (role == "operator" or not made.operator):
                made.operator = child.type
    return top


def _adopt(parent: Node, child: Node, role: str | None) -> None:
    parent.children.append(child)
    if role:
        parent.fields.setdefault(role, child)


def _byte_offsets(text: str) -> list[int]:
    offsets: list[int] = []
    place = 0
    for character in text:
        offsets.append(place)
        place += len(character.encode())
    return offsets
