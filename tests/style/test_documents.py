from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from fumehood.policy import Policy
from tests.style.tree import ROOT, files, name

if TYPE_CHECKING:
    from pathlib import Path

LINK = re.compile(r"\[[^\]\n]*\]\((?!https?://|mailto:|#)([^)#\s]+)[^)\n]*\)")
CODE_BLOCK = re.compile(r"^( *)(```|~~~)(\w*)\n(.*?)^\1\2", re.MULTILINE | re.DOTALL)
REGISTRY = re.compile(r"https?://\S*p[y]pi|p[y]thonhosted|--(extra-)?index-url +\S*://")
DOCUMENTS = files(".md")
FAULTY = ("FH001", "FH002")  # rules about code that does not parse, each with an example


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_links_lead_somewhere(path: Path) -> None:
    """Each relative link of a document leads to a file or folder of the project."""
    text = CODE_BLOCK.sub("", path.read_text(encoding="utf-8"))

    assert [] == [target for target in LINK.findall(text) if not (path.parent / target).exists()]


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_examples_mean_something(path: Path) -> None:
    """A TOML example is a policy that can be read, and a Python example is Python."""
    for _indent, _fence, language, code in CODE_BLOCK.findall(path.read_text(encoding="utf-8")):
        if language == "toml":
            Policy.from_toml(code, where=name(path))
        if language == "python" and path.stem not in FAULTY:
            compile(code, name(path), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_every_promise_is_held_by_a_test_or_marked() -> None:
    """Each row of SPECIFICATION.md ends in a link to the test or benchmark that holds it, or in the word «pending»."""
    rows = [line for line in (ROOT / "SPECIFICATION.md").read_text(encoding="utf-8").splitlines() if line[:1] == "|"]
    proofs = {row: row.strip("| ").rpartition("|")[2].strip() for row in rows if not re.fullmatch(r"[|: -]+", row)}

    unheld = [row for row, proof in proofs.items() if proof not in ("pending", "held by") and not LINK.search(proof)]

    assert [] == unheld


def test_no_registry_is_named() -> None:
    """Nothing in the project says where packages come from: that is the machine's own setting."""
    places = files(".py", ".md", ".toml", ".txt", ".sh", ".lock", ".yml", "")

    assert [] == [name(path) for path in places if REGISTRY.search(path.read_text(encoding="utf-8"))]
