"""Programs that reach beyond the sandbox's own business: other processes, services, users, devices, the kernel."""

from __future__ import annotations

import re

from fumehood.check.bash.builtins import run_source
from fumehood.check.bash.call import Call, Handler, sorted_arguments
from fumehood.check.bash.network import HANDLERS as NETWORK
from fumehood.check.bash.operands import note
from fumehood.check.bash.output import Output
from fumehood.check.bash.programs import PROGRAMS, Profile
from fumehood.check.bash.texts import TEXTS
from fumehood.check.bash.values import FOREIGN, HOLE, HOME, OWN, is_known, settled, shown

_TABLE = """
shutdown,reboot,halt,poweroff,init,telinit          privilege       an end to the machine
insmod,modprobe,rmmod,kmod,depmod                   code.native     a kernel module
useradd,adduser,usermod,userdel,deluser,groupadd,groupmod,groupdel,passwd,chpasswd,gpasswd,chage,newusers,vipw,visudo,
    chsh,chfn  fs.write  /etc/passwd
mount,umount,losetup,swapon,swapoff,mkswap,pivot_root,mkfs,fdisk,sfdisk,parted,wipefs,cryptsetup,hdparm,lvremove,
    vgremove,debugfs,tune2fs,e2label,blkdiscard  fs.write  /dev
iptables,ip6tables,nft,ufw,firewall-cmd,ebtables,tc,setenforce,aa-disable,aa-teardown,auditctl,semanage,setsebool,
    apparmor_parser,hostnamectl,timedatectl,localectl,loginctl,update-alternatives,dpkg-reconfigure,grub-install,
    update-grub,efibootmgr,bootctl  privilege  the machine's settings
setcap,capsh,newuidmap,keyctl,bpftool,bpftrace,kexec,nsenter  privilege  more powers
getcap                                              fs.list         /
docker,podman,nerdctl,ctr,crictl,lxc,lxd,buildah,vagrant,virsh,qemu-system-x86_64  fs.write  /var/run/docker.sock
dmesg                                               fs.read         /dev/kmsg
journalctl                                          fs.read         /var/log/journal
last,lastb,lastlog,utmpdump                         fs.read         /var/log/wtmp
dmidecode,lshw                                      fs.read         /sys/firmware/dmi/tables
tcpdump,tshark,wireshark,dumpcap,ettercap,arpspoof,airodump-ng  net.listen  any
stress,stress-ng,memtester,cpuburn                  resource.exhaust  the machine
john,hashcat,hydra,medusa,sqlmap,msfconsole,msfvenom,nikto,gobuster,linpeas.sh,mimikatz,responder  privilege  an
    attack tool
xmrig,minerd,cpuminer,ethminer,cgminer              resource.exhaust  mining
xclip,xsel,pbpaste,wl-paste,import,scrot,screencapture,arecord,xinput,showkey,logkeys  fs.read  /dev/input
"""
_HARMLESS = frozenset({"--version", "-V", "--help", "-h", "version", "help"})
_READS_ONLY = {
    "systemctl": {"status", "list-units", "list-unit-files", "show", "is-active", "is-enabled", "cat", "--version"},
    "service": {"--status-all", "status"},
    "launchctl": {"list", "print"},
}
_KILL_TAKES = frozenset({"-s", "-n", "-signal"})
_DD = re.compile(r"(if|of|count|bs)=(.*)", re.DOTALL)
_GIT_FETCHES = frozenset({"clone", "fetch", "pull", "push", "ls-remote", "remote-update"})
_TAR_RUNS = re.compile(
    r"--(?:checkpoint-action=exec|to-command|use-compress-program|rsh-command|info-script|new-volume-script)=(.+)",
    re.DOTALL,
)
_SIZE = re.compile(r"\d+\s*[TPE]i?B?$|\d{3,}\s*Gi?B?$", re.IGNORECASE)
_SQLITE_RUNS = re.compile(r"\.(?:shell|system|!)\s+(.+)|(?:load_extension\(\s*|\.load\s+)['\"]?([^'\")]+)")


def _fixed(capability: str, value: str) -> Handler:
    """Make the handler of a program whose need does not depend on its arguments."""

    def run(call: Call) -> Output:
        if len(call.arguments) != 1 or call.arguments[0] not in _HARMLESS:
            if value.startswith("/"):
                call.runner.notes.path(capability, value)
            else:
                call.runner.notes.need(capability, value)
        return Output(HOLE)

    return run


