"""Network objects that remember where they go."""

from __future__ import annotations

from fumehood.check.python.fold.concrete import concrete
from fumehood.check.python.machine import Args, Machine, method, model
from fumehood.check.python.values import UNKNOWN, Const, Object, Ref, Value

NETWORK = frozenset({"network"})
PROT_EXEC = 4


@model("urllib.request.Request", "requests.Request")
def request(machine: Machine, args: Args) -> Value:
    del machine
    return Object("urllib.request.Request", data={"url": args.get(0, "url") or UNKNOWN})


@model("socket.socket", "socks.socksocket")
def sock(machine: Machine, args: Args) -> Value:
    family = args.get(0, "family")
    local = isinstance(family, Ref) and family.path.endswith("AF_UNIX")
    if not local:
        machine.need("net.connect", args.node, confidence="referenced")
    return Object("socket.socket", NETWORK)


@method(".makefile", ".dup", ".accept", ".wrap_socket")
def derived(machine: Machine, owner: Value, args: Args) -> Value:
    del machine
    first = args.get(0)
    return first if isinstance(first, Object) and first.path == "socket.socket" else owner


@model("webbrowser.open", "webbrowser.open_new", "webbrowser.open_new_tab")
def browse(machine: Machine, args: Args) -> Value:
    del machine, args
    return UNKNOWN


@model("seaborn.load_dataset", "sklearn.datasets.load_iris")
def dataset(machine: Machine, args: Args) -> Value:
    del machine, args
    return Object("pandas.DataFrame")


@model("ctypes.util.find_library")
def library(machine: Machine, args: Args) -> Value:
    name = concrete(args.get(0, "name"))
    del machine
    return Const(f"lib{name}.so") if isinstance(name, str) else UNKNOWN


@model("mmap.mmap")
def mapped(machine: Machine, args: Args) -> Value:
    protection = concrete(args.get(-1, "prot"))
    if isinstance(protection, int) and protection & PROT_EXEC:
        machine.need("code.native", args.node, value="memory that holds instructions")
    return Object("mmap.mmap")
