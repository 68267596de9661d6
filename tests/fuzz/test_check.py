"""Hostile source in all three languages: no crash, no hang, no flood of memory, whatever is handed in."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fumehood.check import check
from tests.fuzz.check_target import answered, one_input

EXAMPLES = 500
ROUNDS = Path(__file__).parents[1] / "check" / "rounds"
PROGRAMS = [
    (row["language"], row["code"])
    for path in sorted(ROUNDS.glob("*.jsonl"))
    for row in map(json.loads, filter(None, path.read_text(encoding="utf-8").split("\n")))
]
BY_LANGUAGE = {language: [code for spoken, code in PROGRAMS if spoken == language] for language, _ in PROGRAMS}
STRANGE = [
    "\x00", "\ud800", "\u202e", "\ufeff", "ａ", "𝚎", "é", "\x1b]0;x\x07", "\r", "\t", "\n", "(", ")", "[", "]", "{", "}", "'", '"', "`", "\\",
    '"""', "/*", "*/", "//", "#", "$((", "${", "${!", "$(", "<<E\n", 'f"{', "lambda:", "await ", "=>", "?.", "yield ", "{a,b}", "**", "<<", "@",
    "!", "&", "|", ";", "999999999999", "1e999", "-1", "exec(", "eval(", "__class__", "for x in ", "while 1:\n ", "while(1)", "match x:\n case ",
]  # fmt: skip
HOSTILE = {
    "bash": {
        "parentheses": "(" * 5000,
        "substitutions": "$(" * 3000 + ")" * 3000,
        "arithmetic": "echo $((" + "(" * 3000 + "1" + ")" * 3000 + "))",
        "braces": "echo " + "{a,b}" * 40,
        "wide range": "echo {1..1000000000}{1..1000000000}",
        "doubling": "x=a\n" + "x=$x$x\n" * 60,
        "recursion": "f() { f; f; }; f",
        "nested eval": "eval " * 2000 + "ls",
        "long line": "echo " + "a" * 10_000_000,
        "here documents": "cat <<A\n" * 500,
        "quotes": "'\"" * 5000,
        "globs": "echo " + "*?[" * 3000,
        "pattern": "x=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; echo ${x//*a*a*a*a*a*a*a*b/}",
        "loops": "for i in {1..9999}; do " * 30 + ":" + "; done" * 30,
        "power": "echo $((9**9**9**9)) $((1<<999999999))",
        "null bytes": "\x00" * 1000 + "ls",
        "endless": "while :; do :; done",
        "printf": "printf '%999999999s' x; printf '\\x41%.0s' {1..99999}",
        "gzip in base64": "echo " + "H4sI" * 5000 + " | base64 -d | gunzip | sh",
        "pipes": "cat" + " | cat" * 3000,
        "functions": "".join(f"f{n}() {{ f{n + 1}; f{n + 1}; }}\n" for n in range(200)) + "f0",
    },
    "javascript": {
        "parentheses": "(" * 5000 + ")" * 5000,
        "brackets": "[" * 5000,
        "arrows": "a=>" * 5000 + "1",
        "templates": "`${" * 2000 + "1" + "}`" * 2000,
        "long line": "x='" + "a" * 10_000_000 + "'",
        "doubling": "let a='x';" + "a+=a;" * 60,
        "repeat": "'a'.repeat(1e12).padEnd(1e12)",
        "power": "x=9n**9n**9n**9n; y=9**9**9**9",
        "recursion": "function f(n){return f(n+1)+f(n+2)} f(0)",
        "exponential": "".join(f"const f{n}=()=>f{n + 1}()+f{n + 1}();" for n in range(60)) + "f0()",
        "endless": "for(;;){}",
        "array": "Array(1e9).fill(0).map(x=>x)",
        "regexp": "/(a+)+$/.exec('" + "a" * 5000 + "!')",
        "own proxy": "const p=new Proxy({},{get:(t,k,r)=>r[k]}); p.x",
        "object in itself": "const a={}; a.a=a; JSON.stringify(a); a.a.a.a()",
        "chain": "a" + ".b" * 5000,
        "calls": "f" + "()" * 3000,
        "null bytes": "\x00" * 1000,
        "eval of itself": "const s='eval(s)'; eval(s)",
        "literals": "x=[" + "1," * 100_000 + "]",
        "nested loops": "for(let i=0;i<1e9;i++)" * 20 + ";",
    },
}
MEMORY = """
import resource, sys
from fumehood.check import check
check("1", language=sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
check(sys.stdin.read(), language=sys.argv[1], policy="workbench")
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
FLOODS = {
    "python": "a = 'x' * 60000\n"
    + "a = f'{a}{a}'\n" * 40
    + "b = [a] * 10**9\nc = bytearray(10**12)\nd = list(range(10**10))",
    "bash": HOSTILE["bash"]["doubling"] + HOSTILE["bash"]["wide range"] + "\n" + HOSTILE["bash"]["printf"],
    "javascript": HOSTILE["javascript"]["doubling"]
    + HOSTILE["javascript"]["repeat"]
    + ";"
    + HOSTILE["javascript"]["array"],
}


@pytest.mark.parametrize(
    ("language", "name"), [(language, name) for language, table in HOSTILE.items() for name in table]
)
def test_hostile_source_is_answered(language: str, name: str) -> None:
    """Each gets a verdict, and what was not read to its end is not simply allowed."""
    source = HOSTILE[language][name]

    answered(check(source, language=language, policy="workbench"), source)


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.binary(max_size=400))
def test_any_bytes_are_answered(data: bytes) -> None:
    """The fuzz target takes any bytes."""
    one_input(data)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, str]:
    """A program of a round with pieces cut out, doubled, or put in from elsewhere."""
    language, code = draw(st.sampled_from(PROGRAMS))
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(code)))
        end = min(len(code), start + draw(st.integers(0, 40)))
        other = draw(st.sampled_from(BY_LANGUAGE[language]))
        begin = draw(st.integers(0, len(other)))
        piece = draw(
            st.sampled_from(["", code[start:end] * 2, code[start:end] * 30, other[begin : begin + 100]])
            | st.sampled_from(STRANGE)
            | st.sampled_from(STRANGE).map(lambda strange: strange * 50)
        )
        code = code[:start] + piece + code[end:]
    return language, code[:20_000]


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(program=damaged())
def test_damaged_programs_are_answered(program: tuple[str, str]) -> None:
    """Programs that are nearly right lead further into a reader than noise does."""
    language, code = program

    answered(check(code, language=language, policy="workbench"), code)  # type: ignore[arg-type]


@pytest.mark.parametrize("language", FLOODS)
def test_memory_stays_bounded(language: str) -> None:
    """Programs made of copies without end cost the reader less than 150 MiB."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, language],
        input=FLOODS[language],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30)),
    )

    assert int(done.stdout) < 150
