"""What a person sees of displays: on a terminal, in files, in a notebook; and nothing there that runs or fetches."""

from __future__ import annotations

import base64
import io
import os
import pty
import re
import struct
import subprocess
import time
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

import fumehood as fh
from fumehood.cli import inline, sixel
from fumehood.execution import Display, Finding, LimitHit, Result
from tests.run.command import FUMEHOOD, fumehood, inherited

if TYPE_CHECKING:
    from pathlib import Path

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def png(rows: list[list[tuple[int, int, int]]], *, method: int = 0) -> bytes:
    """A picture of these points, each row filtered by one of PNG's methods (here for rows that begin at zero)."""
    raw, above = b"", bytes(3 * len(rows[0]))
    for points in rows:
        row = bytes(value for point in points for value in point)
        raw += bytes([method]) + bytes(
            (value - guess) & 255 for value, guess in zip(row, guesses(row, above, method), strict=True)
        )
        above = row
    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(raw)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def guesses(row: bytes, above: bytes, method: int) -> list[int]:
    found: list[int] = []
    for place in range(len(row)):
        left, corner = (row[place - 3], above[place - 3]) if place >= 3 else (0, 0)
        estimate = left + above[place] - corner
        paeth = min((left, above[place], corner), key=lambda each: abs(estimate - each))
        found.append((0, left, above[place], (left + above[place]) // 2, paeth)[method])
    return found


PICTURE = png([[RED, BLUE], [BLUE, WHITE]])
SHOWS = f"class Shown:\n    def _repr_png_(self): return {PICTURE!r}\nShown()"


def on_terminal(*words: str, **environment: str) -> str:
    """What the command writes to a terminal of its own."""
    ours, theirs = pty.openpty()
    kept = {
        name: value
        for name, value in inherited().items()
        if not name.startswith(("TERM", "TMUX", "KITTY", "LC_TERMINAL"))
    }
    process = subprocess.Popen(
        [*FUMEHOOD, *words], stdout=theirs, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=kept | environment
    )
    os.close(theirs)
    told = b""
    try:
        while piece := os.read(ours, 1 << 16):
            told += piece
    except OSError:  # how a terminal says that its other end is closed
        pass
    os.close(ours)
    assert 0 == process.wait()
    return told.decode()


@pytest.mark.jail
def test_tables_are_shown_and_the_value_once() -> None:
    """What was displayed stands before the value; a value that is displayed itself is shown once."""
    table = "class Table:\n    def __repr__(self): return 'a  b'\n    def _repr_html_(self): return '<table>'\n"

    assert b"x\na  b\n7\n" == fumehood("run", "-c", f"{table}print('x')\ndisplay(Table())\n7").out
    assert b"a  b\n" == fumehood("run", "-c", f"{table}Table()").out
    assert b"5\n5\n" == fumehood("run", "-c", "display(5)\n5").out


@pytest.mark.jail
def test_pictures_lie_in_out_below_names_of_their_own(tmp_path: Path) -> None:
    """With --out each picture is a file that is named; what the program put there under such a name is not written over."""
    done = fumehood("run", "--out", str(tmp_path / "o"), "-c", f"open('out/display-1.png', 'w').write('mine')\n{SHOWS}")

    assert 0 == done.code
    assert "mine" == (tmp_path / "o" / "display-1.png").read_text()
    assert PICTURE == (tmp_path / "o" / "display-2.png").read_bytes()
    assert f"a picture was displayed: {tmp_path / 'o' / 'display-2.png'}" in done.err


@pytest.mark.jail
def test_without_out_it_is_said_how_to_get_pictures() -> None:
    """A picture that can't be shown is said, with how to get it; piped output has no picture in it."""
    done = fumehood("run", "-c", SHOWS, TERM="xterm-kitty")

    assert (0, b"") == (done.code, done.out)
    assert "--out DIR" in done.err


@pytest.mark.jail
@pytest.mark.parametrize(
    ("environment", "begins"),
    [
        ({"TERM": "xterm-kitty"}, "\x1b_Ga=T,f=100,"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "\x1b]1337;File=inline=1;"),
        ({"TERM": "foot"}, "\x1bPq"),
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "xterm-kitty", "TMUX": "1"}, None),
        ({"TERM": "dumb"}, None),
    ],
)
def test_pictures_are_drawn_where_the_terminal_says_it_can(environment: dict[str, str], begins: str | None) -> None:
    """kitty, iTerm2 and sixel terminals get the picture; all others nothing but text."""
    told = on_terminal("run", "-c", SHOWS, **environment)

    assert (begins in told) if begins else "\x1b" not in told


def test_kitty_gets_pictures_in_pieces() -> None:
    """A long picture is cut as the protocol asks: every piece but the last says that more comes."""
    data = base64.b64encode(b"\x89PNG" + bytes(20_000)).decode()
    terminal = inline.terminal({"TERM": "xterm-kitty"})
    assert terminal is not None
    pieces = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", terminal.draw(Display("image/png", data, 20_004)))

    assert data == "".join(piece for _, piece in pieces)
    assert all(len(piece) <= 4096 for _, piece in pieces)
    assert ["m=1"] * (len(pieces) - 1) + ["m=0"] == [head.rpartition(",")[2] for head, _ in pieces]


