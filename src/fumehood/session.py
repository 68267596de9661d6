"""The core of a sandbox, written once: check → run → filter → record. `sandbox.py` has its two faces."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from fumehood import outcome, pool
from fumehood.environments.choice import Choice
from fumehood.errors import SandboxBusy, SandboxClosed, StateLost, UsageError
from fumehood.execution import LANGUAGES, Result, Usage, strict
from fumehood.guard.output import Filter, secret_values
from fumehood.policy import Policy, format_seconds
from fumehood.policy.units import parse_seconds
from fumehood.reader import Reader, refusal
from fumehood.trail import Clock, timed
from fumehood.workspace import Workspace, shared, target

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from fumehood.environments import Environment
    from fumehood.environments.uv import Step
    from fumehood.execution import Language, Report
    from fumehood.reader import Read
    from fumehood.tiers.jail.cell import Cell
    from fumehood.tiers.jail.cell import Outcome as Seen
    from fumehood.tiers.jail.waiting import Waiter

_MOST_CODE, _MOST_FRAME = 8 * 1024 * 1024, 15 * 1024 * 1024
_INTERPRETER = {"bash": "bash", "javascript": "node"}


@lru_cache(maxsize=1)
def _call_names() -> dict[int, str]:
    """Number to name of this machine's system calls."""
    from fumehood.tiers.jail.calls import names  # noqa: PLC0415 -- only where something was refused

    return names()


