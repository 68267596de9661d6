"""LangChain's PythonREPL, which executes in the process that calls it."""

from __future__ import annotations

from contextlib import nullcontext

import orders
from langchain_experimental.utilities.python import PythonREPL

if __name__ == "__main__":
    run = PythonREPL().run
    orders.serve("langchain-experimental", nullcontext(orders.Runs(run, run)))
