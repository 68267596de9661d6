"""The providers' formats against somebody else's idea of them: the fake server `@copilotkit/aimock` from npm.

It needs node and npm. Where they or the package can't be had, the tests are skipped, and say so; in CI they fail.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from fumehood.agent import Agent
from tests.agent.kit import KEY, KINDS, VARIABLES

if TYPE_CHECKING:
    from collections.abc import Generator

    from fumehood.agent import Answer

pytestmark = [
    pytest.mark.jail,
    pytest.mark.filterwarnings("ignore:FUNCTION_CALL is not a valid FinishReason:UserWarning"),
]

VERSION = "1.43.0"
INTEGRITY = "sha512-V8D8cjSMtAR4rHaD2ulp3DR/ZguXQjDNOqwKDNvjb/OJL/KR1I0SDf5xpRCd+TYKjhmf9fM8Xpg3QBKPmV9Kmw=="
QUESTION = "How much is the total of the sales?"
PROGRAM = "import csv\nprint(sum(int(row['sales']) for row in csv.DictReader(open('data/sales.csv'))))"
FIXTURES = {
    "fixtures": [
        {
            "match": {"userMessage": "total of the sales", "hasToolResult": False},
            "response": {"toolCalls": [{"name": "run_python", "arguments": json.dumps({"code": PROGRAM})}]},
        },
        {
            "match": {"userMessage": "total of the sales", "toolResultContains": "4242"},
            "response": {"content": "The total is 4242."},
        },
        {
            "match": {"userMessage": "two programs", "hasToolResult": False},
            "response": {
                "toolCalls": [
                    {"name": "run_python", "arguments": '{"code": "print(11)"}'},
                    {"name": "run_python", "arguments": '{"code": "print(22)"}'},
                ]
            },
        },
        {"match": {"userMessage": "two programs", "toolResultContains": "22"}, "response": {"content": "11 and 22."}},
        {"match": {"userMessage": "no tool"}, "response": {"content": "Nothing to compute."}},
        {
            "match": {"userMessage": "fail"},
            "response": {"error": {"message": "no such thing", "type": "x"}, "status": 400},
        },
    ]
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The fake server, installed into a folder of its own and ended afterwards."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        give_up("npm and node are not installed here")
    folder = tmp_path_factory.mktemp("aimock")
    got = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), "--cache", str(folder / "cache"), f"@copilotkit/aimock@{VERSION}"],
        check=False,
        capture_output=True,
        text=True,
    )  # fmt: skip
    if got.returncode:
        give_up(f"npm could not install @copilotkit/aimock: {got.stderr[-300:]}")
    installed = json.loads((folder / "node_modules" / ".package-lock.json").read_text())["packages"]
    assert INTEGRITY == installed["node_modules/@copilotkit/aimock"]["integrity"], "another package by that name"
    fixtures = folder / "fixtures.json"
    fixtures.write_text(json.dumps(FIXTURES))
    program, told = Path(folder, "node_modules", ".bin", "llmock"), folder / "told"
    with told.open("wb") as file, subprocess.Popen([program, "-p", "0", "-f", fixtures], stdout=file) as running:
        yield address(told, running)
        running.terminate()


def give_up(why: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


def address(told: Path, running: subprocess.Popen[bytes]) -> str:
    """Where it listens, once it says so."""
    for _ in range(600):
        if found := re.search(r"listening on (http://127\.0\.0\.1:\d+)\n", told.read_text(encoding="utf-8")):
            return found[1]
        assert running.poll() is None, "the fake server ended"
        time.sleep(0.1)
    pytest.fail("the fake server does not listen")


def ask(kind: str, server: str, question: str, data: tuple[Path, ...] = (), *, streams: bool) -> Answer:
    address = server + ("/v1" if kind.startswith("openai") else "")
    with Agent(f"{kind}:some-model", base_url=address) as agent:
        *_, last = agent.stream(question, data=data, live=streams)
    answer: Answer = last.detail["answer"]
    return answer


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A provider's format, with a key where its own is looked for."""
    name: str = request.param
    monkeypatch.setenv(VARIABLES.get(name, "OPENAI_API_KEY"), KEY)
    return name


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
def test_a_tool_call_its_result_and_the_answer(kind: str, server: str, streams: bool, tmp_path: Path) -> None:
    """The whole way: the definition of the tool is understood, its call runs, and its result is found in the next request."""
    table = tmp_path / "sales.csv"
    table.write_text("month,sales\njan,4200\nfeb,42\n")
    told = ask(kind, server, QUESTION, (table,), streams=streams)

    assert ("The total is 4242.", "answered", ["4242\n"]) == (
        told.answer,
        told.stopped,
        [step.stdout for step in told.steps],
    )


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
def test_two_calls_in_one_reply(kind: str, server: str, streams: bool) -> None:
    """Both run, and both results go back in one request."""
    told = ask(kind, server, "Please run two programs.", streams=streams)

    assert ("11 and 22.", ["11\n", "22\n"]) == (told.answer, [step.stdout for step in told.steps])


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])
def test_an_answer_without_a_call(kind: str, server: str, streams: bool) -> None:
    """Text alone."""
    told = ask(kind, server, "There is no tool needed.", streams=streams)

    assert ("Nothing to compute.", "answered") == (told.answer, told.stopped)


def test_an_error_of_the_server(kind: str, server: str) -> None:
    """Its own words, at once."""
    told = ask(kind, server, "Please fail.", streams=False)

    assert "error" == told.stopped
    assert "no such thing" in str(told.failure)


def test_what_was_sent_is_what_the_format_asks_for(kind: str, server: str) -> None:
    """The fake server's own journal has the request: path, the tool's name, and that nothing was asked to be streamed."""
    ask(kind, server, "There is no tool needed.", streams=False)
    with urllib.request.urlopen(f"{server}/__aimock/journal") as journal:  # noqa: S310 -- loopback
        entries: Any = json.load(journal)
    last: Any = entries[-1]
    paths = {
        "openai-chat": "/v1/chat/completions",
        "openai-responses": "/v1/responses",
        "anthropic": "/v1/messages",
        "google": ":generateContent",
    }

    assert paths[kind] in last["path"]
    assert "run_python" in json.dumps(last)
