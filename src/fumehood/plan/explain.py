"""Why something was refused: from what was recorded to the setting, its clause, and the line that would allow it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple, cast

from fumehood.errors import UsageError
from fumehood.plan import answers
from fumehood.plan.baseline import BASELINE
from fumehood.policy import CLAUSES, format_bytes, format_seconds
from fumehood.policy.kinds import literal
from fumehood.policy.places import read_host

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fumehood.plan import Plan
    from fumehood.plan.settings import Setting

Layer = Literal["seccomp", "landlock", "limit", "egress"]

_LEASES: Final = ("background", "idle", "lifetime")
_LIMITS: Final[Mapping[str, tuple[str, str]]] = {
    **{name: ("jail", name) for name in ("wall", "cpu", "memory", "processes", "disk", "open_files", *_LEASES)},
    "files": ("jail", "open_files"),
    "output": ("output", "output"),
    "displays": ("output", "displays"),
}
_FLAGS: Final[Mapping[str, str]] = {
    "limits.wall": "--timeout",
    "limits.memory": "--memory",
    "network.allow": "--allow-net",
    "code.spawn": "--policy workbench",
    "files.read": "--data PATH",
    "files.write": "--out DIR",
}
_LANDLOCK: Final = {
    "read": "read",
    "write": "write",
    "execute": "execute",
    "connect": "tcp",
    "bind": "tcp",
    "signal": "scope",
}
_SIZES: Final = ("limits.memory", "limits.disk", "limits.output", "limits.displays")
_TIMES: Final = ("limits.wall", "limits.cpu", *(f"limits.{name}" for name in _LEASES))


class Explanation(NamedTuple):
    """The way from a refusal to its cause. `allow` and `flag` are empty where no policy can allow it.

    `clause` is the clause's or the rule's name and `why` how it stands; `allow` is the line for the policy file, `flag`
    the option of `fumehood run` that does the same for one run.
    """

    setting: Setting
    clause: str
    why: str
    allow: str
    flag: str

    @property
    def remedy(self) -> str:
        """Say what to do next, in one sentence."""
        if not self.allow:
            return f"No policy allows it: {self.why}"
        return f"Allow it with {self.allow} in the policy" + (f", or with {self.flag}." if self.flag else ".")


def why(plan: Plan, layer: Layer, what: str) -> Explanation:
    """Explain a refusal.

    By layer, `what` is the name of the system call, the access (`read /path`), the kind of limit, or `host:port`.

    Raises:
        UsageError: The plan refuses no such thing.
    """
    setting = _setting(plan, layer, what)
    clause = setting.because
    if layer == "seccomp" and clause in _granted(plan):
        # The clause grants already, so what was refused is what no grant covers: another family of sockets.
        rule = f"baseline.{setting.name}"
        return Explanation(setting, rule, BASELINE[rule], allow="", flag="")
    if clause not in CLAUSES:
        return Explanation(setting, clause, setting.why, allow="", flag="")
    value, flag = _more(plan, setting, what)
    return Explanation(setting, clause, setting.why, allow=f"{clause} = {value}", flag=flag)


def _granted(plan: Plan) -> tuple[str, ...]:
    return ("network.allow",) if plan.egress["hosts"].value else ()


def _setting(plan: Plan, layer: Layer, what: str) -> Setting:
    if layer == "limit" and what in _LIMITS:
        part, name = _LIMITS[what]
        return dict(plan.slices())[part][name]
    if layer == "egress":
        return plan.egress["hosts"]
    if layer == "landlock" and (access := what.partition(" ")[0]) in _LANDLOCK:
        return plan.landlock[_LANDLOCK[access]]
    if layer == "seccomp":
        return next(
            (each for each in plan.syscalls.values() if what in answers.calls(each.value)), plan.syscalls["default"]
        )
    message = f"no {layer} refuses {what!r}"
    raise UsageError(message, remedy="Name what a denial or a limit of a result names.")


def _more(plan: Plan, setting: Setting, what: str) -> tuple[str, str]:
    """Return a value of the setting's clause that would allow it, as TOML, and the option that does the same."""
    clause = setting.because
    option = _FLAGS.get(clause, "")
    match clause:
        case "code.spawn":
            return "true", option
        case "network.allow":
            host = _host(what)
            return literal((*_entries(plan.egress["hosts"]), host)), f"{option} {host}"
        case "files.read" | "files.write":
            return literal((*_entries(setting), what.partition(" ")[2] or "/path")), option
        case _:
            text = _double(clause, setting.value)
            return text if clause not in (*_SIZES, *_TIMES) else literal(text), f"{option} {text}" if option else ""


def _entries(setting: Setting) -> tuple[str, ...]:
    return cast("tuple[str, ...]", setting.value)


def _host(what: str) -> str:
    try:
        return read_host(what.rpartition(" ")[2])
    except ValueError:
        return "HOST:PORT"


def _double(clause: str, value: float) -> str:
    """Return twice the limit: enough to see whether more helps, and little enough to be looked at again."""
    if clause in _SIZES:
        return format_bytes(2 * value)
    return format_seconds(2 * value) if clause in _TIMES else str(2 * value)


def recordable(plan: Plan) -> Iterator[tuple[Layer, str]]:
    """Yield every refusal that can be recorded under a plan, as `why` takes it; a host stands for all hosts."""
    for setting in plan.syscalls.values():
        for call in answers.calls(setting.value):
            if "refuse" in answers.actions(setting.value):
                yield "seccomp", call
    for kind, (part, name) in _LIMITS.items():
        if dict(plan.slices())[part][name].value not in {0, None}:  # off: it ends nothing
            yield "limit", kind
    yield "egress", "unlisted.example.org:443"
