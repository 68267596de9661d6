"""What programs show: representations as notebooks know them, from honest objects and from hostile ones."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from typing import Any

import pytest

from tests import unread as fh
from tests.run.command import run_json

pytestmark = pytest.mark.jail

#: What is shown is looked at as the program made it; tests/guard makes it inert.
SMALL = {
    "output.inert_html": False,
    "limits.wall": "6s",
    "limits.cpu": "5s",
    "limits.memory": "192MiB",
    "limits.displays": "64KiB",
}
#: The smallest picture: one red point.
PNG = b"\x89PNG\r\n\x1a\n" + b"".join(
    struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    for kind, data in (
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0\xff\0\0")),
        (b"IEND", b""),
    )
)
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0"


@pytest.fixture(scope="module")
def sandbox() -> Any:
    with fh.Sandbox(policy=fh.Policy.default().but(**SMALL)) as sandbox:
        yield sandbox


def odd(**methods: str) -> str:
    """A program whose last expression is an object with these methods."""
    return (
        "class Odd:\n" + "".join(f"    def {name}(self, *a, **k): {body}\n" for name, body in methods.items()) + "Odd()"
    )


def shown(result: fh.Result) -> list[tuple[int, str, str]]:
    return [(each.item, each.mime, each.data) for each in result.displays]


def test_nothing_is_displayed_of_a_plain_value(sandbox: fh.Sandbox) -> None:
    """A value that has only its text is in `value_text`; there is no display."""
    result = sandbox.run("[1, {'a': 2}]")

    assert ("[1, {'a': 2}]", ()) == (result.value_text, result.displays)
    assert 0 == result.dropped.displays


def test_a_rich_value_is_displayed_in_each_of_its_representations(sandbox: fh.Sandbox) -> None:
    """The last expression's `_repr_*_` give one display with its text first."""
    result = sandbox.run(
        odd(
            __repr__="return 'odd'", _repr_html_="return '<b>odd</b>'", _repr_markdown_="return '**odd**'",
            _repr_latex_="return '$odd$'", _repr_json_="return {'odd': [1, None]}", _repr_svg_="return '<svg/>'",
            _repr_png_=f"return {PNG!r}", _repr_pdf_="return None",
        )
    )  # fmt: skip

    assert "odd" == result.value_text
    assert [
        (0, "text/plain", "odd"), (0, "text/html", "<b>odd</b>"), (0, "text/markdown", "**odd**"), (0, "text/latex", "$odd$"),
        (0, "application/json", '{"odd": [1, null]}'), (0, "image/svg+xml", "<svg/>"), (0, "image/png", base64.b64encode(PNG).decode()),
    ] == shown(result)  # fmt: skip
    assert len(PNG) == result.displays[-1].size


def test_display_shows_while_the_program_runs(sandbox: fh.Sandbox) -> None:
    """Each object that `display` is given is one item, in order, with its text at least; raw bundles are taken as such."""
    result = sandbox.run(
        odd(_repr_html_="return '<i>'").removesuffix("Odd()")
        + "display(1, 'two')\ndisplay(Odd())\ndisplay({'text/markdown': '*m*'}, raw=True)\n"
        "handle = display(4, display_id=True); handle.update(5)\nNone"
    )

    texts = [each for each in shown(result) if not each[2].startswith("<__main__")]
    assert [
        (0, "text/plain", "1"), (1, "text/plain", "'two'"), (2, "text/html", "<i>"), (3, "text/markdown", "*m*"),
        (4, "text/plain", "4"), (5, "text/plain", "5"),
    ] == texts  # fmt: skip


