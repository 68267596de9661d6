"""How one entry of a list of places is read: a path of the host, `host:port`, the source of a secret."""

from __future__ import annotations

import posixpath
import re
from typing import Final

# The kernel's own trees are windows on the host's processes and devices, not files.
_NOT_FILES: Final = ("/proc", "/sys", "/dev")
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,2}", re.ASCII)
_PORT: Final = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
_LAST_PORT: Final = 65535
_NAME_LENGTH: Final = 253
_ENVIRONMENT_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def read_path(text: str) -> str:
    """Return the normal form of an absolute host path.

    Raises:
        ValueError: With the fault in words.
    """
    path = posixpath.normpath(text)
    path = path[1:] if path.startswith("//") else path
    if not text.startswith("/") or "\0" in text or ".." in text.split("/"):
        return _fault('is not an absolute path without ".."')
    if path == "/":
        return _fault("would mean the whole machine; name the folders that are needed")
    if any(path == tree or path.startswith(tree + "/") for tree in _NOT_FILES):
        return _fault("is a window on the host's kernel, not a file that can be shared")
    return path


def read_host(text: str) -> str:
    """Return the normal form of `host:port`, `*.host:port`, `1.2.3.4:port` or `[::1]:port`.

    Raises:
        ValueError: With the fault in words.
    """
    host, _, port = text.rpartition(":")
    if not host or _PORT.fullmatch(port) is None or int(port) > _LAST_PORT:
        return _fault("does not end in a port from 1 to 65535")
    if host.startswith("["):
        return f"[{_version_six(host)}]:{port}"
    host = host.lower().removesuffix(".")
    name = host.removeprefix("*.")
    labels = name.split(".")
    if len(name) > _NAME_LENGTH or not all(_LABEL.fullmatch(label) for label in labels):
        return _fault("has no valid host name; an IPv6 address stands in brackets, another script in its xn-- form")
    if name != host and len(labels) == 1:
        return _fault("would mean almost any host; a pattern needs two names after the star")
    if labels[-1].isdigit() or labels[-1].startswith("0x"):
        _require_version_four(labels, pattern=name != host)
    return f"{host}:{port}"


def read_exact_host(text: str) -> str:
    """Return the normal form of `host:port` without a star.

    Raises:
        ValueError: With the fault in words.
    """
    host = read_host(text)
    return _fault("is a pattern; a secret goes to one host only") if host.startswith("*") else host


def read_source(text: str) -> str:
    """Return the source of a secret, `env:NAME` or `file:/path`.

    Raises:
        ValueError: It is neither. The fault does not repeat the text, which may be the secret itself.
    """
    kind, _, rest = text.partition(":")
    if kind == "env" and _ENVIRONMENT_NAME.fullmatch(rest):
        return text
    if kind == "file" and rest.startswith("/") and "\0" not in rest and posixpath.normpath(rest) == rest:
        return text
    return _fault('is neither "env:NAME" nor "file:/absolute/path"')


def _version_six(host: str) -> str:
    import ipaddress  # noqa: PLC0415 -- a millisecond that most policies need not wait for

    try:
        return ipaddress.IPv6Address(host.removeprefix("[").removesuffix("]")).compressed
    except ValueError:
        return _fault("has no valid IPv6 address in its brackets")


def _require_version_four(labels: list[str], *, pattern: bool) -> None:
    """Refuse what resolvers read as an address in another notation, such as `127.1` or `0x7f.0.0.1`."""
    parts = [int(label) for label in labels if _DECIMAL.fullmatch(label)]
    if pattern or len(labels) != 4 or len(parts) != 4 or max(parts) > 255:  # noqa: PLR2004 -- four bytes
        _fault("has no valid IPv4 address; write it as four decimal numbers")


def _fault(words: str) -> str:
    raise ValueError(words)
