"""`fumehood` as people start it: a process of its own, judged by its exit code and its two streams."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

FUMEHOOD = (sys.executable, "-m", "fumehood")


class Done(NamedTuple):
    """A command that ended."""

    code: int
    out: bytes
    err: str

    def json(self) -> dict[str, Any]:
        """Parse standard output as the one strict JSON object that it must be."""
        parsed: dict[str, Any] = json.loads(self.out.decode("utf-8"), parse_constant=_refuse)
        json.dumps(parsed, ensure_ascii=False, allow_nan=False).encode("utf-8")
        return parsed


def fumehood(*words: str, stdin: bytes = b"", cwd: Path | None = None, **environment: str) -> Done:
    """Run `fumehood WORDS` to its end."""
    done = subprocess.run(
        [*FUMEHOOD, *words],
        input=stdin,
        capture_output=True,
        check=False,
        cwd=cwd,
        env=inherited() | environment,
    )
    return Done(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))


def run_json(code: str, *words: str) -> dict[str, Any]:
    """Answer with the object that `fumehood run --json -c CODE` prints."""
    return fumehood("run", "--json", "-c", code, *words).json()


def inherited() -> dict[str, str]:
    """Take over this process's environment, so that the command finds the same packages."""
    return dict(os.environ)


def is_one_paragraph(text: str) -> bool:
    """Whether an error reads as the design asks: what and where on one line, then the remedy; no traceback."""
    lines = text.strip().splitlines()
    told = [line for line in lines if line.startswith("fumehood: ")]
    return len(told) == 1 and lines[-1].startswith("  ") and len(lines[-1].strip()) > 5 and "Traceback" not in text


def _refuse(constant: str) -> object:
    message = f"{constant} is not JSON"
    raise ValueError(message)
