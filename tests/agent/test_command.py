"""`fumehood ask` as people start it: exit codes, the two streams, the JSON object, pictures, and never a traceback."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.agent.kit import KEY, Said, says, serving
from tests.run.command import FUMEHOOD, fumehood, is_one_paragraph

pytestmark = pytest.mark.jail

NO_KEYS: dict[str, Any] = {
    "OPENAI_API_KEY": "",
    "ANTHROPIC_API_KEY": "",
    "GEMINI_API_KEY": "",
    "GOOGLE_API_KEY": "",
    "OPENAI_BASE_URL": "",
    "ANTHROPIC_BASE_URL": "",
}
SCRIPT = """
[[reply]]
code = "print(open('/etc/passwd').read())"
[[reply]]
code = '''
import csv
rows = list(csv.DictReader(open('data/temps.csv')))
print(sum(float(row['t']) for row in rows) / len(rows))
'''
[[reply]]
text = "The mean is {output} degrees."
"""
PLOT = """
[[reply]]
code = '''
open('out/line.svg', 'w').write('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0L9 9"/></svg>')
'''
[[reply]]
text = "See out/line.svg."
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "temps.csv").write_text("day,t\n1,10\n2,20\n")
    (tmp_path / "script.toml").write_text(SCRIPT)
    (tmp_path / "plot.toml").write_text(PLOT)
    return tmp_path


def test_the_answer_alone_is_on_standard_output(folder: Path) -> None:
    """Programs, verdicts and output are told on standard error as they come; the answer is last, and is all there is on the other."""
    done = fumehood("ask", "Mean?", "--data", "temps.csv", "--model", "scripted:script.toml", cwd=folder)

    assert (0, b"The mean is 15.0 degrees.\n") == (done.code, done.out)
    told = (
        "open('/etc/passwd')",
        "refused before it ran",
        "FH101",
        "fix:",
        "csv.DictReader",
        "allowed · completed",
        "│ 15.0",
    )
    assert sorted(told, key=done.err.index) == list(told)


def test_json_is_the_object_of_the_contract(folder: Path) -> None:
    """Every key of the contract, of its type, and nothing else on standard output."""
    done = fumehood("ask", "Mean?", "--data", "temps.csv", "--model", "scripted:script.toml", "--json", cwd=folder)
    told = done.json()

    assert (0, "The mean is 15.0 degrees.", True, "answered") == (
        done.code,
        told["answer"],
        told["ok"],
        told["stopped"],
    )
    assert {
        "answer",
        "ok",
        "steps",
        "files",
        "denied",
        "approvals",
        "label",
        "model",
        "usage",
        "stopped",
    } <= told.keys()
    assert {"code", "language", "verdict", "findings", "outcome", "stdout", "error", "displays"} <= told["steps"][
        1
    ].keys()
    assert [("refuse", "refused"), ("allow", "completed")] == [
        (step["verdict"], step["outcome"]) for step in told["steps"]
    ]
    assert {"integrity": "untrusted", "sources": ["data/temps.csv"]}.items() <= told["label"].items()
    assert {"requests": 3, "input_tokens": 0, "output_tokens": 0}.items() <= told["usage"].items()
    assert "scripted:script.toml" == told["model"]


def test_files_are_named_and_kept_where_they_shall_go(folder: Path) -> None:
    """Without --out a file is named, and how to keep it; with it, it lies there."""
    without = fumehood("ask", "Plot?", "--model", "scripted:plot.toml", cwd=folder)
    kept = fumehood("ask", "Plot?", "--model", "scripted:plot.toml", "--out", "home", cwd=folder)

    assert "out/line.svg" in without.err
    assert "--out DIR" in without.err
    assert "out/line.svg" in kept.err
    assert (folder / "home" / "line.svg").read_text().startswith("<svg")


