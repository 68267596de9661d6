"""The reader of JavaScript: what it finds however names are made, what it leaves alone, and that nothing upsets it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fumehood.check import javascript
from fumehood.check.budget import MAX_SOURCE, Budget
from fumehood.check.need import Reading


def read(source: str) -> Reading:
    """Read with time to spare: a loaded machine is no part of what is tested here."""
    return javascript.read(source, Budget(deadline=time.perf_counter() + 60))


def found(source: str) -> set[tuple[str, str | None]]:
    return {(need.capability, need.value) for need in read(source).needs}


@pytest.mark.parametrize(
    "source",
    [
        "require('child_process').exec('id')",
        "import cp from 'node:child_process'; cp.exec('id')",
        "import { exec as e } from 'child_process'; e('id')",
        "import('child_process').then(m => m.exec('id'))",
        "const { exec: e } = require('child_process'); e`id`",
        "require('child_' + 'process')['ex' + 'ec']('id')",
        "require(['child', 'process'].join('_')).exec('id')",
        "require('ssecorp_dlihc'.split('').reverse().join('')).exec('id')",
        "require(Buffer.from('Y2hpbGRfcHJvY2Vzcw==', 'base64').toString()).exec('id')",
        "require(atob('Y2hpbGRfcHJvY2Vzcw==')).exec('id')",
        "require(String.fromCharCode(99,104,105,108,100,95,112,114,111,99,101,115,115)).exec('id')",
        (
            "const c = [99,104,105,108,100,95,112,114,111,99,101,115,115];"
            "require(c.map(n => String.fromCharCode(n)).join('')).exec('id')"
        ),
        (
            "let s = ''; for (const n of [33,42,43,46,38,29,50,48,45,33,39,49,49])"
            " s += String.fromCharCode(n ^ 66); require(s).exec('id')"
        ),
        "process.mainModule.require('child_process').exec('id')",
        "globalThis['process'].getBuiltinModule('child_process').exec('id')",
        "require('module')._load('child_process').exec('id')",
        "eval(\"require('child_process').exec('id')\")",
        "new Function('r', \"r('child_process').exec('id')\")(require)",
        "[].map.constructor('return process')().mainModule.require('child_process').exec('id')",
        "Reflect.apply(require('child_process').exec, null, ['id'])",
        "const f = x => x; f(require('child_process')).exec('id')",
        "const o = { get r() { return require } }; o.r('child_process').exec('id')",
        "class A { constructor() { this.c = require('child_process') } go() { this.c.exec('id') } } new A().go()",
        "const b = require('child_process').exec.bind(null, 'id'); b()",
        "new Proxy({}, { get: (_, k) => require(k) }).child_process.exec('id')",
        "function unused() { require('child_process').exec('id') }",
        "const m = Math.random() > 2 ? 'path' : 'child_process'; require(m).exec('id')",
    ],
)
def test_a_program_is_found_however_it_is_started(source: str) -> None:
    """Aliases, folded names, nesting and detours change nothing about what a program starts."""
    assert ("process.spawn", "id") in found(source)


@pytest.mark.parametrize(
    ("source", "capability", "value"),
    [
        ("require('fs').readFileSync('/etc/passwd')", "fs.read", "/etc/passwd"),
        ("require('fs').promises.rm(require('os').homedir() + '/x')", "fs.delete", "~/x"),
        ("require('fs').renameSync('a', '/opt/b')", "fs.write", "/opt/b"),
        ("require('fs').readdirSync('/home')", "fs.list", "/home"),
        ("fetch('https://example.org/x')", "net.connect", "example.org:443"),
        ("require('http').request({ hostname: 'example.org', port: 81 })", "net.connect", "example.org:81"),
        ("require('net').connect(4444, '192.0.2.1')", "net.connect", "192.0.2.1:4444"),
        ("require('http').createServer(() => 1).listen(8080)", "net.listen", "0.0.0.0:8080"),
        ("require('dns').lookup('x.example.org', () => 1)", "net.resolve", "x.example.org"),
        ("require('child_process').exec('cat /etc/shadow')", "fs.read", "/etc/shadow"),
        ("console.log(process.env.API_TOKEN)", "env.read", "API_TOKEN"),
        ("JSON.stringify(process.env)", "env.read", "*"),
        ("process.kill(1)", "process.signal", "1"),
        ("process.dlopen({}, './x.node')", "code.native", "./x.node"),
        ("[].at.constructor('x')()", "escape.introspection", "constructor"),
        ("while (true) {}", "resource.exhaust", "processor"),
        ("require.cache[x].exports = 1", "runner.tamper", "require.cache.*.exports"),
        ("eval(x)", "code.dynamic", None),
    ],
)
def test_each_capability_has_its_target(source: str, capability: str, value: str | None) -> None:
    """A need names what it is a need of; what is not known is there as unknown, never left out."""
    assert (capability, value) in found(source)


@pytest.mark.parametrize(
    "source",
    [
        "console.log([1, 2, 3].map(x => x * 2))",
        "/eval|exec/.exec('x')",
        "const spawn = n => n; spawn(3); function exec(x) { return x } exec(1)",
        "console.log(\"require('child_process').exec('id')\")",
        "function* f() { while (true) yield 1 } for (const x of f()) break",
        "setTimeout(() => console.log(1), 10)",
        "class E extends Error { constructor(m) { super(m); this.name = this.constructor.name } }",
    ],
)
def test_ordinary_programs_need_nothing(source: str) -> None:
    """Names that look dangerous, and programs that are only talked about, are no needs."""
    assert set() == found(source)


def test_a_need_stands_where_it_is_written() -> None:
    """Lines and columns count characters, whatever bytes they take."""
    need = read("const é = '日本';\n  fetch('https://example.org')").needs[0]

    assert (2, 2, "fetch('https://example.org')") == (need.line, need.col, need.snippet)


@pytest.mark.parametrize("source", ["if (", "let 1 = 2", "}{", "a b c", "function ("])
def test_what_is_no_program_is_an_error_with_a_place(source: str) -> None:
    """A source that does not parse has no needs, but a message, a line and a column."""
    reading = read(source)

    assert () == reading.needs
    assert reading.error is not None
    assert 1 == reading.error.line


def test_modules_are_listed() -> None:
    """Imports are packages, without paths and without the program's own files."""
    assert ("@a/b", "fs", "lodash") == read(
        "import 'fs'; require('lodash/map'); import './x.js'; import '@a/b/c'"
    ).imports


