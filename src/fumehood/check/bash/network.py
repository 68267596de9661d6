"""Programs that speak to other machines: whom they call, which files they send and which they write."""

from __future__ import annotations

import re

from fumehood.check.bash.builtins import run_source
from fumehood.check.bash.call import Arguments, Call, Handler, sorted_arguments, words
from fumehood.check.bash.operands import note
from fumehood.check.bash.output import Output
from fumehood.check.bash.programs import PROGRAMS
from fumehood.check.bash.texts import TEXTS
from fumehood.check.bash.values import HOLE, is_known, settled, shown, unknown

_CURL = """
-o=write --output=write -T=read --upload-file=read -d=body --data=body --data-binary=body --data-ascii=body
--json=body --data-urlencode=body -F=form --form=form -K=read --config=read
-b=body --cookie=body -c=write --cookie-jar=write -D=write
--dump-header=write --unix-socket=read --cacert=read -E=read --cert=read --key=read --netrc-file=read --trace=write
--trace-ascii=write --stderr=write --url=url -x=url --proxy=url --socks5=url -A -C -e -H -m -P -Q -r -t -u -U -w
-X -y -Y -z --header --user --user-agent --request --max-time --connect-timeout --retry --retry-delay --write-out
--referer --range
--resolve --limit-rate --interface --output-dir=write --proxy-user --max-redirs --form-string --data-raw --ciphers
"""
_WGET = """
-O=write --output-document=write -o=write --output-file=write -a=write -i=read --input-file=read --post-file=read
--body-file=read -P=write --directory-prefix=write --post-data --body-data --method --header -U --user-agent
-t --tries -T --timeout -Q -w --wait --user --password --http-user --http-password -e --referer -l -A -R -D
--load-cookies=read --save-cookies=write --ca-certificate=read
"""
_TAKES_NETCAT = words(
    """
    -p -w -s -q -i -X -x -e -c -T -I -O -g -G --exec --sh-exec --proxy --source-port
    """,
)
_SSH_TAKES = words(
    """
    -p -i -o -l -L -R -D -J -F -E -b -c -e -I -m -O -Q -S -W -w -P
    """,
)
_REMOTE = re.compile(r"(?:[^@/\s]+@)?(\[[^\]]+\]|[\w.-]+):(?!//)(.*)", re.DOTALL)
_PING_TAKES = words(
    """
    -c -i -W -w -s -t -I -p -n -l -f -m -q -x -r
    """,
)
_SOCAT = re.compile(
    r"(TCP4?6?|UDP4?6?|OPENSSL|SSL|TCP4?6?-CONNECT|UDP-SENDTO|PROXY|SOCKS4A?):([^:,]+):?([^:,]*)", re.IGNORECASE
)
_SOCAT_LISTENS = re.compile(r"(?:TCP4?6?|UDP4?6?|OPENSSL)-(?:LISTEN|L|RECV\w*):(\d+)", re.IGNORECASE)
_SOCAT_RUNS = re.compile(r"(?:EXEC|SYSTEM|SHELL):(['\"]?)(.+?)\1(?:,|$)", re.IGNORECASE)
_SOCAT_FILE = re.compile(r"(?:FILE|OPEN|GOPEN|CREATE):([^,]+)", re.IGNORECASE)
_REGISTRIES = {
    "pip": "pypi.org:443",
    "pip3": "pypi.org:443",
    "pipx": "pypi.org:443",
    "uv": "pypi.org:443",
    "poetry": "pypi.org:443",
    "pdm": "pypi.org:443",
    "easy_install": "pypi.org:443",
    "conda": "repo.anaconda.com:443",
    "mamba": "repo.anaconda.com:443",
    "npm": "registry.npmjs.org:443",
    "npx": "registry.npmjs.org:443",
    "yarn": "registry.yarnpkg.com:443",
    "pnpm": "registry.npmjs.org:443",
    "gem": "rubygems.org:443",
    "bundle": "rubygems.org:443",
    "cargo": "crates.io:443",
    "go": "proxy.golang.org:443",
    "composer": "packagist.org:443",
    "apt": "deb.debian.org:80",
    "apt-get": "deb.debian.org:80",
    "aptitude": "deb.debian.org:80",
    "yum": "mirrors.fedoraproject.org:443",
    "dnf": "mirrors.fedoraproject.org:443",
    "zypper": "download.opensuse.org:443",
    "pacman": "archlinux.org:443",
    "apk": "dl-cdn.alpinelinux.org:443",
    "brew": "formulae.brew.sh:443",
    "snap": "api.snapcraft.io:443",
    "flatpak": "dl.flathub.org:443",
    "cpan": "www.cpan.org:443",
    "luarocks": "luarocks.org:443",
    "opam": "opam.ocaml.org:443",
}
_FETCHES = words(
    """
    install add update upgrade download get i ci sync lock require create dist-upgrade full-upgrade publish
    upload search refresh build-dep source exec dlx init tool self-update wheel -S -Sy -Syu -Syyu
    """,
)
_LOCAL = re.compile(r"\.{1,2}(?:/.*)?(?:\[.*\])?$|.*\.(?:whl|tar\.gz|deb|rpm|gem)$|/.*")


