"""What one sandbox finds installed: what was asked for, and what that comes to when it is opened."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from fumehood import environments
from fumehood.environments.definition import AUTO, BARE, DATA
from fumehood.environments.selection import needed, remedy
from fumehood.plan import BARE as PLAIN
from fumehood.plan import Environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fumehood.environments.uv import Step
    from fumehood.execution import ProgramError
    from fumehood.tiers.jail.waiting import Waiter

_IMPORTS = {"ImportError", "ModuleNotFoundError"}


class Choice:
    """An environment by name, as a value, or by what the first program imports."""

    def __init__(self, asked: str | Environment, *, lasting: bool, on_build: Callable[[Step], None] | None) -> None:
        """Ask for it; nothing is built yet.

        Args:
            asked: A name, "auto", or the environment itself.
            lasting: Whether more than one program will run in the sandbox, of which only the first is known then.
            on_build: Told of each step if it has to be built.

        Raises:
            UsageError: There is no such environment.
        """
        if isinstance(asked, str):
            environments.check(asked)
        self._asked = asked
        self._lasting = lasting
        self._on_build = on_build
        self.environment = PLAIN

    async def settle(self, imports: Iterable[str], waiter: Waiter) -> Environment:
        """The environment for a sandbox whose first program imports these; built now where it is not.

        A lasting sandbox chosen by its first program has the packages of `data` at hand, where they are built, even if
        that program needs none: the next one may.

        Raises:
            Unavailable: It can't be built.
        """
        if isinstance(self._asked, Environment):
            self.environment = self._asked
            return self._asked
        name = needed(imports) if self._asked == AUTO else self._asked
        at_hand = self._asked == AUTO and name == BARE and self._lasting and environments.is_built(DATA)
        work = partial(environments.ready, DATA if at_hand else name, self._on_build)
        found = await waiter.aside(work)
        self.environment = replace(found, imports=(), rehearsal="") if at_hand else found
        return self.environment

    def explain(self, error: ProgramError | None) -> ProgramError | None:
        """A failed import with what to do about it; any other error as it is."""
        if error is None or error.name not in _IMPORTS:
            return error
        return error._replace(remedy=remedy(error.message, self.environment.name))
