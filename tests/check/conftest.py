from __future__ import annotations

import pytest

from fumehood.check import budget


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """How far a slow machine reads before it would rather ask is not the question here."""
    monkeypatch.setattr(budget, "HARD_STOP_MS", 10 * budget.HARD_STOP_MS)
