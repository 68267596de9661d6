from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest

from fumehood.kernel import folders
from tests import unread as fh
from tests.chaos.remains import named


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


@pytest.mark.jail
@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user can't look at the warden's descriptors")
def test_the_warden_and_the_broker_read_a_sandbox_from_places_of_their_own() -> None:
    """One that begins where the other is would miss the processes before it, and with them what they hold."""
    with fh.Sandbox() as sandbox:
        sandbox.run("1")
        cell = sandbox._session.cell
        assert cell is not None
        assert cell.meter is not None
        place = os.lseek(cell.meter.descriptors["proc"], 0x5EA, os.SEEK_SET)
        try:
            assert [] == [told for told in _told() if f"pos:\t{place}\n" in told]
        finally:
            os.lseek(cell.meter.descriptors["proc"], 0, os.SEEK_SET)


def _told() -> list[str]:
    """What the kernel tells of the warden's descriptors, their places too."""
    found: list[str] = []
    for each in Path(f"/proc/{named('fumehood-warden')}/fdinfo").iterdir():
        with suppress(FileNotFoundError):  # it comes and goes
            found.append(each.read_text())
    return found
