"""The catalogue: complete pages whose examples are judged as they say, rendered where they should be."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fumehood.check import check, explain
from fumehood.check.catalogue import BY_CAPABILITY, BY_ID, RULES
from fumehood.errors import UsageError
from fumehood.policy import Policy

if TYPE_CHECKING:
    from fumehood.check.rules.rule import Rule

ROOT = Path(__file__).parents[2]
EXAMPLE = re.compile(r"## (Refused|Allowed)[^\n]*\n```python\n(.*?)```", re.DOTALL)


def test_ids_and_names_are_unique() -> None:
    """An id or a name stands for one rule."""
    assert len(RULES) == len(BY_ID)
    assert len(RULES) == len({rule.name for rule in RULES})


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_page_is_complete(rule: Rule) -> None:
    """Each page says what, why, what is refused and allowed, what to do, and where it is known from."""
    page = explain(rule.id)

    assert rule.id in page.splitlines()[0]
    for part in ("## Why", "## Allowed", "## What to do", "## References", "CWE-", "OWASP"):
        assert part in page
    assert page == explain(rule.name)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_examples_are_judged_as_the_page_says(rule: Rule) -> None:
    """The refused example is refused by this rule, the allowed one is allowed."""
    for kind, code in EXAMPLE.findall(rule.page()):
        preamble = "import builtins, ctypes, crontab, gc, glob, http.server, io, json, math, numpy, os, pandas, pathlib, platform, requests, shutil, signal, "
        preamble += "socket, subprocess, sys, time, yaml, ipaddress\nfrom pathlib import Path\nfrom cryptography.fernet import Fernet\n"
        policy = Policy.default() if rule.id != "FH406" else Policy.default().but(**{"code.modules": ("math",)})
        report = check(code if rule.id in {"FH001", "FH406"} else preamble + code, policy=policy)
        found = {finding.rule for finding in report.findings}

        assert (rule.id in found) == (kind == "Refused"), (kind, code, found)


def test_unknown_rule_is_answered_with_the_known_ones() -> None:
    """Asking for a rule that is none names those that are."""
    with pytest.raises(UsageError) as caught:
        explain("FH999")

    assert "FH101" in caught.value.remedy()


def test_every_capability_of_the_seam_has_a_rule() -> None:
    """What a reading may need is judged by somebody."""
    import fumehood.check.need as seam  # noqa: PLC0415 - its docstring is the list

    names = re.findall(r"(?<![\w.])([a-z]+\.[a-z]+)(?=[, ])", (seam.__doc__ or "").partition("`value` holds:")[2])

    assert [] == [name for name in names if name not in BY_CAPABILITY]


def test_rendered_pages_are_fresh() -> None:
    """docs/rules is what the catalogue renders."""
    done = subprocess.run(
        [sys.executable, "tools/render_rules.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (0, "") == (done.returncode, done.stderr)
