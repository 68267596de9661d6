"""The filter at work behind real runs: results, streams and displays of real sandboxes."""

from __future__ import annotations

import json
from typing import Any

import pytest

import fumehood as fh
from tests.run.command import run_json

pytestmark = pytest.mark.jail
KEY = "ghp" + "_" + "aB3d" * 9


def test_what_a_program_prints_is_filtered_and_said() -> None:
    """Output, value, `repr`, error and what a listener hears; the trail and a control tell of it."""
    heard: list[str] = []
    code = (
        f"import sys\nprint('\\x1b[31mred\\x1b[0m', {KEY!r})\nprint({KEY!r}, end='', file=sys.stderr)\n{{'k': {KEY!r}}}"
    )
    result = fh.run(code, on_stdout=heard.append)

    assert KEY not in json.dumps(result.to_dict())
    assert "red [redacted: GitHub token]\n" == result.stdout == "".join(heard)
    assert {"k": "[redacted: GitHub token]"} == result.value
    (event,) = [each for each in result.trail if each.event == "filtered"]
    assert {"stdout", "stderr", "value", "value_text"} == set(event.detail["what"])
    assert "enforced" == {each.name: each.status for each in result.controls}["filter"]


def test_an_error_is_filtered() -> None:
    """Its message and traceback are the program's words."""
    result = fh.run(f"raise ValueError('\\x1b]52;c;x\\x07' + {KEY!r})")

    assert result.error is not None
    assert KEY not in json.dumps(result.to_dict()["error"])
    assert "\x1b" not in result.error.message


def test_clauses_that_are_off_filter_nothing() -> None:
    """The same program under a policy without the clauses: the attack wins, and the control says so."""
    off = {f"output.{name}": False for name in ("redact_secrets", "inert_html", "strip_terminal_escapes")}
    result = fh.run(f"print('\\x1b[31m' + {KEY!r})", policy=fh.Policy.default().but(**off))

    assert f"\x1b[31m{KEY}\n" == result.stdout
    assert "absent" == {each.name: each.status for each in result.controls}["filter"]


def test_displays_are_inert() -> None:
    """HTML that a program shows in a notebook fetches nothing."""
    code = "class H:\n def _repr_html_(self): return '<b>x</b><img src=https://example.net/?q=1 onerror=x>'\nH()"
    result = fh.run(code)
    data = {each.mime: each.data for each in result.displays}

    assert "<b>x</b><img>" == data["text/html"]


def test_a_secret_of_the_policy_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line does the same: the value of a policy's secret is redacted however it is written."""
    monkeypatch.setenv("MAIL_KEY", "hunter2-hunter2")
    from fumehood.guard.output import secret_values  # noqa: PLC0415 -- what the session asks
    from fumehood.policy import Policy, Secret  # noqa: PLC0415 -- as above

    policy = Policy.default().but(
        **{"network.allow": ["a.org:443"], "secrets": {"mail": Secret(source="env:MAIL_KEY", host="a.org:443")}}
    )
    assert {"mail": "hunter2-hunter2"} == secret_values(policy)
    data: Any = run_json(f"print({KEY!r})")
    assert "[redacted: GitHub token]\n" == data["stdout"]