def test_pictures_are_named_and_kept(tmp_path: Path) -> None:
    """One that is shown goes beside the files, and standard output still has the answer alone."""
    code = "class P:\n    def _repr_svg_(self):\n        return '<svg width=\"7\"/>'\nP()"
    (tmp_path / "s.json").write_text(json.dumps([{"code": code}, {"text": "drawn"}]))
    without = fumehood("ask", "Q", "--model", "scripted:s.json", cwd=tmp_path)
    kept = fumehood("ask", "Q", "--model", "scripted:s.json", "--out", "home", cwd=tmp_path)

    assert "image/svg+xml" in without.err
    assert "--out DIR" in without.err
    assert b"drawn\n" == without.out == kept.out
    assert [True] == [
        "<svg" in path.read_text() and str(path.name) in kept.err for path in (tmp_path / "home").iterdir()
    ]


def test_no_model_and_no_key_are_told_in_two_lines() -> None:
    """What to set; exit code 2."""
    done = fumehood("ask", "Mean?", **NO_KEYS)

    assert (2, b"", 2) == (done.code, done.out, len(done.err.strip().splitlines()))
    assert all(
        word in done.err for word in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "--model", "--base-url")
    )


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("Q", "--model", "nobody:x"),
        ("Q", "--model", "openai:x"),
        ("Q", "--base-url", "http://localhost:1/v1"),
        ("Q", "--model", "openai:x", "--base-url", "localhost"),
        ("Q", "--model", "scripted:nowhere.toml"),
        ("Q", "--model", "scripted:temps.csv"),
        ("Q", "--model", "scripted:script.toml", "--data", "nowhere.csv"),
        ("Q", "--model", "scripted:script.toml", "--policy", "nowhere"),
        ("Q", "--model", "scripted:script.toml", "--env", "nowhere"),
        ("Q", "--model", "scripted:script.toml", "--max-steps", "0"),
        ("Q", "--model", "scripted:script.toml", "--max-time", "soon"),
        ("Q", "--model", "scripted:script.toml", "--max-cost", "1"),
        ("", "--model", "scripted:script.toml"),
    ],
)
def test_wrong_use_is_told_and_ends_with_2(folder: Path, words: tuple[str, ...]) -> None:
    """One paragraph that says what to do, and no traceback."""
    done = fumehood("ask", *words, cwd=folder, **NO_KEYS)

    assert (2, b"") == (done.code, done.out)
    assert is_one_paragraph(done.err) or done.err.startswith("Usage: ")
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("reply", "stopped", "code"),
    [
        ('text = "No."\nfinish = "refused"', "refused", 3),
        ('text = "Perhaps"\nfinish = "unknown"', "error", 1),
        ("code = \"print(1)\"\n[[reply]]\ncode = 'print(2)'", "steps", 4),
        ('code = "print(1)"\ninput_tokens = 900', "budget", 4),
        ('code = "print(1)"', "error", 1),
    ],
)
def test_what_is_no_answer_is_not_told_as_one(tmp_path: Path, reply: str, stopped: str, code: int) -> None:
    """Each way to end has its exit code, and says why on standard error."""
    (tmp_path / "s.toml").write_text(f"[[reply]]\n{reply}\n")
    words = ("ask", "Q", "--model", "scripted:s.toml", "--max-steps", "1", "--max-tokens", "500")
    plain, as_json = fumehood(*words, cwd=tmp_path), fumehood(*words, "--json", cwd=tmp_path)

    assert (code, code, stopped, False) == (plain.code, as_json.code, as_json.json()["stopped"], as_json.json()["ok"])
    assert "fumehood: " in plain.err
    assert as_json.json()["failure"]["remedy"]


@pytest.mark.parametrize(
    "script",
    [
        "",
        "reply = 3",
        "[[reply]]\ntext = 3",
        "[[reply]]\nkode = 'x'",
        "[[reply]]\ncode = [1]",
        "[[reply]]\nfinish = []",
        "[[reply]]\ninput_tokens = -1",
        "\x00",
        "reply = [1]",
    ],
)
def test_a_script_that_is_none_is_refused(tmp_path: Path, script: str) -> None:
    """With what one looks like."""
    (tmp_path / "s.toml").write_text(script)
    done = fumehood("ask", "Q", "--model", "scripted:s.toml", cwd=tmp_path)

    assert 2 == done.code
    assert is_one_paragraph(done.err)


