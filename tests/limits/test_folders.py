from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fumehood.kernel import folders

if TYPE_CHECKING:
    from pathlib import Path


def test_the_names_are_those_that_the_library_finds(tmp_path: Path) -> None:
    """Of a folder that takes several looks, again and again, also of one that changes, and of one that is gone."""
    for number in range(300):
        (tmp_path / f"{number:x}-{'é' * (number % 40)}").touch()
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        for _ in range(2):
            found = folders.names(folders.entries(descriptor))
            assert sorted(map(os.fsencode, [*os.listdir(descriptor), ".", ".."])) == sorted(found)
            (tmp_path / "another").touch()
    finally:
        os.close(descriptor)
