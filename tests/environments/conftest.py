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
    settings = tmp_path / "uv.toml"
    settings.write_text(f"no-index = true\nfind-links = [{str(folder)!r}]\n")
    monkeypatch.setenv("UV_CONFIG_FILE", str(settings))
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