def _roles(table: str) -> dict[str, str]:
    return {
        name: role if equals else "none" for name, equals, role in (option.partition("=") for option in table.split())
    }


def _transfer(table: dict[str, str]) -> Handler:
    """Make the handler of a program whose operands are URLs."""
    takes = frozenset(table)

    def run(call: Call) -> Output:
        given = sorted_arguments(call.arguments, takes)
        for name, value in given.options:
            _option(call, table.get(name, "none"), value)
        for operand in given.operands:
            call.runner.notes.url(operand, "80")
        if not given.operands and not given.has("--url") and not given.has("--version", "-V", "--help", "-h"):
            call.runner.notes.need("net.connect", None, "referenced")
        if path := given.value("-o", "-O", "--output", "--output-document"):
            call.runner.shell.files.setdefault(settled(path), HOLE)
        return Output(HOLE)

    return run


def _option(call: Call, role: str, value: str) -> None:
    text = settled(value)
    if role == "url":
        call.runner.notes.url(value)
    elif role in {"read", "write"}:
        call.path(f"fs.{role}", value)
    elif role == "body" and text.startswith("@"):
        call.path("fs.read", text[1:])
    elif role == "form" and (match := re.search(r"=[@<]([^;]+)", text)):
        call.path("fs.read", match[1])


def _netcat(call: Call) -> Output:
    given = sorted_arguments(call.arguments, _TAKES_NETCAT)
    notes = call.runner.notes
    for text in (given.value("-e", "--exec"), given.value("-c", "--sh-exec")):
        if text:
            run_source(Call(call.runner, call.name, [], HOLE), text, call.name, apart=True)
    if given.has("-l", "--listen"):
        port = given.value("-p", "--source-port") or next(iter(given.operands), "")
        notes.need("net.listen", f"0.0.0.0:{settled(port)}")
    else:
        _host_and_port(call, given)
    return Output(HOLE)


def _host_and_port(call: Call, given: Arguments) -> None:
    host, port = (*given.operands, "", "")[:2]
    if settled(host) and is_known(host[:1]):
        call.runner.notes.url(f"{host}:{port}" if settled(port) and ":" not in host else host)
    else:
        call.runner.notes.need("net.connect", None, "referenced")


def _plain(call: Call) -> Output:
    """Note a program whose first operand is a host."""
    given = sorted_arguments(call.arguments, _PING_TAKES)
    if given.has("-f", "--flood") or call.name in {"hping3", "slowloris", "ab", "siege", "wrk"}:
        call.runner.notes.need("resource.exhaust", "network", "referenced")
    _host_and_port(call, Arguments(given.options, given.operands[:1] if call.name != "telnet" else given.operands))
    return Output(HOLE)


def _resolve(call: Call) -> Output:
    name = next(
        (
            word
            for word in call.arguments
            if word[:1] not in "-+@" and word not in {"A", "AAAA", "MX", "TXT", "NS", "ANY"}
        ),
        None,
    )
    call.runner.notes.need(
        "net.resolve",
        settled(name) if name and is_known(name) else None,
        "resolved" if name and is_known(name) else "referenced",
    )
    return Output(HOLE)


def _ssh(call: Call) -> Output:
    given = sorted_arguments(call.arguments, _SSH_TAKES, stop_at_operand=call.name in {"ssh", "sshpass", "mosh"})
    for name, value in given.options:
        if name == "-o" and "proxycommand" in value.lower():
            run_source(call, value.partition("=")[2], call.name, apart=True)
        elif name in {"-i", "-F"}:
            call.path("fs.read", value)
    port = given.value("-p", "-P") or "22"
    remotes = [operand for operand in given.operands if call.name == "ssh" or _REMOTE.fullmatch(settled(operand))]
    for operand in remotes[:1] if call.name == "ssh" else remotes:
        host = settled(operand).rpartition("@")[2].partition(":")[0]
        call.runner.notes.need(
            "net.connect",
            f"{host}:{settled(port)}" if is_known(host) and host else None,
            "referenced" if not is_known(host) else "resolved",
        )
    locals_ = [operand for operand in given.operands if operand not in remotes]
    for operand in locals_ if call.name != "ssh" else ():
        call.path("fs.read", operand)
    if not remotes and call.name != "rsync":
        call.runner.notes.need("net.connect", None, "referenced")
    return Output(HOLE)


def _rsync(call: Call) -> Output:
    if any(_REMOTE.fullmatch(settled(word)) or "::" in word or word.startswith("rsync://") for word in call.arguments):
        return _ssh(call)
    given = sorted_arguments(
        call.arguments, frozenset({"-e", "--rsh", "--exclude", "--include", "--exclude-from", "--files-from"})
    )
    if command := given.value("-e", "--rsh"):
        run_source(Call(call.runner, "rsync", [], HOLE), command, "rsync -e", apart=True)
    for operand in given.operands[:-1]:
        call.path("fs.read", operand)
    for operand in given.operands[-1:]:
        call.path("fs.write", operand)
    return Output("")