def _kill(call: Call) -> Output:
    given = sorted_arguments(call.arguments, _KILL_TAKES)
    words = [word for place, word in enumerate(call.arguments) if place or not re.fullmatch(r"-[A-Z0-9]+|-[sn]", word)]
    if given.has("-l", "-L") or "-0" in call.arguments:
        return Output("")
    targets = [word for word in words if word != (given.value("-s", "-n") or "")]
    for target in targets:
        if OWN in target or target.startswith("%"):
            continue
        if not is_known(target) and FOREIGN not in target and not settled(target).startswith("-"):
            call.runner.notes.need("process.signal", None, "unknown")
        else:
            _foreign(call, shown(target))
    return Output("")


def _foreign(call: Call, target: str) -> None:
    """Note a signal to a process that the program did not start, which no right to start others covers."""
    call.runner.notes.need("process.signal", target)
    call.runner.notes.need("privilege", f"a signal to {target}, a process that it did not start")


def _kill_by_name(call: Call) -> Output:
    names = [settled(word) for word in call.arguments if not word.startswith("-") or word == "-1"]
    if "-P" not in call.arguments or OWN not in "".join(call.arguments):
        _foreign(call, shown(" ".join(names)) or "others")
    return Output("")


def _fuser(call: Call) -> Output:
    if any(re.match(r"-\w*k|--kill", settled(word)) for word in call.arguments):
        _foreign(call, "whoever uses it")
    return Output(HOLE)


def _services(call: Call) -> Output:
    verbs = {settled(word) for word in call.arguments}
    if verbs and not verbs & _READS_ONLY.get(call.name, set()):
        call.runner.notes.need("persistence", f"{call.name} {' '.join(map(shown, call.arguments))}"[:100])
    return Output(HOLE)


def _crontab(call: Call) -> Output:
    if call.arguments[:1] == ["-l"] or "-l" in call.arguments:
        call.path("fs.read", "/var/spool/cron/crontabs")
    else:
        call.runner.notes.need("persistence", call.name)
    return Output(HOLE)


def _dd(call: Call) -> Output:
    values = {match[1]: match[2] for word in call.arguments if (match := _DD.fullmatch(settled(word)))}
    if "if" in values:
        call.path("fs.read", values["if"])
    if "of" in values:
        call.path("fs.write", values["of"])
        call.runner.shell.files[values["of"]] = call.stdin if "if" not in values else HOLE
    if values.get("if") == "/dev/zero" and "count" not in values and "of" in values:
        call.runner.notes.need("resource.exhaust", values["of"], why="dd without count fills the disk")
    return Output(call.stdin if "if" not in values and "of" not in values else HOLE)


def _tar(call: Call) -> Output:
    for word in call.arguments:
        if match := _TAR_RUNS.match(settled(word)):
            run_source(Call(call.runner, "tar", [], HOLE), match[1], "tar", apart=True)
    words = call.arguments
    if words and not words[0].startswith("-"):
        words = [f"-{words[0]}", *words[1:]]
    inner = Call(call.runner, "tar", words, call.stdin)
    creates = any(re.match(r"-[a-zA-Z]*[cru]|--create|--append|--update", word) for word in words)
    takes = dict.fromkeys(
        ("-C", "-X", "-T", "--directory", "--exclude", "--transform", "-I", "--strip-components"), "none"
    )
    profile = Profile(
        "read" if creates else "none",
        {**takes, "-f": "write" if creates else "read", "--file": "write" if creates else "read"},
    )
    given = note(inner, profile)
    if program := given.value("-I"):
        run_source(Call(call.runner, "tar", [], HOLE), program, "tar -I", apart=True)
    if folder := given.value("-C", "--directory"):
        call.path("fs.list" if creates else "fs.write", folder)
    if given.has("-P", "--absolute-names") and not creates:
        call.path("fs.write", "/")
    return Output("")


def _zip(call: Call) -> Output:
    given = note(call, PROGRAMS["zip"])
    for place, word in enumerate(call.arguments[:-1]):
        if word in {"-TT", "--unzip-command"}:
            run_source(Call(call.runner, "zip", [], HOLE), call.arguments[place + 1], "zip -TT", apart=True)
    return Output("" if given.operands else HOLE)


def _git(call: Call) -> Output:
    given = sorted_arguments(
        call.arguments, frozenset({"-c", "-C", "--git-dir", "--work-tree", "--exec-path"}), stop_at_operand=True
    )
    for name, value in given.options:
        if name == "-c" and (
            match := re.match(
                r"(?:core\.(?:pager|sshCommand|editor|fsmonitor|hooksPath|gitProxy)|alias\.\w+|.*\.(?:command|cmd|program|textconv|helper))=!?(.*)",
                settled(value),
                re.DOTALL,
            )
        ):
            run_source(Call(call.runner, "git", [], HOLE), match[1], "git -c", apart=True)
        elif name == "-C":
            call.path("fs.list", value)
    operands = [*given.operands]
    verb = settled(operands[0]) if operands else ""
    if verb in _GIT_FETCHES or operands[:2] in (["remote", "update"], ["submodule", "update"]):
        _git_remote(call, operands[1:])
    elif verb == "config" and any(
        re.match(
            r"(?:alias\.|core\.(?:hookspath|sshcommand|pager|editor|fsmonitor)|credential\.)",
            settled(word),
            re.IGNORECASE,
        )
        for word in operands[1:]
    ):
        call.runner.notes.need("persistence", "~/.gitconfig" if "--global" in operands else ".git/config")
    return Output(HOLE)


