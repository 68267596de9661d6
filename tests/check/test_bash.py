"""The reader of bash: what it finds however it is written, what it leaves alone, and that nothing upsets it."""

from __future__ import annotations

import subprocess
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fumehood.check import bash
from fumehood.check.bash.parser import Parser
from fumehood.check.bash.syntax import ShellSyntaxError
from fumehood.check.budget import MAX_SOURCE, Budget
from fumehood.check.need import Need, Reading


def read(source: str) -> Reading:
    """Read with time to spare: a loaded machine is no part of what is tested here."""
    return bash.read(source, Budget(deadline=time.perf_counter() + 60))


def found(source: str) -> set[tuple[str, str | None]]:
    return {(need.capability, need.value) for need in read(source).needs} - {("process.spawn", "bash")}


SHADOW = ("fs.read", "/etc/shadow")


@pytest.mark.parametrize(
    "source",
    [
        "cat /etc/shadow",
        "c''at /etc/sh\\adow",
        "$'\\x63\\x61t' /etc/shadow",
        "{cat,/etc/shadow}",
        "cat$IFS/etc/shadow",
        'a=/etc; b=$a/shadow; cat "$b"',
        "x=b; b=/etc/shadow; cat ${!x}",
        "p=/etc/XX; cat ${p/XX/shadow}",
        "p=wodahs/cte/; cat $(echo $p | rev)",
        'parts=(/etc shadow); IFS=/; cat "${parts[*]}"',
        "eval 'cat /etc/shadow'",
        "sh -c 'cat /etc/shadow'",
        "echo 'cat /etc/shadow' | bash",
        "bash <<< 'cat /etc/shadow'",
        "bash <<E\ncat /etc/shadow\nE",
        "echo 'cat /etc/shadow' > x.sh; sh x.sh",
        'f() { cat "$1"; }; f /etc/shadow',
        "alias l='cat /etc/shadow'\nl",
        "trap 'cat /etc/shadow' EXIT",
        "cd /etc; cat shadow",
        "cat < /etc/shadow",
        "timeout 5 nice -n 3 cat /etc/shadow",
        "echo /etc/shadow | xargs cat",
        "find . -exec cat /etc/shadow \\;",
        "if grep -q x f; then p=a; else p=/etc/shadow; fi; cat $p",
        "for f in a /etc/shadow; do cat $f; done",
        "while read -r f; do cat $f; done <<< /etc/shadow",
        "python3 -c \"print(open('/etc/shadow').read())\"",
        "awk 'BEGIN { while ((getline l < \"/etc/shadow\") > 0) print l }'",
        "perl -e 'open(F, \"/etc/shadow\")'",
        "busybox cat /etc/shadow",
        "/???/c?t /etc/shadow",
        "unused() { cat /etc/shadow; }",
        "select x in a; do cat /etc/shadow; done",
        "coproc cat /etc/shadow",
    ],
)
def test_a_path_is_found_however_it_is_written(source: str) -> None:
    """Quoting, expansion, nesting and detours change nothing about what a script reads."""
    assert SHADOW in found(source)


@pytest.mark.parametrize(
    ("source", "capability", "value"),
    [
        ("curl https://example.org/x", "net.connect", "example.org:443"),
        ("exec 3<>/dev/tcp/192.0.2.1/99", "net.connect", "192.0.2.1:99"),
        ("nc -l -p 4444", "net.listen", "0.0.0.0:4444"),
        ("python3 -m http.server 8001", "net.listen", "0.0.0.0:8001"),
        ("dig x.example.org", "net.resolve", "x.example.org"),
        ("ssh me@example.org id", "net.connect", "example.org:22"),
        ("pip install requests", "net.connect", "pypi.org:443"),
        ("rm -rf /opt/x", "fs.delete", "/opt/x"),
        ("mv /opt/x y", "fs.delete", "/opt/x"),
        ("echo x >> ~/.bashrc", "fs.write", "~/.bashrc"),
        ("sed -i s/a/b/ /etc/hosts", "fs.write", "/etc/hosts"),
        ("ls /home", "fs.list", "/home"),
        ("sudo ls", "privilege", "sudo"),
        ("chmod u+s x", "privilege", "chmod u+s"),
        ("crontab -", "persistence", "crontab"),
        ("pkill nginx", "process.signal", "nginx"),
        ("echo $AWS_SECRET_ACCESS_KEY", "env.read", "AWS_SECRET_ACCESS_KEY"),
        (":(){ :|:& };:", "resource.exhaust", "processes"),
        ("cat /dev/zero > big", "resource.exhaust", "/dev/zero"),
        ("LD_PRELOAD=./x.so ls", "code.native", "./x.so"),
        ("echo aWQ= | base64 -d | sh", "code.concealed", "id"),
    ],
)
def test_each_capability_has_its_target(source: str, capability: str, value: str) -> None:
    """A need names what it is a need of: the host, the path, the process, the variable."""
    assert (capability, value) in found(source)


