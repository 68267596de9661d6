"""The state of one reading: what is left of the budget, where it stands, what it found. The verbs are registered here.

How each kind of syntax and value behaves lives in the modules that register for it: `expressions`, `statements`,
`calling`,
`attributes`, `models`. They import this module, never each other's internals.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from fumehood.check.need import Need
from fumehood.check.python.powers import powers_of
from fumehood.check.python.values import UNKNOWN, Const, Ref, Union, Value, from_values, union_of

if TYPE_CHECKING:
    from fumehood.check.budget import Budget
    from fumehood.check.python.scope import Scope
    from fumehood.check.python.values import Func
    from fumehood.execution import Confidence

MAX_DEPTH: Final = 110
MAX_STRINGS: Final = 300
MAX_NEEDS: Final = 400
MAX_TEXT: Final = 20_000  # longer ones are data
MIN_TEXT: Final = 6
SNIPPET: Final = 200
GRAVE: Final = frozenset(
    {
        "process.spawn",
        "process.signal",
        "net.connect",
        "net.listen",
        "net.resolve",
        "code.native",
        "escape.introspection",
        "runner.tamper",
        "persistence",
    }
)  # fmt: skip - a mere reference to one of these powers counts; the others are judged by their value


@dataclass(slots=True)
class Args:
    """The arguments of one call. `loose` holds what came by `*` or `**` and could not be told apart."""

    positional: list[Value] = field(default_factory=list[Value])
    keywords: dict[str, Value] = field(default_factory=dict[str, Value])
    loose: list[Value] = field(default_factory=list[Value])
    node: ast.AST = field(default_factory=ast.Pass)

    def get(self, index: int, *names: str) -> Value | None:
        """Answer the argument at `index` (-1: by keyword only) or under one of `names`; None where there is none."""
        if 0 <= index < len(self.positional):
            return self.positional[index]
        for name in names:
            if name in self.keywords:
                return self.keywords[name]
        return UNKNOWN if self.loose else None

    def all(self) -> list[Value]:
        """Answer every argument, whatever its place."""
        return [*self.positional, *self.keywords.values(), *self.loose]

    def shifted(self, first: Value) -> Args:
        """Answer the same arguments after one more."""
        return Args([first, *self.positional], self.keywords, self.loose, self.node)


class Member(NamedTuple):
    """An attribute that is looked up, and where."""

    name: str
    node: ast.AST


Node = ast.AST
ExpressionVerb = Callable[["Machine", Any], Value]
StatementVerb = Callable[["Machine", Any], None]
CallVerb = Callable[["Machine", Any, Args], Value]
AttributeVerb = Callable[["Machine", Any, Member], Value]
Model = Callable[["Machine", Args], Value]
Method = Callable[["Machine", Any, Args], Value]

EXPRESSIONS: dict[type[ast.AST], ExpressionVerb] = {}
STATEMENTS: dict[type[ast.AST], StatementVerb] = {}
CALLS: dict[type[Value], CallVerb] = {}
ATTRIBUTES: dict[type[Value], AttributeVerb] = {}
MODELS: dict[str, Model] = {}
METHODS: dict[str, Method] = {}


def expression(*kinds: type[ast.AST]) -> Callable[[ExpressionVerb], ExpressionVerb]:
    """Register how expressions of these kinds are evaluated."""

    def register(verb: ExpressionVerb) -> ExpressionVerb:
        EXPRESSIONS.update(dict.fromkeys(kinds, verb))
        return verb

    return register


def statement(*kinds: type[ast.AST]) -> Callable[[StatementVerb], StatementVerb]:
    """Register how statements of these kinds are run."""

    def register(verb: StatementVerb) -> StatementVerb:
        STATEMENTS.update(dict.fromkeys(kinds, verb))
        return verb

    return register


def calling(*kinds: type[Value]) -> Callable[[CallVerb], CallVerb]:
    """Register what calling values of these kinds does."""

    def register(verb: CallVerb) -> CallVerb:
        CALLS.update(dict.fromkeys(kinds, verb))
        return verb

    return register


def looking_up(*kinds: type[Value]) -> Callable[[AttributeVerb], AttributeVerb]:
    """Register what attributes values of these kinds have."""

    def register(verb: AttributeVerb) -> AttributeVerb:
        ATTRIBUTES.update(dict.fromkeys(kinds, verb))
        return verb

    return register


def model(*paths: str) -> Callable[[Model], Model]:
    """Register what calling a library's function gives, by its dotted name."""

    def register(verb: Model) -> Model:
        MODELS.update(dict.fromkeys(paths, verb))
        return verb

    return register


def method(*names: str) -> Callable[[Method], Method]:
    """Register what a method of any library object gives, by `type.path.name` or by `.name` alone."""

    def register(verb: Method) -> Method:
        METHODS.update(dict.fromkeys(names, verb))
        return verb

    return register


@dataclass(slots=True)
class Anchor:
    """Where code within code stands in the source that was handed in, and how it got there."""

    node: Node
    how: tuple[str, ...]


