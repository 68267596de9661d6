"""Runs a JavaScript program abstractly: every branch is read, calls of its own functions are followed."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from fumehood.check.bash.values import HOLE, is_known, plain
from fumehood.check.budget import Exhausted
from fumehood.check.javascript import calls, decoding, expressions, statements
from fumehood.check.javascript.binding import bind
from fumehood.check.javascript.grammar import Node, parse
from fumehood.check.javascript.scope import Scope
from fumehood.check.javascript.values import (
    UNDEFINED,
    UNKNOWN,
    Array,
    Closure,
    Native,
    Object,
    Value,
    one_of,
    text_of,
)

if TYPE_CHECKING:
    from fumehood.check.bash.notes import Notes

_MAX_CALL_DEPTH = 12
_MAX_CALLS = 40
_MAX_NODES_DEEP = 120
_MAX_ROUNDS = 1000
_MAX_YIELDED = 60


class Machine:
    """The state of one reading.

    Attributes:
        certain: Whether what is being read surely happens if the program runs to this point.
        flow: `return`, `break` or `continue` while a block is being left because of it.
        returned: What the running function may answer; `yielded` what it hands out one by one.
        decoded: Texts that were put together from an encoding, and how.
    """

    def __init__(self, notes: Notes) -> None:
        """Begin at the top of a program."""
        self.notes = notes
        self.globals = Scope(this=Native("globalThis"))
        self.certain = True
        self.flow = ""
        self.returned: list[Value] = []
        self.yielded: list[Value] = []
        self.decoded: dict[str, str] = {}
        self._rounds = _MAX_ROUNDS
        self._reserve = notes.budget.steps * 5 // 6
        self._depth = 0
        self._call_depth = 0
        self._calls: dict[Node, int] = {}
        self._made: dict[Node, Closure] = {}

    def evaluate(self, node: Node, scope: Scope) -> Value:
        """Answer what an expression is.

        Raises:
            Exhausted: The budget is spent, or the program is nested too deep.
        """
        self.notes.budget.step()
        self._depth += 1
        if self._depth > _MAX_NODES_DEEP:
            self._depth -= 1
            raise Exhausted
        reader = expressions.EXPRESSIONS.get(node.kind)
        value = reader(self, node, scope) if reader else self._others(node, scope)
        self._depth -= 1
        return value

    def _others(self, node: Node, scope: Scope) -> Value:
        for child in node.children:
            self.evaluate(child, scope)
        return UNKNOWN

    def execute(self, node: Node, scope: Scope) -> Value:
        """Run a statement; answer its value, which only `eval` asks for."""
        reader = statements.STATEMENTS.get(node.kind)
        if reader is None:
            return self.evaluate(node, scope)
        self.notes.budget.step()
        self._depth += 1
        if self._depth > _MAX_NODES_DEEP:
            self._depth -= 1
            raise Exhausted
        value = reader(self, node, scope)
        self._depth -= 1
        return value

    def round(self) -> bool:
        """Pay for one more round of a loop; say no where what is left of the budget is for the rest of the program."""
        self._rounds -= 1
        return self._rounds >= 0 and self.notes.budget.steps > self._reserve

    def stand(self, node: Node) -> None:
        """Note where the reading stands."""
        self.notes.stand(node.start, node.end)

    @contextmanager
    def perhaps(self, *, surely: bool) -> Generator[None]:
        """Read something that may not happen: what it assigns is one of several values, and it leaves no block."""
        before = self.certain
        self.certain = before and surely
        yield
        self.certain = before
        if not surely:
            self.flow = ""

    def text(self, value: Value) -> str:
        """Answer a value as text, by its own `toString` where the program gave it one."""
        for key in ("toString", "valueOf"):
            if isinstance(value, Object) and isinstance(own := value.members.get(key), Closure):
                return text_of(self.enter(own, [], value))
        if isinstance(value, Object) and isinstance(value.base, Native) and value.base.path == "buffer":
            return decoding.encoded(text_of(value.members.get("data", HOLE)), "utf8")
        return text_of(value)

    def call(self, callee: Value, arguments: list[Value], this: Value = UNDEFINED, node: Node | None = None) -> Value:  # noqa: PLR0917 - the shape that its siblings have too
        """Call a value, whatever it is."""
        return calls.call(self, callee, arguments, this=this, node=node)

    def make(self, node: Node, scope: Scope, this: Value = UNDEFINED) -> Closure:
        """Make a function of the program; those that nothing calls are read in the end."""
        made = Closure(node, scope, this)
        self._made.setdefault(node, made)
        return made

    def enter(self, function: Closure, arguments: list[Value], this: Value) -> Value:
        """Call a function of the program and answer what it returns."""
        number = self._calls.get(function.node, 0)
        if self._call_depth >= _MAX_CALL_DEPTH or number >= _MAX_CALLS:
            return UNKNOWN
        if number and self.notes.budget.steps < self._reserve * 3 // 4:
            return UNKNOWN
        self._calls[function.node] = number + 1
        self._call_depth += 1
        before = self.flow, self.returned, self.certain, self.yielded
        self.flow, self.returned, self.yielded = "", [], []
        try:
            answer = self._run(function, arguments, this)
            generates = bool(self.yielded) or function.node.kind.startswith("generator")
            return Array(list(self.yielded), len(self.yielded) > _MAX_YIELDED) if generates else answer
        finally:
            self.flow, self.returned, self.certain, self.yielded = before
            self._call_depth -= 1

    def _run(self, function: Closure, arguments: list[Value], this: Value) -> Value:
        node = function.node
        arrow = node.kind == "arrow_function"
        own = UNDEFINED if arrow else function.this if this is UNDEFINED else this
        scope = Scope(function.scope, own if arrow or own is not UNDEFINED else Native("globalThis"))
        scope.declare("arguments", Array(list(arguments)))
        parameters = node.get("parameters").children or ([node.get("parameter")] if node.get("parameter") else [])
        for place, parameter in enumerate(parameters):
            if parameter.kind == "rest_pattern":
                bind(self, parameter.children[0], Array(arguments[place:]), scope)
                break
            bind(self, parameter, arguments[place] if place < len(arguments) else UNDEFINED, scope)
        body = node.get("body")
        if body.kind != "statement_block":
            return self.evaluate(body, scope)
        self.execute(body, scope)
        return one_of(*self.returned) if self.returned else UNDEFINED

    def finish(self) -> None:
        """Read the functions that nothing called, with arguments that nobody knows."""
        while waiting := [made for node, made in self._made.items() if node not in self._calls]:
            for function in waiting:
                self._depth = self._call_depth = 0
                count = len(function.node.get("parameters").children) or 1
                self.certain = True
                self.enter(function, [UNKNOWN] * count, UNKNOWN)

    def source(self, text: str, what: str, scope: Scope | None = None) -> Value:
        """Run source that stands in a text of the program; `what` says how it got there."""
        if not is_known(text) and not text.strip(HOLE + " ;\n"):
            self.notes.need("code.dynamic", None, "unknown", why=what)
            return UNKNOWN
        how = next((how for piece, how in self.decoded.items() if piece in text), "")
        if how:
            self.notes.need("code.concealed", text.strip()[:80], why=f"{what} <- {how}")
        tree, error = parse(text if not is_known(text) else plain(text), self.notes.budget, tolerant=True)
        if error is not None:
            self.notes.need("code.dynamic", None, "unknown", why=what)
        with self.notes.inside(f"{what} <- {how}" if how else what):
            return statements.program(self, tree, scope or self.globals)

    def remember(self, text: str, how: str) -> str:
        """Note that a text was put together from an encoding."""
        if len(text.strip()) > 3 and is_known(text):  # noqa: PLR2004 - shorter ones are everywhere
            self.decoded[text.strip()] = how
        return text


Reader = Callable[[Machine, Node, Scope], Value]
