"""Code in languages without a reader of their own (awk, Perl, Ruby, PHP, …), looked through for what it names.

Such one-liners say plainly what they do: a path, an address, a call that starts a program. What is only computed stays
unknown and is the sandbox's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fumehood.check.bash.builtins import run_source
from fumehood.check.bash.escapes import ansi_c
from fumehood.check.bash.values import HOLE, is_known, settled, unknown

if TYPE_CHECKING:
    from fumehood.check.bash.call import Arguments, Call

_STRING = r"""(?:"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)')"""
_RUNS = re.compile(
    r"\b(?:system|exec|popen2?e?|spawn[lv]?p?|shell_exec|passthru|proc_open|pcntl_exec|shell|os\.execute|io\.popen|doShellScript|"
    r"do shell script|run-process)\b\s*\(?\s*(?:\[\s*)?" + _STRING,
    re.DOTALL,
)
_RUNS_UNKNOWN = re.compile(r"\b(?:system|exec|popen|shell_exec|passthru)\s*\(?\s*[$@a-zA-Z_(]")
_BACKTICKS = re.compile(r"`([^`]+)`|\b(?:qx|%x)\s*([^\w\s])(.{1,500}?)[)}\]|/!~\2]", re.DOTALL)
_PIPES = re.compile(
    _STRING + r"\s*\|\s*&?\s*getline|\|\s*&?\s*" + _STRING + r"|open\s*\(?[^;]{0,100}?['\"]-?\|['\"]\s*,\s*" + _STRING,
    re.DOTALL,
)
_OPEN_PIPE = re.compile(r"open\s*\(?[^;]{0,100}?['\"]\s*(?:\|\s*([^'\"]+)|([^'\"|]+)\|\s*)['\"]")
_SOCKETS = re.compile(
    r"IO::Socket|TCPSocket|UDPSocket|TCPServer|\bsocket\s*\(|fsockopen|pfsockopen|stream_socket_client|"
    r"Net::(?:HTTP|FTP|SMTP)|LWP::|HTTP::Tiny|open-uri|curl_init|/inet[46]?/|luasocket|socket\.(?:tcp|connect)|"
    r"use Socket|require\s*['\"](?:socket|net/)",
)
_ADDRESS = re.compile(
    r"/inet[46]?/(?:tcp|udp)/[^/]*/([^/\"]+)/([^\"/]+)|"
    r"['\"]((?:\d{1,3}\.){3}\d{1,3}|[\w-]+(?:\.[\w-]+)*\.[a-z]{2,})(?::(\d+))?['\"]"
)
_URL = re.compile(r"\b(?:https?|ftp|wss?)://[^\s'\"\\)>]+")
_PATH = re.compile(r"""["'<>(\s](~?/[\w.~+-]+(?:/[\w.*~+-]+)*/?)(?=["'\s)>])|["'](\.\./[^"']+)["']""")
_DELETES = re.compile(r"\b(?:unlink|rmtree|remove_tree|rmdir|File\.delete|FileUtils\.rm\w*|os\.remove|delete)\b")
_WRITES = re.compile(
    r"""["']\s*\+?>>?|['"][wa]\+?b?['"]|File\.write|file_put_contents|print\s*>|printf\s*>|writefile"""
)
_ENVIRONMENT = re.compile(r"""(?:ENV|ENVIRON|\$_ENV|getenv|\benv)\s*[({\[]+\s*["']?(\w+)|\$ENV\{["']?(\w+)""")
_EVALUATES = re.compile(r"\b(?:eval|assert|create_function|instance_eval|loadstring|load)\b")
_DECODES = re.compile(
    r"\b(?:pack|unpack|decode_base64|base64_decode|unpack1|str_rot13|gzinflate|hex2bin|chr)\b|\.decode64"
)
_KILLS = re.compile(r"\b(?:kill|Process\.kill|posix_kill)\b\s*\(?\s*['\"\d:]")
_FORKS = re.compile(r"\bfork\b\s*(?:\(\s*\))?\s*(?:while|until)|(?:while|loop|for\s*\(;;\))[^;]{0,100}\bfork\b")
_MAX_LENGTH = 20_000


def read(call: Call, text: str, what: str) -> None:
    """Note what code in a language without a reader names."""
    notes = call.runner.notes
    code = settled(text)[:_MAX_LENGTH]
    if not code.strip(HOLE + " \n"):
        if code.strip():
            notes.need("code.dynamic", None, "unknown", why=what)
        return
    notes.budget.step(len(code) // 50 + 1)
    with notes.inside(what):
        _programs(call, code, what)
        _files(call, code)
        _network(call, code)
        for match in _ENVIRONMENT.finditer(code):
            notes.need("env.read", match[1] or match[2])
        if _EVALUATES.search(code) and _DECODES.search(code):
            notes.need("code.concealed", code[:80], why=f"{what} <- decoded text")
        if _KILLS.search(code):
            notes.need("process.signal", None, "referenced")
        if _FORKS.search(code):
            notes.need("resource.exhaust", "processes")


def _programs(call: Call, code: str, what: str) -> None:
    found = [match[1] or match[2] or "" for match in _RUNS.finditer(code)]
    found += [match[1] or match[3] for match in _BACKTICKS.finditer(code)]
    found += [next((group for group in match.groups() if group), "") for match in _PIPES.finditer(code)]
    found += [match[1] or match[2] for match in _OPEN_PIPE.finditer(code)]
    for text in found:
        if text.strip():
            run_source(call, ansi_c(text), what, apart=True)
    if not found and _RUNS_UNKNOWN.search(code):
        call.runner.notes.need("code.dynamic", None, "unknown", why=f"{what} runs a program that it puts together")


def _files(call: Call, code: str) -> None:
    capability = "fs.delete" if _DELETES.search(code) else "fs.write" if _WRITES.search(code) else "fs.read"
    for match in _PATH.finditer(code):
        call.path(capability, match[1] or match[2])


def _network(call: Call, code: str) -> None:
    notes = call.runner.notes
    for match in _URL.finditer(code):
        notes.url(match[0])
    if not _SOCKETS.search(code):
        return
    address = _ADDRESS.search(code)
    if address is None:
        notes.need("net.connect", None, "referenced")
    else:
        host, port = address[1] or address[3], address[2] or address[4]
        notes.need("net.connect", f"{host}:{port}" if port else host, "referenced")


def awk_output(call: Call, given: Arguments) -> str:
    """Answer what a plain `awk '{print $n}'` picks from a text that is known."""
    match = re.fullmatch(r"\s*\{\s*print\s+\$(\d|NF)\s*;?\s*\}\s*", given.operands[0]) if given.operands else None
    text = settled(call.stdin)
    if match is None or len(given.operands) > 1 or not is_known(text):
        return unknown(call.stdin)
    picked: list[str] = []
    for line in text.splitlines():
        pieces = line.split(given.value("-F"))
        place = len(pieces) if match[1] == "NF" else int(match[1])
        picked.append(line if place == 0 else pieces[place - 1] if place <= len(pieces) else "")
    return "".join(piece + "\n" for piece in picked)
