"""A program whose last line is an expression is cut there as text; it means what it means as a tree."""

from __future__ import annotations

import ast
import json
import types
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fumehood.tiers.jail.runner import namespace

if TYPE_CHECKING:
    from types import CodeType

ROUNDS = Path(__file__).parent.parent / "check" / "rounds"
#: Of which programs are put together that may or may not be whole where they are cut.
PIECES = [
    "x", "x = 1", "(", ")", "'''", '"', "\\", "\n", "\r", "\n\n", ";", " ", "    ", "\t", "\f", "# why", "if x:", "else:",
    "@f", "def f(): pass", "return", "await x", "x if x else \\", "from __future__ import annotations", "f'''{x}", "\0",
]  # fmt: skip


def of_a_tree(code: str) -> tuple[CodeType | None, CodeType | None]:
    """What the program is, by the tree of all of it."""
    tree = ast.parse(code, "<run 1>")
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        final = tree.body.pop()
        assert isinstance(final, ast.Expr)
        last = compile(ast.Expression(final.value), "<run 1>", "eval", namespace._AWAITS, dont_inherit=True)
    return compile(tree, "<run 1>", "exec", namespace._AWAITS, dont_inherit=True), last


def told(code: object) -> object:
    """All of a code object, those inside it too."""
    if not isinstance(code, types.CodeType):
        return code
    inside = [told(each) for each in code.co_consts]
    return code.co_code, code.co_names, code.co_varnames, code.co_flags, list(code.co_positions()), inside


def agree(code: str) -> bool:
    """Whether it can be cut, where it then means the same."""
    with suppress(SyntaxError):
        body, last = namespace._cut(code, "<run 1>")
        whole, final = of_a_tree(code)
        assert told(last) == told(final), code
        assert body is None or told(body) == told(whole), code
        return True
    return False


def test_programs_as_models_write_them() -> None:
    """Many end in such a line."""
    lines = [line for path in sorted(ROUNDS.glob("*.jsonl")) for line in path.read_text(encoding="utf-8").split("\n")]
    programs = [json.loads(line) for line in lines if line]
    cut = [agree(each["code"]) for each in programs if each["language"] == "python" and "\r" not in each["code"]]

    assert sum(cut) > 100


@settings(max_examples=1000)
@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_what_can_be_cut_is_whole_on_both_sides(pieces: list[str]) -> None:
    """Texts, brackets and lines that go on are not cut in two."""
    code = "".join(pieces)
    if "\r" not in code:
        with suppress(ValueError):  # a null byte, in some versions
            agree(code)


@pytest.mark.parametrize(
    "code", ["x = '''\n1'''", "(\n1)", "1 + \\\n1", "if x:\n  1", "if x:\n1", "1; 2", "x = 1", "", "# no"]
)
def test_what_is_no_such_line(code: str) -> None:
    """Each of these is read as a tree."""
    with pytest.raises(SyntaxError):
        namespace._cut(code, "<run 1>")