def test_ipython_display_is_there(sandbox: fh.Sandbox) -> None:
    """What generated code imports from `IPython.display` shows, also where IPython is not installed."""
    result = sandbox.run(
        "from IPython.display import HTML, Image, JSON, Latex, Markdown, Math, SVG, clear_output, display\n"
        f"png = {PNG!r}\nopen('out/p.png', 'wb').write(png)\nclear_output(wait=True)\n"
        "for each in HTML('<p>'), Markdown('# h'), Latex('$x$'), Math('x'), SVG('<svg/>'), JSON({'a': 1}), Image(png), Image('out/p.png'):\n"
        "    display(each)"
    )

    assert result.error is None
    png = base64.b64encode(PNG).decode()
    assert [
        ("text/html", "<p>"), ("text/markdown", "# h"), ("text/latex", "$x$"), ("text/latex", "$\\displaystyle x$"),
        ("image/svg+xml", "<svg/>"), ("application/json", '{"a": 1}'), ("image/png", png), ("image/png", png),
    ] == [(mime, data) for _, mime, data in shown(result) if mime != "text/plain"]  # fmt: skip
    refused = sandbox.run("Image(url='https://example.org/a.png')")
    assert refused.error is not None
    assert "no network" in refused.error.message


def test_a_mime_bundle_is_taken(sandbox: fh.Sandbox) -> None:
    """`_repr_mimebundle_`, with metadata or without, gives its types, vendors' ones included; the rest is asked too."""
    bundle = "{'application/vnd.plotly.v1+json': {'data': []}, 'Text/HTML': 'x'}"
    for told in (bundle, f"({bundle}, {{'meta': 1}})"):
        result = sandbox.run(
            odd(_repr_mimebundle_=f"return {told}", _repr_png_=f"return {PNG!r}", _repr_jpeg_=f"return {JPEG!r}")
        )

        assert {"text/plain", "application/vnd.plotly.v1+json", "text/html", "image/png"} == {
            each.mime for each in result.displays
        }


def test_shown_json_is_json(sandbox: fh.Sandbox) -> None:
    """Numbers that it has no word for are null, as in a plot's gaps; the same words in a text stay."""
    result = sandbox.run(odd(_repr_json_="return {'y': [1.5, float('nan'), -float('inf')], 'NaN': 'NaN'}"))

    assert '{"y": [1.5, null, null], "NaN": "NaN"}' == shown(result)[-1][2]


def test_displays_are_in_the_json(sandbox: fh.Sandbox) -> None:
    """`run --json` has displays in the contract's form."""
    answer = run_json(odd(_repr_png_=f"return {PNG!r}") + "\ndisplay(7)")

    assert [{"mime": "text/plain", "data": "7", "size": 1, "item": 0, "inert": True}] == answer["displays"]
    assert json.dumps(sandbox.run(odd(_repr_html_="return '\\ud800'")).to_dict(), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("methods", "told"),
    [
        ({"_repr_html_": "raise ValueError('no')"}, "_repr_html_ raised ValueError: no"),
        ({"_repr_html_": "return 5"}, "text/html is int, not text"),
        ({"_repr_html_": "return None"}, ""),
        ({"_repr_html_": "raise NotImplementedError"}, ""),
        ({"_repr_png_": "return b'<svg>'"}, "image/png is something else"),
        ({"_repr_png_": "return 'no base64!'"}, "image/png is not base64"),
        ({"_repr_png_": "return [1]"}, "image/png is list, not bytes"),
        ({"_repr_jpeg_": f"return {PNG!r}"}, "image/jpeg is something else"),
        ({"_repr_json_": "x = []; x.append(x); return x"}, "application/json is not JSON"),
        ({"_repr_mimebundle_": "return {'no type': 'x'}"}, "no MIME type"),
        ({"_repr_mimebundle_": "return {'text/' + 'x' * 300: 'x', 5: 'y', None: 'z', 'a/b;c=d': 'w'}"}, "no MIME type"),
        ({"_repr_mimebundle_": "return {'no': 'x'} | {f'{n}': 'x' for n in range(99)}"}, "85 representations beyond 16"),
        ({"_repr_mimebundle_": "return 'text'"}, ""),
        ({"_repr_mimebundle_": "return ()"}, ""),
        ({"_repr_mimebundle_": "1 / 0"}, "_repr_mimebundle_ raised ZeroDivisionError"),
        ({"__getattr__": "raise SystemExit"}, ""),
        ({"__repr__": "raise SystemExit", "_repr_html_": "raise E"}, "raised E"),
    ],
)  # fmt: skip
def test_a_representation_that_lies_or_fails_is_not_shown_and_it_is_said(
    sandbox: fh.Sandbox, methods: dict[str, str], told: str
) -> None:
    """What is not what it says is left out with a remark; the run completes, the text stands, the sandbox goes on."""
    sandbox.run("class E(Exception):\n    def __str__(s): raise E")
    result = sandbox.run(odd(**methods))

    assert "completed" == result.outcome
    assert {"text/plain"} >= {each.mime for each in result.displays}
    assert result.value_text
    assert told in result.stderr
    assert 2 == sandbox.run("1 + 1").value


