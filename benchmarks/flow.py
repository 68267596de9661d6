"""Bytes that go in and out of a sandbox: `files.write`, `files.read`, `stream`, in megabytes a second.

What the machine can do is measured in turn: a copy of the same bytes in memory, and the same flood out of a plain child.
"""

from __future__ import annotations

import os
import subprocess
import sys

from rounds import Case, Ledger, Promise, finish, measure, options

import fumehood

SIZE = 128 * 1024 * 1024
FILTERED_SIZE = SIZE // 32
FLOOD = "import os\ndata = b'x' * (1 << 20)\nfor _ in range({size} >> 20): os.write(1, data)"
POLICY = fumehood.Policy.default().but(**{
    "limits.disk": "1GiB", "limits.output": "256MiB", "output.redact_secrets": False,
    "output.strip_terminal_escapes": False,
})  # fmt: skip
FILTERED = fumehood.Policy.default().but(**{"limits.output": "256MiB"})


def pipe() -> None:
    """The same flood out of a plain child, read in the same pieces."""
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", FLOOD.format(size=SIZE)], stdout=subprocess.PIPE) as child:
        while child.stdout is not None and os.read(child.stdout.fileno(), 1 << 18):
            pass


def main() -> None:
    """Measure and judge."""
    arguments = options(__doc__ or "", rounds=12)
    data = os.urandom(SIZE)
    with fumehood.Sandbox(policy=POLICY) as sandbox, fumehood.Sandbox(policy=FILTERED) as filtered:
        sandbox.run("1")
        filtered.run("1")
        sandbox.files.write("big", data)

        def flow(source: fumehood.Sandbox, size: int) -> None:
            came = sum(len(event.text) for event in source.stream(FLOOD.format(size=size)))
            if came != size:
                sys.exit(f"{came:,} of {size:,} bytes came through")

        times = measure(
            [
                Case("copy in memory", lambda: bytearray(data)),
                Case("a pipe from a child", pipe),
                Case("files.write", lambda: sandbox.files.write("big", data)),
                Case("files.read", lambda: sandbox.files.read("big")),
                Case("stream, unfiltered", lambda: flow(sandbox, SIZE)),
                Case("stream of 1/32, filtered as by default", lambda: flow(filtered, FILTERED_SIZE)),
            ],
            arguments.rounds,
        )
    for case in times:
        size = FILTERED_SIZE if "1/32" in case.name else SIZE
        print(f"{size / case.median / 1e6:8,.0f} MB/s  {case.name}", file=sys.stderr)
    copy, piped, write, read, stream, _ = times
    finish(
        Ledger(
            "flow",
            times,
            [
                Promise("files.write, against a copy in memory", write.median / copy.median, 3.0),
                Promise("files.read, against a copy in memory", read.median / copy.median, 3.0),
                Promise("stream, against a pipe from a child", stream.median / piped.median, 16.0),
            ],
        ),
        arguments,
    )


if __name__ == "__main__":
    main()
