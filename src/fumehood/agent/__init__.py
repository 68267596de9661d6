"""Questions in, answers out: a model writes programs, which are checked and run in a sandbox, until it knows."""

from __future__ import annotations

from fumehood.agent.agent import Agent, ask
from fumehood.agent.answer import Answer, Budget, Failure, Step
from fumehood.agent.loop import AsyncAgent
from fumehood.agent.scripted import Scripted

__all__ = ["Agent", "Answer", "AsyncAgent", "Budget", "Failure", "Scripted", "Step", "ask"]