def test_what_has_no_room_is_dropped_and_counted(sandbox: fh.Sandbox) -> None:
    """`limits.displays` bytes are kept in all; every representation beyond is left out whole, and its bytes counted."""
    result = sandbox.run(
        "for size in 40_000, 30_000, 20_000, 9_000:\n    display({'text/plain': 'x' * size}, raw=True)"
    )

    assert [40_000, 20_000] == [each.size for each in result.displays]
    assert 39_000 == result.dropped.displays


def test_a_huge_representation_costs_nothing_outside(sandbox: fh.Sandbox) -> None:
    """Many megabytes of HTML are counted inside and never sent."""
    result = sandbox.run(odd(_repr_html_="return 'x' * 40_000_000", __repr__="return 'odd'"))

    assert ["text/plain"] == [each.mime for each in result.displays]
    assert 40_000_000 == result.dropped.displays


def test_a_representation_beyond_the_memory_limit_ends_the_run() -> None:
    """2 GiB of HTML meet the memory limit like any other data; nothing hangs."""
    with fh.Sandbox(policy=fh.Policy.default().but(**SMALL)) as sandbox:
        result = sandbox.run(odd(_repr_html_="return 'x' * (1 << 31)"))

    assert result.outcome in {"limit", "completed"}
    assert () == tuple(each for each in result.displays if each.mime == "text/html")


def test_a_representation_that_blocks_meets_the_wall_limit() -> None:
    """An object that never answers is a program that never ends."""
    with fh.Sandbox(policy=fh.Policy.default().but(**SMALL)) as sandbox:
        result = sandbox.run(odd(_repr_html_="import time; time.sleep(60)"), timeout=0.5)

    assert ("limit", "wall") == (result.outcome, result.limit and result.limit.kind)


def test_what_was_displayed_before_the_end_is_kept() -> None:
    """A run that a limit ends, or that ends its own interpreter, has what it had shown until then."""
    for code, outcome in (("display(1)\nwhile True: pass", "limit"), ("display(1)\nimport os; os._exit(3)", "failed")):
        with fh.Sandbox(policy=fh.Policy.default().but(**SMALL)) as sandbox:
            result = sandbox.run(code, timeout=2)

        assert (outcome, ["1"]) == (result.outcome, [each.data for each in result.displays])


def test_displays_by_thousands_are_bounded(sandbox: fh.Sandbox) -> None:
    """After the thousandth nothing more is sent, and the rest is counted."""
    result = sandbox.run("for i in range(3000): display(1)")

    assert ("completed", 1000, 2000) == (result.outcome, len(result.displays), result.dropped.displays)


def test_threads_may_display_and_nothing_is_mixed(sandbox: fh.Sandbox) -> None:
    """Displays of threads come whole; what a thread shows after the run's end goes to standard output."""
    result = sandbox.run(
        "import threading, time\n"
        "def show(n):\n    for _ in range(40): display({'text/plain': str(n) * 200}, raw=True)\n"
        "threads = [threading.Thread(target=show, args=(n,)) for n in range(6)]\n"
        "for t in threads: t.start()\nfor t in threads: t.join()\n"
        "go = threading.Event()\nlate = threading.Thread(target=lambda: (go.wait(), display('late')))\nlate.start()"
    )
    later = sandbox.run("go.set(); late.join()")

    assert "completed" == result.outcome
    assert 240 == len(result.displays)
    assert {str(n) * 200 for n in range(6)} == {each.data for each in result.displays}
    assert "completed" == later.outcome


