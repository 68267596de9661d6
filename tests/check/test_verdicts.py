"""One policy, one verdict: what refuses, what a clause grants, what is harmless, and what reports say."""

from __future__ import annotations

import json

import pytest

from fumehood.check import check, render, to_json, to_sarif
from fumehood.policy import Policy

GRANTS = [
    ("open('/srv/ref/a.csv')", "files.read", ("/srv/ref",)),
    ("open('/srv/res/a.csv', 'w')", "files.write", ("/srv/res",)),
    ("import requests; requests.get('https://api.example.org/x')", "network.allow", ("api.example.org:443",)),
    ("import requests; requests.get('https://a.api.example.org/x')", "network.allow", ("*.example.org:443",)),
    ("import subprocess; subprocess.run(['ls'])", "code.spawn", True),
    ("import ctypes; ctypes.CDLL('libm.so.6')", "code.native", True),
]
HARMLESS = [
    "open('data/in.csv')",
    "open('out/x.txt', 'w')",
    "open('/tmp/x', 'w')",
    "open('/dev/null', 'w')",
    "open('/usr/share/dict/words')",
    "import sys; open(sys.argv[1])",
    "def load(p): return open(p)",
    "while True: pass",
    "exec('x = 1')",
    "eval(input())",
    "import subprocess",
    "import os; os.environ.get('HOME')",
    "import os; print(os.environ.get('LANG', 'C'))",
    "import somepackage",
    "import socket; print(socket.AF_INET)",
    "class A:\n def system(self, x): return x\nA().system('id')",
    "async def f(): pass\nawait f()",
    "%matplotlib inline\nx = 1",
    "%%time\nx = 1",
    "x = 1\nx?",
]  # fmt: skip - a list
REFUSED = [
    ("open('../../etc/passwd')", "FH101", 1),
    ("x = 1\nopen('/home/u/notes')", "FH101", 2),
    ("!ls", "FH301", 1),
    ("x = !id", "FH301", 1),
    ("%%bash\ncurl http://x", "FH301", 1),
    ("import os\nos.environ['API_TOKEN']", "FH601", 2),
    ("import os\nprint(dict(os.environ))", "FH602", 2),
    ("from subprocess import Popen", "FH301", 1),
    ("def f(:", "FH001", 1),
    ("open('/root/.ssh/id_rsa')", "FH105", 1),
    ("open('/root/.bashrc', 'a')", "FH106", 1),
    ("import os; os.environ['LD_PRELOAD'] = 'x'", "FH603", 1),
]  # fmt: skip - a list


@pytest.mark.parametrize(("code", "clause", "value"), GRANTS)
def test_clause_grants_what_it_names(code: str, clause: str, value: object) -> None:
    """The default policy refuses, naming the clause and the line to add; the clause allows."""
    refused = check(code)

    assert "refuse" == refused.verdict
    assert clause == refused.findings[0].clause
    assert refused.findings[0].allow.startswith(f"{clause} = ")
    assert "allow" == check(code, policy=Policy.default().but(**{clause: value})).verdict


@pytest.mark.parametrize("code", HARMLESS)
def test_harmless_code_is_allowed(code: str) -> None:
    """Work in the workspace, unknown paths, loops and readable code pass."""
    assert [] == [(finding.rule, finding.value) for finding in check(code).findings]


@pytest.mark.parametrize(("code", "rule", "line"), REFUSED)
def test_refusal_names_rule_and_line(code: str, rule: str, line: int) -> None:
    """A refusal points at its cause."""
    finding = check(code).findings[0]

    assert (rule, line) == (finding.rule, finding.line)


def test_allow_line_is_a_policy() -> None:
    """The line that a finding gives, given as a policy, allows the code."""
    for code in (
        "open('/srv/a.csv')",
        "import requests; requests.get('https://h.example/x')",
        "import os; os.system('id')",
    ):
        line = check(code).findings[0].allow
        table, _, rest = line.partition(".")

        assert "allow" == check(code, policy=Policy.from_toml(f"[{table}]\n{rest}\n")).verdict


def test_unknown_value_is_judged_by_the_policy() -> None:
    """What can't be told is left to the sandbox, unless the policy says otherwise."""
    code = "open(input())"

    verdicts = [
        check(code, policy=Policy.default().but(**{"check.unknown": way})).verdict for way in ("allow", "ask", "refuse")
    ]

    assert ["allow", "ask", "refuse"] == verdicts


def test_trace_says_how_a_value_was_resolved() -> None:
    """A decoded command names each step back to the literal."""
    finding = check(
        "import base64\np = 'aW1wb3J0IG9z'\nexec(base64.b64decode(p + 'O29zLnN5c3RlbSgnaWQnKQ=='))"
    ).findings[0]

    assert ("process.spawn", "id", 3) == (finding.capability, finding.value, finding.line)
    assert "exec <- b64decode" in finding.trace[0]
    assert "literal, line 2" in finding.trace[0]


def test_worst_comes_first_and_each_cause_once() -> None:
    """Startup files come before reads, and a cause that repeats is told once."""
    report = check("for p in ('/etc/hostname',) * 3: open(p)\nopen('/etc/hostname')\nopen('/root/.bashrc', 'a')")

    assert ["FH106", "FH101"] == [finding.rule for finding in report.findings]


def test_json_is_strict_and_keeps_the_contract() -> None:
    """The keys are the contract's, and the text is valid UTF-8."""
    data = to_json(check('open("/etc/\\ud800x")'))
    keys = {
        "rule",
        "name",
        "capability",
        "value",
        "line",
        "col",
        "snippet",
        "trace",
        "confidence",
        "clause",
        "why",
        "fix",
        "allow",
        "verdict",
    }

    assert json.loads(json.dumps(data, allow_nan=False).encode())
    assert keys == set(data["findings"][0])
    assert {"capability", "value", "line", "confidence"} == set(data["capabilities"][0])
    assert {"ms", "complete", "version"} == set(data["analysis"])


def test_rendering_points_at_the_source_and_steers_no_terminal() -> None:
    """The excerpt has carets under the call; control characters of the source are shown, not passed on."""
    source = "x = 1\nopen('/etc/passwd')  # \x1b]52;c;aGk=\x07"
    text = render(check(source), source)

    assert "\x1b" not in text
    assert "    2 | open('/etc/passwd')" in text
    assert "        ^^^^^^^^^^^^^^^^^^^" in text
    assert "\x1b[1;31m" in render(check(source), source, colour=True)


def test_sarif_refers_to_its_rules() -> None:
    """Every result points at a rule of the log, and lies within the file."""
    log = to_sarif(check("import os\nos.system('id')\nopen('/etc/passwd')"), "prog.py")
    run = log["runs"][0]

    for result in run["results"]:
        assert result["ruleId"] == run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"]
        assert result["locations"][0]["physicalLocation"]["region"]["startLine"] in {2, 3}
        assert "error" == result["level"]


def test_modules_are_held_to_the_list() -> None:
    """With a list of modules every other import is refused."""
    policy = Policy.default().but(**{"code.modules": ("math", "json")})

    assert "allow" == check("import math, json", policy=policy).verdict
    assert ["FH406"] == [finding.rule for finding in check("import math\nimport csv", policy=policy).findings]
