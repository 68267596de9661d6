"""What is done at the end of a run, done once for nobody while the program still runs.

After a rest nothing of it is in the processor's caches, and to bring it there takes half of its time. The caller has
nothing else to do meanwhile.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from fumehood import outcome
from fumehood.execution import Result
from fumehood.tiers.jail.seen import Seen
from fumehood.trail import Clock, trail
from fumehood.workspace import Workspace

if TYPE_CHECKING:
    from fumehood.guard.output import Filter
    from fumehood.tiers.jail.cell import Cell

_NEVER = Clock(0.0, 0.0, 0.0, 0.0)


def rehearse(by: Filter, cell: Cell) -> None:
    """Look at what is looked at then, and make what is made of it. It changes nothing."""
    seen, space = Seen(), Workspace(cell.workspace)
    words, _ = outcome.words(seen, None, completed=True)
    by.words(words._replace(value_text="0"))
    trail(_NEVER, "completed", findings=0, state="fresh")
    Result("completed", dropped=outcome.dropped(seen))
    with suppress(OSError):  # the program may have ended its sandbox by now
        space.is_untouched()
        outcome.usage(seen, cell.meter, space.used().stored)
