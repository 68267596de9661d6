"""One check from end to end: source and policy in, report and the next state out. Pure, and remembered for a while."""

from __future__ import annotations

import hashlib
import importlib
import time
import warnings
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Final

from fumehood.check.budget import Budget
from fumehood.check.judge import judge
from fumehood.check.need import Need, ParseError, Reading
from fumehood.check.python import Names, follow
from fumehood.check.weight import weigh
from fumehood.errors import UsageError
from fumehood.execution import LANGUAGES, Analysis, Capability, Confidence, Language, Report
from fumehood.policy import Policy

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

VERSION: Final = "1"
MAX_REMEMBERED: Final = 256
LONG: Final = 4096  # what is longer is not held by the memory of it
MAX_KEPT, MAX_HELD = 16 << 20, 64 << 20  # bytes of what the programs of one sandbox left, and of all that is remembered
NODE_BYTES: Final = 200  # of syntax, for a character
UNSAID: Final = frozenset({"module.import"})  # judged, but told by `imports` already


@dataclass(frozen=True, slots=True)
class State:
    """What the runs of one sandbox leave for the reading of the next: names and what they stand for. Immutable.

    `digest` names it; equal digests came from the same sources in the same order, each read to its end, but for those
    that left what they found. `weight` is no less than the bytes that it takes. Where programs left more than may be
    kept, the next one begins with nothing that is not `whole`: from then on no program of that sandbox counts as read
    to its end.
    """

    digest: str = ""
    names: Names = field(default_factory=Names, repr=False, compare=False)
    weight: int = field(default=0, repr=False, compare=False)
    whole: bool = field(default=True, compare=False)


#: What was read, or the hash of what is long; in which language, by whose rules, and after what.
_Key = tuple[str | bytes, Language, Policy, str]
#: Each answer with its weight.
_remembered: OrderedDict[_Key, tuple[tuple[Report, State], int]] = OrderedDict()
_lock = Lock()
_cut_short = count()


def examine(
    source: str | bytes,
    language: Language = "python",
    policy: Policy | str | Path | None = None,
    *,
    state: State | None = None,
) -> tuple[Report, State]:
    """Read a program and judge it; answer the report, and the state for what runs after it.

    Args:
        source: The program; bytes are read as UTF-8.
        language: One of `fumehood.execution.LANGUAGES`.
        policy: A policy, the name of a shipped one, the path of one, or None for the default.
        state: What `examine` answered for the program before, in the same sandbox.

    Raises:
        UsageError: The language is not one of those, its grammar is not installed, or the policy is none.
    """
    if language not in LANGUAGES:
        raise UsageError(
            f"{language!r} is not a language that fumehood reads.", remedy=f"Name one of {', '.join(LANGUAGES)}."
        )
    rules = Policy.load(policy)
    before = _bounded(state or State())
    source = source if isinstance(source, str) else bytes(source)
    code_sha256 = "" if len(source) <= LONG else _sha256(source)
    key = (code_sha256 or source, language, rules, before.digest)
    found = _recalled(key)
    if found is not None:
        return found
    _reader(language)
    code_sha256 = code_sha256 or _sha256(source)
    begun = time.perf_counter()
    reading, names, made = _read(source, language, before, granted=rules.code.spawn)
    verdict, findings = judge(reading, rules)
    report = Report(
        verdict=verdict,
        capabilities=_capabilities(reading),
        findings=findings,
        imports=reading.imports,
        analysis=Analysis(round((time.perf_counter() - begun) * 1000, 3), reading.complete, VERSION),
        policy_sha256=rules.sha256,
        code_sha256=code_sha256,
    )
    unchanged = names is before.names or before.names.are_like(names)
    told = f"{code_sha256} {language} {rules.sha256} {VERSION} {before.digest}"
    if not reading.complete:  # what a budget cut short may be read further on a quieter machine
        told = f"{told} {next(_cut_short)}"
    weight = before.weight + made
    result = report, before if unchanged else State(_sha256(told), names, weight, before.whole)
    if reading.complete and weight <= MAX_KEPT:
        _remember(key, result, made + weight)
    return result


def _recalled(key: _Key) -> tuple[Report, State] | None:
    with _lock:
        found = _remembered.get(key)
        if found is None:
            return None
        _remembered.move_to_end(key)
        return found[0]


def _remember(key: _Key, result: tuple[Report, State], weight: int) -> None:
    """Keep an answer, and let go of those that nobody asked for longest where they are too many or too heavy."""
    with _lock:
        _remembered[key] = result, weight
        while len(_remembered) > MAX_REMEMBERED or sum(each for _, each in _remembered.values()) > MAX_HELD:
            _remembered.popitem(last=False)


def _bounded(state: State) -> State:
    """The state, weighed where it could be too heavy; where it is, that and nothing else is known."""
    if state.weight <= MAX_KEPT:
        return state
    weight = weigh(state.names, MAX_KEPT)
    return replace(state, weight=weight) if weight <= MAX_KEPT else State(state.digest, whole=False)


def _sha256(text: str | bytes) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text).hexdigest()


def _capabilities(reading: Reading) -> tuple[Capability, ...]:
    found: dict[tuple[str, str | None, int, Confidence], None] = {
        (need.capability, need.value, need.line, need.confidence): None
        for need in reading.needs
        if need.capability not in UNSAID
    }
    return tuple(Capability(capability, value, line, confidence) for capability, value, line, confidence in found)


def _read(source: str | bytes, language: Language, state: State, *, granted: bool) -> tuple[Reading, Names, int]:
    """Read a program in its language, and where programs may be started, their command lines; how much was made."""
    text = source if isinstance(source, str) else _decoded(source)
    if isinstance(text, ParseError):
        return Reading(error=text), state.names, 0
    text = text.removeprefix("\ufeff")
    reader, bash = _reader(language), _reader("bash") if granted else None
    budget = Budget()
    try:
        if language == "python":
            reading, names = follow(text, state.names, budget)
        else:
            reading, names = reader.read(text, budget), state.names
        if bash is not None and language != "bash":
            reading = _with_commands(reading, bash, budget)
    except Exception as error:  # noqa: BLE001 - whatever a program does to its reader, the caller gets a verdict
        warnings.warn(
            f"Reading a program failed; it counts as not read to its end ({error!r}).", RuntimeWarning, stacklevel=2
        )
        return Reading(complete=False), state.names, 0
    made = budget.made() + len(text) * NODE_BYTES
    return reading if state.whole else reading._replace(complete=False), names, made


def _reader(language: Language) -> ModuleType:
    """Load what reads a language. It is done before the budget's clock starts: loading is not the program's doing."""
    reader = importlib.import_module(f"fumehood.check.{language}")
    if language == "javascript":
        reader.load()
    return reader


def _decoded(source: bytes) -> str | ParseError:
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        return ParseError(f"byte {error.start} is not UTF-8", line, 0)


def _with_commands(reading: Reading, bash: ModuleType, budget: Budget) -> Reading:
    """Read the command lines that a program starts, as bash: each need stands where the program starts it."""
    found: list[Need] = []
    complete = reading.complete
    for need in reading.needs:
        if need.capability == "process.spawn" and need.confidence == "resolved" and need.value:
            inner: Reading = bash.read(need.value, budget)
            complete = complete and inner.complete
            found += [
                one._replace(
                    line=need.line,
                    col=need.col,
                    snippet=need.snippet,
                    trace=(*need.trace, "command line", *one.trace),
                )
                for one in inner.needs
            ]
    return reading._replace(needs=(*reading.needs, *found), complete=complete) if found else reading
