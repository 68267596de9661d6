"""Write requirements/*.txt from pyproject.toml, the lock of `data` and those of benchmarked peers: `tools/lock.py [--upgrade]`.

Resolved by uv for every platform and Python, with hashes and without addresses; see CONTRIBUTING.md for why.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).parent / "uv"
DATA = "src/fumehood/environments/shipped/data"
HOW = [
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-header",
    "--no-annotate",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--quiet",
]


def main(arguments: list[str]) -> None:
    """Resolve all files; pins stay as they are unless --upgrade is given or pyproject.toml forbids them."""
    upgrade = ["--upgrade"] if "--upgrade" in arguments else []
    resolve("core", "--group=build", *upgrade)
    resolve("dev", "--group=build", "--group=dev", "--all-extras", "--constraint=requirements/core.txt", *upgrade)
    wheels(DATA, *upgrade)
    for peer in sorted((ROOT / "requirements/peers").glob("*.in")):
        # What a peer imports for the snippet with pandas is what `data` imports.
        wheels(f"requirements/peers/{peer.stem}", f"--constraint={DATA}.txt", *upgrade)


def resolve(name: str, *what: str) -> None:
    output = f"--output-file=requirements/{name}.txt"
    subprocess.run([str(UV), "pip", "compile", "pyproject.toml", *what, *HOW, output], check=True, cwd=ROOT)


def wheels(name: str, *how: str) -> None:
    """Resolve NAME.in to NAME.txt by wheels alone, as it is installed."""
    command = [str(UV), "pip", "compile", f"{name}.in", *HOW, "--only-binary=:all:", f"--output-file={name}.txt"]
    subprocess.run([*command, *how], check=True, cwd=ROOT)


if __name__ == "__main__":
    main(sys.argv[1:])
