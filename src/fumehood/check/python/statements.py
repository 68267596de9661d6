"""What statements do to names, and where they lead."""

from __future__ import annotations

import ast

from fumehood.check.python import imports, loops, operators, patterns, subscripts
from fumehood.check.python.binding import bind, set_attribute
from fumehood.check.python.machine import Args, Machine, statement
from fumehood.check.python.names import callee
from fumehood.check.python.scope import Scope, joined
from fumehood.check.python.values import (
    MAX_OPTIONS,
    NONE,
    UNKNOWN,
    Class,
    Const,
    Func,
    Instance,
    Map,
    Partial,
    Ref,
    Seq,
    Value,
    join,
    options,
    union_of,
    unknown,
)


@statement(ast.Expr)
def expression(machine: Machine, node: ast.Expr) -> None:
    machine.eval(node.value)


@statement(ast.Assign)
def assign(machine: Machine, node: ast.Assign) -> None:
    value = _assigned(machine, node.value)
    for target in node.targets:
        bind(machine, target, value)


def _assigned(machine: Machine, node: ast.expr) -> Value:
    """Evaluate what gets a new name: the environment is not read by that, while a function with power is named."""
    value = callee(machine, node)
    if isinstance(node, ast.Name | ast.Attribute) and not (isinstance(value, Ref) and value.path == "os.environ"):
        machine.reference(value, node)
    return value


@statement(ast.AnnAssign)
def annotated(machine: Machine, node: ast.AnnAssign) -> None:
    machine.quiet += 1
    machine.eval(node.annotation)
    machine.quiet -= 1
    if node.value is not None:
        bind(machine, node.target, machine.eval(node.value))


@statement(ast.AugAssign)
def augmented(machine: Machine, node: ast.AugAssign) -> None:
    current = callee(machine, _loaded(node.target))
    value = machine.eval(node.value)
    if isinstance(node.op, ast.Add) and machine.repeat >= loops.ENDLESS and ast.dump(node.value) == _same(node.target):
        _doubled(machine, current, node)
    if isinstance(current, Ref) and current.path == "os.environ":
        machine.call(Ref("os.environ.update"), Args([value], node=node))
    name = f"__i{operators.BINARY[type(node.op)][0]}__"
    found = operators.special(machine, current, name, args=Args([value], node=node))
    bind(machine, node.target, operators.binary(machine, node, current, right=value) if found is None else found)


def _same(target: ast.expr) -> str:
    """Answer how an expression is written that reads what `target` names."""
    return ast.dump(target).replace("Store()", "Load()")


def _doubled(machine: Machine, value: Value, node: ast.AST) -> None:
    """Note text or a list that is added to itself again and again."""
    if any(
        isinstance(option, Seq) or isinstance(getattr(option, "value", None), str | bytes) for option in options(value)
    ):
        machine.need("resource.exhaust", node, value="what is doubled without end")


def _loaded(target: ast.Name | ast.Attribute | ast.Subscript) -> ast.expr:
    """Answer the same place, to be read."""
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(target.id, ast.Load()), target)
    if isinstance(target, ast.Attribute):
        return ast.copy_location(ast.Attribute(target.value, target.attr, ast.Load()), target)
    return ast.copy_location(ast.Subscript(target.value, target.slice, ast.Load()), target)


@statement(ast.Delete)
def delete(machine: Machine, node: ast.Delete) -> None:
    for target in node.targets:
        if isinstance(target, ast.Name):
            machine.scope.names.pop(target.id, None)
        elif isinstance(target, ast.Subscript):
            subscripts.delete(machine, callee(machine, target.value), machine.eval(target.slice), node=target)
        elif isinstance(target, ast.Attribute):
            owner = machine.eval(target.value)
            if isinstance(owner, Ref):
                set_attribute(machine, owner, target.attr, value=NONE, node=target)
            else:
                operators.special(machine, owner, "__delattr__", args=Args([Const(target.attr)], node=target))


@statement(ast.Return)
def give(machine: Machine, node: ast.Return) -> None:
    machine.scope.returned.append(NONE if node.value is None else machine.eval(node.value))
    machine.flow = "return"


@statement(ast.Break)
def leave(machine: Machine, node: ast.Break) -> None:
    del node
    machine.flow = "break"


@statement(ast.Continue)
def skip(machine: Machine, node: ast.Continue) -> None:
    del node
    machine.flow = "continue"


