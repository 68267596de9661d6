"""SIGINT is the program's while it runs, and nobody's before and after."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
#: What `signal` calls: that makes enumerations of the numbers, at each call.
_signal: Any = import_module("_signal")
#: Ignored by Python itself as it begins, SIGINT by us; in what it starts they are as they were before.
AS_PYTHON_BEGINS: tuple[int, ...] = (_signal.SIGPIPE, _signal.SIGXFSZ, _signal.SIGINT)


def ignore() -> None:
    """As Python begins."""
    for number in AS_PYTHON_BEGINS:
        _signal.signal(number, _signal.SIG_IGN)


def hear() -> None:
    """From now on an interrupt is the program's."""
    _signal.signal(_signal.SIGINT, _signal.default_int_handler)


def overhear() -> None:
    """From now on it is nobody's; one that came before may still be raised here."""
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)


def felt(work: Callable[[], T], late: Callable[[BaseException], T]) -> T:
    """Do work that takes SIGINT for its own.

    An interrupt may come as it ends: Python raises it then from the very call that means to ignore it. Such a one is
    `late`. A second one can't follow so soon: the warden leaves time between them.
    """
    try:
        try:
            return work()
        finally:
            overhear()
    except BaseException as error:  # noqa: BLE001 -- the handler may be the program's, and raise anything
        overhear()
        return late(error)
