"""`$((…))`: integers, variables, assignments, as far as they are known."""

from __future__ import annotations

import operator
import re
from typing import TYPE_CHECKING

from fumehood.check.bash.values import HOLE, whole

if TYPE_CHECKING:
    from collections.abc import Callable

_TOKEN = re.compile(
    r"\s*(0[xX][0-9a-fA-F]+|\d+#[0-9a-zA-Z]+|[0-9]+|[A-Za-z_]\w*|\+\+|--|<<=|>>=|\*\*|[-+*/%&|^]=|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%<>=!~&|^?:(),])",
)
_LIMIT = 1 << 63
_MAX_TOKENS = 400
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("||",),
    ("&&",),
    ("|",),
    ("^",),
    ("&",),
    ("==", "!="),
    ("<=", ">=", "<", ">"),
    ("<<", ">>"),
    ("+", "-"),
    ("*", "/", "%"),
)
_OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "||": lambda a, b: int(bool(a or b)),
    "&&": lambda a, b: int(bool(a and b)),
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "&": lambda a, b: a & b,
    "==": lambda a, b: int(a == b),
    "!=": lambda a, b: int(a != b),
    "<=": lambda a, b: int(a <= b),
    ">=": lambda a, b: int(a >= b),
    "<": lambda a, b: int(a < b),
    ">": lambda a, b: int(a > b),
    "<<": lambda a, b: a << (b & 63),
    ">>": lambda a, b: a >> (b & 63),
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda a, b: int(a / b),
    "%": lambda a, b: a - b * int(a / b),
}
_ASSIGNMENTS = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="})


class _UnknownSum(Exception):
    """A part is not known, or is no arithmetic."""


def nowhere(_name: str, _value: str) -> None:
    """Take an assignment that is not to be kept."""


def evaluate(text: str, get: Callable[[str], str], put: Callable[[str, str], None]) -> str:
    """Answer the value of an expression as text, a mark where it is not known; `put` takes what it assigns."""
    try:
        tokens = _tokens(text)
        return str(_Reader(tokens, get, put).all()) if tokens else "0"
    except (_UnknownSum, ZeroDivisionError, OverflowError, RecursionError):
        return HOLE


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    place = 0
    text = text.strip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or len(tokens) > _MAX_TOKENS:
            raise _UnknownSum
        tokens.append(match[1])
        place = match.end()
    return tokens


class _Reader:
    def __init__(self, tokens: list[str], get: Callable[[str], str], put: Callable[[str, str], None]) -> None:
        self._tokens = tokens
        self._place = 0
        self._get = get
        self._put = put
        self._depth = 0

    def all(self) -> int:
        value = self._expression()
        while self._take(","):
            value = self._expression()
        if self._place < len(self._tokens):
            raise _UnknownSum
        return value

    def _next(self) -> str:
        return self._tokens[self._place] if self._place < len(self._tokens) else ""

    def _take(self, *tokens: str) -> str:
        if self._next() and self._next() in tokens:
            self._place += 1
            return self._tokens[self._place - 1]
        return ""

    def _expression(self) -> int:
        self._depth += 1
        if self._depth > 40:  # noqa: PLR2004 - deeper than any program nests brackets
            raise _UnknownSum
        following = self._tokens[self._place + 1 : self._place + 2]
        value = self._assignment(following[0]) if following and following[0] in _ASSIGNMENTS else self._choice()
        self._depth -= 1
        return value

    def _assignment(self, sign: str) -> int:
        name = self._next()
        self._place += 2
        value = self._expression()
        if sign != "=":
            value = self._apply(sign[:-1], self._variable(name), value)
        self._put(name, str(value))
        return value

    def _choice(self) -> int:
        condition = self._level(0)
        if not self._take("?"):
            return condition
        first = self._expression()
        if not self._take(":"):
            raise _UnknownSum
        second = self._expression()
        return first if condition else second

    def _level(self, level: int) -> int:
        if level == len(_LEVELS):
            return self._power()
        value = self._level(level + 1)
        while sign := self._take(*_LEVELS[level]):
            value = self._apply(sign, value, self._level(level + 1))
        return value

    def _apply(self, sign: str, left: int, right: int) -> int:
        value = _OPERATIONS[sign](left, right)
        if abs(value) >= _LIMIT:
            raise _UnknownSum
        return value

    def _power(self) -> int:
        value = self._unary()
        if self._take("**"):
            exponent = self._power()
            if not 0 <= exponent < 64:  # noqa: PLR2004 - the bits of a shell's integer
                raise _UnknownSum
            return int(value**exponent) % _LIMIT
        return value

    def _unary(self) -> int:  # noqa: PLR0911 - one way for each kind
        match self._take("-", "+", "!", "~", "++", "--", "("):
            case "-":
                return -self._unary()
            case "+":
                return self._unary()
            case "!":
                return int(not self._unary())
            case "~":
                return ~self._unary()
            case "(":
                value = self._expression()
                if not self._take(")"):
                    raise _UnknownSum
                return value
            case "++" | "--" as sign:
                return self._step(self._next(), sign, after=False)
            case _:
                return self._number()

    def _number(self) -> int:
        token = self._next()
        self._place += 1
        if token[:1].isdigit():
            return _integer(token)
        if not token or not (token[0].isalpha() or token[0] == "_"):
            raise _UnknownSum
        if sign := self._take("++", "--"):
            return self._step(token, sign, after=True)
        return self._variable(token)

    def _step(self, name: str, sign: str, *, after: bool) -> int:
        if not after:
            self._place += 1
        old = self._variable(name)
        new = old + (1 if sign == "++" else -1)
        self._put(name, str(new))
        return old if after else new

    def _variable(self, name: str) -> int:
        text = self._get(name).strip()
        if not text:
            return 0
        number = whole(text)
        if number is None:
            raise _UnknownSum
        return number


def _integer(token: str) -> int:
    try:
        if "#" in token:
            base, digits = token.split("#", 1)
            return int(digits, int(base))
        if len(token) > 1 and token[0] == "0" and token[1] not in "xX":
            return int(token, 8)
        return int(token, 0)
    except ValueError:
        raise _UnknownSum from None
