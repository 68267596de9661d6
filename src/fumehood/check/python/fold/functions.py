"""The pure functions that may be computed on constants: builtins, decoders, parsers, text and path tools.

Each takes and gives plain Python data. What can grow or hang has a guard of its own; every other result is paid for
by size.
"""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false
# What is folded are values of any type: the kinds are told apart at run time.

from __future__ import annotations

import ast
import base64
import binascii
import codecs
import json
import operator
import posixpath
import string
import struct
import textwrap
import unicodedata
import urllib.parse
import zlib
from collections.abc import Callable
from typing import Any, Final, cast

from fumehood.check.python.fold.sizes import is_reasonable
from fumehood.check.python.powers.words import words

LIMIT: Final = 2_000_000
MAX_BITS: Final = 65_536
MAX_REPEATED: Final = 65_536
MAX_MODULUS: Final = 4096  # bits; beyond it one step may take seconds
MAX_DIGITS: Final = 5
MAX_LITERAL: Final = 20_000
MAX_JSON: Final = 200_000
Pure = Callable[..., Any]


class TooBig(ValueError):
    """Computing it would cost more than reading a program is worth."""


def inflate(data: bytes, wbits: int = zlib.MAX_WBITS, bufsize: int = 0) -> bytes:
    """Decompress zlib or gzip data, at most `LIMIT` bytes of it."""
    del bufsize
    worker = zlib.decompressobj(wbits)
    result = worker.decompress(data, LIMIT)
    if worker.unconsumed_tail:
        raise TooBig
    return result


def gunzip(data: bytes) -> bytes:
    return inflate(data, 31)


def bunzip(data: bytes) -> bytes:
    import bz2  # noqa: PLC0415 -- rare, as are the others that are imported where they are used

    worker = bz2.BZ2Decompressor()
    result = worker.decompress(data, LIMIT)
    if not worker.eof:
        raise TooBig
    return result


def unlzma(data: bytes, **_: object) -> bytes:
    import lzma  # noqa: PLC0415 -- as above

    worker = lzma.LZMADecompressor(memlimit=64_000_000)
    result = worker.decompress(data, LIMIT)
    if not worker.eof:
        raise TooBig
    return result


def quoted_printable(data: bytes, **options: Any) -> bytes:
    import quopri  # noqa: PLC0415 -- as above

    return quopri.decodestring(data, **options)


def unescape(text: str) -> str:
    import html  # noqa: PLC0415 -- as above

    return html.unescape(text)


def power(base: Any, exponent: Any, modulus: Any = None) -> Any:
    """Raise to a power unless the result would be enormous."""
    if modulus is not None:
        if modulus.bit_length() > MAX_MODULUS:
            raise TooBig
        return pow(base, exponent, modulus)
    if isinstance(base, int) and isinstance(exponent, int) and exponent > 0 and base.bit_length() * exponent > MAX_BITS:
        raise TooBig
    return base**exponent


def times(left: Any, right: Any) -> Any:
    """Multiply unless the result would be enormous."""
    for one, many in ((left, right), (right, left)):
        if isinstance(one, str | bytes | list | tuple) and isinstance(many, int) and len(one) * many > MAX_REPEATED:
            raise TooBig
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() + right.bit_length() > MAX_BITS:
        raise TooBig
    return left * right


def shift(left: Any, right: Any) -> Any:
    """Shift left unless the result would be enormous."""
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() + right > MAX_BITS:
        raise TooBig
    return left << right


def modulo(left: Any, right: Any) -> Any:
    """Take the remainder, or format: widths beyond reason are refused."""
    if isinstance(left, str | bytes):
        text = left if isinstance(left, str) else left.decode("latin-1")
        guard_widths(text)
        if "*" in text or not is_reasonable("mod", left, plain=[right], named={}):
            raise TooBig
    return left % right


def guard_widths(template: str) -> None:
    """Refuse a format whose widths have more than five digits: they make gigabytes from bytes."""
    run = 0
    for char in template:
        run = run + 1 if char.isdigit() else 0
        if run > MAX_DIGITS:
            raise TooBig


def as_text(data: Any = "", encoding: str = "", errors: str = "strict") -> str:
    """Build text as `str` does."""
    if encoding or errors != "strict":
        return codecs.decode(data, encoding or "utf-8", errors)
    if isinstance(data, int) and not isinstance(data, bool) and data.bit_length() > 4000 * 3:
        raise TooBig
    return str(data)


def as_bytes(data: Any = b"", encoding: str = "", errors: str = "strict") -> bytes:
    """Build bytes as `bytes` does, zeros included up to a limit."""
    if isinstance(data, str):
        return data.encode(encoding, errors)
    if isinstance(data, int) and data > LIMIT // 4:
        raise TooBig
    return bytes(data)


def as_range(*args: int) -> range:
    return range(*args)


