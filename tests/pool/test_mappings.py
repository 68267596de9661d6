"""What of a library's mappings is one with the next."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import fumehood

#: Prints how many mappings of files there are, before and after, and what the libraries still do.
PROGRAM = """
import ssl, sqlite3, decimal
from fumehood.kernel import mappings
def read():
    with open("/proc/self/maps") as file:
        return file.read()
before = read()
mappings.merge(before)
print(before.count(".so"), read().count(".so"), any(" rwx" in line for line in read().splitlines()))
import os
print(os.waitpid(os.fork() or os._exit(int(decimal.Decimal(3))), 0)[1] >> 8)
"""


def test_a_library_is_two_mappings() -> None:
    """Code and data, where there were five; none can be both written and run, and the libraries work in a fork."""
    environment = os.environ | {"PYTHONPATH": str(Path(fumehood.__file__).parent.parent)}
    ran = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)

    before, after, mixed, status = ran.stdout.split()
    assert int(after) <= int(before) * 0.5
    assert "False" == mixed
    assert "3" == status
