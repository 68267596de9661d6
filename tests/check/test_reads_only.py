"""Reading a program does nothing of what it says: the interpreter's own audit events tell."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROUNDS = Path(__file__).parent / "rounds"
# After one pass that loads what reading needs, a second one under another policy may parse text, and nothing else.
PROGRAM = """
import json, sys
from fumehood import Policy
from fumehood.check import check

policies = [Policy.load(name) for name in ("default", "copilot")]
rows = [json.loads(line) for line in sys.stdin]
seen = set()
watching = False

def told(event, arguments):
    nameless = event == "open" and arguments[0] == ""  # how the parser looks for the line of a faulty program: in vain
    if watching and not nameless and event not in {"compile", "object.__getattr__", "builtins.id"}:
        seen.add(event)

sys.addaudithook(told)
for policy in policies:
    watching = policy is policies[1]
    for row in rows:
        check(row["code"], language=row["language"], policy=policy)
watching = False
print(json.dumps(sorted(seen)))
"""


def _events(rows: list[dict[str, str]]) -> list[str]:
    text = "\n".join(map(json.dumps, rows))
    done = subprocess.run([sys.executable, "-c", PROGRAM], input=text, capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout))


def test_reading_raises_no_event_but_parsing() -> None:
    """No file is opened, nothing imported, executed, started, connected or unpickled for any attack of the rounds."""
    rows = [
        json.loads(line)
        for path in sorted(ROUNDS.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]

    assert [] == _events(rows)


def test_events_tell() -> None:
    """The same watch sees what running one of them would do."""
    watched = PROGRAM.replace("check(row[", "exec(row[").replace(', language=row["language"], policy=policy', "")

    done = subprocess.run(
        [sys.executable, "-c", watched],
        input=json.dumps({"code": "open('/dev/null')"}),
        capture_output=True,
        text=True,
        check=True,
    )

    assert {"exec", "open"} <= set(json.loads(done.stdout))
