"""Programs that run another one: `env`, `timeout`, `xargs`, `find -exec`, `sudo` and their kin."""

from __future__ import annotations

import re
import shlex

from fumehood.check.bash.builtins import run_source
from fumehood.check.bash.call import Call, Handler, sorted_arguments
from fumehood.check.bash.output import DONE, Output
from fumehood.check.bash.values import FOREIGN, HOLE, is_known, settled, unknown

_TABLE = """
nohup,setsid,command,builtin,exec,busybox,toybox,unbuffer,catchsegv,time,then,doas,rlwrap,faketime,dbus-run-session,
    ssh-agent,proxychains,proxychains4,torsocks,tsocks,coproc,caffeinate,fakeroot,eatmydata,winpty,nocache,linux64,
    linux32,i386   0  -a -o -f -u -C -c
nice,ionice,chrt,renice,cpulimit         0  -n -c -p -l -e
timeout,gtimeout,taskset,setarch,chpst   1  -s -k --signal --kill-after -u -c
stdbuf,strace,ltrace,perf,valgrind,prlimit,numactl,hyperfine,entr,xvfb-run,cgexec,daemonize,systemd-run,unshare,
    firejail,bwrap,proot,setpriv,pkexec,gosu,runuser,nsenter  0  -o -i -e -p -s -a -u -g -t -S -f --unit --reuid
    --regid --uid --user --setenv --property
chroot                                   1
"""
_PRIVILEGED = frozenset(
    {"sudo", "su", "doas", "pkexec", "runuser", "gosu", "chroot", "nsenter", "unshare", "sg", "newgrp", "capsh"}
)
_SUDO_TAKES = frozenset(
    {"-u", "-g", "-p", "-C", "-h", "-r", "-t", "-U", "-T", "-D", "-R", "-c", "-s", "--user", "--group", "--command"}
)
_ENV_TAKES = frozenset({"-u", "-S", "-C", "--unset", "--chdir", "--split-string"})
_XARGS_TAKES = frozenset(
    {"-I", "-i", "-n", "-P", "-L", "-d", "-s", "-a", "-E", "--max-args", "--max-procs", "--delimiter", "--arg-file"}
)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_FIND_RUNS = frozenset({"-exec", "-execdir", "-ok", "-okdir"})
_FIND_WRITES = frozenset({"-fprintf", "-fprint", "-fprint0", "-fls"})


def _plain_wrapper(skip: int, takes: frozenset[str]) -> Handler:
    def run(call: Call) -> Output:
        if call.name in _PRIVILEGED:
            call.runner.notes.need("privilege", call.name)
        if call.name == "command" and call.arguments[:1] in (["-v"], ["-V"]):
            return Output(f"/usr/bin/{settled(call.arguments[1])}\n" if len(call.arguments) > 1 else HOLE)
        given = sorted_arguments(call.arguments, takes, stop_at_operand=True)
        rest = [*given.operands][skip:]
        while rest and _ASSIGNMENT.match(settled(rest[0])):
            rest = rest[1:]
        return call.runner.program(rest, call.stdin)

    return run


def _sudo(call: Call) -> Output:
    call.runner.notes.need("privilege", call.name)
    given = sorted_arguments(call.arguments, _SUDO_TAKES, stop_at_operand=call.name == "sudo")
    if text := given.value("-c", "--command"):
        return run_source(call, text, call.name, apart=True)
    rest = [*given.operands] if call.name == "sudo" else []
    while rest and _ASSIGNMENT.match(settled(rest[0])):
        rest = rest[1:]
    return call.runner.program(rest, call.stdin)


def _env(call: Call) -> Output:
    given = sorted_arguments(call.arguments, _ENV_TAKES, stop_at_operand=True)
    rest = [*given.operands]
    if text := given.value("-S", "--split-string"):
        return run_source(Call(call.runner, "env", [], call.stdin), " ".join([text, *rest]), "env -S", apart=True)
    while rest and _ASSIGNMENT.match(settled(rest[0])):
        rest = rest[1:]
    if rest:
        return call.runner.program(rest, call.stdin)
    call.runner.notes.need("env.read", "*")
    return Output(HOLE)


def _printenv(call: Call) -> Output:
    for name in call.arguments:
        call.runner.notes.need("env.read", name)
    if not call.arguments:
        call.runner.notes.need("env.read", "*")
    return Output(HOLE)


def _xargs(call: Call) -> Output:
    given = sorted_arguments(call.arguments, _XARGS_TAKES, stop_at_operand=True)
    words = [*given.operands] or ["echo"]
    fed = call.read(path) or HOLE if (path := given.value("-a", "--arg-file")) else call.stdin
    extra = [unknown(fed)] if not is_known(fed) else _split(settled(fed), given.value("-d", "--delimiter"))
    mark = given.value("-I", "-i")
    if mark is None:
        return call.runner.program([*words, *extra], HOLE)
    texts = [
        call.runner.program([word.replace(mark or "{}", item) for word in words], HOLE).text for item in extra[:50]
    ]
    return Output("".join(texts))


