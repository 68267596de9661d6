"""Programs as models write them, run in the environment `data`; what they find is computed a second time here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

import fumehood as fh
from fumehood import environments

if TYPE_CHECKING:
    from pathlib import Path


class Ask(Protocol):
    """Runs a program over files and gives the value of its last line."""

    out: Path

    def __call__(self, program: str, **files: str | bytes) -> Any:
        """`a__b` names the file `a.b`."""
        ...


class Asked:
    """As `Ask`; what the program exports is in `out`."""

    def __init__(self, folder: Path) -> None:
        """Files and exports lie in a folder."""
        self.folder = folder / "given"
        self.folder.mkdir()
        self.out = folder / "out"

    def __call__(self, program: str, **files: str | bytes) -> Any:
        """Run it in a sandbox of its own, chosen by its imports."""
        for name, content in files.items():
            path = self.folder / name.replace("__", ".")
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        result = fh.run(program, data=list(self.folder.iterdir()), out=self.out)
        assert result.ok, result
        assert "data" == result.environment
        assert () == result.denials
        return result.value


@pytest.fixture(scope="session")
def _data_is_built() -> None:
    """Once, from a registry, where this user has it not yet."""
    environments.ready("data")


@pytest.fixture
def ask(tmp_path: Path, _data_is_built: None) -> Ask:
    """Ask a program."""
    return Asked(tmp_path)
