"""Programs as models write them for notebooks: commands, magics, prompts, `await`; and how their failures are told."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fumehood
from fumehood.notebook import translate
from tests import unread as fh
from tests.run.command import fumehood as command
from tests.run.command import run_json

SPAWNING = {"code.spawn": True, "limits.wall": "10s"}


@pytest.fixture(scope="module")
def sandbox() -> Any:
    with fh.Sandbox(policy=fh.Policy.default().but(**{"limits.wall": "10s"})) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def spawning() -> Any:
    with fh.Sandbox(policy=fh.Policy.default().but(**SPAWNING)) as sandbox:
        yield sandbox


@pytest.mark.parametrize(
    ("source", "translated"),
    [
        ("!ls -l", "__shell__('ls -l')"),
        ("  !ls", "  __shell__('ls')"),
        ("files = !ls {folder}", "files = __shell__('ls ' + str(folder), 'lines')"),
        ("!!ls", "__shell__('ls', 'lines')"),
        ("!echo {a}{b[0]}!", "__shell__('echo ' + str(a) + str(b[0]) + '!')"),
        ("!echo ${HOME} {a,b} {} {{x}} | awk '{print}'", "__shell__(\"echo ${HOME} {a,b} {} {x} | awk '{print}'\")"),
        ("!a \\\n  b\nx", "__shell__('a b')\n\nx"),
        ("%cd data", "__magic__('cd data')"),
        ("here = %pwd", "here = __magic__('pwd')"),
        ("%time f(x)", "__magic__('time', lambda: f(x))"),
        ("%time y = f(x)", "__magic__('time'); y = f(x); __magic__('timed')"),
        ("%time await f()", "__magic__('time'); await f(); __magic__('timed')"),
        ("%timeit -n 10 -r 3 f()", "__magic__('timeit -n 10 -r 3', lambda: f())"),
        ("# cell\n%%time\nx = 1\nx", "# cell\n__magic__('time')\nx = 1\nx"),
        ("x\n%%time\ny", "x\n__magic__('time')\ny"),
        ("%%bash\nls\npwd", "__shell__('ls\\npwd')\n\n"),
        ("%%writefile a.py\nx = 1", "__magic__('writefile a.py', 'x = 1')\n"),
        ("!pip install -q pandas 'x>=1' 2>/dev/null", "__magic__(\"pip install -q pandas 'x>=1'\")"),
        ("!python3 -m pip install pandas", "__magic__('pip install pandas')"),
        ("%pip install pandas", "__magic__('pip install pandas')"),
        ("!pip install x && rm y", "__shell__('pip install x && rm y')"),
        ("df.head?", "help(df.head)"),
        ("?df", "help(df)"),
        # What is Python stays as it is.
        ("x = (1\n% 2)\n!ls", "x = (1\n% 2)\n__shell__('ls')"),
        ("'''\n!ls\n%cd x\n'''\n%pwd", "'''\n!ls\n%cd x\n'''\n__magic__('pwd')"),
        ('"""a\n!b"""', '"""a\n!b"""'),
        ("x = 1 + \\\n%pwd", "x = 1 + \\\n%pwd"),
        ("# it's (\n!ls", "# it's (\n__shell__('ls')"),
        ("x = '\\'' + '('\n!ls", "x = '\\'' + '('\n__shell__('ls')"),
        ("x = 'a % b'", "x = 'a % b'"),
        ("y = x % 3 != 4", "y = x % 3 != 4"),
    ],
)
def test_notebook_lines_are_written_as_calls(source: str, translated: str) -> None:
    """Each line becomes a call where it stood; what stands in strings, brackets and continued lines is left alone."""
    assert translated == translate(source)


@given(
    st.lists(
        st.sampled_from(
            ["!", "%", "%%", "?", "ls {a}", "x = ", "'''", '"', "(", ")", "\\", "\n", " ", "#", "{", "}", "time ", "é"]
        ),
        max_size=30,
    ).map("".join)
)
@settings(max_examples=2000)
def test_any_text_is_translated_line_by_line(source: str) -> None:
    """No text makes it raise or moves a line."""
    assert source.count("\n") == translate(source).count("\n")


@pytest.mark.parametrize("source", ["!" * 200_000, " " * 200_000, "x" * 200_000 + "!", "(" * 200_000 + "%", "!" + "{a" * 100_000, "!pip " + "install " * 30_000, "%timeit " + "-n 1 " * 40_000 + "!", "?" + "a." * 100_000 + "!"])  # fmt: skip
def test_large_hostile_text_is_translated_in_time(source: str) -> None:
    """No pattern runs away; the test's own time limit holds it."""
    assert translate(source).count("\n") == source.count("\n")