def _split(text: str, delimiter: str | None) -> list[str]:
    if delimiter is not None:
        return [piece for piece in text.split(delimiter[:1] if delimiter != "\\n" else "\n") if piece.strip()]
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _parallel(call: Call) -> Output:
    given = sorted_arguments(
        call.arguments, frozenset({"-j", "--jobs", "-S", "-a", "-N", "--colsep"}), stop_at_operand=True
    )
    words = [*given.operands]
    cut = words.index(":::") if ":::" in words else len(words)
    for item in words[cut + 1 :] or [unknown(call.stdin)]:
        text = " ".join(word.replace("{}", item) for word in words[:cut])
        run_source(call, text if "{}" in " ".join(words[:cut]) else f"{text} {item}", "parallel", apart=True)
    return Output(HOLE)


def _find(call: Call) -> Output:
    """Note where `find` looks and what it does with what it finds, `{}` standing for something below those folders."""
    words = [settled(argument) for argument in call.arguments]
    start = next(
        (place for place, word in enumerate(words) if word[:1] in {"-", "(", "!"} and word not in {"-L", "-H", "-P"}),
        len(words),
    )
    roots = [word for word in words[:start] if not word.startswith("-")] or ["."]
    for root in roots:
        call.path("fs.list", root)
    found = [f"{root.rstrip('/') or '/'}/{HOLE}" if root != "/" else "/*" for root in roots]
    place = start
    while place < len(words):
        word = words[place]
        place += 1
        if word == "-delete":
            for path in found:
                call.path("fs.delete", path)
        elif word in _FIND_WRITES and place < len(words):
            call.path("fs.write", words[place])
        elif word in _FIND_RUNS:
            end = next((stop for stop in range(place, len(words)) if words[stop] in {";", "+"}), len(words))
            for path in found:
                call.runner.program([argument.replace("{}", path) for argument in words[place:end]], HOLE)
            place = end
    return Output(unknown(call.stdin) if FOREIGN in call.stdin else "\n".join(found))


def _shell_text(takes: str, *names: str) -> Handler:
    """Make the handler of a program that runs its arguments, or one option's value, as a line of shell."""

    def run(call: Call) -> Output:
        if call.name in _PRIVILEGED:
            call.runner.notes.need("privilege", call.name)
        given = sorted_arguments(call.arguments, frozenset(takes.split()) | set(names), stop_at_operand=not names)
        text = given.value(*names) if names else " ".join(given.operands)
        if text:
            return run_source(Call(call.runner, call.name, [], call.stdin), text, call.name, apart=True)
        return DONE if names else Output(HOLE)

    return run


def _flock(call: Call) -> Output:
    given = sorted_arguments(call.arguments, frozenset({"-c", "-w", "-E"}), stop_at_operand=True)
    rest = [*given.operands][1:]
    if rest[:1] == ["-c"]:
        return run_source(call, " ".join(rest[1:]), "flock", apart=True)
    return call.runner.program(rest, call.stdin)


def _loader(call: Call) -> Output:
    """Run what the dynamic loader is told to load."""
    given = sorted_arguments(
        call.arguments, frozenset({"--library-path", "--preload", "--argv0"}), stop_at_operand=True
    )
    if library := given.value("--preload"):
        call.runner.notes.need("code.native", library)
    return call.runner.program([*given.operands], call.stdin)


def _after_double_dash(call: Call) -> Output:
    if "--" in call.arguments:
        return call.runner.program(call.arguments[call.arguments.index("--") + 1 :], call.stdin)
    given = sorted_arguments(
        call.arguments, frozenset({"--exec", "-x", "--startas", "-a", "--pidfile", "-p", "--user"})
    )
    if path := given.value("--exec", "-x", "--startas", "-a"):
        return call.runner.program([path, *given.operands], call.stdin)
    return Output(HOLE)


def _table() -> dict[str, Handler]:
    found: dict[str, Handler] = {}
    for line in _TABLE.replace(",\n    ", ",").replace("\n    ", " ").strip().splitlines():
        names, skip, *takes = line.split()
        found.update(dict.fromkeys(names.split(","), _plain_wrapper(int(skip), frozenset(takes))))
    return found


HANDLERS: dict[str, Handler] = {
    **_table(),
    "sudo": _sudo,
    "su": _sudo,
    "sg": _shell_text("", "-c"),
    "capsh": _shell_text("", "-c"),
    "env": _env,
    "printenv": _printenv,
    "xargs": _xargs,
    "parallel": _parallel,
    "find": _find,
    "gfind": _find,
    "fd": _find,
    "watch": _shell_text("-n --interval"),
    "script": _shell_text("", "-c", "--command"),
    "screen": _shell_text("-S -L -c"),
    "flock": _flock,
    "start-stop-daemon": _after_double_dash,
    "gdbserver": _after_double_dash,
    **dict.fromkeys(
        ("ld-linux-x86-64.so.2", "ld-linux.so.2", "ld-linux-aarch64.so.1", "ld-musl-x86_64.so.1", "ld.so"), _loader
    ),
}
