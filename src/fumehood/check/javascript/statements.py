"""What each kind of statement does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fumehood.check.bash.values import is_known
from fumehood.check.javascript import members
from fumehood.check.javascript.binding import bind
from fumehood.check.javascript.calls import uses_whole
from fumehood.check.javascript.classes import make_class
from fumehood.check.javascript.decoding import unescaped
from fumehood.check.javascript.grammar import NOTHING, Node
from fumehood.check.javascript.scope import Scope
from fumehood.check.javascript.values import UNDEFINED, UNKNOWN, Array, Native, Object, Value, truth

if TYPE_CHECKING:
    from collections.abc import Callable

    from fumehood.check.javascript.machine import Machine

_MAX_ROUNDS = 1000
_ENDLESS_ROUNDS = 6
_ALWAYS = frozenset({"(true)", "true", "(1)", "1", "(!0)", "(!![])"})
_LEAVES = frozenset({"break_statement", "return_statement", "throw_statement", "await_expression", "yield_expression"})
_FUNCTIONS = frozenset({"function_declaration", "generator_function_declaration"})


def program(machine: Machine, node: Node, scope: Scope) -> Value:
    """Run the statements of a program or a block, functions first, as they may be called before they stand."""
    for part in node.children:
        inner = part.children[0] if part.kind == "export_statement" and part.children else part
        if inner.kind in _FUNCTIONS:
            scope.declare(inner.get("name").text, machine.make(inner, scope))
    value: Value = UNDEFINED
    for part in node.children:
        value = machine.execute(part, scope)
        if machine.flow:
            break
    return value


def _block(machine: Machine, node: Node, scope: Scope) -> Value:
    return program(machine, node, Scope(scope))


def _declaration(machine: Machine, node: Node, scope: Scope) -> Value:
    for part in node.children:
        if part.kind != "variable_declarator":
            continue
        value = machine.evaluate(part.get("value"), scope) if part.get("value") else UNDEFINED
        machine.stand(part)
        bind(machine, part.get("name"), value, scope)
    return UNDEFINED


def _expression(machine: Machine, node: Node, scope: Scope) -> Value:
    return machine.evaluate(node.children[0], scope) if node.children else UNDEFINED


def _if(machine: Machine, node: Node, scope: Scope) -> Value:
    holds = truth(machine.evaluate(node.get("condition"), scope))
    with machine.perhaps(surely=holds is True):
        machine.execute(node.get("consequence"), scope)
    if otherwise := node.get("alternative"):
        with machine.perhaps(surely=holds is False):
            machine.execute(otherwise, scope)
    return UNDEFINED


def _for(machine: Machine, node: Node, scope: Scope) -> Value:
    inner = Scope(scope)
    if start := node.get("initializer"):
        machine.execute(start, inner)
    return _rounds(machine, node, inner, node.get("condition"))


def _while(machine: Machine, node: Node, scope: Scope) -> Value:
    return _rounds(machine, node, Scope(scope), node.get("condition"))


def _rounds(machine: Machine, node: Node, scope: Scope, test: Node) -> Value:  # noqa: PLR0917 - the shape that its siblings have too
    """Go round a loop: exactly while its condition is known, else twice, and once even when it never holds."""
    constant = test.kind in {"nothing", "empty_statement"} or test.text in _ALWAYS
    endless = constant and _note_endless(machine, node)
    for number in range(_ENDLESS_ROUNDS if endless else _MAX_ROUNDS):
        empty = test.kind in {"nothing", "empty_statement"}
        holds = True if empty else truth(machine.evaluate(test, scope))
        if number and (holds is False or not machine.round() or (holds is None and number > 1)):
            break
        with machine.perhaps(surely=holds is True):
            machine.execute(node.get("body"), scope)
        if _left(machine):
            break
        if step := node.get("increment"):
            machine.evaluate(step, scope)
        if holds is False:
            break
    return UNDEFINED


def _left(machine: Machine) -> bool:
    """Say whether a loop was left; `break` and `continue` end here."""
    flow = machine.flow
    if flow in {"break", "continue"}:
        machine.flow = ""
    return flow in {"break", "return"}


def _note_endless(machine: Machine, node: Node) -> bool:
    """Note a loop without end that nothing in it could leave, and tell whether it is one."""
    waiting = [node.get("body")]
    while waiting:
        part = waiting.pop()
        if part.kind in _LEAVES or part.text.startswith("process.exit"):
            return False
        waiting.extend(child for child in part.children if "function" not in child.kind)
    machine.stand(node)
    machine.notes.need("resource.exhaust", "processor", why="a loop that nothing ends")
    return True


def _for_in(machine: Machine, node: Node, scope: Scope) -> Value:
    source = machine.evaluate(node.get("right"), scope)
    uses_whole(machine, source)
    for item in _items(source, keys=node.operator == "in"):
        if not machine.round():
            break
        inner = Scope(scope)
        bind(machine, node.get("left"), item, inner)
        with machine.perhaps(surely=item is not UNKNOWN):
            machine.execute(node.get("body"), inner)
        if _left(machine):
            break
    return UNDEFINED


def _items(source: Value, *, keys: bool) -> list[Value]:
    if isinstance(source, Array) and not source.open:
        return [str(place) for place in range(len(source.items))] if keys else list(source.items)
    if isinstance(source, Object) and keys and source.members:
        return list(source.members)
    if isinstance(source, str) and is_known(source):
        return list(source[:1000])
    return [UNKNOWN]


def _try(machine: Machine, node: Node, scope: Scope) -> Value:
    machine.execute(node.get("body"), scope)
    flow = machine.flow
    if handler := node.get("handler"):
        inner = Scope(scope)
        if parameter := handler.get("parameter"):
            bind(machine, parameter, UNKNOWN, inner)
        with machine.perhaps(surely=False):
            machine.flow = ""
            machine.execute(handler.get("body"), inner)
    machine.flow = ""
    if finalizer := node.get("finalizer"):
        machine.execute(finalizer.get("body"), scope)
    machine.flow = machine.flow or (flow if not node.get("handler") else "")
    return UNDEFINED


def _switch(machine: Machine, node: Node, scope: Scope) -> Value:
    machine.evaluate(node.get("value"), scope)
    inner = Scope(scope)
    for case in node.get("body").children:
        with machine.perhaps(surely=False):
            _case(machine, case, inner)
    return UNDEFINED


def _case(machine: Machine, node: Node, scope: Scope) -> None:
    for part in node.children:
        if machine.flow:
            break
        machine.execute(part, scope)


def _return(machine: Machine, node: Node, scope: Scope) -> Value:
    value = machine.evaluate(node.children[0], scope) if node.children else UNDEFINED
    machine.returned.append(value)
    machine.flow = "return"
    return value


def _leave(flow: str) -> Callable[[Machine, Node, Scope], Value]:
    def run(machine: Machine, _node: Node, _scope: Scope) -> Value:
        machine.flow = flow
        return UNDEFINED

    return run


def _throw(machine: Machine, node: Node, scope: Scope) -> Value:
    for part in node.children:
        machine.evaluate(part, scope)
    return UNDEFINED


def _import(machine: Machine, node: Node, scope: Scope) -> Value:
    machine.stand(node)
    source = machine.evaluate(node.get("source"), scope)
    module = machine.call(Native("require"), [source], node=node)
    clause = next((part for part in node.children if part.kind == "import_clause"), NOTHING)
    for part in clause.children:
        if part.kind == "identifier":
            scope.declare(part.text, module)
        elif part.kind == "namespace_import":
            scope.declare(part.children[0].text, module)
        else:
            for one in part.children:
                imported = members.get(machine, module, unescaped(one.get("name").text.strip("'\"")))
                scope.declare((one.get("alias") or one.get("name")).text, imported)
    return UNDEFINED


def _export(machine: Machine, node: Node, scope: Scope) -> Value:
    if source := node.get("source"):
        machine.stand(node)
        machine.call(Native("require"), [machine.evaluate(source, scope)], node=node)
        return UNDEFINED
    for part in node.children:
        if part.kind not in {"export_clause", "decorator"}:
            machine.execute(part, scope)
    return UNDEFINED


def _class(machine: Machine, node: Node, scope: Scope) -> Value:
    return make_class(machine, node, scope)


def _nothing(_machine: Machine, _node: Node, _scope: Scope) -> Value:
    return UNDEFINED


STATEMENTS: dict[str, Callable[[Machine, Node, Scope], Value]] = {
    "program": program,
    "statement_block": _block,
    "lexical_declaration": _declaration,
    "variable_declaration": _declaration,
    "using_declaration": _declaration,
    "expression_statement": _expression,
    "if_statement": _if,
    "else_clause": lambda machine, node, scope: (
        machine.execute(node.children[0], scope) if node.children else UNDEFINED
    ),
    "for_statement": _for,
    "for_in_statement": _for_in,
    "while_statement": _while,
    "do_statement": _while,
    "try_statement": _try,
    "switch_statement": _switch,
    "return_statement": _return,
    "break_statement": _leave("break"),
    "continue_statement": _leave("continue"),
    "throw_statement": _throw,
    "labeled_statement": lambda machine, node, scope: machine.execute(node.get("body"), scope),
    "with_statement": _throw,
    "import_statement": _import,
    "export_statement": _export,
    "class_declaration": _class,
    **dict.fromkeys(
        ("function_declaration", "generator_function_declaration", "empty_statement", "debugger_statement"), _nothing
    ),
    "nothing": _nothing,
}