class Machine:
    """Walks one program, following values, and notes what it would need."""

    def __init__(self, lines: list[str], budget: Budget, scope: Scope) -> None:
        """Begin at the top of a program of `lines`, with the module's `scope`."""
        self.lines = lines
        self.budget = budget
        self.scope = scope
        self.complete = True
        self.needs: list[Need] = []
        self.imports: set[str] = set()
        self.anchors: list[Anchor] = []
        self.active: list[Node] = []
        self.functions: dict[Node, Func] = {}
        self.entered: set[Node] = set()
        self.calls: dict[Node, int] = {}
        self.results: dict[Node, Value] = {}
        self.files: dict[str, Value] = {}
        self.strings: dict[str, None] = {}
        self.dead: list[tuple[Scope, list[ast.stmt]]] = []
        self.unresolved: list[Node] = []
        self.keen = True
        self.quiet = 0
        self.depth = 0
        self.flow = ""
        self.maybe = False
        self.vague = 0
        self.repeat = 1
        self.loop_steps = 0
        self.raised: list[Value] = []
        self.passed: dict[str, None] = {}  # functions on files that were handed on instead of called
        self.strangers: list[Args] = []  # calls of what could not be resolved, with text among the arguments
        self.seen: set[tuple[str, str | None, int, int, str]] = set()

    def eval(self, node: Node) -> Value:
        """Answer what an expression may be."""
        self.budget.step()
        self.depth += 1
        try:
            if self.depth > MAX_DEPTH:
                self.complete = False
                return UNKNOWN
            verb = EXPRESSIONS.get(type(node))
            return UNKNOWN if verb is None else verb(self, node)
        finally:
            self.depth -= 1

    def run(self, body: list[ast.stmt]) -> None:
        """Run statements in order, until one leads away; what stands after it is kept for later, as dead code."""
        for index, node in enumerate(body):
            if self.flow:
                if not self.loop_steps:
                    self.dead.append((self.scope, body[index:]))
                return
            self.budget.step()
            verb = STATEMENTS.get(type(node))
            if verb is not None:
                verb(self, node)

    def call(self, func: Value, args: Args) -> Value:
        """Answer what calling `func` may give, noting what it needs."""
        self.budget.step()
        self.depth += 1
        try:
            verb = CALLS.get(type(func))
            if verb is None or self.depth > MAX_DEPTH:
                return from_values(func, *args.all())
            return verb(self, func, args)
        finally:
            self.depth -= 1

    def attribute(self, value: Value, name: str, node: Node) -> Value:
        """Answer the attribute `name` of a value."""
        if isinstance(value, Union):
            return union_of([self.attribute(option, name, node) for option in value.options])
        verb = ATTRIBUTES.get(type(value))
        return from_values(value) if verb is None else verb(self, value, Member(name, node))

    def reference(self, value: Value, node: Node) -> Value:  # noqa: C901 - one way for each kind
        """Note the grave powers that are named without being called, and answer the value."""
        if self.quiet:
            return value
        if isinstance(value, Ref):
            if value.path == "os.environ":
                self.need("env.read", node, value="*")
            for power in powers_of(value.path):
                if power.capability.startswith("fs."):
                    self.passed.setdefault(value.path)
                elif power.capability in GRAVE and not power.calls_only:
                    self.need(power.capability, node, power.constant, how=value.how, confidence="referenced")
        elif isinstance(value, Union):
            for option in value.options:
                self.reference(option, node)
        return value

    def need(
        self,
        capability: str,
        node: Node,
        value: str | None = None,
        *,
        how: tuple[str | int, ...] = (),
        confidence: Confidence | None = None,
    ) -> None:
        """Note that the program would use `capability` on `value` at `node`."""
        place = self.anchors[0].node if self.anchors else node
        line, col = getattr(place, "lineno", 1), getattr(place, "col_offset", 0)
        known: Confidence = confidence or ("unknown" if value is None else "resolved")
        key = (capability, value, line, col, known)
        if key in self.seen or len(self.needs) >= MAX_NEEDS:
            return
        self.seen.add(key)
        col, snippet = self._excerpt(place, line, col)
        self.needs.append(Need(capability, value, line, col, snippet, self._trace(node, how), known))

    def _excerpt(self, place: Node, line: int, offset: int) -> tuple[int, str]:
        """Answer the column in characters, and the text at `place`."""
        if not 0 < line <= len(self.lines):
            return 0, ""
        text = self.lines[line - 1]
        raw = text.encode("utf-8", "surrogatepass")
        col = len(raw[:offset].decode("utf-8", "replace"))
        if getattr(place, "end_lineno", line) == line:
            end = len(raw[: getattr(place, "end_col_offset", len(raw))].decode("utf-8", "replace"))
            return col, text[col:end][:SNIPPET] or text.strip()[:SNIPPET]
        return col, text[col:][:SNIPPET].rstrip()

    def _trace(self, node: Node, how: tuple[str | int, ...]) -> tuple[str, ...]:
        """Answer how a value came to be where it is used, outermost code first."""
        told = [" <- ".join(anchor.how) for anchor in self.anchors]
        if self.anchors and hasattr(node, "lineno"):
            told.append(f"line {getattr(node, 'lineno', 1)} of that code")
        if how:
            told.append(" <- ".join(spoken(how)))
        return tuple(told)

    def remember(self, text: object) -> None:
        """Keep text that was put together, in case code runs text that can't be resolved."""
        if isinstance(text, bytes) and len(text) < MAX_TEXT:
            text = text.decode("latin-1")
        if isinstance(text, str) and len(text) >= MIN_TEXT and len(self.strings) < MAX_STRINGS:
            self.strings[text] = None

    def fold(self, step: str, result: Any, *sources: Value) -> Const:
        """Answer a constant made by `step` from `sources`, paying for its size."""
        if isinstance(result, str | bytes):
            self.budget.produce(len(result))
            self.remember(result)
        how: tuple[Any, ...] = ()
        for source in sources:
            if isinstance(source, Const) and source.how:
                how = source.how
                break
        if not how or how[0] != step:
            how = (step, *how)
        return Const(result, how[:8])


def spoken(how: tuple[str | int, ...]) -> list[str]:
    """Put the way of a value into words; a number is the line of a literal."""
    return [f"literal, line {step}" if isinstance(step, int) else step for step in how]