@statement(ast.Raise)
def fail(machine: Machine, node: ast.Raise) -> None:
    for part in (node.exc, node.cause):
        if part is not None:
            value = callee(machine, part)  # naming a class to raise it is no use of it
            if len(machine.raised) < MAX_OPTIONS:
                machine.raised.append(value)
    machine.flow = "raise"


@statement(ast.Assert)
def assertion(machine: Machine, node: ast.Assert) -> None:
    machine.eval(node.test)
    if node.msg is not None:
        machine.eval(node.msg)


@statement(ast.Global)
def use_global(machine: Machine, node: ast.Global) -> None:
    machine.scope.global_names.update(node.names)


@statement(ast.Nonlocal)
def use_nonlocal(machine: Machine, node: ast.Nonlocal) -> None:
    machine.scope.nonlocal_names.update(node.names)


@statement(ast.If)
def branch(machine: Machine, node: ast.If) -> None:
    known = operators.truth(machine.eval(node.test))
    if known is None:
        _either(machine, [node.body, node.orelse])
        return
    taken, other = (node.body, node.orelse) if known else (node.orelse, node.body)
    if other:
        machine.dead.append((machine.scope, other))
    machine.run(taken)


def _either(machine: Machine, bodies: list[list[ast.stmt]]) -> None:
    """Run branches that exclude each other, and join what they leave."""
    scope = machine.scope
    before = scope.names
    flows: list[str] = []
    after: dict[str, Value] | None = None
    machine.vague += 1
    for body in bodies:
        scope.names, machine.flow = dict(before), ""
        machine.run(body)
        flows.append(machine.flow)
        if not machine.flow or machine.flow in {"continue", "break"}:
            after = scope.names if after is None else joined(after, scope.names)
    machine.vague -= 1
    machine.flow = ""
    if all(flows):
        machine.flow = "return" if "return" in flows else flows[0]
    elif any(flow in {"break", "return", "raise"} for flow in flows):
        machine.maybe = True
    # The module's own dict is what `globals()` shows: it is filled, never replaced.
    result = scope.names if after is None else after
    if result is not before:
        before.update(result)
    scope.names = before


@statement(ast.Match)
def match(machine: Machine, node: ast.Match) -> None:
    subject = machine.eval(node.subject)
    for case in node.cases:
        patterns.capture(machine, case.pattern, subject)
        if case.guard is not None:
            machine.eval(case.guard)
    _either(machine, [case.body for case in node.cases] + [[]])


@statement(ast.Try, *([ast.TryStar] if hasattr(ast, "TryStar") else []))
def attempt(machine: Machine, node: ast.Try) -> None:
    machine.run(node.body)
    flow, machine.flow = machine.flow, ""
    scope = machine.scope
    handled = [scope.names]
    for handler in node.handlers:
        scope.names = dict(handled[0])
        if handler.type is not None:
            machine.quiet += 1
            machine.eval(handler.type)
            machine.quiet -= 1
        if handler.name:
            scope.bind(handler.name, union_of([*machine.raised, UNKNOWN]))
        machine.run(handler.body)
        if not machine.flow:
            handled.append(scope.names)
        elif machine.flow == "break":
            machine.maybe = True
        machine.flow = ""
    scope.names = handled[0]
    for names in handled[1:]:
        scope.names.update(joined(handled[0], names))
    if flow != "raise" or not node.handlers:
        machine.flow = flow if not node.handlers else ("" if flow == "return" else flow)
    machine.run(node.orelse)
    kept, machine.flow = machine.flow, ""
    machine.run(node.finalbody)
    machine.flow = machine.flow or kept


@statement(ast.With, ast.AsyncWith)
def within(machine: Machine, node: ast.With | ast.AsyncWith) -> None:
    prefix = "__a" if isinstance(node, ast.AsyncWith) else "__"
    managers: list[Value] = []
    for item in node.items:
        manager = machine.eval(item.context_expr)
        managers.append(manager)
        entered = operators.special(machine, manager, f"{prefix}enter__", args=Args(node=item.context_expr))
        if item.optional_vars is not None:
            bind(machine, item.optional_vars, manager if entered is None else entered)
    machine.run(node.body)
    for manager in managers:
        operators.special(machine, manager, f"{prefix}exit__", args=Args([UNKNOWN, UNKNOWN, UNKNOWN], node=node))