def _git_remote(call: Call, operands: list[str]) -> None:
    named = [settled(word) for word in operands if not word.startswith("-")]
    address = named[0] if named else ""
    if match := re.match(r"(?:[\w.-]+@)([\w.-]+):", address):
        call.runner.notes.need("net.connect", f"{match[1]}:22")
    elif "://" in address:
        call.runner.notes.url(address)
    elif address.startswith(("/", "../", "~")):
        call.path("fs.read", address)
    elif not address.startswith("."):
        call.runner.notes.need("net.connect", None, "referenced", why="the address is in the repository's settings")


def _sed(call: Call) -> Output:
    """Note what a sed script itself writes, reads and runs, besides the files that it is given."""
    given = note(call, PROGRAMS["sed"])
    scripts = [value for name, value in given.options if name in {"-e", "--expression"}] or list(given.operands[:1])
    for script in map(settled, scripts):
        for used in re.finditer(r"(?:^|[;{}\n/0-9$,!]|/[gipI0-9]*)\s*([wrWR])\s+([^\n;}]+)", script):
            call.path("fs.write" if used[1] in "wW" else "fs.read", used[2].strip())
        if match := re.match(r"(?:\d+|\$|/[^/]*/)?(?:,(?:\d+|\$))?\s*e\s+(.+)", script, re.DOTALL):
            run_source(Call(call.runner, "sed", [], HOLE), match[1], "sed e", apart=True)
        elif match := re.search(r"s(.)(?:\\.|(?!\1).)*\1((?:\\.|(?!\1).)*)\1[gpiI0-9]*e\b", script):
            run_source(Call(call.runner, "sed", [], HOLE), match[2], "sed s///e", apart=True)
    return Output(TEXTS["sed"](call))


def _make(call: Call) -> Output:
    """Run what `make` is told on its command line or fed as its file."""
    note(call, PROGRAMS["make"])
    for place, word in enumerate(call.arguments):
        if word.startswith("--eval"):
            _makefile(call, word.partition("=")[2] or "".join(call.arguments[place + 1 : place + 2]))
        elif word in {"-f", "--file"} and call.arguments[place + 1 : place + 2] in (["-"], ["/dev/stdin"]):
            _makefile(call, call.stdin)
    path = next((name for name in ("Makefile", "makefile", "GNUmakefile") if name in call.runner.shell.files), "")
    _makefile(call, call.runner.shell.files.get(path, ""))
    return Output(HOLE)


def _makefile(call: Call, text: str) -> None:
    recipes = [line.lstrip("\t@-+ ") for line in settled(text).splitlines() if line.startswith("\t")]
    recipes += re.findall(r"\$\(shell ([^)]*)\)", settled(text)) + re.findall(
        r"^[\w.-]+:[^\n;]*;(.*)", settled(text), re.MULTILINE
    )
    for recipe in recipes:
        run_source(Call(call.runner, "make", [], HOLE), recipe.replace("$$", "$"), "make", apart=True)


def _sqlite(call: Call) -> Output:
    given = sorted_arguments(call.arguments, PROGRAMS["sqlite3"].takes)
    for path in given.operands[:1]:
        call.path("fs.read", path)
    for text in (*given.operands[1:], call.stdin, *(value for name, value in given.options if name == "-cmd")):
        for match in _SQLITE_RUNS.finditer(settled(text)):
            if match[1]:
                run_source(Call(call.runner, "sqlite3", [], HOLE), match[1], "sqlite3 .shell", apart=True)
            else:
                call.runner.notes.need("code.native", match[2])
        for match in re.finditer(
            r"(?:readfile|writefile|ATTACH(?: DATABASE)?|\.(?:read|import|output|once))[\s(]+'?([^'\s)]+)",
            settled(text),
            re.IGNORECASE,
        ):
            call.path("fs.read", match[1])
    return Output(HOLE)