class Session:
    """One sandbox over its life: a cell, and another after a reset."""

    def __init__(  # noqa: PLR0913 -- the keyword arguments of Sandbox
        self,
        waiter: Waiter,
        *,
        policy: Policy | str | Path | None,
        env: str | Environment,
        tier: str | None,
        data: Iterable[str | os.PathLike[str]],
        out: str | os.PathLike[str] | None,
        language: Language,
        on_build: Callable[[Step], None] | None = None,
        lasting: bool = True,
    ) -> None:
        """Read the arguments; nothing is started yet. What is not `lasting` runs one program.

        Raises:
            UsageError: An argument has no meaning.
        """
        self.cell: Cell | None = None
        self.closed = False
        self._busy = threading.Lock()
        self.waiter = waiter
        self.policy = Policy.load(policy)
        if tier is not None:
            self.policy = self.policy.but(**{"isolation.tier": tier})
        self._reader = Reader(self.policy)
        self.choice = Choice(env, lasting=lasting, on_build=on_build)
        self.language: Language = _language(language)
        self.trees = shared((data,) if isinstance(data, str | os.PathLike) else tuple(data))
        self.out = None if out is None else target(Path(out))
        self.runs = 0
        self.lost: str | None = None
        self.state_gone = False
        self._process = 0

    def __del__(self) -> None:
        """Forgotten without `close`: its sandbox must not live as long as the process."""
        self.close()

    @contextmanager
    def alone(self) -> Generator[None]:
        """Hold off a second call while one runs: a sandbox has one namespace, and two runs would mix in it."""
        if not self._busy.acquire(blocking=False):
            raise SandboxBusy(
                "Another call is running in this sandbox.",
                remedy="Wait for it, or use one Sandbox for each thread or task: they are cheap.",
            )
        try:
            yield
        finally:
            if self.closed:  # by another thread, meanwhile
                self._let_go()
            self._busy.release()

    async def open(self, imports: Iterable[str] = ()) -> Cell:
        """The living cell; made now if there is none, for a program that imports these modules.

        Raises:
            SandboxClosed: The sandbox was closed.
            StateLost: What it held is gone, and nobody asked for a new beginning.
            Unavailable: This machine can't make one.
        """
        self._require_living()
        if self.cell is None:
            environment = await self.choice.settle(imports, self.waiter)
            ask = pool.Ask(self.policy, self.language, environment)
            self.ready, self.cell = await pool.fresh(ask, self.trees, self.waiter)
            self.runs, self._process = 0, os.getpid()
            jail = self.ready.plan.jail
            self.cell.lease(jail["idle"].value, jail["lifetime"].value)
            self._filter = Filter(self.ready.plan.output, self.policy, secret_values(self.policy))
        return self.cell

    def _require_living(self) -> None:
        if self.closed:
            raise SandboxClosed("This sandbox was closed.", remedy="Make a new Sandbox.")
        self._look()
        if self.lost is not None:
            raise StateLost(
                f"The sandbox is gone, and with it its variables, imports and files: {self.lost}",
                remedy="Call reset() to begin anew; the next run then says `state: lost`.",
            )

    def _look(self) -> None:
        """Before a run: whether the cell is ours, and whether what was left running in it has ended it since."""
        if self.cell is None:
            return
        if self._process != os.getpid():
            raise SandboxClosed(
                "This sandbox belongs to the process that this one was forked from.",
                remedy="Make a Sandbox in each process.",
            )
        seen = self.cell.ended()
        if seen is not None:
            self._lose(_why_lost(outcome.judge(self.ready.plan, seen, None)))

    async def run(  # noqa: PLR0913 -- the keyword arguments of Sandbox.run
        self,
        code: str,
        *,
        language: Language | None = None,
        timeout: float | str | None = None,
        on_stdout: Callable[[str], None] | None = None,
        on_stderr: Callable[[str], None] | None = None,
        name: str | None = None,
        approve: Callable[[Report], bool] | None = None,
    ) -> Result:
        """Read one program, run it to its end unless it is refused, and say what came of it."""
        began = time.perf_counter()
        language = _language(language or self.language)
        source = _source(code)
        wall = self._wall(timeout)
        with self.alone():
            self._require_living()
            read = self._reader.read(source, language, approve)
            if read.refused:
                return self._refused(read, source, language=language, began=began)
            checked = time.perf_counter()
            cell = await self.open(() if read.report is None else read.report.imports)
            waited = time.perf_counter()
            request = self._request(source, language, name)
            heard = [None if each is None else self._filter.listener(each) for each in (on_stdout, on_stderr)]
            cell.begin(_decoded(heard[0]), _decoded(heard[1]))
            budget = {"wall": wall, "cpu": self.policy.limits.cpu}
            try:
                seen = await cell.run(request, budget, self.waiter)
            except BaseException:
                self._lose("a call was cancelled while the code ran")
                raise
            ran = time.perf_counter()
            for listener in filter(None, heard):
                listener.end()
            self._reader.ran(read)
            clock = Clock(began, checked, waited, ran)
            return await self._result(cell, seen, source, language=language, read=read, clock=clock)

    def _wall(self, timeout: float | str | None) -> float:
        """A call may shorten its time; only the policy can lengthen it."""
        limit = self.policy.limits.wall
        if timeout is None:
            return limit
        try:
            asked = parse_seconds(timeout) if isinstance(timeout, str) else float(timeout)
        except (ValueError, TypeError):
            told = f"timeout={timeout!r} is no time"
            raise UsageError(told, remedy='Give seconds, or a text like "500ms" or "30s".') from None
        if not 0 < asked <= limit:
            told = f"timeout={timeout!r} is not between 0 and the policy's limits.wall of {format_seconds(limit)}"
            raise UsageError(told, remedy='Raise limits.wall in the policy: policy.but(**{"limits.wall": "2m"}).')
        return asked

    def _request(self, source: str, language: Language, name: str | None) -> dict[str, Any]:
        request: dict[str, Any] = {"code": source, "name": name or f"<run {self.runs + 1}>", "language": language}
        if language != "python":
            request["program"] = self._interpreter(language)
        return request

    def _interpreter(self, language: Language) -> str:
        """Where the interpreter of another language is inside.

        Raises:
            UsageError: This machine has none, or the policy lets none be started.
        """
        host = pool.shared().host
        path = host.bash if language == "bash" else host.node
        program = _INTERPRETER[language]
        if path is None:
            told = f"language {language!r} needs {program}, and this machine has none below /usr"
            raise UsageError(told, remedy=f"Install {program} from your distribution.")
        if self.policy.code.spawn or (language == "javascript" and self.language == "javascript"):
            return path
        if language == "javascript":
            told = "this sandbox was made for python, and its policy lets it start no other program"
            raise UsageError(told, remedy="Make the sandbox with language='javascript', or set code.spawn = true.")
        told = "bash is a way to start other programs, and this policy has code.spawn = false"
        raise UsageError(told, remedy="Use the policy workbench (--policy workbench), or set code.spawn = true.")

    async def _result(
        self, cell: Cell, seen: Seen, source: str, *, language: Language, read: Read, clock: Clock
    ) -> Result:
        space = Workspace(cell.workspace)
        good = seen.answer is not None and seen.answer.get("ok") is True and seen.gone is None
        account = outcome.judge(self.ready.plan, seen, None if good else await self._evidence(cell, seen, space))
        answer = seen.answer if seen.answer is not None and account.outcome == "completed" else {}
        stdout, stderr = _decode(seen.stdout), _decode(seen.stderr)
        value = outcome.value(answer.get("value"))
        state = self._state()
        self.runs += 1
        files, left = space.outputs() if self.out is None else space.collect(self.out)
        result = Result(
            outcome=account.outcome,
            value=strict(value),
            value_text=outcome.text(answer.get("value_text")),
            stdout=stdout.text,
            stderr=outcome.last_state(stderr.text),
            dropped=outcome.dropped(seen),
            displays=outcome.displays(seen),
            files=tuple(files),
            left_out=tuple(left),
            error=self.choice.explain(account.error),
            limit=account.limit,
            denials=outcome.denials(self.ready.plan, seen, _call_names()) if seen.denied else (),
            usage=self._usage(cell, seen, space),
            environment=self.choice.environment.name,
            language=language,
            policy=self.policy.name,
            findings=read.report.findings if read.report is not None else (),
            controls=(*self.ready.controls, read.control, self._filter.control),
            state=state,
            execution=os.urandom(8).hex(),
            code_sha256=_digest(source),
            policy_sha256=self.ready.plan.policy_sha256,
        )
        if not account.alive:
            self._lose(_why_lost(account))
        if not self.trees:
            pool.replenish(self.ready)
        changed = {"value": result.value != value, "stdout": stdout.changed, "stderr": stderr.changed}
        fields, said = self._filter.result(result)
        names = [name for name, is_changed in changed.items() if is_changed]
        return timed(replace(result, **fields) if fields else result, clock, replaced=names, filtered=said)

    def _refused(self, read: Read, source: str, *, language: Language, began: float) -> Result:
        """The result of a program that did not run; the sandbox, if there is one, is as it was."""
        now = time.perf_counter()
        result = replace(
            refusal(read),
            environment=self.choice.environment.name,
            language=language,
            policy=self.policy.name,
            controls=(read.control,),
            state="kept" if self.runs else "fresh",
            execution=os.urandom(8).hex(),
            code_sha256=_digest(source),
            policy_sha256=self.policy.sha256,
        )
        return timed(result, Clock(began, now, now, now), replaced=[])

    async def _evidence(self, cell: Cell, seen: Seen, space: Workspace) -> outcome.Evidence:
        """What the kernel counted, read while the program's last objects are still alive."""
        counters = seen.gone or await cell.count(self.waiter)
        limits = self.policy.limits
        return outcome.Evidence(
            counters=counters,
            disk_full=space.used()[1] > outcome.FULL,
            files_full=counters.get("open_files", 0) >= limits.open_files,
            processes_full=counters.get("tasks", 0) >= limits.processes,
        )

    def _usage(self, cell: Cell, seen: Seen, space: Workspace) -> Usage:
        alive = cell.meter is not None and seen.gone is None
        return Usage(
            wall_ms=round(seen.wall_s * 1000, 3),
            cpu_ms=round(seen.cpu_ns / 1e6, 3),
            peak_memory=seen.peak,
            processes=cell.meter.processes() if alive and cell.meter is not None else seen.processes,
            written=space.used()[0],
        )

    def _state(self) -> Any:
        if self.runs:
            return "kept"
        gone, self.state_gone = self.state_gone, False
        return "lost" if gone else "fresh"

    def _lose(self, why: str) -> None:
        self.lost = why
        self._let_go()

    def _let_go(self) -> None:
        if self.cell is not None:
            self._reader.forget()
            self.cell.close()
            self.cell = None

    def reset(self) -> None:
        """Throw away what is there, or mourn what was lost; the next run begins in a fresh sandbox."""
        with self.alone():
            self.state_gone = self.lost is not None
            self.lost = None
            self._let_go()

    def close(self) -> None:
        """End it, and what another thread is running in it. Safe to call twice."""
        self.closed = True
        if self._busy.acquire(blocking=False):
            self._let_go()
            self._busy.release()
        elif (cell := self.cell) is not None:
            cell.kill("closed")


