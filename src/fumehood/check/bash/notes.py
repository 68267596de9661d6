"""Where the needs of a program are gathered while it is read, with where and how each was found."""

from __future__ import annotations

import posixpath
import re
import shlex
from bisect import bisect_right
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fumehood.check.bash.values import FOREIGN, HOLE, HOME, OWN, UNSET, WORKSPACE, is_known, settled, shown
from fumehood.check.budget import Budget, Exhausted
from fumehood.check.need import Need, Reading

if TYPE_CHECKING:
    from collections.abc import Generator

    from fumehood.execution import Confidence

_DEVICE = re.compile(r"/dev/(tcp|udp)/([^/]*)/(.*)", re.DOTALL)
_STREAM = re.compile(r"/dev/(?:null|std(?:in|out|err)|tty|fd/.*)|-|&?\d+", re.DOTALL)
_PUBLIC = re.compile(
    r"/etc/(?:os-release|lsb-release|debian_version|alpine-release|redhat-release)|/usr/lib/os-release"
)
"""What kind of Linux this is: scripts that build or install ask, and no secret is in it."""
_URL = re.compile(r"([a-z][a-z0-9+.-]*)://(?:[^/@\s]*@)?(\[[^\]]*\]|[^/:?#\s]*)(?::([^/?#\s]*))?", re.IGNORECASE)
_PORTS = {"http": "80", "https": "443", "ftp": "21", "ssh": "22", "git": "9418", "ws": "80", "wss": "443", "sftp": "22"}
_TRACE_LIMIT = 8
_SNIPPET_LIMIT = 200


class Notes:
    """Gathers needs; knows where the reading stands in the source that was handed in."""

    def __init__(self, source: str, budget: Budget) -> None:
        """Begin with nothing found."""
        self.source = source
        self.budget = budget
        self.needs: dict[tuple[str, str | None, int], Need] = {}
        self.imports: set[str] = set()
        self.trace: list[str] = []
        self.complete = True
        self._lines = [0, *(match.end() for match in re.finditer("\n", source))]
        self._span = (0, 0)
        self._nested = 0

    @property
    def line(self) -> int:
        """The line, from 1, where the reading stands."""
        return bisect_right(self._lines, self._span[0])

    def stand(self, start: int, end: int) -> None:
        """Note where the reading stands; of no effect in nested code, whose needs are its carrier's."""
        if not self._nested:
            self._span = (start, end)

    @contextmanager
    def inside(self, what: str, *, elsewhere: bool = True) -> Generator[None]:
        """Read nested code: `what` says what carries it; `elsewhere` that its offsets are not the source's.

        Raises:
            Exhausted: Code is nested too deep.
        """
        if self.budget.nesting <= 0:
            raise Exhausted
        self.budget.nesting -= 1
        self._nested += elsewhere
        self.trace.append(f"{what}, line {self.line}")
        try:
            yield
        finally:
            self.trace.pop()
            self._nested -= elsewhere
            self.budget.nesting += 1

    def need(self, capability: str, value: str | None, confidence: Confidence = "resolved", *, why: str = "") -> None:
        """Note that the program would use something, here."""
        key = (capability, value, self.line)
        if key in self.needs:
            return
        start, end = self._span
        snippet = self.source[start:end].strip()[:_SNIPPET_LIMIT]
        column = start - self._lines[self.line - 1]
        trace = (*self.trace[-_TRACE_LIMIT:], *((why,) if why else ()))
        self.needs[key] = Need(capability, value, self.line, column, snippet, trace, confidence)

    def adopt(self, reading: Reading) -> None:
        """Take over what another language's reader found in code that stands here."""
        for found in reading.needs:
            self.need(
                found.capability, found.value, found.confidence, why=" <- ".join(found.trace) or found.snippet[:80]
            )
        self.imports.update(reading.imports)
        self.complete = self.complete and reading.complete

    def path(self, capability: str, text: str, directory: str = WORKSPACE, *, why: str = "") -> None:
        """Note the use of a file, with `directory` the one that relative paths start from."""
        text = text.removeprefix("file://")
        if match := _DEVICE.fullmatch(settled(text)):
            self.need("net.connect", shown(f"{match[2]}:{match[3]}"), "resolved" if is_known(text) else "referenced")
            return
        if (
            _STREAM.fullmatch(text)
            or (capability == "fs.read" and _PUBLIC.fullmatch(text))
            or not settled(text).strip()
        ):
            return
        place = _place(text, directory)
        if place is None:
            self.need(capability, None, "unknown", why=why)
            return
        confidence: Confidence = "resolved" if is_known(text) else "referenced"
        self.need(capability, place, confidence, why=why)

    def url(self, text: str, default_port: str = "") -> None:
        """Note a connection to what a URL, `host:port` or `host` names."""
        if text.startswith("file:"):
            self.path("fs.read", re.sub(r"^file:(//[^/]*)?", "", text))
            return
        self.need("net.connect", target(text, default_port), "resolved" if is_known(text) else "referenced")


def _place(text: str, directory: str) -> str | None:
    """Answer a path as it is reported, None where not even its beginning is known."""
    if text[0] in HOLE + UNSET + OWN + FOREIGN:
        return None
    if not text.startswith(("/", "~")) and directory != WORKSPACE:
        if not is_known(directory):
            return None
        text = posixpath.join(directory, text)
    if text[0] == "/" and text[1:2] in {HOLE, UNSET, OWN, FOREIGN}:
        return None
    text = shown(text)
    if text == HOME or text.startswith(HOME + "/"):
        return "~" + text[len(HOME) :]
    if text == WORKSPACE or text.startswith(WORKSPACE + "/"):
        return text[len(WORKSPACE) + 1 :] or "."
    return text


def target(text: str, default_port: str = "") -> str | None:
    """Answer `host:port` for a URL or an address; None where the host is not known.

    >>> target("https://user@example.org/x")
    'example.org:443'
    """
    text = settled(text)
    match = _URL.match(text)
    if match is None:
        host, _, port = text.partition("/")[0].rpartition("@")[2].partition(":")
        port = port or default_port
    else:
        host, port = match[2], match[3] or _PORTS.get(match[1].lower(), default_port)
    if not host or not is_known(host[:1]):
        return None
    return shown(f"{host}:{port}" if port else host)


def command_line(words: list[str]) -> str:
    """Write a command as a person would type it, at most 200 characters."""
    return shlex.join(shown(word) for word in words)[:_SNIPPET_LIMIT]