def test_plain_python_is_never_changed() -> None:
    """Programs that parse are run as they are, whatever signs stand in them."""
    source = Path(ast.__file__).read_text(encoding="utf-8")

    assert source == translate(source)


@pytest.mark.jail
class TestInside:
    """The same in a sandbox."""

    def test_commands_run_where_programs_may_be_started(self, spawning: fh.Sandbox) -> None:
        """`!command` prints, gives its lines when assigned, sees Python's values, and tells its exit status."""
        result = spawning.run(
            "name = 'wo rld'\ncount = 3\n!echo hello {name} $count\nlines = !printf 'a\\nb\\n'\n!exit 3\nlines"
        )

        assert ("hello wo rld 3\n", ["a", "b"]) == (result.stdout, result.value)
        assert "exited with status 3" in result.stderr
        assert "1\n" == spawning.run("%%bash\nx=1\necho $x").stdout

    def test_commands_are_refused_with_the_way_out(self, sandbox: fh.Sandbox) -> None:
        """Without `code.spawn` a command fails with what would allow it; the reading refuses it before, with code 3."""
        result = sandbox.run("x = 1\n!ls")

        assert result.error is not None
        assert ("PermissionError", 2) == (result.error.name, result.error.line)
        assert "code.spawn = true" in result.error.message
        done = command("run", "--json", "-c", "x = 1\n!ls -l")
        assert 3 == done.code
        assert "refused" == done.json()["outcome"]
        assert 2 == done.json()["findings"][0]["line"]

    def test_installing_says_where_packages_come_from(self) -> None:
        """`%pip install` and `!pip install` name `fumehood env create`, and are not refused before."""
        for code in ("%pip install -q pandas==2.0 'nothing-of-it[x]>=1'", "!pip install pandas nothing-of-it"):
            result = fumehood.run(code, env="bare")

            assert ("failed", "ModuleNotFoundError") == (result.outcome, result.error and result.error.name)
            assert result.error is not None
            assert "fumehood env create NAME pandas nothing-of-it" in result.error.message

    @pytest.mark.parametrize(
        ("command", "packages"),
        [
            ("pip install -r wishes.txt", "PACKAGE"),
            ("pip install -U -f wheels some-thing", "some-thing"),
            ("conda install -y -c conda-forge some-thing", "some-thing"),
        ],
    )
    def test_what_belongs_to_an_option_is_no_package(self, command: str, packages: str) -> None:
        """A file, an index and a channel are not what to make an environment of."""
        error = fumehood.run(f"!{command}", env="bare").error

        assert error is not None
        assert f"fumehood env create NAME {packages}" in error.message

    def test_magics_that_set_up_are_taken(self, sandbox: fh.Sandbox) -> None:
        """What notebooks begin with is no error; folders, variables and files work."""
        result = sandbox.run(
            "%matplotlib inline\n%load_ext autoreload\n%autoreload 2\nhere = %pwd\n%env A=b\n%cd out\n%cd ..\nimport os\n(here, os.environ['A'])"
        )

        assert ["/workspace", "b"] == result.value
        wrote = sandbox.run("%%writefile out/m.py\nx = 'é'\n")
        assert (None, "Wrote out/m.py\n") == (wrote.error, wrote.stdout)
        assert "é" == sandbox.run("%run out/m.py\nx").value
        assert ["text/html"] == [each.mime for each in sandbox.run("%%html\n<b>x</b>").displays]

    def test_time_is_told_and_the_value_kept(self, sandbox: fh.Sandbox) -> None:
        """`%time`, `%%time`, `%timeit` run the code, print a time, and leave values and names."""
        for code, value in (("%time 6 * 7", 42), ("%time y = 6 * 7", None), ("%%time\nz = 6\nz * 7", 42)):
            result = sandbox.run(code)
            assert ("completed", value) == (result.outcome, result.value)
            assert 1 == result.stdout.count("Wall time: ")
        assert [42, 6] == sandbox.run("[y, z]").value
        assert "per loop" in sandbox.run("%timeit -n 10 -r 2 sum(range(10))").stdout
        assert "" == sandbox.run("1").stdout

    def test_an_unknown_magic_says_which_are_known(self, sandbox: fh.Sandbox) -> None:
        """An error names the magic, its line and the known ones."""
        result = sandbox.run("1\n%nonsense a b")

        assert result.error is not None
        assert ("NotImplementedError", 2) == (result.error.name, result.error.line)
        assert "%nonsense" in result.error.message
        assert "timeit" in result.error.message

    @pytest.mark.parametrize("code", ["5;", "é = 1\né ; # why", "(1 +\n 1);", "x = 1\rx;", "'';"])
    def test_a_semicolon_hushes_the_value(self, sandbox: fh.Sandbox, code: str) -> None:
        """As in a notebook: `plt.hist(x);` is there for the picture."""
        result = sandbox.run(code)

        assert ("completed", "") == (result.outcome, result.value_text), result

    @pytest.mark.parametrize("code", ["';'", "1; 5", "5 # ;", "x = 1;\n5"])
    def test_no_other_semicolon_does(self, sandbox: fh.Sandbox, code: str) -> None:
        """It stands behind the last expression."""
        assert sandbox.run(code).value in (5, ";")

    def test_exported_notebooks_run(self, sandbox: fh.Sandbox) -> None:
        """`get_ipython()` takes what notebooks saved as programs call."""
        result = sandbox.run(
            "get_ipython().run_line_magic('matplotlib', 'inline')\nget_ipython().run_cell_magic('time', '', '2')\n1"
        )

        assert 1 == result.value

    def test_prompts_end_with_a_clear_message(self, sandbox: fh.Sandbox) -> None:
        """`input()` is EOFError that says why; with a standard input of the program's own it reads that."""
        result = sandbox.run("name = input('Name? ')")

        assert result.error is not None
        assert ("EOFError", "Name? ") == (result.error.name, result.stdout)
        assert "no terminal" in result.error.message
        assert (
            "x"
            == sandbox.run(
                "import io, sys\nold, sys.stdin = sys.stdin, io.StringIO('x\\n')\ny = input()\nsys.stdin = old\ny"
            ).value
        )
        assert ("completed", "failed") == (sandbox.run("exit()").outcome, sandbox.run("quit(3)").outcome)
        assert "Return the absolute value" in sandbox.run("help(abs)").stdout

    def test_await_stands_at_the_top(self, sandbox: fh.Sandbox) -> None:
        """`await`, `async for` and `async with` need no function, share one loop, and leave `asyncio.run` usable."""
        result = sandbox.run(
            "import asyncio\nfrom contextlib import asynccontextmanager\n"
            "async def count():\n    for i in range(3):\n        await asyncio.sleep(0); yield i\n"
            "@asynccontextmanager\nasync def held(): yield 'held'\n"
            "seen = [i async for i in count()]\nasync with held() as h: seen.append(h)\nasync for i in count(): seen.append(i)\n"
            "lock = asyncio.Lock()\nawait asyncio.gather(asyncio.sleep(0, 'x'), asyncio.sleep(0, 'y'))"
        )

        assert (None, ["x", "y"]) == (result.error, result.value)
        again = sandbox.run("async with lock: pass\nasyncio.get_event_loop().is_running()\nseen")
        assert [0, 1, 2, "held", 0, 1, 2] == again.value
        assert 5 == sandbox.run("async def main(): return 5\nasyncio.run(main())").value
        assert "await 1" in (sandbox.run("await 1").error or ("",) * 4)[3]

    def test_progress_bars_do_not_flood(self, sandbox: fh.Sandbox) -> None:
        """Of lines that are written over with carriage returns the result's stderr has the last state; streams are told all."""
        heard = list[str]()
        code = (
            "import sys\nfor i in range(101): sys.stderr.write(f'\\r{i}%|' + '#' * i)\nsys.stderr.write('\\nend\\r\\n')"
        )
        result = sandbox.run(code, on_stderr=heard.append)

        assert "100%|" + "#" * 100 + "\nend\r\n" == result.stderr
        assert all(f"{i}%|" in "".join(heard) for i in range(101))
        assert ["a", "b"] == sandbox.run("import sys\nsys.stdout.write('a\\rb')\nNone").stdout.split()

    @pytest.mark.parametrize(
        ("said", "told"),
        [
            ("o1\n\ri1\x1b[A\ro2\n\ri2\x1b[A\n\n", "o2\ni2\n"),
            ("o1\n\ri1\x1b[A\nend", "o1\nend"),
            ("\x1b[A\x1b[Aa\nb\r\n", "a\nb\r\n"),
        ],
    )
    def test_nested_progress_bars_do_not_flood(self, sandbox: fh.Sandbox, said: str, told: str) -> None:
        """A bar below another is written after going down and before going up again: it too has its last state."""
        assert told == sandbox.run(f"import sys\nsys.stderr.write({said!r})\nNone").stderr