@statement(ast.Import)
def import_modules(machine: Machine, node: ast.Import) -> None:
    for alias in node.names:
        value = imports.load(machine, alias.name, node)
        if alias.asname is not None:
            machine.scope.bind(alias.asname, value)
        else:
            top = alias.name.partition(".")[0]
            machine.scope.bind(top, value if top == alias.name else imports.module(machine, top))


@statement(ast.ImportFrom)
def import_names(machine: Machine, node: ast.ImportFrom) -> None:
    source = imports.load(machine, ("." * node.level) + (node.module or ""), node)
    for alias in node.names:
        if alias.name == "*":
            imports.everything(machine, source)
            continue
        value = machine.attribute(source, alias.name, node)
        if not (isinstance(value, Ref) and value.path == "os.environ"):
            machine.reference(value, node)
        machine.scope.bind(alias.asname or alias.name, value)


@statement(ast.FunctionDef, ast.AsyncFunctionDef)
def define(machine: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    spec = node.args
    defaults = tuple(machine.eval(default) for default in spec.defaults)
    named = zip(spec.kwonlyargs, spec.kw_defaults, strict=True)
    keyword = {argument.arg: machine.eval(default) for argument, default in named if default is not None}
    machine.quiet += 1
    notes: dict[str, Value] = {}
    for argument in [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]:
        if argument.annotation is not None:
            notes[argument.arg] = machine.eval(argument.annotation)
    if node.returns is not None:
        notes["return"] = machine.eval(node.returns)
    machine.quiet -= 1
    if notes:
        machine.results[spec] = Map(dict(notes))
    func = Func(node, machine.scope, defaults, keyword)
    machine.functions[node] = func
    machine.scope.bind(node.name, decorated(machine, func, node.decorator_list))


def decorated(machine: Machine, value: Value, decorators: list[ast.expr]) -> Value:
    """Apply decorators, innermost first."""
    for node in reversed(decorators):
        decorator = callee(machine, node) if not isinstance(node, ast.Call) else machine.eval(node)
        value = machine.call(decorator, Args([value], node=node))
    return value


@statement(ast.ClassDef)
def define_class(machine: Machine, node: ast.ClassDef) -> None:
    machine.quiet += 1
    bases = [machine.eval(base) for base in node.bases]
    machine.quiet -= 1
    keywords = {keyword.arg or "**": machine.eval(keyword.value) for keyword in node.keywords}
    metaclass = keywords.pop("metaclass", None)
    outer = machine.scope
    machine.scope = Scope(outer, is_class=True)
    if metaclass is not None:
        operators.special(
            machine, Instance(metaclass) if isinstance(metaclass, Class) else metaclass, "__prepare__", args=Args()
        )
    try:
        machine.run(node.body)
        attributes = machine.scope.names
    finally:
        machine.scope = outer
    cls = Class(node.name, bases, attributes, metaclass)
    for value in attributes.values():
        if isinstance(value, Func) and value.owner is None:
            value.owner = cls
    outer.bind(node.name, cls)
    made = _made(machine, cls, keywords, node=node)
    outer.bind(node.name, decorated(machine, made, node.decorator_list))


def _made(machine: Machine, cls: Class, keywords: dict[str, Value], *, node: ast.ClassDef) -> Value:  # noqa: C901 - one way for each kind
    """Run what making a class runs: `__set_name__`, `__init_subclass__`, its metaclass."""
    made: Value = cls
    for name, value in list(cls.attributes.items()):
        if isinstance(value, Instance):
            operators.special(machine, value, "__set_name__", args=Args([cls, Const(name)], node=node))
    for base in cls.bases:
        if isinstance(base, Class):
            hook = base.find("__init_subclass__")
            if hook is not None:
                machine.call(Partial(hook, (cls,), {}), Args(keywords=dict(keywords), node=node))
    pieces: list[Value] = [Const(cls.name), UNKNOWN, Map(dict(cls.attributes))]
    metaclass = cls.metaclass or next(
        (base.metaclass for base in cls.bases if isinstance(base, Class) and base.metaclass), None
    )
    if cls.metaclass is None:
        cls.metaclass = metaclass
    if isinstance(metaclass, Class):
        for name, first in (("__new__", metaclass), ("__init__", cls)):
            hook = metaclass.find(name)
            if hook is not None:
                machine.call(Partial(hook, (first,), {}), Args([*pieces], dict(keywords), node=node))
    elif metaclass is not None:
        made = join(cls, machine.call(metaclass, Args(pieces, dict(keywords), node=node)))
    return made if not isinstance(made, Const) else unknown()