def test_a_forked_process_displays_as_text(sandbox: fh.Sandbox) -> None:
    """A child process has no screen: what it displays is printed, and the channel stays whole."""
    result = sandbox.run(
        "import os\nif os.fork() == 0:\n    display('child')\n    import sys; sys.stdout.flush(); os._exit(0)\nos.wait()\ndisplay('parent')\nNone"
    )

    assert "'child'\n" == result.stdout
    assert ["'parent'"] == [each.data for each in result.displays]


def test_svg_and_html_are_kept_as_data(sandbox: fh.Sandbox) -> None:
    """What a picture or a page would run where it is shown is text here, word for word."""
    script = "<svg onload=alert(1)><script>alert(2)</script></svg>"
    result = sandbox.run(odd(_repr_svg_=f"return {script!r}", _repr_html_=f"return {script!r}"))

    assert [script, script] == [each.data for each in result.displays if each.mime != "text/plain"]
    assert "<script" not in result._repr_html_()


@pytest.mark.parametrize(
    "code",
    [
        "builtins = __import__('builtins'); builtins.display = None; 1 + 1",
        "import sys; sys.modules.pop('json', None); sys.modules['numpy'] = 5; [{1}]",
        "import sys; sys.modules['matplotlib.figure'] = 5; object()",
        "import sys, types; m = types.ModuleType('matplotlib._pylab_helpers'); sys.modules[m.__name__] = m; 3",
        "import sys; sys.stderr = 5; display(5)\nclass A:\n    def _repr_html_(s): 1 / 0\nA()",
        "import sys; sys.stdout = None; display(5)",
        "class M(type):\n    def __getattr__(s, n): raise SystemExit(4)\nclass A(metaclass=M): pass\nA()",
        "import gc\nclass A:\n    def __del__(s): display('gone')\nfor _ in range(100): a = A(); a.me = a\ndisplay(a); del a; gc.collect()",
        "import os\nfor n in range(100):\n    try: os.close(n + 3)\n    except OSError: pass\ndisplay(5)",
        "import signal; signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01); signal.signal(signal.SIGALRM, lambda *a: display(1))\nimport time\nwhile True: display(2)",
    ],
)  # fmt: skip
def test_a_program_that_takes_displaying_apart_has_a_result(code: str) -> None:
    """Whatever a program does to what shows its things, the outcome is its own and told in time."""
    with fh.Sandbox(policy=fh.Policy.default().but(**SMALL)) as sandbox:
        result = sandbox.run(code, timeout=3)

    assert result.outcome in {"completed", "failed", "limit"}
    json.dumps(result.to_dict(), allow_nan=False)


def test_frames_that_claim_to_be_displays_are_checked() -> None:
    """A program that writes to the channel itself is held to what the runner says; the run is told as broken."""
    forge = (
        "import os, struct, json\n"
        "def say(event):\n    data = json.dumps({'id': 1, **event}).encode(); os.write(3, struct.pack('=I', len(data)) + data)\n"
    )
    for event, outcome in (
        ({"event": "display", "bundle": {"text/plain": "forged"}}, "completed"),
        ({"event": "display", "bundle": {"image/png": "AAAA"}}, "failed"),
        ({"event": "display", "bundle": {"text/plain": 5}}, "failed"),
        ({"event": "shout", "bundle": {}}, "failed"),
    ):
        with fh.Sandbox(policy=fh.Policy.default().but(**SMALL)) as sandbox:
            result = sandbox.run(f"{forge}say({event!r})")

        assert outcome == result.outcome
        assert ("ChannelBroken" == result.error.name) if result.error else [each.data for each in result.displays]
