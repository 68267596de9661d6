"""Run code that a language model wrote, where it can do no harm, and know what it did."""

from __future__ import annotations

TYPE_CHECKING = False  # as type checkers read it; `typing` itself is what `import fumehood` would take longest for
if TYPE_CHECKING:
    from fumehood.agent import Agent, Answer, AsyncAgent, Budget, Scripted, ask
    from fumehood.check import check
    from fumehood.diagnosis import Doctor, doctor
    from fumehood.errors import Error
    from fumehood.execution import Report, Result
    from fumehood.guard.approvals import Approvals, ask_user
    from fumehood.guard.conversation import Conversation
    from fumehood.guard.returns import Private, Public, Trusted, Untrusted
    from fumehood.guard.tool import tool
    from fumehood.policy import Policy
    from fumehood.sandbox import AsyncSandbox, Sandbox, run

__version__ = "0.1.0"
__all__ = [
    "Agent",
    "Answer",
    "Approvals",
    "AsyncAgent",
    "AsyncSandbox",
    "Budget",
    "Conversation",
    "Doctor",
    "Error",
    "Policy",
    "Private",
    "Public",
    "Report",
    "Result",
    "Sandbox",
    "Scripted",
    "Trusted",
    "Untrusted",
    "__version__",
    "ask",
    "ask_user",
    "check",
    "doctor",
    "run",
    "tool",
]

_PUBLIC = {
    "ask_user": "fumehood.guard.approvals",
    "Conversation": "fumehood.guard.conversation",
    "Approvals": "fumehood.guard.approvals",
    "Agent": "fumehood.agent",
    "Answer": "fumehood.agent",
    "AsyncAgent": "fumehood.agent",
    "AsyncSandbox": "fumehood.sandbox",
    "Budget": "fumehood.agent",
    "Doctor": "fumehood.diagnosis",
    "Error": "fumehood.errors",
    "Policy": "fumehood.policy",
    "Private": "fumehood.guard.returns",
    "Public": "fumehood.guard.returns",
    "Report": "fumehood.execution",
    "Result": "fumehood.execution",
    "Sandbox": "fumehood.sandbox",
    "Scripted": "fumehood.agent",
    "Trusted": "fumehood.guard.returns",
    "Untrusted": "fumehood.guard.returns",
    "ask": "fumehood.agent",
    "check": "fumehood.check",
    "doctor": "fumehood.diagnosis",
    "run": "fumehood.sandbox",
    "tool": "fumehood.guard.tool",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: `import fumehood` alone costs next to nothing."""
    if name not in _PUBLIC:
        message = f"module 'fumehood' has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module  # noqa: PLC0415 -- as above

    module = import_module(_PUBLIC[name])
    value = module if name == "check" else getattr(module, name)  # that package is the function as well
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
