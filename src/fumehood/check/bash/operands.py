"""Applies what the table of programs says to the arguments of one call."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fumehood.check.bash.call import Arguments, Call, sorted_arguments
from fumehood.check.bash.values import is_known, settled, shown

if TYPE_CHECKING:
    from fumehood.check.bash.programs import Profile

_SETUID = re.compile(r"(?:[ugoa]*\+[rwxXt]*s[rwxXst]*|0?[2467][0-7]{3})")
_URL = re.compile(
    r"(?:https?|ftp|ftps|sftp|ssh|git|wss?|smb|ldap|tcp|udp|redis|mongodb|mysql|postgres(?:ql)?|gopher)://",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(r"(?:--?[\w-]+=)?((?:/|~/|\.\./).+|~)", re.DOTALL)
_ROLES = {
    "read": ("fs.read",),
    "write": ("fs.write",),
    "delete": ("fs.delete",),
    "list": ("fs.list",),
    "edit": ("fs.read", "fs.write"),
}
_ENDLESS = frozenset({"/dev/zero", "/dev/urandom", "/dev/random"})
_BOUNDED = frozenset({"head", "dd", "od", "xxd", "hexdump", "shred", "stat", "ls", "file", "cut", "shuf", "openssl"})


def note(call: Call, profile: Profile) -> Arguments:  # noqa: C901 - one way for each kind
    """Note the files that a known program uses; answer its arguments, sorted."""
    given = sorted_arguments(call.arguments, profile.takes)
    for name, value in given.options:
        _use(call, profile.options.get(name, "none"), value)
    operands = list(given.operands)
    match profile.operands:
        case "copy" | "move" | "link":
            _transfer(call, profile, given, operands)
        case "pattern":
            expression = any(profile.options.get(name) in {"", "read"} for name, _ in given.options)
            _all(call, "read", operands if expression else operands[1:])
        case "other":
            unknown_program(call)
        case "mode":
            _mode(call, operands)
        case "last":
            _all(call, "read", operands[:1])
            _all(call, "write", operands[1:])
        case "pack":
            _all(call, "write", operands[:1])
            _all(call, "read", operands[1:])
        case layout:
            _all(call, layout, operands or (["."] if layout == "list" else []))
    if call.name in {"sed", "gsed", "perl"} and given.has("-i", "--in-place"):
        _all(call, "write", operands[1:])
    return given


def _all(call: Call, role: str, paths: list[str]) -> None:
    for path in paths:
        _use(call, role, path)


def _use(call: Call, role: str, path: str) -> None:
    if role == "read" and path in _ENDLESS and call.name not in _BOUNDED and not call.runner.bounded:
        call.runner.notes.need("resource.exhaust", path, why=f"{call.name} reads a device that never ends")
    for capability in _ROLES.get(role, ()):
        call.path(capability, path)


def _transfer(call: Call, profile: Profile, given: Arguments, operands: list[str]) -> None:  # noqa: PLR0917 - the shape that its siblings have too
    """Note what `cp`, `mv` and `ln` do; a copy within the program's own files keeps its text."""
    into = given.value("-t", "--target-directory")
    sources, target = (
        (operands, into) if into is not None else (operands[:-1], operands[-1] if len(operands) > 1 else None)
    )
    if target is None and len(operands) == 1:
        sources = operands
    for source in sources:
        call.path("fs.read", source)
        if profile.operands == "move":
            call.path("fs.delete", source)
        text = call.runner.shell.files.get(settled(source))
        if text is not None and target is not None:
            call.runner.shell.files[settled(target)] = text
    if target is not None and into is None:
        call.path("fs.write", target)


def _mode(call: Call, operands: list[str]) -> None:
    for path in operands[1:]:
        call.path("fs.write", path)
    if call.name == "chmod" and operands and _SETUID.fullmatch(operands[0]):
        call.runner.notes.need("privilege", f"chmod {operands[0]}")
    if call.name == "setcap":
        call.runner.notes.need("privilege", "setcap")


def unknown_program(call: Call) -> None:
    """Note what the arguments of a program say that no table knows: addresses, and files outside the workspace."""
    notes = call.runner.notes
    for argument in call.arguments:
        text = settled(argument)
        if _URL.match(text):
            notes.url(text)
        elif (match := _ELSEWHERE.fullmatch(text)) and (is_known(match[1][:2])):
            notes.path("fs.read", match[1], call.runner.shell.directory, why=f"an argument of {shown(call.name)}")