def _digest(source: str) -> str:
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()


class _Text(NamedTuple):
    """Output as text, and whether bytes of it that are not UTF-8 were replaced."""

    text: str
    changed: bool


def _decode(data: bytes) -> _Text:
    try:
        return _Text(data.decode(), changed=False)
    except UnicodeDecodeError:
        return _Text(data.decode("utf-8", "replace"), changed=True)


def _why_lost(account: outcome.Account) -> str:
    if account.limit is not None:
        return f"the {account.limit.kind} limit of {account.limit.limit} ended it"
    if account.error is not None:
        return account.error.message
    return "the program ended its interpreter"


def _language(language: str) -> Language:
    if language not in LANGUAGES:
        told = f"language {language!r} is unknown"
        raise UsageError(told, remedy=f"Use one of {', '.join(LANGUAGES)}.")
    return language


def _source(code: object) -> str:
    if not isinstance(code, str):
        raise UsageError(f"the program is {type(code).__name__}, not str", remedy="Decode it: code.decode('utf-8').")
    # As it travels a character takes up to twelve bytes, which are counted where they could matter.
    if len(code) > _MOST_CODE or (len(code) > _MOST_FRAME // 12 and len(json.dumps(code)) > _MOST_FRAME):
        told = f"the program has {len(code):,} characters; at most {_MOST_CODE:,} are taken, or fewer unusual ones"
        raise UsageError(told, remedy="Put data into files (data=…) rather than into the program.")
    return code


def _decoded(listener: Callable[[str], None] | None) -> Callable[[bytes], None] | None:
    """Turn pieces of bytes into pieces of text; a character cut in two is told with its second half."""
    if listener is None:
        return None
    import codecs  # noqa: PLC0415 -- only for callers that listen

    decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def hear(data: bytes) -> None:
        piece = decoder.decode(data)
        if piece:
            listener(piece)

    return hear