def _socat(call: Call) -> Output:
    notes = call.runner.notes
    text = " ".join(map(settled, call.arguments))
    for match in _SOCAT.finditer(text):
        notes.need("net.connect", f"{match[2]}:{match[3]}" if match[3] else match[2])
    for match in _SOCAT_LISTENS.finditer(text):
        notes.need("net.listen", f"0.0.0.0:{match[1]}")
    for match in _SOCAT_RUNS.finditer(text):
        run_source(Call(call.runner, "socat", [], HOLE), match[2], "socat", apart=True)
    for match in _SOCAT_FILE.finditer(text):
        call.path("fs.read", match[1])
    return Output(HOLE)


def _openssl(call: Call) -> Output:
    given = note(call, PROGRAMS["openssl"])
    if given.operands[:1] == ("s_client",):
        address = given.value("-connect") or ""
        call.runner.notes.need("net.connect", shown(address) or None, "resolved" if is_known(address) else "referenced")
        return Output(HOLE)
    return Output(TEXTS["openssl"](call))


def _packages(call: Call) -> Output:
    """Note a package manager that fetches; one that only looks at what is there needs nothing."""
    words = [settled(word) for word in call.arguments]
    named = [word for word in words if not word.startswith("-")]
    verb = named[0] if named else ""
    if verb == "pip" and call.name == "uv":
        named, verb = named[1:], named[1] if len(named) > 1 else ""
    fetches = verb in _FETCHES or any(word in _FETCHES for word in words[:1]) or (call.name == "npx" and bool(verb))
    operands = named[1:]
    local = bool(operands) and all(_LOCAL.match(word) for word in operands)
    if fetches and not (local or {"--no-index", "--offline", "--version", "--dry-run"} & set(words)):
        call.runner.notes.need("net.connect", _REGISTRIES[call.name])
    for operand in operands:
        if operand.startswith(("/", "~", "../")):
            call.path("fs.read", operand)
    return Output(unknown(call.stdin))


def _cloud(call: Call) -> Output:
    if call.arguments and call.arguments[0] not in {"--version", "version", "help", "--help"}:
        call.runner.notes.need("net.connect", None, "referenced", why=f"{call.name} speaks to its service")
    return Output(HOLE)


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("curl", "curlie"), _transfer(_roles(_CURL))),
    **dict.fromkeys(
        (
            "wget",
            "wget2",
            "aria2c",
            "axel",
            "http",
            "https",
            "httpie",
            "xh",
            "lynx",
            "links",
            "w3m",
            "elinks",
            "GET",
            "POST",
            "HEAD",
            "lwp-request",
            "lftp",
            "yt-dlp",
            "youtube-dl",
        ),
        _transfer(_roles(_WGET)),
    ),
    **dict.fromkeys(("nc", "ncat", "netcat", "nc.traditional", "nc.openbsd", "pnetcat"), _netcat),
    **dict.fromkeys(
        (
            "telnet",
            "ftp",
            "tftp",
            "ping",
            "ping6",
            "traceroute",
            "tracepath",
            "mtr",
            "nmap",
            "masscan",
            "hping3",
            "arping",
            "whois",
            "finger",
            "ab",
            "siege",
            "wrk",
            "slowloris",
            "rlogin",
            "rsh",
            "smbclient",
            "rpcclient",
            "ldapsearch",
            "snmpwalk",
            "mosquitto_pub",
            "websocat",
            "swaks",
            "sendmail",
            "mail",
            "mailx",
            "mutt",
            "msmtp",
            "xfreerdp",
            "vncviewer",
            "rdesktop",
        ),
        _plain,
    ),
    **dict.fromkeys(("dig", "nslookup", "host", "drill", "resolvectl", "getent-hosts"), _resolve),
    **dict.fromkeys(("ssh", "scp", "sftp", "sshfs", "mosh", "ssh-copy-id", "autossh", "sshpass", "ssh-keyscan"), _ssh),
    "openssl": _openssl,
    "rsync": _rsync,
    "socat": _socat,
    **dict.fromkeys(_REGISTRIES, _packages),
    **dict.fromkeys(
        (
            "aws",
            "gcloud",
            "gsutil",
            "az",
            "heroku",
            "doctl",
            "s3cmd",
            "rclone",
            "gh",
            "glab",
            "ngrok",
            "cloudflared",
            "tailscale",
            "mysql",
            "psql",
            "mongo",
            "mongosh",
            "redis-cli",
            "kubectl",
            "helm",
            "terraform",
            "ansible",
            "vault",
            "tor",
            "openvpn",
            "wg-quick",
            "chisel",
            "frpc",
            "magic-wormhole",
            "transfer",
            "iperf",
            "iperf3",
            "speedtest",
            "speedtest-cli",
        ),
        _cloud,
    ),
}