def parse_literal(text: str) -> Any:
    if len(text) > MAX_LITERAL:
        raise TooBig
    return ast.literal_eval(text)


def parse_json(text: Any, **_: object) -> Any:
    if len(text) > MAX_JSON:
        raise TooBig
    return json.loads(text)


def decode(data: Any, encoding: str = "utf-8", errors: str = "strict") -> Any:
    """Decode by any codec; those that decompress are bounded."""
    name = encoding.lower().replace("-", "_").removesuffix("_codec")
    if name in {"zlib", "zip"}:
        return inflate(data)
    if name == "bz2":
        return bunzip(data)
    return codecs.decode(data, encoding, errors)


def encode(data: Any, encoding: str = "utf-8", errors: str = "strict") -> Any:
    return codecs.encode(data, encoding, errors)


def pack(layout: str, *values: Any) -> bytes:
    """Pack as `struct.pack` unless padding would be enormous."""
    if struct.calcsize(layout) > LIMIT:
        raise TooBig
    return struct.pack(layout, *values)


def product(items: list[Any]) -> Any:
    total: Any = 1
    for item in items:
        total = times(total, item)
    return total


def rounded(number: Any) -> Any:
    """Round to a whole number: other places, given as a huge number, would take for ever."""
    return round(number)


def own_hash(value: int) -> int:
    """Hash a number; the hashes of text differ from process to process."""
    return hash(operator.index(value))


def dump_json(data: Any, **_: object) -> str:
    return json.dumps(data)


def itself(value: Any) -> Any:
    return value


def path_bytes(path: Any) -> bytes:
    return path.encode() if isinstance(path, str) else bytes(path)


def path_text(path: Any) -> str:
    return path.decode() if isinstance(path, bytes) else str(path)


def _operator(name: str) -> Pure:
    """Answer an operator without its overloads, which tell nothing here."""
    return cast("Pure", getattr(operator, name))


def template(text: str, *mappings: dict[str, Any], **values: Any) -> str:
    """Substitute as `string.Template(text).safe_substitute`."""
    return string.Template(text).safe_substitute(*mappings, **values)


BUILTINS: dict[str, Pure] = {
    "chr": chr,
    "ord": ord,
    "int": int,
    "float": float,
    "complex": complex,
    "bool": bool,
    "str": as_text,
    "bytes": as_bytes,
    "bytearray": as_bytes,
    "memoryview": as_bytes,
    "repr": repr,
    "ascii": ascii,
    "hex": hex,
    "oct": oct,
    "bin": bin,
    "abs": abs,
    "round": rounded,
    "divmod": divmod,
    "pow": power,
    "len": len,
    "range": as_range,
    "sum": sum,
    "min": min,
    "max": max,
    "slice": slice,
    "any": any,
    "all": all,
    "hash": own_hash,
}  # fmt: skip - a table
LIBRARY: dict[str, Pure] = {
    **{
        f"base64.{name}": getattr(base64, name)
        for name in (
            "b64decode",
            "standard_b64decode",
            "urlsafe_b64decode",
            "b32decode",
            "b32hexdecode",
            "b16decode",
            "a85decode",
            "b85decode",
            "decodebytes",
            "b64encode",
            "standard_b64encode",
            "urlsafe_b64encode",
            "b32encode",
            "b16encode",
            "a85encode",
            "b85encode",
            "encodebytes",
        )
    },
    "binascii.unhexlify": binascii.unhexlify,
    "binascii.hexlify": binascii.hexlify,
    "binascii.a2b_base64": binascii.a2b_base64,
    "binascii.b2a_base64": binascii.b2a_base64,
    "binascii.a2b_qp": binascii.a2b_qp,
    "binascii.a2b_uu": binascii.a2b_uu,
    "binascii.crc32": binascii.crc32,
    "quopri.decodestring": quoted_printable,
    "zlib.decompress": inflate,
    "gzip.decompress": gunzip,
    "bz2.decompress": bunzip,
    "lzma.decompress": unlzma,
    "zlib.compress": zlib.compress,
    "zlib.crc32": zlib.crc32,
    "zlib.adler32": zlib.adler32,
    "codecs.decode": decode,
    "codecs.encode": encode,
    "codecs.escape_decode": cast("Pure", getattr(codecs, "escape_decode", None)),
    "codecs.unicode_escape_decode": cast("Pure", getattr(codecs, "unicode_escape_decode", None)),
    "codecs.utf_8_decode": codecs.utf_8_decode,
    "codecs.latin_1_decode": codecs.latin_1_decode,
    "codecs.ascii_decode": codecs.ascii_decode,
    "urllib.parse.unquote": urllib.parse.unquote,
    "urllib.parse.unquote_plus": urllib.parse.unquote_plus,
    "urllib.parse.unquote_to_bytes": urllib.parse.unquote_to_bytes,
    "urllib.parse.quote": urllib.parse.quote,
    "urllib.parse.urljoin": urllib.parse.urljoin,
    "urllib.parse.urlencode": urllib.parse.urlencode,
    "urllib.parse.urlunsplit": urllib.parse.urlunsplit,
    "urllib.parse.urlunparse": urllib.parse.urlunparse,
    "html.unescape": unescape,
    "json.loads": parse_json,
    "json.dumps": dump_json,
    "ast.literal_eval": parse_literal,
    "struct.pack": pack,
    "struct.unpack": struct.unpack,
    "textwrap.dedent": textwrap.dedent,
    "unicodedata.normalize": unicodedata.normalize,
    "unicodedata.lookup": unicodedata.lookup,
    "int.from_bytes": int.from_bytes,
    "bytes.fromhex": bytes.fromhex,
    "bytearray.fromhex": bytes.fromhex,
    "str.maketrans": str.maketrans,
    "bytes.maketrans": bytes.maketrans,
    "string.capwords": string.capwords,
    "os.path.join": posixpath.join,
    "os.path.normpath": posixpath.normpath,
    "os.path.dirname": posixpath.dirname,
    "os.path.basename": posixpath.basename,
    "os.path.split": posixpath.split,
    "os.path.splitext": posixpath.splitext,
    "os.path.commonpath": posixpath.commonpath,
    "os.path.commonprefix": posixpath.commonprefix,
    "os.fspath": itself,
    "os.path.relpath": posixpath.relpath,
    "os.fsencode": path_bytes,
    "os.fsdecode": path_text,
    "operator.add": _operator("add"),
    "operator.concat": _operator("add"),
    "operator.xor": _operator("xor"),
    "operator.sub": _operator("sub"),
    "operator.mul": times,
    "operator.mod": modulo,
    "operator.floordiv": _operator("floordiv"),
    "operator.pow": power,
    "operator.and_": _operator("and_"),
    "operator.or_": _operator("or_"),
    "operator.lshift": shift,
    "operator.rshift": _operator("rshift"),
    "operator.neg": _operator("neg"),
    "operator.invert": _operator("invert"),
    "operator.index": _operator("index"),
    "operator.truediv": _operator("truediv"),
    "operator.eq": _operator("eq"),
    "operator.ne": _operator("ne"),
    "operator.lt": _operator("lt"),
    "operator.gt": _operator("gt"),
    "math.floor": int,
    "math.prod": product,
    "re.escape": itself,
    "sys.intern": itself,
    "shlex.join": " ".join,
    "shlex.quote": itself,
}  # fmt: skip - a table


