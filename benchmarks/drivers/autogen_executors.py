"""AutoGen's executors: `autogen_executors.py local|jupyter`."""

from __future__ import annotations

import asyncio  # noqa: TID251 -- AutoGen's loop, in an environment that has no anyio
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import orders
from autogen_core import CancellationToken
from autogen_core.code_executor import CodeBlock
from autogen_ext.code_executors.jupyter import JupyterCodeExecutor
from autogen_ext.code_executors.local import LocalCommandLineCodeExecutor

if TYPE_CHECKING:
    from collections.abc import Iterator

EXECUTORS = {"local": LocalCommandLineCodeExecutor, "jupyter": JupyterCodeExecutor}


@contextmanager
def opened(kind: str) -> Iterator[orders.Runs]:
    """Start the executor; `jupyter` has one kernel for all programs."""
    warnings.simplefilter("ignore")  # AutoGen's own, that this executor is no sandbox: the page says so
    executor = EXECUTORS[kind]()
    with asyncio.Runner() as loop:

        def run(code: str) -> str:
            block = CodeBlock(code=code, language="python")
            done = loop.run(executor.execute_code_blocks([block], CancellationToken()))
            if done.exit_code:
                raise RuntimeError(done.output.strip())
            return done.output

        loop.run(executor.start())
        yield orders.Runs(run, run)
        loop.run(executor.stop())


if __name__ == "__main__":
    orders.serve("autogen-ext", opened(orders.mode()))