def test_a_source_beyond_the_limit_is_not_read() -> None:
    """A megabyte is answered at once, as incomplete: the grammar can't be stopped while it parses."""
    assert Reading(complete=False) == javascript.read("a;" * MAX_SOURCE, Budget())


@pytest.mark.parametrize(
    "source",
    [
        "(" * 20_000,
        "[" * 20_000 + "]" * 20_000,
        "1" + "+1" * 20_000,
        "a" + ".b" * 20_000,
        "let s = 'a';" + "s += s;" * 60,
        "let x = 3;" + "x = x * x;" * 80,
        "'a'.repeat(1e9); 'a'.padEnd(1e8, 'b'); Array.from({ length: 1e9 }, () => 1)",
        "function f() { f(); f(); f() } f()",
        "const a = []; for (;;) a.push(...a, 1)",
        "'" + "a" * 20_000 + "'.replace(/(a+)+b/, '').replace(/a+a+b/, '')",
        "(1e308 * 10).toString(36); (0/0).toString(2); [].slice(NaN); String.fromCharCode(1e9); a[" + "9" * 6000 + "]",
    ],
)
def test_hostile_sources_end_in_time(source: str) -> None:
    """Deep nesting, endless loops and exponential growth stop at the budget, with no error of our own."""
    begun = time.perf_counter()

    javascript.read(source, Budget())

    assert time.perf_counter() - begun < 5


PIECES = st.sampled_from(
    [
        *[
            "(",
            ")",
            "{",
            "}",
            "[",
            "]",
            "`",
            "${",
            "'",
            '"',
            "=>",
            "...",
            "?.",
            ".",
            ",",
            ";",
            "=",
            "+",
            "x",
            "f",
            "eval",
            "require",
            "'fs'",
        ],
        *[
            "function ",
            "class A ",
            "new ",
            "await ",
            "import ",
            "for (",
            "while (1) ",
            "return ",
            "/a/",
            "1e9",
            "\n",
            "\0",
            "\ud800",
            "é",
            ":",
        ],
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join))
def test_nothing_upsets_it(source: str) -> None:
    """Any text is read or answered with an error; no exception leaves the reader."""
    reading = read(source)

    assert all(1 <= need.line <= source.count("\n") + 1 for need in reading.needs)
