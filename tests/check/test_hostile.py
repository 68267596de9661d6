"""Whatever is handed in, the check answers: it never raises, and never computes what would not end."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fumehood.check import check, render, to_json, to_sarif

if TYPE_CHECKING:
    from fumehood.execution import Report

HOSTILE: dict[str, str | bytes] = {
    "parentheses": "(" * 5000 + ")" * 5000,
    "brackets": "[" * 150 + "]" * 150,
    "minus signs": "-" * 20_000 + "1",
    "null byte": "a\x00b",
    "lone surrogate": 'x = "\ud800"',
    "long line": 'x = "' + "a" * 10_000_000 + '"',
    "many digits": "x = " + "9" * 5000,
    "long sum": "+".join(f"chr({number % 100})" for number in range(2500)),
    "long attribute": "a" + ".b" * 900,
    "many calls": "f" + "()" * 500,
    "doubling text": 'a = "x" * 60000\n' + 'a = f"{a}{a}"\n' * 40,
    "power tower": "x = 9 ** 9 ** 9 ** 9",
    "copies": "x = 'a' * 10 ** 12",
    "replacement": "x = ('a' * 60000).replace('a', 'b' * 60000)",
    "padding": "'a'.zfill(10 ** 12); '{:>9999999999}'.format(1); f'{1:>9999999999}'; '%9999999999d' % 1; '%*d' % (10 ** 9, 1)",
    "endless range": "list(range(10 ** 15)); sum(range(10 ** 15)); [i for i in range(10 ** 30)]",
    "bytes": "bytes(10 ** 12); bytearray(10 ** 13)",
    "recursion": "def f(n):\n return f(n + 1)\nf(0)",
    "exponential calls": "def f0(x): return x\n"
    + "".join(f"def f{n}(x): return f{n - 1}(x) + f{n - 1}(x)\n" for n in range(1, 40))
    + "f39(1)",
    "endless loop": "while True: pass",
    "quine": "s = 'exec(s)'\nexec(s)",
    "list in itself": "a = []\na.append(a)\nprint(a[0][0], *a)\nx = a + a",
    "class in itself": "class A: pass\nA.x = A()\nA.x.x = A.x",
    "nested loops": "x = [0] * 4000\nfor i in range(4000):\n  for j in range(4000):\n    x[i] ^= j\nexec(bytes(x))",
    "shift": "1 << 10 ** 12; round(5, -10 ** 9); pow(3, 10 ** 6, 10 ** 5000)",
    "nested lambdas": "f = " + "lambda: (" * 80 + "1" + ")" * 80,
    "comprehensions": "[x " + "for x in range(99) " * 8 + "]",
    "many functions": "\n".join(f"def f{n}(): return f{n + 1}()" for n in range(3000)),
    "many branches": "if x: pass\n" + "elif y: pass\n" * 2000,
    "many literals": "x = [" + "1," * 400_000 + "]",
    "all bytes": bytes(range(256)),
    "coding cookie": b"# -*- coding: utf-7 -*-\nprint(1)",
    "wide classes": "class C0: pass\n"
    + "".join(f"class C{n}(C{n - 1}, C{n - 1}): pass\n" for n in range(1, 60))
    + "C59().nope",
    "nested JSON": "import json\njson.loads('[' * 100000)",
    "padding by struct": "import struct\nstruct.pack('9999999999s', b'a')",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_source_is_answered(name: str) -> None:
    """Each gets a verdict; what was not read to its end says so and is not simply allowed."""
    report = check(HOSTILE[name])

    _complete(report)
    if not report.analysis.complete:
        assert report.verdict != "allow"


def _complete(report: Report) -> None:
    source = "x"
    assert report.verdict in {"allow", "ask", "refuse"}
    assert render(report, source)
    assert {"verdict", "capabilities", "findings", "imports", "analysis", "policy_sha256", "code_sha256"} == set(
        to_json(report)
    )
    assert "2.1.0" == to_sarif(report, "x.py")["version"]


PIECES = st.sampled_from(
    "import os|os.system|(|)|'id'|exec|eval|getattr|[|]|{|}|:|\n|\n  |=|+|*|**|lambda x:|x|y|f'{x}'|class A|def f|return|yield|for x in|while|if|else|"
    "try|except|__class__|__subclasses__|.|,|1|10**9|'a'*9|range(9)|open|'/etc/passwd'|!ls|%time|await|async|with|as|*x|**x|@|:=|match|del|global x".split(
        "|"
    )
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.text(max_size=300), st.binary(max_size=300), st.lists(PIECES, max_size=40).map(" ".join)))
def test_any_source_is_answered(source: str | bytes) -> None:
    """No text or bytes make the check raise."""
    _complete(check(source))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(PIECES, min_size=1, max_size=25).map(" ".join))
def test_code_within_code_is_answered(source: str) -> None:
    """Nor does any code within code."""
    _complete(check(f"exec({source!r})\neval({source!r})"))


GROWING = {
    "percent": "x = '%s' * 1000 % (('a' * 60000,) * 1000)",
    "percent widths": "x = '%99999d' * 9000 % ((1,) * 9000)",
    "format": "x = ('{0}' * 20000).format('a' * 60000)",
    "format widths": "x = ('{0:{1}}' * 9000).format(1, 99999)",
    "format_map": "x = ('{a}' * 20000).format_map({'a': 'b' * 60000})",
    "template": "import string\nx = string.Template('$a ' * 20000).substitute(a='b' * 60000)",
    "tabs": "x = ('\\t' * 60000).expandtabs(200000)",
    "one list many times": "x = str([['a' * 60000] * 1000] * 1000)",
}


@pytest.mark.parametrize("name", GROWING)
def test_a_few_characters_do_not_become_gigabytes(name: str) -> None:
    """Not for a moment either: what is too large to be kept is not made."""
    tracemalloc.start()
    try:
        check(GROWING[name])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 100_000_000
