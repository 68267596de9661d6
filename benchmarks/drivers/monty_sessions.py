"""Monty: `monty_sessions.py each|kept`, a session for each program or one for all."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import orders
from pydantic_monty import Monty

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def opened(kind: str) -> Iterator[orders.Runs]:
    """Start a pool as it comes."""
    with Monty() as pool, pool.checkout() as kept:

        def feed(session: object, code: str) -> str:
            said: list[str] = []
            session.feed_run(code, print_callback=lambda _stream, text: said.append(text))
            return "".join(said)

        def each(code: str) -> str:
            with pool.checkout() as session:
                return feed(session, code)

        run = each if kind == "each" else lambda code: feed(kept, code)
        yield orders.Runs(run, run)


if __name__ == "__main__":
    orders.serve("pydantic-monty", opened(orders.mode()))
