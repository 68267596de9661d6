"""Functions that call what they are given: map, partial, reduce, sorted, threads, event loops."""

from __future__ import annotations

import ast

from fumehood.check.python import operators, subscripts
from fumehood.check.python.fold.concrete import concrete
from fumehood.check.python.iteration import items_of
from fumehood.check.python.machine import Args, Machine, method, model
from fumehood.check.python.values import (
    NONE,
    UNKNOWN,
    Bound,
    Class,
    Const,
    Func,
    Instance,
    Map,
    Object,
    Partial,
    Ref,
    Seq,
    Union,
    Unknown,
    Value,
    join,
)


@model("builtins.map", "itertools.starmap")
def mapped(machine: Machine, args: Args) -> Value:
    func = args.get(0) or UNKNOWN
    columns = [items_of(machine, value) for value in args.positional[1:]]
    exact = all(known for _, known in columns)
    rows = list(zip(*[items for items, _ in columns], strict=False)) if columns else []
    found: list[Value] = []
    for row in rows[: 5000 if machine.keen else 8]:
        values = list(row)
        if (
            isinstance(args.node, ast.Call)
            and getattr(args.node.func, "attr", getattr(args.node.func, "id", "")) == "starmap"
        ):
            values = items_of(machine, values[0])[0]
        found.append(machine.call(func, Args(values, node=args.node)))
    return Seq("iter", found, exact and len(found) == len(rows))


@model("builtins.filter", "itertools.filterfalse", "itertools.takewhile", "itertools.dropwhile")
def filtered(machine: Machine, args: Args) -> Value:
    func = args.get(0) or UNKNOWN
    items, exact = items_of(machine, args.get(1) or UNKNOWN)
    kept: list[Value] = []
    for item in items[: 5000 if machine.keen else 8]:
        truth = operators.truth(
            item if func is NONE or isinstance(func, Const) else machine.call(func, Args([item], node=args.node))
        )
        if truth is not False:
            kept.append(item)
        exact = exact and truth is not None
    return Seq("iter", kept, exact)


@model("functools.reduce", "builtins.reduce")
def reduced(machine: Machine, args: Args) -> Value:
    func = args.get(0) or UNKNOWN
    items, exact = items_of(machine, args.get(1) or UNKNOWN)
    start = args.get(2, "initial")
    if start is not None:
        items = [start, *items]
    if not items:
        return UNKNOWN
    value = items[0]
    for item in items[1 : 5000 if machine.keen else 8]:
        value = machine.call(func, Args([value, item], node=args.node))
    return value if exact else join(value, UNKNOWN)


@model("itertools.accumulate")
def accumulated(machine: Machine, args: Args) -> Value:
    items, exact = items_of(machine, args.get(0) or UNKNOWN)
    func = args.get(1, "func") or Ref("operator.add")
    found: list[Value] = items[:1]
    for item in items[1 : 2000 if machine.keen else 8]:
        found.append(machine.call(func, Args([found[-1], item], node=args.node)))
    return Seq("iter", found, exact and len(found) == len(items))


@model("functools.partial", "functools.partialmethod")
def partially(machine: Machine, args: Args) -> Value:
    del machine
    return Partial(args.get(0) or UNKNOWN, tuple(args.positional[1:]), dict(args.keywords))


@model("numpy.vectorize", "numpy.frompyfunc")
def vectorized(machine: Machine, args: Args) -> Value:
    del machine
    return Object("vectorized", data={"func": args.get(0, "pyfunc", "func") or UNKNOWN})


@method("vectorized.__call__")
def call_vectorized(machine: Machine, owner: Value, args: Args) -> Value:
    func = owner.data["func"] if isinstance(owner, Object) else UNKNOWN
    for item in items_of(machine, args.get(0) or UNKNOWN)[0][:64]:
        machine.call(func, Args([item, *args.positional[1:]], node=args.node))
    return UNKNOWN


