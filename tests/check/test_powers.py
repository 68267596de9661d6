"""The tables: every module of the standard library is judged, and every name is spelled as it is found."""

from __future__ import annotations

import importlib
import sys

from fumehood.check.catalogue import BY_CAPABILITY
from fumehood.check.python.powers import TABLES, powers_of
from fumehood.check.python.powers.modules import HARMLESS_STDLIB, LISTED, known
from fumehood.check.python.powers.names import canonical

TOLD_ELSEWHERE = {"fs.open", "fs.move", "fs.copy"}  # resolved to needs by the call's arguments


def test_every_module_of_the_standard_library_is_judged() -> None:
    """A new Python's new module is unknown until somebody looked at it."""
    assert [] == sorted(name for name in sys.stdlib_module_names if not known(name))
    assert frozenset() == LISTED & HARMLESS_STDLIB


def test_every_capability_of_the_tables_has_a_rule() -> None:
    """No power is listed that nobody judges."""
    capabilities = {capability for table in TABLES for capability, _ in table}

    assert set() == capabilities - set(BY_CAPABILITY) - TOLD_ELSEWHERE


def test_names_are_canonical() -> None:
    """A name that the tables spell another way would never be found."""
    names = [name for table in TABLES for listed in table.values() for name in listed.split()]

    assert [] == [name for name in names if "*" not in name and not powers_of(name.removesuffix("()"))]


def test_carried_modules_are_the_modules() -> None:
    """`random._os` is `os`; a function named like its module is not the module."""
    assert "os.system" == canonical("random._os.system")
    assert "sys.modules" == canonical("warnings.sys.modules")
    assert "glob.glob" == canonical("glob.glob")
    assert importlib.import_module("tempfile").gettempdir() == importlib.import_module("tempfile").gettempdir()
    assert "tempfile.mkdtemp" == canonical("tempfile.mkdtemp")
