from __future__ import annotations

import importlib

import pytest

from tests.style.tree import SOURCE


@pytest.mark.skipif(not (SOURCE / "__init__.py").exists(), reason="the package has no public face yet")
def test_every_public_name_is_there() -> None:
    """Each name that `fumehood.__all__` promises can be had from the package, and `dir()` shows it; ruff sorts them."""
    package = importlib.import_module("fumehood")
    promised: list[str] = package.__all__

    assert [] == [word for word in promised if not hasattr(package, word)]
    assert set() == set(promised) - set(dir(package))