@pytest.mark.parametrize(
    "source",
    [
        "ls -la | sort -k5 -n | tail -5",
        'for f in *.txt; do wc -l "$f"; done',
        "sleep 9 & pid=$!; kill $pid; kill %1; kill -0 $pid",
        'cat "$1" > "$2"',
        "read -rp 'name: ' name; echo \"$name\"",
        "echo 'rm -rf / is dangerous; curl http://x is too'",
        "cat <<'E'\ncat /etc/shadow\nE",
    ],
)
def test_ordinary_commands_need_nothing_in_particular(source: str) -> None:
    """What stays in the workspace, or is only talked about, is no need beyond starting bash."""
    assert not {need for need in found(source) if need[1] is not None and not need[0].startswith("fs.")}
    assert SHADOW not in found(source)


def test_a_need_stands_where_it_is_written() -> None:
    """Line, column and text lie in the source, and the trace says how code in code came there."""
    need = next(need for need in read("true\n  eval 'cat /etc/shadow'\n").needs if need.capability == "fs.read")

    assert Need("fs.read", "/etc/shadow", 2, 2, "eval 'cat /etc/shadow'", ("eval, line 2",), "resolved") == need


def test_bash_itself_is_one_need() -> None:
    """A policy without programs refuses bash once, not each of its commands."""
    assert ["bash"] == [need.value for need in read("ls; ls; cat x | wc").needs if need.capability == "process.spawn"]


@pytest.mark.parametrize(
    "source", ["if true; then echo", "echo 'x", "done", "a | | b", "case x in", "echo $(ls", "f() {"]
)
def test_what_is_no_program_is_an_error_with_a_place(source: str) -> None:
    """A source that bash would not run has no needs, but a message, a line and a column."""
    reading = read(source)

    assert () == reading.needs
    assert reading.error is not None
    assert 1 <= reading.error.line <= source.count("\n") + 1


@pytest.mark.parametrize(
    "source",
    [
        "select x in a b; do break; done",
        "exec 3<>file",
        "coproc cat",
        "cat <<A <<B\n1\nA\n2\nB",
        "x=$((1+(2*3)))",
        "x=$( (echo a); (echo b) )",
        "case x in (a|b) echo;; c) ;; esac",
        "[[ a =~ ^(b|c)$ && -f x ]]",
        'echo ${x//\\//-} ${x:+\'a b\'} "${x:-"q"}"',
        "for ((i=0; i<3; i++)) { echo; }",
        "a=(1 [4]=2 3); declare -A m=([k v]=1)",
        "echo $'it\\'s' `echo \\`date\\``",
        "f() ( echo ); function g { echo; }",
        "if ! [ x ]; then :; elif x; then :; else :; fi >out 2>&1",
    ],
)
def test_it_parses_what_bash_parses(source: str) -> None:
    """What `bash -n` accepts is accepted; bash is asked about the syntax only."""
    assert 0 == subprocess.run(["bash", "-n", "-c", source], check=False, capture_output=True).returncode
    assert Parser(source, Budget()).program().items


def test_a_source_beyond_the_limit_is_not_read() -> None:
    """Ten megabytes are answered at once, as incomplete."""
    assert Reading(complete=False) == bash.read("a" * (MAX_SOURCE + 1), Budget())


@pytest.mark.parametrize(
    "source",
    [
        "(" * 20_000,
        "$(" * 5_000,
        "echo " + "{a,b}" * 40,
        "f(){ f; f; f; }; f",
        "for i in {1..100000}; do for j in {1..100000}; do echo $i$j; done; done",
        'x=a; while true; do x="$x$x"; done',
        "x=" + "a" * 10_000 + "; echo ${x//" + "*a" * 6 + "*b/}",
        "echo " + "a" * 20_000 + " | sed -E 's/(a+)+b/x/'",
        "echo $((9**9**9 + (1<<99999) + 5%0)) ${x:99999999999:-5} ${" + "9" * 6000 + "}",
        "perl -e '" + "open(" * 3000 + "'",
    ],
)
def test_hostile_sources_end_in_time(source: str) -> None:
    """Deep nesting, endless loops and exponential expansion stop at the budget, with no error of our own."""
    begun = time.perf_counter()

    bash.read(source, Budget())

    assert time.perf_counter() - begun < 5


PIECES = st.sampled_from(
    [
        *[
            "$(",
            ")",
            "${",
            "}",
            "`",
            "'",
            '"',
            "\\",
            "<<E\n",
            "E\n",
            "|",
            "&&",
            ";",
            "[[ ",
            "]]",
            "((",
            "))",
            "case x in ",
            "esac",
            "$x",
        ],
        *[
            " ",
            "\n",
            "if ",
            "then ",
            "fi",
            "x=",
            "(",
            "{a,b}",
            "echo ",
            "eval ",
            "/etc/x",
            "\0",
            "\ud800",
            "é",
            "#",
            "!",
            ">",
            "$((",
            "*",
        ],
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_nothing_upsets_it(source: str) -> None:
    """Any text is read or answered with an error; no exception leaves the reader."""
    reading = read(source)

    assert all(1 <= need.line <= source.count("\n") + 1 for need in reading.needs)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="abc \n'\"$(){}[]|&;<>`\\=*?#!~/0", max_size=40))
def test_its_errors_lie_in_the_source(source: str) -> None:
    """A parse ends with a program or with the one error that the parser has."""
    try:
        Parser(source, Budget(deadline=time.perf_counter() + 60)).program()
    except ShellSyntaxError as error:
        offset = error.offset
    else:
        offset = 0

    assert 0 <= offset <= len(source) + 1
