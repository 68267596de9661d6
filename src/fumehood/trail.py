"""When what happened: the trail of one call, and where its time went."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from fumehood.execution import Event, Timing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fumehood.execution import Denial


class Clock(NamedTuple):
    """Moments of one call, by `time.perf_counter`: it began, the code was read, a sandbox was there, the code ended."""

    began: float
    checked: float
    waited: float
    ran: float


def trail(  # noqa: PLR0913 -- one for each kind of thing that can happen
    clock: Clock,
    outcome: str,
    *,
    findings: int,
    state: str = "",
    denials: Sequence[Denial] = (),
    replaced: list[str] | None = None,
    filtered: Mapping[str, Mapping[str, int]] | None = None,
    during: Sequence[Event] = (),
) -> dict[str, Any]:
    """The fields `timing` and `trail` of a result.

    `replaced` names what had characters that UTF-8 can't hold, `filtered` what the output filter changed in what;
    `during` is what happened while the code ran, counted from its start. What was refused has no `state`.
    """
    began, checked, waited, ran = clock
    check, wait, run = _ms(checked - began), _ms(waited - checked), _ms(ran - waited)
    started, ended = round(check + wait, 3), round(check + wait + run, 3)
    events = [Event(check, "checked", {"findings": findings})]
    if state:
        events.append(Event(started, "started", {"state": state}))
    if during:
        events += [each._replace(t_ms=round(check + wait + each.t_ms, 3)) for each in during]
    if denials:
        events += [Event(ended, "denied", {"what": each.what, "clause": each.clause}) for each in denials]
    if replaced:
        events.append(Event(ended, "replaced", {"what": replaced, "by": "U+FFFD"}))
    if filtered:
        events.append(Event(ended, "filtered", {"what": filtered}))
    events.append(Event(ended, outcome, {}))
    return {"timing": Timing(check, wait, run, _ms(time.perf_counter() - began)), "trail": tuple(events)}


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
