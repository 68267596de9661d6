"""The validation layer: what a program could do, held against a policy, before any of it runs.

    check(source, ...) -> Report                the verdict with its findings
    examine(source, ..., state) -> (Report, State)    the same within one sandbox, run after run
    explain("FH101")                            the page of a rule
    render(report, source), to_json(report), to_sarif(report, path)

Reading never executes any part of the source. It is the layer that explains and refuses; the sandbox holds what slips
through.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from fumehood.check.examine import VERSION, State, examine

if TYPE_CHECKING:
    from pathlib import Path

    from fumehood.check.catalogue import explain
    from fumehood.check.rendering import render
    from fumehood.check.sarif import to_sarif
    from fumehood.check.serial import to_json
    from fumehood.execution import Language, Report
    from fumehood.policy import Policy

__all__ = ["VERSION", "State", "check", "examine", "explain", "render", "to_json", "to_sarif"]

#: What a run does not need.
_LATER = {"explain": "catalogue", "render": "rendering", "to_json": "serial", "to_sarif": "sarif"}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        message = f"module 'fumehood.check' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"fumehood.check.{_LATER[name]}"), name)


def check(  # noqa: PLR0913 -- the contract's keyword arguments
    source: str | bytes,
    *,
    language: Language = "python",
    policy: Policy | str | Path | None = None,
    state: State | None = None,
    env: object = None,  # noqa: ARG001 -- as are the next two
    data: object = None,  # noqa: ARG001
    timeout: object = None,  # noqa: ARG001
) -> Report:
    """Read a program and judge it by a policy, executing nothing.

    `env`, `data` and `timeout` are taken so that the options of `run` serve here, too; what is read needs none of them.

    Raises:
        UsageError: The language or the policy is none, or the language's grammar is not installed.
    """
    return examine(source, language, policy, state=state)[0]


class _Callable(ModuleType):
    """`fumehood.check` is the public function, and once this package was imported it is this package as well."""

    def __call__(self, source: str | bytes, **options: Any) -> Report:
        """As `check`."""
        return check(source, **options)


sys.modules[__name__].__class__ = _Callable
