"""smolagents' LocalPythonExecutor: `smolagents_local.py [MODULE…]`, which may be imported beside those it allows by itself."""

from __future__ import annotations

import sys
from contextlib import nullcontext

import orders
from smolagents.local_python_executor import LocalPythonExecutor

if __name__ == "__main__":
    executor = LocalPythonExecutor(sys.argv[1:])
    executor.send_tools({})

    def run(code: str) -> str:
        return executor(code).logs

    orders.serve("smolagents", nullcontext(orders.Runs(run, run)))
