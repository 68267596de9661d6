"""Reading goes on from run to run of one sandbox, and changes nothing that was left before."""

from __future__ import annotations

import tracemalloc

import pytest

from fumehood.check import State, budget, check, examine
from fumehood.check.examine import MAX_REMEMBERED, _remembered
from fumehood.check.examine import examine as again
from fumehood.check.weight import weigh


def _last(*cells: str) -> list[str]:
    state: State | None = None
    rules: list[str] = []
    for cell in cells:
        report, state = examine(cell, state=state)
        rules = [finding.rule for finding in report.findings]
    return rules


@pytest.mark.parametrize(
    ("cells", "rules"),
    [
        (("import os as o", "o.system('id')"), ["FH301"]),
        (("def run(c): return helper(c)", "import os; helper = os.system", "run('id')"), ["FH301"]),
        (("paths = []", "paths.append('/etc/passwd')", "open(paths[0])"), ["FH101"]),
        (("class A:\n def go(self): return open(self.p)\na = A()", "a.p = '/etc/shadow'", "a.go()"), ["FH105"]),
        (("open('h.py', 'w').write('import os; os.system(1)')", "import h"), ["FH301"]),
        (("s = 'aW1wb3J0IG9zO29zLnN5c3RlbSgnaWQnKQ=='", "import base64", "exec(base64.b64decode(s))"), ["FH301"]),
        (("x = 1", "x += 1", "print(x)"), []),
        (
            (
                "class A:\n @property\n def x(self):\n  global p\n  p = self.p\na = A()\na.p = '/etc'",
                "p = 'data'",
                "a.x",
                "open(p)",
            ),
            ["FH101"],
        ),
    ],
)
def test_later_run_knows_earlier_ones(cells: tuple[str, ...], rules: list[str]) -> None:
    """What a run made is known to the next: aliases, functions, containers, objects, files."""
    assert rules == _last(*cells)


@pytest.mark.parametrize(
    "program",
    [
        "open('h.py', 'w').write('import os')\nopen('h.py', 'w').write({!r})\nimport h",
        "open('h.py', 'w').write('import os')\nif input(): open('h.py', 'w').write({!r})\nimport h",
        "for _ in range(2):\n with open('h.py', mode='w') as h: h.write({!r})\nimport runpy\nrunpy.run_path('h.py')",
        "from pathlib import Path\nh = Path('h.py')\nh.write_text('import os')\nh.write_text({!r})\nexec(h.read_text())",
        "from pathlib import Path\nh = Path('h.py')\nh.write_bytes(b'(')\nh.open('w').write({!r})\nimport h",
        "for _ in range(2):\n open('h.py' if input() else 'g.py', 'w').write({!r})\nimport h",
        "import shutil\nfor p in 'hg': open(p + '.py', 'w').write({!r})\nshutil.copy('g.py', 'h.py')\nimport h",
        "open('h.py', 'w').write('')\nopen('h.py', 'a').write('import os\\n')\nopen('h.py', 'a').write({!r})\nimport h",
    ],
)
def test_a_file_that_is_written_anew_holds_what_was_written_last(program: str) -> None:
    """Code is read as it will stand in its file, and behind what may stand there still."""
    code = "import os\nos.system('id')"

    assert "FH301" in _last(program.replace("{!r}", repr(code)))


@pytest.mark.parametrize(
    ("before", "never_run", "after"),
    [
        ("paths = ['data/a']", "paths[0] = '/etc/passwd'; paths.append('/etc/shadow')", "for p in paths: open(p)"),
        ("def f(x, seen=[]):\n seen.append(x)\n return seen", "f('/etc/passwd')", "for p in f('data/a'): open(p)"),
        ("def f(x, *, seen=[]):\n seen.append(x)\n return seen", "f('/etc/passwd')", "for p in f('data/a'): open(p)"),
        (
            "from pathlib import Path\nPath('f').write_text(['data/a'])",
            "open('f').read().append('/etc/passwd')",
            "for p in open('f').read(): open(p)",
        ),
    ],
)
def test_state_is_never_changed(before: str, never_run: str, after: str) -> None:
    """Reading from one state twice begins from the same, whatever was read between."""
    _, state = examine(before)
    examine(never_run, state=state)

    report, _ = examine(after, state=state)

    assert "allow" == report.verdict


