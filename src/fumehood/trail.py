"""When what happened: the trail of one call, and where its time went."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from fumehood.execution import Event, Timing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fumehood.execution import Result


class Clock(NamedTuple):
    """Moments of one call, by `time.perf_counter`: it began, the code was read, a sandbox was there, the code ended."""

    began: float
    checked: float
    waited: float
    ran: float


def timed(
    result: Result,
    clock: Clock,
    *,
    replaced: list[str],
    filtered: Mapping[str, Mapping[str, int]] | None = None,
    during: Iterable[Event] = (),
) -> Result:
    """Add the trail and the timing to a result.

    `replaced` names what had characters that UTF-8 can't hold, `filtered` what the output filter changed in what;
    `during` is what happened while the code ran, counted from its start.
    """
    check, wait, run = (round((after - before) * 1000, 3) for before, after in pairwise(clock))
    ended = round(check + wait + run, 3)
    trail = [Event(check, "checked", {"findings": len(result.findings)})]
    if result.outcome != "refused":
        trail.append(Event(round(check + wait, 3), "started", {"state": result.state}))
    trail += [each._replace(t_ms=round(check + wait + each.t_ms, 3)) for each in during]
    trail += [Event(ended, "denied", {"what": each.what, "clause": each.clause}) for each in result.denials]
    if replaced:
        trail.append(Event(ended, "replaced", {"what": replaced, "by": "U+FFFD"}))
    if filtered:
        trail.append(Event(ended, "filtered", {"what": filtered}))
    trail.append(Event(ended, result.outcome, {}))
    total = round((time.perf_counter() - clock.began) * 1000, 3)
    return replace(result, timing=Timing(check, wait, run, total), trail=tuple(trail))
