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


#: Prints how much of what is made lies in the largest mapping, and how large that is before and after.
RESERVING = """
import re
from fumehood.tiers.jail.arenas import Reserve
def largest():
    with open("/proc/self/maps") as file:
        found = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) rw-p 00000000 00:00 0 *$", file.read(), re.MULTILINE)
    return max(((int(begin, 16), int(end, 16)) for begin, end in found), key=lambda each: each[1] - each[0])
reserve = Reserve(64 << 20)
begin, end = largest()
made = [bytes(200) for _ in range(100_000)]
print(sum(begin <= id(each) < end for each in made) / len(made), (end - begin) >> 20)
reserve.release()
begin, end = largest()
print(sum(begin <= id(each) < end for each in made) / len(made), (end - begin) >> 20)
"""


def test_what_is_imported_lies_in_one_piece() -> None:
    """Python's memory is one mapping, and what nothing came to lie in is given back."""
    environment = os.environ | {"PYTHONPATH": str(Path(fumehood.__file__).parent.parent)}
    ran = subprocess.run([sys.executable, "-c", RESERVING], env=environment, capture_output=True, text=True, check=True)

    (held, reserved), (still, left) = (map(float, line.split()) for line in ran.stdout.splitlines())
    assert held > 0.95
    assert still > 0.9
    assert reserved >= 60
    assert left < 32


#: Prints on how many pages a few new objects lie where many old ones have left gaps, before and after they are filled.
FILLING = """
from fumehood.tiers.jail import arenas
def pages(size):
    return len({id(each) // 4096 for each in [bytes(size - 33) for _ in range(40)]})
old = [bytes(size - 33) for size in (64, 256, 512) for _ in range(4000)]
del old[::10]
print(*map(pages, (64, 256, 512)))
filling = arenas.fill()
print(*map(pages, (64, 256, 512)))
"""


def test_new_objects_lie_together() -> None:
    """No gap that old ones left is taken by a new one, which would cost each sandbox a page."""
    environment = os.environ | {"PYTHONPATH": str(Path(fumehood.__file__).parent.parent)}
    ran = subprocess.run([sys.executable, "-c", FILLING], env=environment, capture_output=True, text=True, check=True)

    before, after = ([int(each) for each in line.split()] for line in ran.stdout.splitlines())
    assert all(new < old for new, old in zip(after, before, strict=True)), ran.stdout
    assert after[0] <= 2
    assert after[1] <= 4
    assert after[2] <= 6
