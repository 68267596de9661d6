"""`fumehood policy lint --tools`: rules that name no tool, declarations that do not fit their function."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

import fumehood as fh
from fumehood.guard.lint import lint_tools
from fumehood.guard.tool import Tools
from fumehood.policy import Policy
from tests.run.command import fumehood

if TYPE_CHECKING:
    from pathlib import Path


class Mail(TypedDict):
    """A record as a tool returns it."""

    id: int
    sender: str
    body: str


@fh.tool(effect="read", returns=fh.Untrusted("body", typed=["sender", "form"]))
def search(query: str) -> list[Mail]:
    return []


@fh.tool(effect="egress", critical=["to"])
def send(to: str, cc: str, body: str) -> None: ...


def plain(thing: str) -> None: ...


def told(**words: str) -> dict[str, list[str]]:
    remarks = lint_tools(Policy.default().but(tools=words), Tools([search, send, plain]))
    return {grade: [each.text for each in remarks if each.grade == grade] for grade in ("fault", "note")}


def test_a_rule_that_names_no_tool_is_a_fault() -> None:
    """With the name that was meant."""
    assert "did you mean send?" in told(sent="deny")["fault"][0]


def test_a_field_that_no_record_has_is_a_fault() -> None:
    """A field that is misspelt would vouch for nothing."""
    assert ["returns= of search names 'form'; its records have body, id, sender"] == told()["fault"]


def test_what_deserves_a_look_is_noted() -> None:
    """An effect that nobody declared, a recipient that is not critical, a rule that changes nothing."""
    notes = "\n".join(told(send="allow")["note"])

    for words in ("plain declares no effect", "send acts by cc", "changes nothing"):
        assert words in notes


def test_the_command_says_so_and_fails(tmp_path: Path) -> None:
    """Exit code 1 for a fault, 0 without, 2 for what can't be imported."""
    (tmp_path / "office.py").write_text("def send(to: str) -> None: ...\nTOOLS = [send]\n")
    (tmp_path / "good.toml").write_text('[tools]\nsend = "ask"\n')
    (tmp_path / "bad.toml").write_text('[tools]\nsned = "deny"\n')

    good = fumehood("policy", "lint", "good.toml", "--tools", "office:TOOLS", cwd=tmp_path)
    bad = fumehood("policy", "lint", "bad.toml", "--tools", "office:TOOLS", cwd=tmp_path)
    lost = fumehood("policy", "lint", "good.toml", "--tools", "office:NOTHING", cwd=tmp_path)

    assert [0, 1, 2] == [good.code, bad.code, lost.code]
    assert b"did you mean send?" in bad.out