@model("operator.methodcaller")
def method_caller(machine: Machine, args: Args) -> Value:
    del machine
    return Object(
        "operator.methodcaller",
        data={
            "name": args.get(0) or UNKNOWN,
            "args": Seq("list", args.positional[1:]),
            "keywords": Map(dict(args.keywords)),
        },
    )


@method("operator.methodcaller.__call__")
def call_by_name(machine: Machine, owner: Value, args: Args) -> Value:
    if not isinstance(owner, Object):
        return UNKNOWN
    given, keywords = owner.data["args"], owner.data["keywords"]
    func = machine.call(Ref("builtins.getattr"), Args([args.get(0) or UNKNOWN, owner.data["name"]], node=args.node))
    if isinstance(given, Seq) and isinstance(keywords, Map):
        return machine.call(func, Args(list(given.items), dict(keywords.items), node=args.node))
    return UNKNOWN


@model("operator.itemgetter")
def item_getter(machine: Machine, args: Args) -> Value:
    del machine
    return Object("operator.itemgetter", data={"keys": Seq("list", args.positional)})


@method("operator.itemgetter.__call__")
def apply_item_getter(machine: Machine, owner: Value, args: Args) -> Value:
    keys = owner.data["keys"] if isinstance(owner, Object) else UNKNOWN
    values = [
        subscripts.get(machine, args.get(0) or UNKNOWN, key, node=args.node)
        for key in (keys.items if isinstance(keys, Seq) else [])
    ]
    return values[0] if len(values) == 1 else Seq("tuple", values)


@model("operator.getitem")
def get_item(machine: Machine, args: Args) -> Value:
    return subscripts.get(machine, args.get(0) or UNKNOWN, args.get(1) or UNKNOWN, node=args.node)


@model("operator.setitem")
def set_item(machine: Machine, args: Args) -> Value:
    subscripts.put(
        machine, args.get(0) or UNKNOWN, args.get(1) or UNKNOWN, value=args.get(2) or UNKNOWN, node=args.node
    )
    return NONE


@model("operator.call")
def call_first(machine: Machine, args: Args) -> Value:
    return machine.call(args.get(0) or UNKNOWN, Args(args.positional[1:], args.keywords, args.loose, args.node))


@model(
    "functools.wraps",
    "functools.lru_cache",
    "functools.cache",
    "functools.cached_property",
    "functools.singledispatch",
    "functools.total_ordering",
    "functools.singledispatchmethod",
    "contextlib.contextmanager",
    "contextlib.asynccontextmanager",
    "dataclasses.dataclass",
    "typing.runtime_checkable",
    "atexit.register",
    "asyncio.coroutine",
    "types.coroutine",
    "abc.abstractmethod",
    "typing.no_type_check",
    "typing.final",
    "typing.overload",
    "unittest.skip",
    "typing.override",
    "enum.unique",
    "staticmethod_",
    "pytest.fixture",
    "numba.jit",
    "numba.njit",
    "numba.vectorize",
    "numba.prange",
    "torch.no_grad",
    "tensorflow.function",
    "jax.jit",
    "streamlit.cache_data",
    "contextlib.suppress",
    "functools.update_wrapper",
)  # fmt: skip - a table
def pass_through(machine: Machine, args: Args) -> Value:
    """Decorators that keep the function; given options first, they answer a decorator that does."""
    first = args.get(0)
    if isinstance(first, Unknown | Const) or first is None:
        return Object("decorator")
    label = getattr(args.node, "attr", getattr(getattr(args.node, "func", None), "attr", ""))
    if label == "wraps":
        return Object("decorator")
    if label == "register" and isinstance(first, Func | Ref | Partial):
        machine.call(first, Args(args.positional[1:], args.keywords, args.loose, args.node))
    if label in {"contextmanager", "asynccontextmanager"} and isinstance(first, Func):
        return Object("contextmanager", data={"func": first})
    return first


