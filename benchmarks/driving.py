"""The caller's end of `drivers/orders.py`: a peer's process, which is given programs and answers."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from probes import plain

DRIVERS = Path(__file__).resolve().parent / "drivers"


class Missing(Exception):
    """A peer, or one of its snippets, can't be had here."""


class Driver:
    """One process."""

    def __init__(self, python: Path, command: list[str]) -> None:
        """Start it, and wait until it is ready for the first order."""
        self._complaints = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 -- closed with the driver
        self._process = subprocess.Popen(
            [str(python), str(DRIVERS / command[0]), *command[1:]],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._complaints, text=True,
        )  # fmt: skip
        self.release: str = self._answer()["version"]

    def ask(self, code: str, *, probe: bool = False) -> dict[str, Any]:
        """Have one program run."""
        assert self._process.stdin is not None  # noqa: S101 -- PIPE was asked for
        self._process.stdin.write(json.dumps({"code": code, "probe": probe}) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """Let it end."""
        self._process.communicate()
        self._complaints.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101 -- as above
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._complaints.seek(0)
            raise Missing(plain(self._complaints.read()))
        answer: dict[str, Any] = json.loads(line)
        return answer
