"""What `run --json` prints and with which code it leaves: the contract, word for word."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from fumehood import run as fumehood_run
from fumehood.errors import StateLost
from tests import unread as fh
from tests.run.command import fumehood, run_json

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.jail

KEYS = {
    "ok": bool, "outcome": str, "value_text": str, "stdout": str, "stderr": str, "dropped": dict, "displays": list,
    "files": list, "findings": list, "denials": list, "usage": dict, "tier": str, "environment": str, "language": str,
    "controls": list, "state": str, "execution": str, "code_sha256": str, "policy_sha256": str, "timing": dict,
    "trail": list,
}  # fmt: skip
USAGE = {"wall_ms", "cpu_ms", "peak_memory", "processes", "written"}
TIMING = {"check_ms", "wait_ms", "run_ms", "total_ms"}
SMALL = {"limits.wall": "4s", "limits.cpu": "3s", "limits.memory": "64MiB", "limits.disk": "8MiB"}


@pytest.fixture
def sandbox() -> Any:
    with fh.Sandbox(policy=fh.Policy.default().but(**SMALL)) as sandbox:
        yield sandbox


def test_a_completed_run_has_every_key_of_the_contract() -> None:
    """`run --json` prints exactly one object with the contract's keys, each of its type, error and limit null."""
    done = fumehood("run", "--json", "-c", "import sys\nprint('out')\nprint('err', file=sys.stderr)\n6 * 7")
    answer = done.json()

    assert 0 == done.code
    assert {} == {key: answer.get(key) for key, kind in KEYS.items() if not isinstance(answer.get(key), kind)}
    assert (True, "completed", 42, "42") == tuple(answer[key] for key in ("ok", "outcome", "value", "value_text"))
    assert ("out\n", "err\n") == (answer["stdout"], answer["stderr"])
    assert (None, None) == (answer["error"], answer["limit"])
    assert {"stdout": 0, "stderr": 0, "displays": 0} == answer["dropped"]
    assert USAGE <= answer["usage"].keys()
    assert TIMING <= answer["timing"].keys()
    assert ("jail", "bare", "python", "fresh") == tuple(
        answer[key] for key in ("tier", "environment", "language", "state")
    )
    assert all({"t_ms", "event"} <= event.keys() for event in answer["trail"])
    assert all({"name", "status", "how", "why"} == control.keys() for control in answer["controls"])
    assert {"enforced", "weaker", "absent"} >= {control["status"] for control in answer["controls"]}


def test_a_failed_run_says_where_and_leaves_with_1() -> None:
    """An exception is a result with name, message, line and traceback; the exit code is 1."""
    done = fumehood("run", "--json", "-c", "x = 1\n\nx / 0")
    answer = done.json()

    assert 1 == done.code
    assert (False, "failed") == (answer["ok"], answer["outcome"])
    assert ("ZeroDivisionError", "division by zero", 3) == tuple(
        answer["error"][key] for key in ("name", "message", "line")
    )
    assert "fumehood" not in answer["error"]["traceback"]


def test_a_limited_run_says_which_limit_and_leaves_with_4() -> None:
    """A limit has its kind, its size, what was used and a remedy; the exit code is 4."""
    done = fumehood("run", "--json", "--timeout", "500ms", "-c", "import time; time.sleep(60)")
    limit = done.json()["limit"]

    assert 4 == done.code
    assert ("wall", "500ms") == (limit["kind"], limit["limit"])
    assert limit["used"]
    assert "limits.wall" in limit["remedy"]


def test_a_run_ended_for_what_it_did_leaves_with_6(tmp_path: Any) -> None:
    """Where the policy says `on_denial = end`, a refused call ends the program: outcome `ended`, exit code 6."""
    policy = tmp_path / "strict.toml"
    policy.write_text('[on_denial]\naction = "end"\n[check]\nmode = "record"\n')
    done = fumehood("run", "--json", "--policy", str(policy), "-c", "import socket; socket.socket()")
    answer = done.json()

    assert 6 == done.code
    assert "ended" == answer["outcome"]
    assert ["seccomp"] == [denial["layer"] for denial in answer["denials"]]


def test_what_ended_so_says_so_when_it_is_used_again() -> None:
    """The sandbox is gone by the policy's will, not by the program's."""
    policy = fh.Policy.from_dict({"on_denial": {"action": "end"}, "check": {"mode": "record"}})
    with fh.Sandbox(policy=policy) as sandbox:
        assert "ended" == sandbox.run("import socket; socket.socket()").outcome
        with pytest.raises(StateLost, match=r"on_denial\.action"):
            sandbox.run("1")


def test_a_program_is_read_with_the_options_that_it_would_be_run_with() -> None:
    """`language`, `policy`, `env`, `data` and `timeout` are keyword arguments everywhere."""
    options: dict[str, Any] = {
        "language": "python",
        "policy": "default",
        "env": "bare",
        "data": [__file__],
        "timeout": 5,
    }

    assert ("allow", 2) == (fh.check("1 + 1", **options).verdict, fh.run("1 + 1", **options).value)


def test_a_denial_names_the_clause_and_what_would_allow_it(tmp_path: Any) -> None:
    """A refused system call stands in `denials` with its layer, the clause behind it and a remedy."""
    policy = tmp_path / "unread.toml"
    policy.write_text('[check]\nmode = "record"\n')
    answer = run_json("import subprocess\nsubprocess.run(['ls'])", "--policy", str(policy))

    assert "failed" == answer["outcome"]
    (denial,) = answer["denials"]
    assert ("seccomp", "code.spawn") == (denial["layer"], denial["clause"])
    assert "execve" in denial["what"]
    assert "spawn" in denial["remedy"]