@method("decorator.__call__", "functools.wraps.__call__")
def decorate(machine: Machine, owner: Value, args: Args) -> Value:
    del machine, owner
    return args.get(0) or UNKNOWN


@method("contextmanager.__call__")
def enter_context(machine: Machine, owner: Value, args: Args) -> Value:
    func = owner.data.get("func") if isinstance(owner, Object) else None
    made = machine.call(func or UNKNOWN, args)
    return subscripts.any_of(made.items) if isinstance(made, Seq) else made


@model(
    "threading.Thread",
    "multiprocessing.Process",
    "multiprocessing.context.Process",
    "threading.Timer",
    "multiprocessing.dummy.Process",
    "_thread.start_new_thread",
    "_thread.start_new",
    "weakref.finalize",
    "signal.signal",
    "sched.scheduler.enter",
    "sched.scheduler.enterabs",
    "asyncio.to_thread",
    "concurrent.futures.Future.add_done_callback",
    "threading.Thread.run",
    "anyio.run",
    "trio.run",
    "anyio.to_thread.run_sync",
    "contextvars.Context.run",
    "asyncio.run",
    "asyncio.Runner.run",
    "curses.wrapper",
    "contextlib.ExitStack.callback",
    "contextlib.ExitStack.push",
    "faulthandler.register",
    "bdb.Bdb.runcall",
    "cProfile.Profile.runcall",
    "trace.Trace.runfunc",
    "pdb.runcall",
    "sys.setswitchinterval_",
    "tkinter.Tk.after",
    "gc.callbacks.append",
    "sys.unraisablehook_",
    "weakref.ref",
    "weakref.proxy",
    "copyreg.pickle",
    "codecs.register",
    "codecs.register_error",
    "readline.set_completer",
    "readline.set_startup_hook",
    "readline.set_pre_input_hook",
    "types.DynamicClassAttribute",
    "importlib.util.LazyLoader.factory",
    "unittest.FunctionTestCase",
)  # fmt: skip - a table
def call_later(machine: Machine, args: Args) -> Value:
    """Call the function among the arguments with the arguments that are meant for it."""
    target = args.keywords.get("target") or args.keywords.get("function")
    given = args.keywords.get("args") or args.keywords.get("argument")
    rest = list(args.positional)
    if target is None:
        target = next((value for value in rest if _callable(value)), None)
        rest = rest[rest.index(target) + 1 :] if target is not None else []
        if given is None and rest and isinstance(rest[0], Seq) and rest[0].kind in {"tuple", "list"}:
            given = rest[0]
    if target is not None:
        keywords = args.keywords.get("kwargs")
        plain = list(given.items) if isinstance(given, Seq) else rest
        named = (
            {key: value for key, value in keywords.items.items() if isinstance(key, str)}
            if isinstance(keywords, Map)
            else {}
        )
        if machine.repeat >= 1 << 30:
            machine.need("resource.exhaust", args.node, value="threads or processes without end")
        result = machine.call(target, Args(plain, named, node=args.node))
        return join(result, Object("threading.Thread"))
    return args.get(0) if isinstance(args.get(0), Seq | Const) else Object("threading.Thread")  # type: ignore[return-value]


def _callable(value: Value) -> bool:
    if isinstance(value, Instance):
        return value.cls.find("__call__") is not None
    if isinstance(value, Union):
        return any(_callable(option) for option in value.options)
    return isinstance(value, Func | Ref | Partial | Bound | Class)


