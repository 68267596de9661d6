"""Orders: how `benchmarks/peers.py` has a peer run programs, in the interpreter that this peer is installed for.

Each line on standard input is an order; each is answered with one line: what the program printed or why it did not run,
and the seconds and processor time that the call took here, in the process of the one who calls the peer.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

Run = Callable[[str], str]


class Runs(NamedTuple):
    """How a peer runs a program and says what it printed: for the clock, and for probes where these need another way."""

    timed: Run
    probed: Run


def serve(package: str, opened: AbstractContextManager[Runs]) -> None:
    """Open the peer, say its version, and answer orders until there are no more."""
    # What runs here inherits neither pipe: a program that prints or reads would spoil the conversation.
    orders, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    with opened as runs:
        print(json.dumps({"version": version(package) if package else ""}), file=answers, flush=True)
        for order in orders:
            print(json.dumps(answer(runs, json.loads(order))), file=answers, flush=True)


def answer(runs: Runs, order: dict[str, Any]) -> dict[str, Any]:
    """Carry out one order."""
    run = runs.probed if order["probe"] else runs.timed
    told = {"output": "", "error": ""}
    busy, began = time.process_time(), time.perf_counter()
    try:
        told["output"] = run(order["code"])
    except Exception as error:  # noqa: BLE001 -- each peer refuses with errors of its own
        told["error"] = str(error) or type(error).__name__
    return told | {"seconds": time.perf_counter() - began, "processor": time.process_time() - busy}


def mode() -> str:
    """The word that says which of a driver's peers is meant."""
    return sys.argv[1]
