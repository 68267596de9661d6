"""SIGINT is the program's while it runs, and nobody's before and after."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
#: Ignored by Python itself as it begins, SIGINT by us; in what it starts they are as they were before.
AS_PYTHON_BEGINS = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT)


def ignore() -> None:
    """As Python begins."""
    for number in AS_PYTHON_BEGINS:
        signal.signal(number, signal.SIG_IGN)


def felt(work: Callable[[], T], late: Callable[[BaseException], T]) -> T:
    """Do work that takes SIGINT for its own.

    An interrupt may come as it ends: Python raises it then from the very call that means to ignore it. Such a one is
    `late`. A second one can't follow so soon: the warden leaves time between them.
    """
    try:
        try:
            return work()
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
    except BaseException as error:  # noqa: BLE001 -- the handler may be the program's, and raise anything
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return late(error)