@method(
    ".submit",
    ".apply_async",
    ".apply",
    ".run_in_executor",
    ".call_soon",
    ".call_later",
    ".call_at",
    ".run_until_complete",
    ".create_task",
    ".start_soon",
    ".callback",
    ".after",
    ".add_done_callback",
    ".enter",
    ".enterabs",
    ".register",
    ".runcall",
    ".run_sync",
    ".connect_callback",
    ".start_new_thread",
)  # fmt: skip - a table
def submit(machine: Machine, owner: Value, args: Args) -> Value:
    func = next((value for value in args.positional if _callable(value)), None)
    if func is None:
        for value in args.positional:
            if isinstance(value, Object):
                return value
        return machine.call(owner, args) if _callable(owner) else UNKNOWN
    rest = args.positional[args.positional.index(func) + 1 :]
    if rest and isinstance(rest[0], Seq):
        rest = list(rest[0].items)
    return Object(
        "concurrent.futures.Future", data={"item": machine.call(func, Args(rest, args.keywords, node=args.node))}
    )


@method(
    ".map",
    ".imap",
    ".imap_unordered",
    ".starmap",
    ".map_async",
    ".starmap_async",
    ".apply",
    ".applymap",
    ".transform",
    ".pipe",
    ".agg",
    ".aggregate",
    ".filter",
    ".foreach",
)
def map_method(machine: Machine, owner: Value, args: Args) -> Value:
    func = args.get(0, "func", "fn") or UNKNOWN
    if isinstance(func, Const | Seq | Map | Unknown):
        return Unknown()
    if (isinstance(owner, Object) and owner.path.startswith(("pandas", "numpy"))) or len(args.positional) < 2:  # noqa: PLR2004 - the function alone
        machine.call(func, Args([Object("item") if not isinstance(owner, Object) else _held(owner)], node=args.node))
        return UNKNOWN
    columns = [items_of(machine, value)[0] for value in args.positional[1:]]
    found = [machine.call(func, Args(_row(row), node=args.node)) for row in list(zip(*columns, strict=False))[:64]]
    return Seq("iter", found, exact=False)


def _held(owner: Object) -> Value:
    return owner.data.get("item") or UNKNOWN


def _row(row: tuple[Value, ...]) -> list[Value]:
    return list(row[0].items) if len(row) == 1 and isinstance(row[0], Seq) and row[0].kind == "tuple" else list(row)


@model(
    "builtins.sorted",
    "builtins.min",
    "builtins.max",
    "itertools.groupby",
    "heapq.nlargest",
    "heapq.nsmallest",
    "heapq.merge",
)
def ordered(machine: Machine, args: Args) -> Value:
    key = args.keywords.get("key")
    whole = next(
        (value for value in reversed(args.positional) if not isinstance(value, Const) or isinstance(value.value, str)),
        UNKNOWN,
    )
    items, exact = items_of(machine, whole) if len(args.positional) == 1 else (list(args.positional), True)
    if key is not None:
        keys = [machine.call(key, Args([item], node=args.node)) for item in items[: 2000 if machine.keen else 4]]
    else:
        keys = items
    plain = [concrete(value) for value in keys]
    label = getattr(getattr(args.node, "func", None), "id", "sorted")
    if exact and len(plain) == len(items) and items:
        try:
            order = sorted(
                range(len(items)),
                key=lambda index: plain[index],
                reverse=concrete(args.keywords.get("reverse")) is True,
            )
        except TypeError:
            return Seq("list", items, exact=False) if label == "sorted" else subscripts.any_of(items)
        if label in {"min", "max"}:
            return items[order[0] if label == "min" else order[-1]]
        return Seq("list", [items[index] for index in order])
    return Seq("list", items, exact=False) if label not in {"min", "max"} else subscripts.any_of(items)


@model("asyncio.get_event_loop", "asyncio.new_event_loop", "asyncio.get_running_loop")
def event_loop(machine: Machine, args: Args) -> Value:
    del machine, args
    return Object("asyncio.BaseEventLoop")


@model(
    "asyncio.gather",
    "asyncio.wait",
    "asyncio.wait_for",
    "asyncio.shield",
    "asyncio.ensure_future",
    "asyncio.create_task",
    "asyncio.as_completed",
)
def awaited(machine: Machine, args: Args) -> Value:
    del machine
    return args.positional[0] if len(args.positional) == 1 else Seq("list", args.positional)