CONSTANTS: dict[str, Any] = {
    "os.sep": "/",
    "os.curdir": ".",
    "os.pardir": "..",
    "os.extsep": ".",
    "os.linesep": "\n",
    "os.pathsep": ":",
    "os.devnull": "/dev/null",
    "os.altsep": None,
    "os.name": "posix",
    "os.path.sep": "/",
    "os.path.pardir": "..",
    "os.path.curdir": ".",
    "os.path.devnull": "/dev/null",
    "os.path.extsep": ".",
    "os.defpath": "/bin:/usr/bin",
    "sys.byteorder": "little",
    "sys.maxunicode": 0x10FFFF,
    "sys.platform": None,
    "os.W_OK": 2,
    "os.R_OK": 4,
    "os.O_RDONLY": 0,
    "os.O_WRONLY": 1,
    "os.O_RDWR": 2,
    "os.O_CREAT": 64,
    "os.O_TRUNC": 512,
    "os.O_APPEND": 1024,
    **{
        f"string.{name}": getattr(string, name)
        for name in (
            "ascii_letters",
            "ascii_lowercase",
            "ascii_uppercase",
            "digits",
            "hexdigits",
            "octdigits",
            "printable",
            "punctuation",
            "whitespace",
        )
    },
    "tempfile.tempdir": "/tmp",  # noqa: S108 - the one inside a sandbox
    "builtins.True": True,
    "builtins.False": False,
    "builtins.None": None,
}  # fmt: skip - a table
del CONSTANTS["sys.platform"]
TEXT_METHODS = words(
    "join replace format lower upper title capitalize swapcase casefold strip lstrip rstrip split rsplit "
    "splitlines partition "
    "rpartition encode decode translate zfill center ljust rjust expandtabs startswith endswith find rfind "
    "index rindex count "
    "isalpha isdigit isalnum isspace isupper islower isidentifier isnumeric isdecimal istitle isprintable "
    "isascii removeprefix "
    "removesuffix hex fromhex maketrans format_map to_bytes from_bytes bit_length bit_count conjugate is_integer "
    "tobytes tolist "
    "__add__ __mul__ __mod__ __getitem__ __str__ __format__ __len__ __contains__ __eq__ __xor__ __radd__ "
    "__rmul__ __repr__ __rmod__"
)
WIDTHS = words("zfill center ljust rjust expandtabs to_bytes __mul__ __rmul__")
