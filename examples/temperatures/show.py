"""What ./demo runs: make the data, average it inside a sandbox, and say what the sandbox enforced."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
WIDTH = 116


def main() -> int:
    """Show the run; the exit code is that of `fumehood run`."""
    with tempfile.TemporaryDirectory(prefix="fumehood-demo-") as folder:
        data = Path(folder) / "temps.csv"
        subprocess.run([sys.executable, str(HERE / "generate.py"), str(data)], check=True)
        days = len(data.read_text(encoding="utf-8").splitlines()) - 1
        print(f"temps.csv: {days} days of a city's temperatures, made by examples/temperatures/generate.py\n")
        print("$ fumehood run examples/temperatures/average.py --data temps.csv\n", flush=True)
        code, result = run(data)
    if result is not None:
        report(result)
    return code


def run(data: Path) -> tuple[int, dict[str, Any] | None]:
    """Run the program on the data; no result where fumehood could not run at all and has said why on stderr."""
    program = str(HERE / "average.py")
    command = [sys.executable, "-m", "fumehood", "run", program, "--data", str(data), "--json"]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, encoding="utf-8")
    return done.returncode, json.loads(done.stdout) if done.stdout.strip() else None


def report(result: dict[str, Any]) -> None:
    """Print what the program wrote, what went wrong if something did, and each control with what enforces it."""
    print(result["stdout"], end="")
    print(result["stderr"], end="", file=sys.stderr)
    for trouble in (result["error"], result["limit"], *result["denials"], *result["findings"]):
        if trouble:
            print(json.dumps(trouble, ensure_ascii=False, indent=2), file=sys.stderr)
    usage = result["usage"]
    print(
        f"\n{result['outcome']} in {usage['wall_ms']:.0f} ms, {usage['peak_memory'] / 2**20:.0f} MiB at most, "
        f"in the tier «{result['tier']}». What the sandbox enforced, and the line of the policy that asked for it:\n"
    )
    for control in result["controls"]:
        print(row(control))


def row(control: dict[str, str]) -> str:
    """Lay out one control, its long text folded under itself."""
    head = f"  {control['name']:<12} {control['status']:<9} "
    text = f"{control['how']}  [{control['why']}]" if control["why"] else control["how"]
    return textwrap.fill(text, WIDTH, initial_indent=head, subsequent_indent=" " * len(head))


if __name__ == "__main__":
    try:
        code = main()
        sys.stdout.flush()
        sys.exit(code)
    except BrokenPipeError:  # `./demo | head` has seen enough; what is still in the buffer goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
