"""What a program says while it runs, as its caller hears it: decoded, filtered, in pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from fumehood.execution import Display, Progress, StreamEvent, strict

if TYPE_CHECKING:
    from collections.abc import Callable

    from fumehood.guard.output import Filter, Piecewise


class Hearing:
    """The listeners of one run.

    Args:
        on_stdout: Hears each piece of standard output.
        on_stderr: The same for standard error.
        on_event: Hears displays and progress.
    """

    def __init__(
        self,
        on_stdout: Callable[[str], None] | None = None,
        on_stderr: Callable[[str], None] | None = None,
        on_event: Callable[[StreamEvent], None] | None = None,
    ) -> None:
        """Nothing is heard before `begin`."""
        self._wanted = on_stdout, on_stderr
        self._on_event = on_event
        self._pieces: list[Piecewise] = []
        self._items = 0

    @classmethod
    def all(cls, hear: Callable[[StreamEvent], None]) -> Hearing:
        """Hear everything in one place, in the order in which it comes."""
        return cls(lambda text: hear(StreamEvent("stdout", text)), lambda text: hear(StreamEvent("stderr", text)), hear)

    @property
    def listens(self) -> bool:
        """Whether anyone hears anything before the result."""
        return self._on_event is not None or self._wanted != (None, None)

    def begin(self, by: Filter) -> tuple[Callable[[bytes], None] | None, Callable[[bytes], None] | None, Any]:
        """The listeners of a cell, for what is left after this filter."""
        heard = [None if hear is None else by.listener(hear) for hear in self._wanted]
        self._pieces = [piece for piece in heard if piece is not None]
        return _decoded(heard[0]), _decoded(heard[1]), None if self._on_event is None else self._event(by)

    def end(self) -> None:
        """The run has ended: what was held back until it was decided is told."""
        for piece in self._pieces:
            piece.end()

    def _event(self, by: Filter) -> Callable[[dict[str, Any]], None]:
        hear = cast("Callable[[StreamEvent], None]", self._on_event)

        def take(event: dict[str, Any]) -> None:
            if event["event"] == "progress":
                hear(StreamEvent("progress", progress=progress(event)))
            elif event["event"] == "display":
                shown = [by.display(each)[0] for each in _displays(event["bundle"], self._items)]
                self._items += 1
                hear(StreamEvent("display", displays=tuple(each for each in shown if each is not None)))

        return take


def progress(event: dict[str, Any]) -> Progress:
    """How far the program says it is; whole numbers may be of any size."""
    done, total = (
        None if told is None else min(float(min(told, 1 << 62)), 1e18) for told in (event["done"], event["total"])
    )
    return Progress(done or 0.0, total)


def _displays(bundle: dict[str, str], item: int) -> list[Display]:
    from fumehood.tiers.jail.events import is_text  # noqa: PLC0415 -- only where something is displayed

    found: list[Display] = []
    for mime, data in bundle.items():
        text = str(strict(data))
        size = len(text.encode()) if is_text(mime) else len(text) * 3 // 4 - text[-2:].count("=")
        found.append(Display(mime, text, size, item))
    return found


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
