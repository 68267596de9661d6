"""What is held of sandboxes that are over, by the warden and by their caller: nothing, and at once."""

from __future__ import annotations

import gc
import os
import time
import weakref
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fumehood.tiers.jail import identity
from fumehood.tiers.jail.identity import Identities
from fumehood.tiers.jail.kin import Kin
from tests import unread as fh


class Owner:
    """Stands where a ward does: it holds its kin, and that calls it back."""

    def __init__(self) -> None:
        self.kin = Kin(cast("Any", SimpleNamespace(runners={})), ended=self.told, over=self.told)

    def told(self) -> None:
        """Hear of an end."""


def test_who_is_over_is_gone_without_the_collector() -> None:
    """With all that it was ordered to be, which is kilobytes, it would stay until the collector looks at old things."""
    owner = Owner()
    gone = weakref.ref(owner)
    gc.disable()
    try:
        owner.kin.close()
        del owner

        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.jail
def test_who_ran_is_gone_without_the_collector() -> None:
    """With all that it said. A second run ends after it: who ends them has the last one at hand until then."""
    gc.disable()
    try:
        with fh.Sandbox() as sandbox:
            sandbox.run("print('x' * 9999)")
            assert sandbox._session.cell is not None
            gone = weakref.ref(sandbox._session.cell)
        fh.run("1")
        end = time.monotonic() + 10
        while gone() is not None and time.monotonic() < end:
            time.sleep(0.01)

        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user has one id for all")
def test_ids_go_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh one as long as there is one, then that which was given back first; never that of a living sandbox."""
    monkeypatch.setattr(identity, "BLOCK", 4)
    ids = Identities(root=True)
    first = [ids.take() for _ in range(3)]
    ids.give_back(first[1])
    ids.give_back(first[0])

    assert [first[0] + 3, first[0], first[1]] == [ids.take() for _ in range(3)]
    with pytest.raises(OSError, match="in use"):
        ids.take()
    assert ids._claim is not None
    ids._claim.close()
