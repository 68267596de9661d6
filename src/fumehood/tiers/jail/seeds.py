"""Random state after the fork from a zygote: what was drawn or seeded before it, its siblings would draw too.

`random` renews itself after every fork; `os.urandom`, `secrets` and uuid4 ask the kernel; OpenSSL notices a fork by the
process's number, which is why no zygote has the number that all runners have (`warden.main`).
"""

from __future__ import annotations

import os
import sys
from typing import Any


def renew() -> None:
    """Give this process random state of its own in whatever was imported before it was forked."""
    modules: dict[str, Any] = sys.modules
    if "tempfile" in modules:  # names of temporary files; it notices a fork by the process's number
        modules["tempfile"]._name_sequence = None  # noqa: SLF001 -- there is no public way
    if "uuid" in modules:  # the node of uuid1, drawn once where no network card names it
        modules["uuid"]._node = None  # noqa: SLF001 -- there is no public way
    if "ssl" in modules:
        modules["ssl"].RAND_add(os.urandom(32), 32.0)
    if "numpy.random" in modules:  # the legacy global generator
        modules["numpy.random"].seed()
    if "torch" in modules:
        modules["torch"].seed()
