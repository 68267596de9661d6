"""Reading remembers, and nobody can tell: whatever ran before, a program is judged as if all were read anew."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fumehood.check import State, budget, examine
from fumehood.check.budget import Budget
from fumehood.check.examine import _capabilities
from fumehood.check.judge import judge
from fumehood.check.python import Names, follow
from fumehood.check.python.comparing import MAX_COMPARED, alike
from fumehood.check.python.values import (
    MAX_OPTIONS,
    NONE,
    Const,
    Object,
    Ref,
    Seq,
    Text,
    Unknown,
    Value,
    options,
    union_of,
)
from fumehood.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from fumehood.execution import Capability, Finding, Verdict

ROUNDS = Path(__file__).parent / "rounds"
POLICY = Policy.default()
NAMES = ["a", "b", "c", "d"]
KINDS = [
    ["'id'", "'data/x'", "'/etc/passwd'", "'/etc/shadow'"],
    ["print", "open", "len", "__import__('os').system"],
    ["1", "2", "True"],
    ["0.0", "-0.0", "1.0", "float('nan')"],
    ["2j", "3j"],
    ["range(3)", "range(4)"],
    ["slice(1)", "slice(2)"],
    ["[]", "['/etc/group']"],
    ["None", "...", "input()", "b'/etc/hosts'", "{}", "()"],
]
CONSTANTS = st.sampled_from(KINDS).flatmap(st.sampled_from)
GROUPBY = """
import pandas as pd
frame = pd.DataFrame({"k": ["a", "b", "a", "b"] * 25, "v": [1.0, 2.0, 3.0, 4.0] * 25})
frame.groupby("k")["v"].sum().to_dict()
"""
SETTLED = [
    "open('out/table.csv', 'w').write('a,b\\n')\nopen('out/table.csv', 'a').write('1,2\\n')",
    "x = 1\ny = [x, None, {'a': 2.5, 3: ...}, (4, 1j), range(3), b'']\nz = y",
    "def f(x, seen=[]):\n seen.append(x)\n return lambda: (x, seen)\ng = f(1)\nh = f",
    "class A:\n def go(self): return self\na = A()\na.me = a\ngo = a.go",
    "from pathlib import Path\np = Path('data') / 'x'\nif not p.exists(): p.write_bytes(input())",
    "import os as o\nfrom functools import partial\nx = partial(print, o.getcwd, end='')\nn = globals()",
    "x = 1 if input() else 'a'\nfor i in input():\n  x = i\ndel i",
]
#: Programs of which the second leaves something else under the same names than the first.
CHANGES = [
    ("x = 1", "x = 2"), ("x = 1", "x = True"), ("x = 1", "x = 1.0"), ("x = 0.0", "x = -0.0"), ("x = 2j", "x = 3j"), ("x = 'a'", "\nx = 'a'"),
    ("x = 'a'", "x = b'a'"), ("x = None", "x = ..."), ("x = {1: 2}", "x = {True: 2}"),
    ("x = range(3)", "x = range(4)"), ("x = slice(1)", "x = slice(2)"), ("x = print", "x = open"), ("x = print", "import os as x"),
    ("x = '/etc/' + input()", "x = '/tmp/' + input()"), ("x = input() + '.a'", "x = input() + '.b'"), ("x = unheard_of", "x = input()"),
    ("x = 'a' + unheard_of", "x = 'a' + input()"), ("x = open('a')", "x = open('b')"), ("import pandas as p\nx = p.DataFrame()", "x = p.Series()"),
    ("x = [1, 2]", "x = (1, 2)"), ("x = [1, 2]", "x = [2, 1]"), ("x = [1]", "x = [1, 2]"), ("x = [1]", "x[unheard_of] = 1"),
    ("x = {1: 1, 2: 2}", "x = {2: 2, 1: 1}"), ("x = {}", "x[unheard_of] = 1"), ("x = {1: 1}", "x[1] = 2"), ("x = {1: 1}", "x[2] = 1"), ("x = {}\nx[unheard_of] = 1", "x[unheard_of] = 2"),
    ("x = 1\ny = 1", "del x\nx = 1"), ("x = [1]\ny = x", "x = [1]\ny = [1]"), ("x = [1]; y = [1]", "x = [1]; y = x"), ("x = [1]", "x = [x]"),
    ("x = 1 if input() else 2", "x = 1 if input() else 3"), ("x = vars(io)", "x = vars(os)"), ("class a: pass\nclass b: pass\nb.c = 1\nx = vars(a)", "x = vars(b)"), ("x = 'a'.join", "x = 'b'.join"), ("x = ''.join", "x = ''.find"),
    ("def x(): return 1", "def x(): return 2"), ("def x(y): pass", "def x(z): pass"), ("def x(y=1): pass", "def x(y=2): pass"), ("x = lambda: 1", "\nx = lambda: 1"),
    ("def x(*, y=[]): return y", "x().append(1)"), ("x = lambda y=[]: y", "x().append(1)"), ("x = (lambda y: lambda: y)(1)", "x = (lambda y: lambda: y)(2)"), ("x = (lambda y: lambda z: lambda: y)(1)(2)", "x = (lambda y: lambda z: lambda: y)(3)(2)"),
    ("class x: y = 1", "class x: y = 2"), ("class x: y = 1", "class x: z = 1"), ("class x(int): pass", "class x(str): pass"), ("class x: pass", "x.y = 1"),
    ("class a(type): pass\nclass b(type): pass\nclass x(metaclass=a): pass", "class x(metaclass=b): pass"), ("class x: pass\ny = x()", "y.z = 1"), ("class x: pass\ny = x()\nz = x()", "z = y"),
    ("class x:\n def y(self): pass\na = x()\nb = x()\nb.c = 1\nz = a.y", "z = b.y"), ("class x:\n @staticmethod\n def y(): pass", "class x:\n @classmethod\n def y(): pass"),
    ("class x: pass\nclass y: pass\nz = x()", "z = y()"), ("from functools import partial as p\nx = p(print, 1)", "x = p(print, 2)"),
    ("from functools import partial as p\nx = p(print, 1)", "x = p(open, 1)"), ("from functools import partial as p\nx = p(print, a=1)", "x = p(print, a=2)"),
    ("open('h.py', 'w').write('a')", "open('h.py', 'w').write('b')"), ("open('h.py', 'w').write('a')", "open('g.py', 'w').write('a')"),
    ("x = [0]", "x.append(1)"), ("from io import *", "from os import *"),
]  # fmt: skip
#: What programs do to the names that others left; `{0}` to `{2}` are names, `{3}` and `{4}` constants.
FRAGMENTS = [
    "{0} = {3}", "{0} = {1}", "{0}, {1} = {1}, {0}", "{0} = [{1}, {2}, {3}]", "{0} = {{'id': {1}, {4}: {3}}}", "{0} = {3}, {4}",
    "{0} = [{3}, {4}]\n{1} = {0}", "{0} = [{3}, {4}]\n{1} = [{3}, {4}]", "{0} = {3}\n{1} = {0}", "{0} = {3}\n{1} = {3}",
    "if input():\n {0} = {3}\nelse:\n {0} = {4}", "for {0} in [{1}, {3}]:\n {1} = {0}", "{0} = {3} if input() else {2}",
    "{0} = []\n{0}.append({3})", "{0}.append({3})", "{0}[0] = {3}", "{0} = {{}}\n{0}[input()] = {3}", "{0}.x = {3}",
    "{0} = {1}.x", "{0} = {1}[0]", "del {0}", "globals()['{0}'] = {3}", "{0} = globals()",
    "def {0}({1}={3}, *rest, k={4}):\n global {2}\n {2} = {1}\n return k", "{0} = lambda {1}={3}: {1}",
    "def {0}(y=[]):\n y.append({3})\n return y", "def {0}(*, y=[]):\n y.append({3})\n return y",
    "def f():\n {1} = {3}\n def g():\n  return {1}\n return g\n{0} = f()", "{0} = (lambda {1}: lambda: {1})({3})",
    "class {0}:\n x = {3}\n def go(self):\n  return {1}(self.x)", "{0} = {1}()", "{0} = {1}({3})", "{0} = {1}.go",
    "class B:\n x = {3}\nclass C(B):\n y = {4}\n{0} = C()", "class M(type):\n x = {3}\nclass {0}(metaclass=M): pass",
    "class {0}:\n @staticmethod\n def go():\n  return {3}", "class {0}:\n @property\n def x(self):\n  global {1}\n  {1} = {3}\n  return {4}",
    "from functools import partial\n{0} = partial({1}, {3}, file={4})", "from functools import partial\n{0} = partial({3})",
    "import pathlib\n{0} = pathlib.Path({3})", "{0} = {3}.format", "{0} = [{3}].append", "{0} = input({3}) + {4}",
    "open('h.py', 'w').write('{0} = {3}')", "import h\n{0} = h.{0}", "from h import *", "exec('{0} = {3}')", "import pandas as {0}",
    "{0} = input() + {3}", "{0} = {3} + input()", "{0} += {3}", "import base64\n{0} = base64.b64decode({3})",
    "{0}", "{0}.x", "{0}({3})", "1 + 1", "{0} ==",
]  # fmt: skip
#: What tells states apart: each name used for everything that it may be good for.
PROBE = "import h\n" + "\n".join(
    f"open({name})\n{name}('/etc/{name}')\n{name}('id')\n{name}()\nopen({name}())\nopen({name}()[0])\n"
    f"{name}[0]('/etc/{name}')\nopen({name}[0])\nopen({name}[-1])\nopen({name}['id'])\nopen({name}[1])\n"
    f"open({name}.x)\n{name}.x('id')\n{name}.go()\nopen({name}.go())\nopen(f'/etc/{{{name}}}')\nexec({name})\n"
    f"for i in {name}: open(i)\n{name}['/tmp/'] = '/etc/{name}'\n{name}.append('/etc/last/{name}')\n{name}.x = '/etc/x/{name}'\n"
    for name in NAMES
)


@dataclass
class Fragment:
    """A statement or a few, and the words in it."""

    text: str
    words: list[str]

    def __str__(self) -> str:
        """As it is run."""
        return self.text.format(*self.words)

    def change(self, draw: st.DrawFn) -> None:
        """Put another word of its kind in the place of one, or the same once more."""
        places = [place for place in range(len(self.words)) if f"{{{place}}}" in self.text]
        if places:
            place = draw(st.sampled_from(places))
            kinds = [kind for kind in (NAMES, *KINDS) if self.words[place] in kind]
            self.words[place] = draw(st.sampled_from(kinds[0]))


class Told(NamedTuple):
    """What one program is told."""

    verdict: Verdict
    capabilities: tuple[Capability, ...]
    findings: tuple[Finding, ...]
    imports: tuple[str, ...]


@st.composite
def fragments(draw: st.DrawFn) -> Fragment:
    """Something that a program does."""
    return Fragment(
        draw(st.sampled_from(FRAGMENTS)), [*draw(st.tuples(*[st.sampled_from(NAMES)] * 3, *[CONSTANTS] * 2))]
    )


@st.composite
def sessions(draw: st.DrawFn) -> list[str]:
    """A program in a few versions, each of which differs from the one before by a word or not at all."""
    program = draw(st.lists(fragments(), min_size=1, max_size=4))
    cells = draw(st.lists(fragments().map(str), max_size=2))
    for _ in range(draw(st.integers(2, 4))):
        cells.append("\n".join(map(str, program)))
        draw(st.sampled_from(program)).change(draw)
    return cells


def corpus() -> list[str]:
    """Every Python program of the rounds."""
    found: list[str] = []
    for path in sorted(ROUNDS.glob("round*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found += [*module.ATTACKS.values(), *module.PROGRAMS.values()]
    for path in sorted(ROUNDS.glob("*.jsonl")):
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
        found += [row["code"] for row in rows if row["language"] == "python"]
    return found


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """How far a slow machine reads is not the question here."""
    monkeypatch.setattr(budget, "HARD_STOP_MS", 100 * budget.HARD_STOP_MS)


def remembering(cells: list[str], probe: str) -> list[Told]:
    """Read one after another as a sandbox does, and after each what is read, but not run."""
    state: State | None = None
    told: list[Told] = []
    for cell in cells:
        _, after = reports = examine(cell, policy=POLICY, state=state)
        for report, _ in (reports, examine(probe, policy=POLICY, state=after)):
            told.append(Told(report.verdict, report.capabilities, report.findings, report.imports))
        state = after
    return told


def anew(cells: list[str], probe: str) -> list[Told]:
    """The same without any memory."""
    names = Names()
    told: list[Told] = []
    for cell in cells:
        reading, names = follow(cell, names, Budget())
        for each in (reading, follow(probe, names, Budget())[0]):
            verdict, findings = judge(each, POLICY)
            told.append(Told(verdict, _capabilities(each), findings, each.imports))
    return told


@pytest.mark.parametrize("program", [GROUPBY, *SETTLED])
def test_what_leaves_all_as_it_was_is_read_no_more(program: str) -> None:
    """A program that is run again and again is read until it leaves what it found."""
    _, state = examine(program)
    report, settled = examine(program, state=state)

    again, after = examine(program, state=settled)
    _, looked = examine("print(1)", state=after)

    assert again is report
    assert state.digest == settled.digest == after.digest == looked.digest


def test_what_is_written_now_and_then_does_not_grow() -> None:
    """A file that may hold what an earlier run wrote, or what this one does."""
    program = "if input():\n with open('out/a', 'w') as f:\n  f.write('a')\n  f.write('b')"
    state: State | None = None
    for _ in range(2 * MAX_OPTIONS):
        _, state = examine(program, state=state)

    assert state is examine(program, state=state)[1]


@pytest.mark.parametrize(("before", "after"), CHANGES)
def test_what_changes_is_noticed(before: str, after: str) -> None:
    """Another value, power, origin, kind, order, body, or another thing that is the same, is another state."""
    _, was = examine(before)

    _, now = examine(after, state=was)

    assert was.digest != now.digest


@pytest.mark.parametrize(
    ("one", "other"),
    [
        [Seq("list", [Const(number) for number in range(MAX_COMPARED)]) for _ in range(2)],
        (same := Seq("list", []), same),
        (Const(object()), Const(object())),
        (Unknown(size=1), Unknown(size=2)),
        (Seq("list", [], exact=True), Seq("list", [], exact=False)),
        (Object("os.scandir"), Object("os.scandir", data={"item": NONE})),
    ],
)
def test_what_may_have_changed_is_not_alike(one: Value, other: Value) -> None:
    """Neither what readers can tell apart, nor what is shared and not for good, nor too much to compare."""
    assert not alike({"x": one}, {"x": other})


@pytest.mark.parametrize(
    "say",
    [
        lambda: Const(1),
        lambda: Const("a"),
        lambda: Const(float("nan")),
        lambda: Const(1j),
        lambda: Const(None),
        lambda: Const(...),
        lambda: Const(range(3)),
        lambda: Text("a", "b"),
        lambda: Ref("os"),
        Unknown,
    ],
)
def test_what_says_the_same_is_the_same(say: Callable[[], Value]) -> None:
    """No reading depends on which object says what nothing changes."""
    one, other = say(), say()

    assert one is union_of([one, other])
    assert alike({"x": one, "y": one}, {"x": one, "y": other})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Const(1), Const(value=True)),
        (Const(0.0), Const(-0.0)),
        (Const("a"), Const(b"a")),
        (Text("a", "b"), Text("a", "c")),
        (Text("a", "b"), Text("c", "b")),
        (Text("a", "b"), Text("a", "b", frozenset({"network"}))),
    ],
)
def test_what_says_something_else_stays_another(one: Value, other: Value) -> None:
    """Neither is lost where it may be the one or the other."""
    assert [one, other] == options(union_of([one, other]))


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sessions())
def test_memory_changes_no_answer(cells: list[str]) -> None:
    """Programs that alias, change, hide and hand on values are judged the same in any order and number."""
    assert anew(cells, PROBE) == remembering(cells, PROBE)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(corpus()), min_size=1, max_size=3).flatmap(lambda few: st.permutations([*few, *few, *few]))
)
def test_memory_changes_no_answer_to_the_rounds(cells: list[str]) -> None:
    """The programs and attacks of the rounds, each several times in one sandbox."""
    assert anew(cells, cells[0]) == remembering(cells, cells[0])
