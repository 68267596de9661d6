"""Bytes that go in and out of a sandbox: `files.write`, `files.read`, `stream`, in megabytes a second at their fastest.

What the machine can do is measured in turn: a copy of the same bytes in memory, and the same flood out of a plain child.
"""

from __future__ import annotations

import os
import subprocess
import sys

from rounds import Case, Ledger, Promise, finish, measure, options

import fumehood

SIZE = 128 * 1024 * 1024
FILTERED_SIZE = SIZE // 4
FLOOD = "import os\ndata = b'x' * (1 << 20)\nfor _ in range({size} >> 20): os.write(1, data)"
#: Lines as servers write them: with dates, paths, names and numbers, which is what keys are looked for in.
LINE = (
    "2026-11-26 03:58:{:02},{:03} INFO server.worker[{}]: GET /api/v1/items/{}?page={} took {:.3f} ms, user_id={:x}\n"
)
LINES = "".join(LINE.format(i % 60, i % 1000, i % 7, i, i % 13, i / 3, i * 7919) for i in range(12000))[: 1 << 20]
FLOOD_OF_LINES = "import os\ndata = open('lines', 'rb').read()\nfor _ in range({size} >> 20): os.write(1, data)"
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
    sandbox, filtered, default = (fumehood.Sandbox(policy=policy) for policy in (POLICY, FILTERED, None))
    with sandbox, filtered, default:
        for each in (sandbox, filtered, default):
            each.run("1")
        sandbox.files.write("big", data)
        filtered.files.write("lines", LINES.encode())

        def flow(source: fumehood.Sandbox, program: str, size: int) -> None:
            came = 0
            for event in source.stream(program.format(size=size)):
                came += len(event.text)
                came += event.result.dropped.stdout if event.result is not None else 0
            if came != size:
                sys.exit(f"{came:,} of {size:,} bytes came through")

        times = measure(
            [
                Case("copy in memory", lambda: bytearray(data)),
                Case("a pipe from a child", pipe),
                Case("files.write", lambda: sandbox.files.write("big", data)),
                Case("files.read", lambda: sandbox.files.read("big")),
                Case("stream, unfiltered", lambda: flow(sandbox, FLOOD, SIZE)),
                Case("stream, default policy", lambda: flow(default, FLOOD, SIZE)),
                Case("stream of 1/4, filtered, all kept", lambda: flow(filtered, FLOOD, FILTERED_SIZE)),
                Case("the same of log lines", lambda: flow(filtered, FLOOD_OF_LINES, FILTERED_SIZE)),
            ],
            arguments.rounds,
        )
    speeds = {case.name: SIZE / case.least / 1e6 for case in times}
    for case in times[-2:]:
        speeds[case.name] *= FILTERED_SIZE / SIZE
    for name, speed in speeds.items():
        print(f"{speed:8,.0f} MB/s  {name}", file=sys.stderr)
    copy, piped, write, read, stream, _, letters, lines = times
    whole = SIZE / FILTERED_SIZE
    finish(
        Ledger(
            "flow",
            times,
            [
                Promise("files.write, against a copy in memory", write.median / copy.median, 3.0),
                Promise("files.read, against a copy in memory", read.median / copy.median, 3.0),
                Promise("files.write", speeds[write.name], 500, "MB/s", at_least=True),
                Promise("files.read", speeds[read.name], 500, "MB/s", at_least=True),
                Promise("stream, default policy", speeds["stream, default policy"], 250, "MB/s", at_least=True),
                Promise("stream, against a pipe from a child", stream.median / piped.median, 16.0),
                Promise("stream, filtered, all kept, against the same", whole * letters.median / piped.median, 24.0),
                Promise("log lines, filtered, all kept, against the same", whole * lines.median / piped.median, 40.0),
            ],
        ),
        arguments,
    )


if __name__ == "__main__":
    main()