def unsixeled(told: str) -> dict[tuple[int, int], tuple[int, int, int]]:
    """Decode sixels, by their definition, into points."""
    body = told.removeprefix("\x1bPq").removesuffix("\x1b\\")
    palette = {int(n): (int(r), int(g), int(b)) for n, r, g, b in re.findall(r"#(\d+);2;(\d+);(\d+);(\d+)", body)}
    body = re.sub(r'"[\d;]*|#\d+;2;\d+;\d+;\d+', "", body)
    points: dict[tuple[int, int], tuple[int, int, int]] = {}
    x = top = colour = 0
    for number, count, sign in re.findall(r"#(\d+)|(?:!(\d+))?([-$?-~])", body):
        if number:
            colour = int(number)
        elif sign == "$":
            x = 0
        elif sign == "-":
            x, top = 0, top + 6
        else:
            bits = [bit for bit in range(6) if (ord(sign) - 63) >> bit & 1]
            run = range(x, x + int(count or 1))
            points.update({(place, top + bit): palette[colour] for place in run for bit in bits})
            x = run.stop
    return points


@given(
    st.lists(st.lists(st.sampled_from([RED, BLUE, WHITE]), min_size=9, max_size=9), min_size=1, max_size=15),
    st.integers(0, 4),
)
@settings(max_examples=200)
def test_sixels_are_the_picture(rows: list[list[tuple[int, int, int]]], method: int) -> None:
    """Every point comes out in its colour, whatever filter the picture was written with."""
    expected = {
        (x, y): tuple(value * 100 // 255 for value in point)
        for y, row in enumerate(rows)
        for x, point in enumerate(row)
    }

    assert expected == unsixeled(sixel.drawn(png(rows, method=method)))


@given(st.integers(0, len(PICTURE) - 1), st.binary(min_size=1, max_size=6), st.integers(0, len(PICTURE)))
@settings(max_examples=1000)
def test_a_broken_picture_is_not_drawn_and_nothing_else_happens(place: int, junk: bytes, end: int) -> None:
    """Any bytes in the place of others, and any end: sixels or nothing, no error."""
    broken = (PICTURE[:place] + junk + PICTURE[place + len(junk) :])[: max(end, place)]

    drawn = sixel.drawn(broken)

    assert drawn == "" or drawn.startswith("\x1bPq")


@pytest.mark.parametrize("size", [(1 << 31, 1), (60_000, 60_000), (0, 5)])
def test_a_picture_that_claims_to_be_huge_is_not_drawn(size: tuple[int, int]) -> None:
    """Memory is taken for what is allowed, not for what a header says."""
    header = struct.pack(">IIBBBBB", *size, 8, 2, 0, 0, 0)

    assert "" == sixel.drawn(b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header + bytes(4))


HOSTILE = "<script>alert(1)</script><img src=http://x/ onerror=alert(2)>"


@pytest.mark.jail
def test_a_notebook_shows_tables_and_pictures() -> None:
    """In `_repr_html_` pictures are pictures, HTML that was made inert is HTML, and a console gets text."""
    code = f"class Shown:\n    def __repr__(self): return 'a'\n    def _repr_html_(self): return '<table><tr><td>1</td></tr></table>{HOSTILE}'\ndisplay(Shown())\n{SHOWS}"
    result = fh.run(code)
    shown = result._repr_html_()

    assert "<table>" in shown
    assert f'<img src="data:image/png;base64,{base64.b64encode(PICTURE).decode()}">' in shown
    assert not re.search(r"(?i)<script|onerror|http://", shown)
    assert "<image/png, " in consoled(result)


@pytest.mark.jail
def test_what_was_not_made_inert_is_text_in_a_notebook() -> None:
    """Under a policy that leaves HTML as it is, a notebook is shown its text; a vector picture is shown by reference."""
    policy = fh.Policy.default().but(**{"output.inert_html": False})
    code = f"class Shown:\n    def _repr_html_(self): return {HOSTILE!r}\ndisplay(Shown())\nclass Drawn:\n    def _repr_svg_(self): return '<svg>' + {HOSTILE!r}\nDrawn()"
    result = fh.run(code, policy=policy)

    assert HOSTILE in [each.data for each in result.displays]
    assert not re.search(r"(?i)<script|<[^>]*onerror", result._repr_html_())
    assert '<img src="data:image/svg+xml;base64,' in result._repr_html_()


def test_what_a_display_says_is_escaped() -> None:
    """No data of a display can end the attribute that it stands in."""
    result = Result(
        "completed", displays=(Display("image/png", '"><script>', 1), Display("text/plain", "<b>[red]", 1, 1))
    )

    assert "<script" not in result._repr_html_()
    assert "&lt;b&gt;" in result._repr_html_()
    assert "<b>[red]" in consoled(result)
    assert "\\[red][/none]:smile:\n" == consoled(Result("completed", stdout="\\[red][/none]:smile:"))


def test_a_long_line_is_shown_at_once() -> None:
    """Nothing is searched for words to colour: in a long line of letters that takes minutes."""
    began = time.monotonic()
    consoled(Result("completed", stdout="x" * 200_000))

    assert time.monotonic() - began < 10


def test_what_came_of_it_has_its_reason() -> None:
    """A limit is shown with its remedy, a refusal with what was found."""
    found = Finding("FH1", "n", "c", None, 1, 0, "", (), "resolved", "files.read", "It reads all.", "", "", "refuse")
    refused = Result("refused", findings=(found,))
    limited = Result("limit", limit=LimitHit("wall", "1s", "1s", "Take more."))

    for shown in (Result._repr_html_, consoled):
        assert "refused: It reads all." in shown(refused)
        assert "limit: wall, 1s. Take more." in shown(limited)


def consoled(result: Result) -> str:
    """What a rich console of eighty columns shows."""
    console = Console(width=80, file=io.StringIO(), force_terminal=False)
    console.print(result)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
