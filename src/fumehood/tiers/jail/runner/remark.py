"""What fumehood tells the reader of a program's output, on standard error."""

from __future__ import annotations

import sys
from contextlib import suppress


def remark(text: str) -> None:
    """Say one line."""
    with suppress(Exception):  # the program may have put anything there
        sys.stderr.write(f"fumehood: {text}\n")
