from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fumehood.environments.store import Store, remove

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that packages come from, and nothing else does: neither a registry nor what uv kept."""
    folder = tmp_path / "served"
    folder.mkdir()
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """An empty store of its own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    made = Store()
    yield made
    if made.folder.is_dir():
        remove(made.folder)  # pytest can't: what was built is read-only