def test_a_json_script_is_read_too(tmp_path: Path) -> None:
    """A list of replies."""
    (tmp_path / "s.json").write_text(json.dumps([{"code": ["print(1)", "print(2)"]}, {"text": "{output}"}]))

    assert b"2\n" == fumehood("ask", "Q", "--model", "scripted:s.json", cwd=tmp_path).out


def test_a_local_server_needs_no_key(folder: Path) -> None:
    """--base-url alone is enough, with an address that ends in /v1 and with one that has no path."""
    with serving(says("openai-chat", code=["print(6 * 7)"]), says("openai-chat", "42.")) as server:
        first = fumehood(
            "ask", "Q", "--model", "openai:local", "--base-url", server.address + "/v1", cwd=folder, **NO_KEYS
        )
        second = fumehood("ask", "Q", "--model", "openai:local", "--base-url", server.address, cwd=folder, **NO_KEYS)

        assert [(0, b"42.\n")] * 2 == [(done.code, done.out) for done in (first, second)]
        assert {"/v1/chat/completions"} == {path for path, _, _ in server.requests}
        assert "local" == server.bodies[0]["model"]


@pytest.mark.parametrize("status", [401, 503])
def test_a_failing_server_is_one_paragraph_without_the_key(folder: Path, status: int) -> None:
    """The server repeats the key; neither stream does."""
    told = Said(json.dumps({"error": {"message": f"bad key {KEY}"}}).encode(), status, (("retry-after", "900"),))
    with serving(told) as server:
        done = fumehood(
            "ask", "Q", "--model", "openai:x", "--base-url", server.address, "--json", cwd=folder, OPENAI_API_KEY=KEY
        )

    assert (1, "error") == (done.code, done.json()["stopped"])
    assert KEY not in done.err + done.out.decode()
    assert "Traceback" not in done.err


def test_what_a_program_prints_can_not_steer_the_terminal(tmp_path: Path) -> None:
    """Escapes in output and in the answer are shown, not sent."""
    (tmp_path / "s.json").write_text(json.dumps([{"code": "print(chr(27) + '[2Jboo')"}, {"text": "\x1b[31mred"}]))
    done = fumehood("ask", "Q", "--model", "scripted:s.json", cwd=tmp_path)

    assert b"\x1b" not in done.out
    assert "\x1b" not in done.err


def test_ctrl_c_ends_it_at_once(tmp_path: Path) -> None:
    """Exit code 130, the sandbox ended, and no traceback."""
    (tmp_path / "s.json").write_text(json.dumps([{"code": "import time\ntime.sleep(25)"}, {"text": "late"}]))
    command = [*FUMEHOOD, "ask", "Q", "--model", "scripted:s.json"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        told = ""
        while "sleep(25)" not in told:
            told += running.stderr.readline()
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=20)

    assert (130, "") == (running.returncode, out)
    assert "Traceback" not in err


def test_a_machine_that_can_not_run_programs_is_told_before_the_model_is_asked(tmp_path: Path) -> None:
    """Exit code 5, and one JSON object that says why; no reply of the script is used."""
    (tmp_path / "p.toml").write_text('[isolation]\ntier = "microvm"\n')
    (tmp_path / "s.json").write_text(json.dumps([{"text": "asked"}]))
    done = fumehood("ask", "Q", "--model", "scripted:s.json", "--policy", "p.toml", "--json", cwd=tmp_path)

    assert (5, "error", 0) == (done.code, done.json()["stopped"], done.json()["usage"]["requests"])
    assert done.json()["failure"]["remedy"]


def test_the_example_of_the_documentation_works(tmp_path: Path) -> None:
    """docs/ask.md, part 1: a refusal on the way, and the averages at the end."""
    folder = Path(__file__).resolve().parents[2] / "examples" / "temperatures"
    subprocess.run([sys.executable, folder / "generate.py", tmp_path / "temps.csv"], check=True)
    done = fumehood(
        "ask", "And the trend?", "--data", "temps.csv", "--model", f"scripted:{folder / 'ask.toml'}", cwd=tmp_path
    )

    assert 0 == done.code
    assert 10 == done.out.decode().count("°C\n")
    assert "refused before it ran" in done.err