def _with_command(options: str, takes: str = "") -> Handler:
    """Make the handler of a program that the table knows and one of whose options holds a command."""

    def run(call: Call) -> Output:
        profile = PROGRAMS.get(call.name, Profile("read", dict.fromkeys(takes.split(), "none")))
        given = note(call, profile)
        found = sorted_arguments(call.arguments, profile.takes | frozenset(options.split()))
        if text := found.value(*options.split()):
            run_source(Call(call.runner, call.name, [], HOLE), text, call.name, apart=True)
        return Output(HOLE if given.operands else call.stdin)

    return run


def _debugger(call: Call) -> Output:
    given = sorted_arguments(call.arguments, frozenset({"-p", "-ex", "--ex", "-x", "-iex", "--eval-command", "--pid"}))
    if target := given.value("-p", "--pid"):
        _foreign(call, shown(target))
    for name, value in given.options:
        if "e" in name and (match := re.match(r"(?:!|shell\s|python\s|pi\s)(.*)", settled(value), re.DOTALL)):
            run_source(Call(call.runner, "gdb", [], HOLE), match[1], "gdb", apart=True)
    return Output(HOLE)


def _keyring(call: Call) -> Output:
    if any(re.match(r"--export-secret|--list-secret|-K$", settled(word)) for word in call.arguments):
        call.path("fs.read", f"{HOME}/.gnupg")
    note(call, PROGRAMS[call.name])
    return Output(HOLE)


def _getent(call: Call) -> Output:
    files = {"passwd": "/etc/passwd", "shadow": "/etc/shadow", "group": "/etc/group", "gshadow": "/etc/gshadow"}
    if path := files.get(settled("".join(call.arguments[:1]))):
        call.path("fs.read", path)
    return Output(HOLE)


def _large(call: Call) -> Output:
    """Note a file of a terabyte, or hundreds of gigabytes, made at once."""
    note(call, PROGRAMS[call.name])
    if any(_SIZE.search(settled(word)) for word in call.arguments):
        call.runner.notes.need("resource.exhaust", "disk")
    return Output("")


def _yes(call: Call) -> Output:
    return Output(" ".join(call.arguments or ["y"]) + "\n" + HOLE)


def _sysctl(call: Call) -> Output:
    if any("=" in word or word in {"-w", "-p"} for word in call.arguments):
        call.path("fs.write", "/proc/sys")
    return Output(HOLE)


def _within_project(call: Call) -> Output:
    """Run what stands after `run`, as `npx`, `uv run` and `poetry run` do."""
    if call.arguments[:1] == ["run"]:
        return call.runner.program(call.arguments[1:], call.stdin)

    return NETWORK[call.name](call)


def _table() -> dict[str, Handler]:
    found: dict[str, Handler] = {}
    for line in _TABLE.replace(",\n    ", ",").replace("\n    ", " ").strip().splitlines():
        names, capability, value = line.split(maxsplit=2)
        found.update(dict.fromkeys(names.split(","), _fixed(capability, value)))
    return found


HANDLERS: dict[str, Handler] = {
    **_table(),
    "kill": _kill,
    **dict.fromkeys(("pkill", "killall", "killall5", "skill", "xkill", "slay"), _kill_by_name),
    **dict.fromkeys(
        ("systemctl", "service", "launchctl", "rc-update", "rc-service", "update-rc.d", "chkconfig", "initctl", "sv"),
        _services,
    ),
    **dict.fromkeys(("crontab", "at", "batch", "anacron", "schtasks"), _crontab),
    "fuser": _fuser,
    "dd": _dd,
    **dict.fromkeys(("tar", "gtar", "star"), _tar),
    "zip": _zip,
    "git": _git,
    **dict.fromkeys(("sed", "gsed"), _sed),
    **dict.fromkeys(("make", "gmake"), _make),
    "sqlite3": _sqlite,
    "split": _with_command("--filter"),
    "sort": _with_command("--compress-program"),
    "man": _with_command("-P --pager"),
    "gcc": _with_command("-wrapper"),
    "expect": _with_command("-c"),
    "tmux": _with_command("-c"),
    "logrotate": _fixed("persistence", "logrotate"),
    **dict.fromkeys(("gdb", "lldb", "cgdb"), _debugger),
    "getent": _getent,
    **dict.fromkeys(("fallocate", "truncate"), _large),
    "yes": _yes,
    "sysctl": _sysctl,
    **dict.fromkeys(("uv", "poetry", "pdm", "pipx", "conda"), _within_project),
    "wall": _fixed("privilege", "other people's terminals"),
    "gpg": _keyring,
    "gpg2": _keyring,
    "ssh-add": _fixed("fs.read", f"{HOME}/.ssh"),
    "security": _fixed("fs.read", f"{HOME}/Library/Keychains"),
    "secret-tool": _fixed("fs.read", f"{HOME}/.local/share/keyrings"),
}
