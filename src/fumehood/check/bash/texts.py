"""Programs whose output follows from their input and arguments: what concealed commands are put together with."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from typing import TYPE_CHECKING

from fumehood.check.bash.call import STANDARD_INPUT, Call, sorted_arguments
from fumehood.check.bash.escapes import ansi_c
from fumehood.check.bash.patterns import bounded
from fumehood.check.bash.unpack import decompressed
from fumehood.check.bash.values import FOREIGN, HOLE, SEALED, WORKSPACE, is_known, settled, unknown, whole

if TYPE_CHECKING:
    from collections.abc import Callable

_FORMAT = re.compile(r"%(-?\d*\.?\d*)([sdiuxXocbq%])|\\")
_CLASSES = {
    "[:upper:]": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "[:lower:]": "abcdefghijklmnopqrstuvwxyz",
    "[:digit:]": "0123456789",
    "[:space:]": " \t\n\r\v\f",
    "[:blank:]": " \t",
    "[:alpha:]": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
}
_SED = re.compile(r"s([^\w\s\\])((?:\\.|(?!\1).)*)\1((?:\\.|(?!\1).)*)\1([gip0-9]*)", re.DOTALL)
_WIDEST = 1000
_MAX_SPAN = 70_000
_MAX_SEQUENCE = 200


def _lines(text: str) -> list[str]:
    return text.split("\n")[:-1] if text.endswith("\n") else text.split("\n")


def _input(call: Call, operands: tuple[str, ...]) -> str:
    """Answer what the program reads: the files it names, or what it is fed."""
    if not operands:
        return settled(call.stdin)
    files = call.runner.shell.files
    return "".join(
        settled(call.stdin) if settled(path) in STANDARD_INPUT else files.get(settled(path), HOLE) for path in operands
    )


def _echo(call: Call) -> str:
    words = list(call.arguments)
    flags = ""
    while words and re.fullmatch(r"-[neE]+", words[0]):
        flags += words.pop(0)
    text = " ".join(words)
    text = ansi_c(text) if "e" in flags else text
    return text if "n" in flags else text + "\n"


def _printf(call: Call) -> str:
    words = list(call.arguments)
    target = None
    if words[:1] == ["-v"] and len(words) > 1:
        target, words = words[1], words[2:]
    words = words[1:] if words[:1] == ["--"] else words
    text = formatted(words[0], words[1:]) if words else ""
    if target is None:
        return text
    call.runner.shell.set(target, text, call.runner.notes.line)
    return ""


def formatted(form: str, words: list[str]) -> str:
    """Fill a `printf` format, again and again while words are left."""
    form = ansi_c(form)
    waiting = list(words)
    pieces: list[str] = []
    while True:
        before = len(waiting)
        pieces.append(_FORMAT.sub(lambda match: _filled(match, waiting), form))
        if not waiting or len(waiting) == before or len(pieces) > _MAX_SEQUENCE:
            return "".join(pieces)


def _filled(match: re.Match[str], waiting: list[str]) -> str:
    kind = match[2]
    if kind is None:
        return "\\"
    if kind == "%":
        return "%"
    word = waiting.pop(0) if waiting else ""
    if kind in "sq" or not is_known(word):
        width = match[1].lstrip("-").split(".")[0]
        return word.rjust(whole(width) or 0) if (whole(width) or _WIDEST) < _WIDEST and match[1][0] != "-" else word
    if kind == "b":
        return ansi_c(word)
    return word[:1] if kind == "c" else _number(kind, word)


def _number(kind: str, word: str) -> str:
    if word[:1] in {"'", '"'} and len(word) > 1:
        value = ord(word[1])
    else:
        try:
            value = int(word[:30] or "0", 0)
        except ValueError:
            try:
                value = int(word[:30], 8)
            except ValueError:
                return word
    return format(value, kind if kind in "xXo" else "d")


def _cat(call: Call) -> str:
    return _input(call, sorted_arguments(call.arguments, frozenset()).operands)


def _tee(call: Call) -> str:
    for path in sorted_arguments(call.arguments, frozenset()).operands:
        call.runner.shell.files[settled(path)] = call.stdin
    return call.stdin


def _decoded(call: Call, text: str, how: str) -> str:
    """Remember a decoded text, so that running it is known as concealment."""
    if text.strip() and is_known(text):
        call.runner.shell.decoded[text.strip()] = how
    return text


def _base64(call: Call) -> str:
    given = sorted_arguments(call.arguments, frozenset({"-w", "--wrap", "-o", "-i"}))
    text = _input(call, given.operands)
    decode = base64.b32decode if call.name == "base32" else base64.b64decode
    encode = base64.b32encode if call.name == "base32" else base64.b64encode
    if not given.has("-d", "-D", "--decode", "-di", "-id"):
        return HOLE if not is_known(text) else encode(text.encode("utf-8", "surrogateescape")).decode() + "\n"
    if not is_known(text):
        return unknown(text) + SEALED
    packed = re.sub(r"[^A-Za-z0-9+/=]", "", text)
    try:
        raw = decode(packed + "=" * (-len(packed) % (8 if call.name == "base32" else 4)))
    except (binascii.Error, ValueError):
        return HOLE + SEALED
    return _decoded(call, raw.decode("latin-1"), f"{call.name} -d")


def _xxd(call: Call) -> str:
    given = sorted_arguments(call.arguments, frozenset({"-c", "-l", "-s", "-g"}))
    text = _input(call, given.operands)
    if not is_known(text):
        return unknown(text) + SEALED * given.has("-r")
    if "r" not in "".join(name for name, _ in given.options):
        return text.encode().hex() + "\n" if given.has("-p", "-ps") else HOLE
    digits = (
        re.sub(r"(?m)^[0-9a-f]+:|(?m:  .{1,16}$)|[^0-9A-Fa-f]", "", text)
        if ":" in text
        else re.sub(r"[^0-9A-Fa-f]", "", text)
    )
    return _decoded(call, bytes.fromhex(digits[: len(digits) // 2 * 2]).decode("latin-1"), "xxd -r")


def _rev(call: Call) -> str:
    text = _cat(call)
    if not is_known(text):
        return unknown(text)
    return _decoded(call, "".join(line[::-1] + "\n" for line in _lines(text)), "rev")


def _tac(call: Call) -> str:
    text = _cat(call)
    return "".join(line + "\n" for line in reversed(_lines(text))) if is_known(text) else unknown(text)


def _tr(call: Call) -> str:
    text = settled(call.stdin)
    flags = "".join(argument[1:] for argument in call.arguments if argument.startswith("-") and len(argument) > 1)
    sets = [_members(argument) for argument in call.arguments if not argument.startswith("-") or argument == "-"]
    if not is_known(text) or not sets:
        return unknown(text)
    if "c" in flags or "C" in flags:
        kept = set(sets[0])
        return "".join(letter for letter in text if letter in kept) if "d" in flags else HOLE
    if "d" in flags:
        return text.translate(dict.fromkeys(map(ord, sets[0])))
    if len(sets) < 2 or not sets[1]:  # noqa: PLR2004 - a program with two sets or numbers
        return text
    wide = sets[1] + sets[1][-1] * max(0, len(sets[0]) - len(sets[1]))
    result = text.translate(dict(zip(map(ord, sets[0]), wide, strict=False)))
    return _decoded(call, result, "tr") if len(sets[0]) > 8 and sets[0].lower() != sets[1].lower() else result  # noqa: PLR2004 - an alphabet, not a few characters


def _members(text: str) -> str:
    for name, letters in _CLASSES.items():
        text = text.replace(name, letters)
    text = ansi_c(text)

    def span(match: re.Match[str]) -> str:
        first, last = ord(match[1]), ord(match[2])
        return "".join(map(chr, range(first, min(last, first + _MAX_SPAN) + 1)))

    return re.sub(r"([^-])-([^-])", span, text, flags=re.DOTALL)[:_MAX_SPAN]


def _cut(call: Call) -> str:
    given = sorted_arguments(
        call.arguments, frozenset({"-b", "-c", "-d", "-f", "--delimiter", "--fields", "--characters"})
    )
    text = _input(call, given.operands)
    if not is_known(text):
        return unknown(text)
    delimiter = given.value("-d", "--delimiter") or "\t"
    by_field = given.value("-f", "--fields")
    picked = [
        _picked(line, by_field or given.value("-c", "-b", "--characters") or "", delimiter if by_field else "")
        for line in _lines(text)
    ]
    return "".join(line + "\n" for line in picked)


def _picked(line: str, ranges: str, delimiter: str) -> str:
    pieces = line.split(delimiter) if delimiter else list(line)
    if delimiter and len(pieces) == 1:
        return line
    places: set[int] = set()
    for one in ranges.split(","):
        first, dash, last = one.partition("-")
        start = whole(first) or 1
        end = whole(last) or (len(pieces) if dash else start)
        places.update(range(start, min(end, len(pieces)) + 1))
    return delimiter.join(piece for place, piece in enumerate(pieces, 1) if place in places)


def _ends(call: Call) -> str:
    given = sorted_arguments(
        [_count(argument) for argument in call.arguments], frozenset({"-n", "-c", "--lines", "--bytes"})
    )
    text = _input(call, given.operands)
    if not is_known(text):
        return unknown(text)
    number = given.value("-n", "-c", "--lines", "--bytes") or "10"
    count = whole(number)
    if count is None:
        return HOLE
    pieces = list(text) if given.has("-c", "--bytes") else [line + "\n" for line in _lines(text)]
    if call.name == "head":
        return "".join(pieces[:count])
    return "".join(pieces[count - 1 :] if number.startswith("+") else pieces[-abs(count) :] if count else [])


def _count(argument: str) -> str:
    return f"-n{argument[1:]}" if re.fullmatch(r"-\d+", argument) else argument


def _sed(call: Call) -> str:
    given = sorted_arguments(call.arguments, frozenset({"-e", "--expression", "-f"}))
    script = given.value("-e", "--expression")
    script, files = (
        (script, given.operands) if script is not None else ("".join(given.operands[:1]), given.operands[1:])
    )
    text = _input(call, files)
    commands = list(_SED.finditer(script))
    if not is_known(text) or not is_known(script):
        return unknown(text)
    if not commands or script.strip(" ;\n") != ";".join(match[0] for match in commands):
        return HOLE
    for match in commands:
        text = _substituted(text, match, extended=given.has("-E", "-r"))
    return text


def _substituted(text: str, match: re.Match[str], *, extended: bool) -> str:
    """Apply one `s/…/…/` whose pattern is short and without the repetitions that could take forever."""
    pattern, replacement, flags = match[2], re.sub(r"(?<!\\)&", r"\\g<0>", match[3]), match[4]
    if not extended:
        pattern = re.sub(r"\\([(){}+?|])|([(){}+?|])", lambda one: one[1] or "\\" + one[2], pattern)
    if not bounded(pattern, len(text)):
        return HOLE
    try:
        return re.sub(
            pattern, replacement, text, count=0 if "g" in flags else 1, flags=re.IGNORECASE if "i" in flags else 0
        )
    except (re.error, IndexError):
        return HOLE


def _paste(call: Call) -> str:
    given = sorted_arguments(call.arguments, frozenset({"-d"}))
    text = _input(call, given.operands)
    if not is_known(text) or not given.has("-s"):
        return unknown(text)
    return (given.value("-d") or "\t")[:1].join(_lines(text)) + "\n"


def _seq(call: Call) -> str:
    numbers = [argument for argument in call.arguments if re.fullmatch(r"-?\d{1,9}", argument)]
    if not numbers or len(numbers) != len(call.arguments):
        return HOLE
    first, step, last = (1, 1, *map(int, numbers))[-3:] if len(numbers) != 2 else (int(numbers[0]), 1, int(numbers[1]))  # noqa: PLR2004 - a program with two sets or numbers
    members = range(first, last + (1 if step > 0 else -1), step or 1)[:_MAX_SEQUENCE]
    return "".join(f"{number}\n" for number in members)


def _name_of_path(call: Call) -> str:
    operands = [settled(argument) for argument in call.arguments if not argument.startswith("-")]
    if not operands or not is_known(operands[0]):
        return HOLE
    path = operands[0].rstrip("/") or "/"
    folder, slash, name = path.rpartition("/")
    if call.name == "dirname":
        return (folder or (slash or ".")) + "\n"
    if call.name == "basename":
        return name.removesuffix(operands[1] if len(operands) > 1 else "") + "\n"
    return (path if path.startswith("/") else f"{WORKSPACE}/{path}") + "\n"


def _openssl(call: Call) -> str:
    if not {"base64", "-base64", "-a"} & set(call.arguments) or "-d" not in call.arguments:
        return HOLE + SEALED * ("-d" in call.arguments)
    return _base64(Call(call.runner, "base64", ["-d"], settled(call.stdin)))


def _decompress(call: Call) -> str:
    given = sorted_arguments(call.arguments, frozenset())
    text = _input(call, given.operands)
    packs = call.name in {"gzip", "bzip2", "xz"} and not given.has("-d", "--decompress")
    if not is_known(text) or packs:
        return unknown(text)
    raw = decompressed(text.encode("latin-1", "replace"), call.runner.notes.budget)
    return HOLE + SEALED if raw is None else _decoded(call, raw.decode("latin-1"), call.name)


def _rot13(call: Call) -> str:
    return _decoded(call, codecs.encode(settled(call.stdin), "rot13"), "rot13")


def _which(call: Call) -> str:
    names = [argument for argument in call.arguments if not argument.startswith("-")]
    return f"/usr/bin/{settled(names[0])}\n" if names else HOLE


def _foreign(_call: Call) -> str:
    return HOLE + FOREIGN


TEXTS: dict[str, Callable[[Call], str]] = {
    "echo": _echo,
    "printf": _printf,
    "cat": _cat,
    "tee": _tee,
    "base64": _base64,
    "base32": _base64,
    "xxd": _xxd,
    "rev": _rev,
    "tac": _tac,
    "tr": _tr,
    "cut": _cut,
    "head": _ends,
    "tail": _ends,
    "sed": _sed,
    "paste": _paste,
    "seq": _seq,
    "dirname": _name_of_path,
    "basename": _name_of_path,
    "realpath": _name_of_path,
    "readlink": _name_of_path,
    "openssl": _openssl,
    "rot13": _rot13,
    "caesar": _rot13,
    "which": _which,
    "uname": lambda call: "Linux\n" if not call.arguments else HOLE,
    "whoami": lambda _call: "user\n",
    **dict.fromkeys(("gpg", "gpg2", "age", "ccrypt", "mcrypt"), lambda _call: HOLE + SEALED),
    **dict.fromkeys(("ps", "pgrep", "pidof", "lsof", "fuser", "top"), _foreign),
    **dict.fromkeys(("gzip", "gunzip", "zcat", "bzip2", "bunzip2", "bzcat", "xz", "unxz", "xzcat"), _decompress),
    **dict.fromkeys(("true", "sleep", "mkdir", "touch", "rm", "cp", "mv", "ln", "chmod"), lambda _call: ""),
}
