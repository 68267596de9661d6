"""bash and JavaScript through the machine's own interpreters, where it has them and the policy lets them start."""

from __future__ import annotations

import shutil

import pytest

from tests import unread as fh
from tests.run.command import fumehood

pytestmark = pytest.mark.jail

needs_node = pytest.mark.skipif(
    not any(shutil.which("node", path=folder) for folder in ("/usr/bin", "/usr/local/bin")), reason="no node below /usr"
)


def test_bash_runs_under_a_policy_with_spawn() -> None:
    """A script runs with the machine's bash: output, exit status, files, pipes."""
    done = fumehood(
        "run", "--json", "--lang", "bash", "--policy", "workbench", "-c", "echo a | tr a b > out/f; cat out/f; exit 3"
    )
    answer = done.json()

    assert (1, "b\n", "bash") == (done.code, answer["stdout"], answer["language"])
    assert "3" in answer["error"]["message"]
    assert ["out/f"] == [file["path"] for file in answer["files"]]


def test_bash_and_python_share_the_files_of_a_sandbox() -> None:
    """In one sandbox, what bash wrote python reads; variables of python are kept across it."""
    with fh.Sandbox(policy="workbench") as sandbox:
        sandbox.run("x = 1")
        sandbox.run("echo hi > f", language="bash")
        assert ["hi\n", 1] == sandbox.run("[open('f').read(), x]").value


def test_bash_is_refused_where_nothing_may_be_started() -> None:
    """Under the default policy bash is refused with the way to allow it, and nothing runs."""
    with pytest.raises(fh.Error, match="spawn") as caught:
        fh.run("echo hi", language="bash")

    assert "workbench" in caught.value.remedy()


@needs_node
def test_javascript_runs_by_the_files_ending(tmp_path: object) -> None:
    """A .js file runs with the machine's node, without a policy that lets the program start others."""
    script = f"{tmp_path}/sum.js"
    with open(script, "w", encoding="utf-8") as file:  # noqa: PTH123 -- one line
        file.write("console.log([1, 2, 3].reduce((a, b) => a + b));")
    answer = fumehood("run", "--json", script).json()

    assert ("completed", "6\n", "javascript") == (answer["outcome"], answer["stdout"], answer["language"])


@needs_node
def test_javascript_starts_nothing_else() -> None:
    """Under the default policy node itself may be started, and nothing from within it."""
    code = "try { require('child_process').execSync('id'); console.log('ran') } catch (e) { console.log('refused') }"
    result = fh.run(code, language="javascript")

    assert "refused\n" == result.stdout


@needs_node
def test_a_failing_script_fails() -> None:
    """An uncaught exception of a script is its failure, told on its standard error."""
    result = fh.run("throw new Error('no')", language="javascript")

    assert "failed" == result.outcome
    assert "Error: no" in result.stderr


def test_the_command_refuses_bash_where_nothing_may_be_started() -> None:
    """Under a policy without spawn bash is refused before it runs, with the line that would allow it."""
    done = fumehood("run", "--lang", "bash", "-c", "ls")

    assert 3 == done.code
    assert "code.spawn = true" in done.err
