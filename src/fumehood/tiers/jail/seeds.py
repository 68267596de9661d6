"""Random state after the fork from a zygote: what was drawn or seeded before it, its siblings would draw too.

`random` renews itself after every fork; `os.urandom`, `secrets` and uuid4 ask the kernel; OpenSSL notices a fork by the
process's number, which is why no zygote has the number that all runners have (`warden.main`).
"""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace
from typing import Any

#: The words of numpy's legacy global generator, if `prepare` found one.
_words: list[memoryview] = []
_WORDS = 624 * 4


def prepare() -> None:
    """In the zygote: what would have each sandbox copy many pages.

    A generator that was just seeded holds nothing but words of which none was drawn yet: to replace them seeds it.
    """
    modules: dict[str, Any] = sys.modules
    if "numpy.random" in modules:
        generator = modules["numpy.random"].mtrand._rand  # noqa: SLF001 -- numpy before 1.24 has no public way
        generator.seed()
        place = generator._bit_generator.ctypes.state_address  # noqa: SLF001 -- as above
        interface = {"version": 3, "data": (place, False), "shape": (_WORDS,), "typestr": "|u1"}
        _words.append(memoryview(modules["numpy"].asarray(SimpleNamespace(__array_interface__=interface))))


def renew() -> None:
    """Give this process random state of its own in whatever was imported before it was forked."""
    modules: dict[str, Any] = sys.modules
    if "tempfile" in modules:  # names of temporary files; it notices a fork by the process's number
        modules["tempfile"]._name_sequence = None  # noqa: SLF001 -- there is no public way
    if "uuid" in modules:  # the node of uuid1, drawn once where no network card names it
        modules["uuid"]._node = None  # noqa: SLF001 -- there is no public way
    if "ssl" in modules:
        modules["ssl"].RAND_add(os.urandom(32), 32.0)
    for words in _words:
        words[:] = os.urandom(_WORDS)
    if "torch" in modules:
        modules["torch"].seed()