def test_the_result_names_the_policy_that_options_made() -> None:
    """`--timeout` and `--memory` change the policy in force for this run, and the result names the policy made."""
    plain, narrowed = run_json("1"), run_json("1", "--timeout", "3s", "--memory", "64MiB")

    assert plain["policy_sha256"] != narrowed["policy_sha256"]
    told = {control["name"]: control["why"] for control in narrowed["controls"]}
    assert 'limits.wall = "3s"' == told["wall"]
    assert 'limits.memory = "64MiB"' == told["memory"]


UNKNOWN = "open(input())"  # a name that reading can't know


@pytest.fixture
def asking(tmp_path: Path) -> Path:
    """A policy by which a person decides about what can't be resolved."""
    (tmp_path / "asking.toml").write_text("[check]\nunknown = 'ask'\n")
    return tmp_path / "asking.toml"


def test_what_a_person_must_decide_is_refused_where_nobody_can_be_asked(asking: Path) -> None:
    """Without a terminal it is refused with 3, and that is said, to programs too."""
    done = fumehood("run", "-c", UNKNOWN, "--policy", str(asking))
    told = fumehood("run", "--json", "-c", UNKNOWN, "--policy", str(asking)).json()["error"]

    assert 3 == done.code
    assert "nobody can be asked" in done.err
    assert "NotAllowed" == told["name"]
    assert "check.unknown" in told["remedy"]


def test_whoever_is_asked_decides(asking: Path) -> None:
    """A no is told as such; where findings are only recorded nobody is asked."""
    asked: list[fh.Report] = []

    def approve(report: fh.Report) -> bool:
        asked.append(report)
        return len(asked) > 1

    first, second = (fumehood_run(UNKNOWN, policy=asking, approve=approve) for _ in range(2))
    recorded = fh.run(UNKNOWN, policy=asking, approve=approve)

    assert first.error is not None
    assert "did not allow" in first.error.message
    assert ("refused", "failed", "failed") == (first.outcome, second.outcome, recorded.outcome)
    assert 2 == len(asked)


def test_what_was_found_in_a_program_that_ran_is_noted(tmp_path: Path) -> None:
    """Nothing says «refuse» of what was not refused."""
    (tmp_path / "record.toml").write_text("[check]\nmode = 'record'\n")

    done = fumehood(
        "run", "-c", "import os\nif not os.getpid(): os.system('id')", "--policy", str(tmp_path / "record.toml")
    )

    assert 0 == done.code
    assert "fumehood: noted: FH" in done.err
    assert "refuse" not in done.err


def test_a_policy_is_shown_where_it_cannot_be_enforced() -> None:
    """What it says does not depend on the machine; the plan does, and the exit code tells it."""
    done = fumehood("policy", "show", "codey")

    assert 5 == done.code
    assert 'tier = "gvisor"' in done.out.decode()
    assert "gvisor" in done.err


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("None", None), ("True", True), ("-7", -7), ("2**1000", 2**1000), ("1.5", 1.5), ("'é\\0'", "é\0"),
        ("[1, [2, None]]", [1, [2, None]]), ("(1, 2)", [1, 2]), ("{'a': {'b': []}}", {"a": {"b": []}}),
    ],
)  # fmt: skip
def test_plain_data_comes_back_as_a_real_value(sandbox: fh.Sandbox, code: str, value: object) -> None:
    """The last expression's value is handed over where JSON can hold it."""
    result = sandbox.run(code)

    assert value == result.value
    assert type(value) is type(result.value)


@pytest.mark.parametrize(
    "code",
    [
        "float('nan')", "float('-inf')", "[1, float('nan')]", "{1: 2}", "{'a': {2}}", "object()", "b'x'", "1j", "2**5000",
        "x = []\nx.append(x)\nx", "x = []\nfor i in range(200): x = [x]\nx", "type('I', (int,), {})(5)", "'x' * 3_000_000",
    ],
)  # fmt: skip
def test_what_json_cannot_hold_is_told_as_text_only(sandbox: fh.Sandbox, code: str) -> None:
    """No NaN, no set, no object, no cycle, nothing deep or huge is a `value`; `value_text` is still told, bounded."""
    result = sandbox.run(code)

    assert ("completed", None) == (result.outcome, result.value)
    assert 0 < len(result.value_text) < 70_000


def test_lone_surrogates_are_replaced_and_it_is_said() -> None:
    """Text that UTF-8 can't hold is replaced in the output, and the trail says where."""
    answer = run_json("import os\nos.write(1, b'a\\xff\\xed\\xa0\\x80')\n['\\ud800']")

    assert ["�"] == answer["value"]
    assert answer["stdout"].startswith("a�")
    (replaced,) = [event for event in answer["trail"] if event["event"] == "replaced"]
    assert ["stdout", "value"] == sorted(replaced["what"])


def test_what_is_measured_is_of_this_run(sandbox: fh.Sandbox) -> None:
    """Wall and CPU time are those of one run, in milliseconds, measured from outside."""
    busy = sandbox.run("import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass")
    idle = sandbox.run("time.sleep(0.2)")

    assert busy.usage.cpu_ms >= 250
    assert busy.usage.wall_ms >= 250
    assert idle.usage.wall_ms >= 200
    assert idle.usage.cpu_ms < busy.usage.cpu_ms
    assert math.isfinite(idle.usage.peak_memory)


def test_check_raises_what_fits(sandbox: fh.Sandbox) -> None:
    """`Result.check()` raises an error of fumehood that is also the built-in one where it fits."""
    assert 3 == sandbox.run("3").check().value
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        sandbox.run("1 / 0").check()
    with pytest.raises(TimeoutError, match="wall") as caught:
        sandbox.run("import time; time.sleep(60)", timeout=0.2).check()
    assert isinstance(caught.value, fh.Error)
    assert caught.value.remedy()