@pytest.mark.jail
class TestFailures:
    """How what went wrong is told."""

    def test_library_frames_are_left_out(self, sandbox: fh.Sandbox) -> None:
        """The program's lines are told, of a library the last frame, with a count of the rest; chains are kept."""
        result = sandbox.run(
            "import json\ndef load(text):\n    try:\n        return json.loads(text)\n    except ValueError as error:\n        raise RuntimeError('bad input') from error\nload('{')"
        )

        assert result.error is not None
        told = result.error.traceback
        assert ("RuntimeError", "bad input", 6) == (result.error.name, result.error.message, result.error.line)
        assert "return json.loads(text)" in told
        assert "… 2 frames of libraries" in told
        assert 1 == told.count("json/decoder.py")
        assert "The above exception was the direct cause" in told
        assert told.index("JSONDecodeError: Expecting") < told.index("RuntimeError: bad input")

    def test_functions_of_earlier_runs_are_the_programs_own(self, sandbox: fh.Sandbox) -> None:
        """A frame of a function that an earlier run defined is told with its line."""
        sandbox.run("def divide(a, b):\n    return a / b")
        result = sandbox.run("x = 1\ndivide(x, 0)")

        assert result.error is not None
        assert 2 == result.error.line
        assert "return a / b" in result.error.traceback

    @pytest.mark.parametrize("code", ["def f(): return f()\nf()", "def f(): return g()\ndef g(): return f()\nf()"])
    def test_recursion_is_told_shortly(self, sandbox: fh.Sandbox, code: str) -> None:
        """A recursion's traceback has its ends."""
        result = sandbox.run(code)

        assert result.error is not None
        assert "RecursionError" == result.error.name
        assert len(result.error.traceback.splitlines()) < 80

    def test_syntax_errors_point(self) -> None:
        """A syntax error has line and caret, also next to notebook lines."""
        answer = run_json("%matplotlib inline\nx = (1,\ny = 2", "--policy", "default")

        assert 2 == answer["error"]["line"]
        assert "    x = (1,\n        ^\nSyntaxError: '(' was never closed" in answer["error"]["traceback"]
        with fh.Sandbox() as sandbox:
            result = sandbox.run("x = 1\ny = = 2")
        assert result.error is not None
        assert ("SyntaxError", 2) == (result.error.name, result.error.line)

    @pytest.mark.parametrize(
        ("code", "told"),
        [
            ("x = 1\nif x:\n    return", "line 3\n    return\n    ^^^^^^\nSyntaxError: 'return' outside function\n"),
            ("%matplotlib inline\n\nbreak", "line 3\n    break\n    ^^^^^\nSyntaxError: 'break' outside loop\n"),
        ],
    )
    def test_what_parses_and_is_no_program_points(self, sandbox: fh.Sandbox, code: str, told: str) -> None:
        """What only compiling finds is told with its line as well."""
        error = sandbox.run(code).error

        assert error is not None
        assert 3 == error.line
        assert error.traceback.endswith(told)

    @pytest.mark.parametrize(
        "code",
        ["x = 1\n\neval('1 +')", "import ast\n\nast.parse('x\\n' * 8 + '= 1')", "x = 1\n\nraise SyntaxError('mine')"],
    )
    def test_syntax_errors_of_other_texts_have_the_programs_line(self, sandbox: fh.Sandbox, code: str) -> None:
        """A text that the program has read is not the program: what counts is where it did so."""
        error = sandbox.run(code).error

        assert error is not None
        assert ("SyntaxError", 3) == (error.name, error.line)

    def test_groups_are_told_with_their_frames(self, sandbox: fh.Sandbox) -> None:
        """Each exception of a group is there, with the frames of the program."""
        result = sandbox.run(
            "import asyncio\nasync def f(n): raise ValueError(n)\nasync with asyncio.TaskGroup() as g:\n    for n in 1, 2: g.create_task(f(n))"
        )

        assert result.error is not None
        assert "ExceptionGroup" == result.error.name
        assert {"ValueError: 1", "ValueError: 2"} <= {
            line.strip(" |+-") for line in result.error.traceback.splitlines()
        }
        assert "fumehood" not in result.error.traceback