def test_what_was_not_read_to_its_end_leaves_a_state_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that was too slow for a program, nothing is remembered of what it left that others would meet."""
    program = "go = print\n" + "pass\n" * 70 + "go = open"
    monkeypatch.setattr(budget, "HARD_STOP_MS", -1)
    _, cut = examine(program)
    examine("go('/etc/passwd')", state=cut)
    monkeypatch.undo()

    _, whole = examine(program)
    report, _ = examine("go('/etc/passwd')", state=whole)

    assert "refuse" == report.verdict


def test_equal_question_is_answered_from_memory() -> None:
    """The same source, policy and state are read once."""
    first = examine("print('remembered')")

    assert first is again("print('remembered')")
    assert first[0] is not examine("print('remembered')", policy="workbench")[0]


def test_state_begins_empty() -> None:
    """A check without a state knows of no earlier run."""
    assert "allow" == check("o.system('id')").verdict


def test_memory_of_answers_is_bounded() -> None:
    """However many programs are read, only so many answers are kept: the latest ones."""
    last = [examine(f"kept = {number}") for number in range(MAX_REMEMBERED + 50)][-1]

    assert MAX_REMEMBERED == len(_remembered)
    assert last is examine(f"kept = {MAX_REMEMBERED + 49}")


#: Fourteen megabytes, from a thousand characters.
MUCH = "".join(f"v{number} = '\U0001f600' * 60000\n" for number in range(60))


@pytest.mark.parametrize("lasting", [False, True])
def test_what_programs_make_is_kept_within_bounds(lasting: bool) -> None:  # noqa: FBT001 -- as parametrize names it
    """Neither what is remembered of many programs, nor what those of one sandbox left, fills the memory."""
    state: State | None = None
    tracemalloc.start()
    try:
        for round_ in range(12):
            _, after = examine(MUCH.replace("v", f"v{round_}_"), state=state)
            state = after if lasting else None
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert left < 100 << 20


@pytest.mark.parametrize(
    "source",
    [
        MUCH,
        "".join(f"v{number} = list(range(20000))\n" for number in range(9)),
        "".join(f"v{number} = dict(zip(range(4000), range(4000)))\n" for number in range(9)),
        "".join(f"def f{number}(a, b): return [(a, b), a.c.d.e(1, 2, {number})]\n" for number in range(300)),
        "f = " + "lambda: (" * 80 + "1" + ")" * 80,
        "v = b'a,' * 2000; w = v.split(b','); x = w * 4",
    ],
)
def test_nothing_weighs_more_than_it_is_reckoned_to(source: str) -> None:
    """Only what is reckoned to be too much is weighed."""
    _, state = examine(source)

    assert weigh(state.names, 1 << 30) <= state.weight


def test_what_was_too_much_to_keep_is_not_forgotten_in_silence() -> None:
    """Else a program would have what it left behind forgotten, and its next one read as if it were not there."""
    cells = ["import os; run = os.system", MUCH, MUCH.replace("v", "w")]

    assert ["FH002"] == _last(*cells, "run('id')") == _last(*cells, "x = 1", "x")


def test_what_was_replaced_is_not_kept() -> None:
    """Only what is still there counts, however much there was."""
    cells = ["import os; run = os.system", *(f"x = '\U0001f600' * 60000 + '{number}'" for number in range(90))]

    assert ["FH301"] == _last(*cells, "run('id')")


def test_answers_depend_on_what_came_before() -> None:
    """The same source, read after other programs, is another question."""
    _, harmless = examine("run = print")
    _, harmful = examine("import os; run = os.system")

    assert ["allow", "refuse"] == [examine("run('id')", state=state)[0].verdict for state in (harmless, harmful)]
