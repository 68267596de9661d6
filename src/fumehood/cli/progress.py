"""What a person sees while they wait: bars on a terminal, a line or nothing otherwise; all on standard error."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.progress import Progress

    from fumehood.environments.uv import Step
    from fumehood.execution import StreamEvent

_STAGES = {
    "resolve": "finding versions that fit",
    "wait": "another process is building it; waiting",
    "download": "downloading and installing",
    "compile": "compiling",
}
_MB = 1_000_000


class Building:
    """Tells how an environment is built; silent where there is nothing to build."""

    def __init__(self, name: str) -> None:
        """Nothing is said until the first step."""
        self._name = name
        self._began: float | None = None
        self._stage = ""
        self._bar: Progress | None = None

    def hear(self, step: Step) -> None:
        """One step: `fumehood.run(on_build=…)` calls it."""
        if step.stage == "ready":
            self._end(step.done)
            return
        if step.stage == "resolve":
            click.echo(f"fumehood: {_STAGES[step.stage]} …", err=True)
            return
        if self._began is None:
            self._begin()
        if self._bar is not None:
            task, total = self._bar.task_ids[0], step.total or None
            stage, amount = _STAGES[step.stage], _amount(step)
            self._bar.update(task, description=stage, completed=step.done, total=total, amount=amount)
        elif step.stage != self._stage:
            click.echo(f"fumehood:   {_STAGES[step.stage]} …", err=True)
        self._stage = step.stage

    def _begin(self) -> None:
        self._began = time.monotonic()
        about = " (about 0.75 GB on disk)" if self._name == "data" else ""
        click.echo(f"fumehood: building the environment {self._name}{about}, once …", err=True)
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            columns = (
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[amount]}"),
                TimeElapsedColumn(),
            )
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.add_task("", total=None, amount="")
            self._bar.start()

    def _end(self, size: int) -> None:
        if self._began is None:
            return
        took = time.monotonic() - self._began
        self.close()
        click.echo(f"fumehood: {self._name} is ready: {size / _MB:,.0f} MB, {took:.0f} s.", err=True)

    def close(self) -> None:
        """Take the bar away, also when the build failed."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        self._began = None


def _amount(step: Step) -> str:
    if not step.total:
        return ""
    if step.stage == "compile":
        return f"{step.done:,} of {step.total:,} files"
    return f"{step.done / _MB:,.0f} of {step.total / _MB:,.0f} MB"


class Advance:
    """How far a program says that it is: a bar on a terminal, which makes way for what the program prints."""

    def __init__(self) -> None:
        """Nothing is shown until the program says something."""
        self._bar: Progress | None = None
        self._shows = sys.stderr.isatty()

    def hear(self, event: StreamEvent) -> None:
        """One event of the run."""
        if event.progress is None or not self._shows:
            return
        if self._bar is None:
            self._bar = self._begin()
        done, total = event.progress
        self._bar.update(self._bar.task_ids[0], completed=done, total=total)
        self._bar.refresh()

    def _begin(self) -> Progress:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

        columns = BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        bar = Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False)
        bar.add_task("", total=None)
        bar.start()
        return bar

    def hide(self) -> None:
        """Take the bar away until there is more to say."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def before(self, write: Callable[[str], None]) -> Callable[[str], None]:
        """A writer that takes the bar away first."""

        def pass_on(piece: str) -> None:
            self.hide()
            write(piece)

        return pass_on
