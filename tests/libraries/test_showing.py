"""The libraries of the environment `data` show their things as in a notebook."""

from __future__ import annotations

import base64
import struct
from typing import Any

import pytest

from tests import unread as fh

pytestmark = pytest.mark.jail


@pytest.fixture(scope="module")
def sandbox() -> Any:
    with fh.Sandbox(env="data") as sandbox:
        sandbox.run("import matplotlib.pyplot as plt, numpy as np, pandas as pd")
        yield sandbox


def mimes(result: fh.Result) -> list[str]:
    return [each.mime for each in result.displays if each.mime != "text/plain"]


def pictures(result: fh.Result) -> list[tuple[int, int]]:
    """The sizes of the pictures, from their headers."""
    assert result.error is None, result.error
    headers = [base64.b64decode(each.data)[16:24] for each in result.displays if each.mime == "image/png"]
    return [struct.unpack(">II", header) for header in headers]


def test_open_figures_are_shown_at_the_end_and_closed(sandbox: fh.Sandbox) -> None:
    """Each open figure is one picture, once; the next run begins with none."""
    result = sandbox.run(
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.figure()\nplt.bar([1], [2]);\nplt.figure()\nNone"
    )

    assert 2 == len(pictures(result))
    assert all(300 < width < 700 and 200 < height < 500 for width, height in pictures(result))
    assert [] == pictures(sandbox.run("1"))


@pytest.mark.parametrize("backend", ["", "import matplotlib; matplotlib.use('Agg')\n", "plt.switch_backend('svg')\n"])
def test_show_shows_where_it_stands(sandbox: fh.Sandbox, backend: str) -> None:
    """`plt.show()` shows and closes what is open, with any backend; a loop of plots is as many pictures."""
    result = sandbox.run(
        f"import matplotlib.pyplot as plt\n{backend}for n in range(3):\n    plt.plot([n]); plt.show()\nplt.get_fignums()"
    )

    assert 3 == len(pictures(result))
    assert [] == result.value
    assert "" == result.stderr


def test_a_figure_is_a_value(sandbox: fh.Sandbox) -> None:
    """A figure as the last expression, by `display` or `show()` is a picture, and not shown again at the end."""
    for code in ("fig", "display(fig)", "fig.show()"):
        assert 1 == len(pictures(sandbox.run(f"fig, ax = plt.subplots(); ax.plot([1, 2])\n{code}")))
    assert 2 == len(
        pictures(sandbox.run("fig, ax = plt.subplots(); ax.plot([1, 2])\ndisplay(fig)\nax.plot([2, 1])\nNone"))
    )
    assert 1 == len(pictures(sandbox.run("fig")))


def test_a_saved_figure_is_a_file_too(sandbox: fh.Sandbox) -> None:
    """`savefig` writes to `out/`; the figure is shown all the same."""
    result = sandbox.run("plt.plot([1, 2]); plt.savefig('out/plot.png'); plt.savefig('out/plot.pdf')\nNone")

    assert ["out/plot.pdf", "out/plot.png"] == sorted(file.path for file in result.files)
    assert 1 == len(pictures(result))


def test_a_figure_that_cannot_be_drawn_fails_the_run(sandbox: fh.Sandbox) -> None:
    """An error of drawing at the end is the program's, said with where it came from; after a failure, figures are shown."""
    result = sandbox.run("plt.title('$\\\\frac$')\nNone")

    assert ("failed", "ValueError") == (result.outcome, result.error and result.error.name)
    assert result.error is not None
    assert "a figure that was open at the program's end" in result.error.traceback
    failed = sandbox.run("plt.plot([1]); 1 / 0")
    assert "ZeroDivisionError" == (failed.error and failed.error.name)
    assert ["image/png"] == mimes(failed)


def test_figures_by_thousands_meet_the_room_that_there_is() -> None:
    """What has no room is counted, and nothing is drawn for it."""
    with fh.Sandbox(env="data", policy=fh.Policy.default().but(**{"limits.displays": "30kB"})) as sandbox:
        result = sandbox.run("import matplotlib.pyplot as plt\nfor n in range(12): plt.figure(); plt.plot([n])\nNone")

    assert "completed" == result.outcome
    assert sum(each.size for each in result.displays) <= 30_000
    assert result.dropped.displays > 30_000


def test_tables_are_text_and_html_of_bounded_size(sandbox: fh.Sandbox) -> None:
    """A DataFrame is shown as text and as HTML, of a large one a few rows; a Series has its text."""
    result = sandbox.run(
        "import pandas as pd\ntable = pd.DataFrame({'n': range(100_000), **{f'c{i}': 'x' for i in range(100)}})\ntable"
    )

    assert ["text/plain", "text/html"] == [each.mime for each in result.displays]
    assert result.value_text == result.displays[0].data
    assert "100000 rows" in result.displays[0].data
    assert result.displays[1].data.count("<tr") < 70
    assert all(each.size < 60_000 for each in result.displays)
    series = sandbox.run("table.n.head(3)")
    assert ((), True) == (series.displays, "dtype: int64" in series.value_text)


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("np.float64(3.5)", 3.5), ("np.float32(0.1)", 0.10000000149011612), ("np.int8(-3)", -3), ("np.bool_(True)", True), ("np.str_('é')", "é"),
        ("{'mean': table.n.mean(), 'all': [np.int64(1), (np.float64(2),)]}", {"mean": 49999.5, "all": [1, [2.0]]}),
        ("np.float64('nan')", None), ("np.longdouble(1)", None), ("np.datetime64('2020-01-01')", None), ("np.arange(3)", None),
        ("np.complex128(1)", None), ("pd.Timestamp('2020-01-01')", None), ("pd.NA", None),
    ],
)  # fmt: skip
def test_numbers_of_numpy_are_values(sandbox: fh.Sandbox, code: str, value: object) -> None:
    """What is exactly a number, a truth or a text of Python comes back as one; the rest as text."""
    sandbox.run("import numpy as np, pandas as pd\ntable = pd.DataFrame({'n': range(100_000)})")
    result = sandbox.run(code)

    assert value == result.value
    assert type(value) is type(result.value)
    assert result.value_text


def test_other_things_show_themselves(sandbox: fh.Sandbox) -> None:
    """Pictures of Pillow, formulas of sympy, models of scikit-learn."""
    assert ["image/png"] == mimes(sandbox.run("from PIL import Image\nImage.new('RGB', (20, 10), 'red')"))
    assert ["text/latex"] == mimes(sandbox.run("import sympy\nsympy.integrate(sympy.Symbol('x') ** 2)"))
    assert ["text/html"] == mimes(sandbox.run("from sklearn.linear_model import Ridge\nRidge()"))


def test_styled_tables_are_shown(sandbox: fh.Sandbox) -> None:
    """`DataFrame.style` has what it writes its HTML with."""
    result = sandbox.run("pd.DataFrame({'a': [1, 2]}).style.highlight_max(color='red').format('{:.1f} EUR')")

    assert ["text/html"] == mimes(result)
    assert "2.0 EUR" in next(each.data for each in result.displays if each.mime == "text/html")


def test_characters_without_a_font_are_told_once(sandbox: fh.Sandbox) -> None:
    """One remark names them, however often they stand in a plot; none of matplotlib's warnings."""
    result = sandbox.run(
        "plt.title('\\U0001F9FF\\U000E1234'); plt.xlabel('\\U000E1234'); plt.show(); plt.title('\\U000E1234')\nNone"
    )

    assert 1 == result.stderr.count("no font here has")
    assert 1 == result.stderr.count("\n")
    assert 2 == len(pictures(result))


def test_chinese_japanese_and_korean_are_drawn(sandbox: fh.Sandbox) -> None:
    """Each sign has a picture of its own, where those that no font has are boxes that look alike."""

    def drawn(sign: str) -> str:
        result = sandbox.run(f"plt.figtext(0.5, 0.5, {sign!r}); plt.show()")
        assert ("no font" in result.stderr) == (sign > "\U000e0000")
        assert result.stderr.count("\n") < 2
        return next(each.data for each in result.displays if each.mime == "image/png")

    for around in ("{}", "{} ($x^2$)"):  # text that stands beside a formula is drawn in another way
        assert 5 == len({drawn(around.format(sign)) for sign in "东語한ア\U000e1234"})
        assert drawn(around.format("\U000e1234")) == drawn(around.format("\U000e1235"))


def test_a_font_that_is_there_is_used_whatever_a_plot_asks_for(sandbox: fh.Sandbox) -> None:
    """Glyphs come from any font for their script, also under a style that names another one."""
    made = sandbox.run(
        "from fontTools.fontBuilder import FontBuilder\nfrom fontTools.pens.ttGlyphPen import TTGlyphPen\n"
        "pen = TTGlyphPen(None)\nfor n, point in enumerate([(0, 0), (0, 900), (900, 900), (900, 0)]): (pen.lineTo if n else pen.moveTo)(point)\n"
        "pen.closePath(); box = pen.glyph()\nfont = FontBuilder(1000)\nfont.setupGlyphOrder(['.notdef', 'zhong'])\n"
        "font.setupCharacterMap({0x4e2d: 'zhong'})\nfont.setupGlyf({'.notdef': box, 'zhong': box})\n"
        "font.setupHorizontalMetrics({'.notdef': (1000, 0), 'zhong': (1000, 0)})\nfont.setupHorizontalHeader(ascent=800, descent=-200)\n"
        "font.setupNameTable({'familyName': 'Noto Sans SC', 'styleName': 'Regular'})\nfont.setupOS2(); font.setupPost(); font.save('zh.ttf')\n"
        "import matplotlib.font_manager as manager\nmanager.fontManager.addfont('zh.ttf')"
    )
    assert made.error is None, made.error

    for style in ("", "plt.rcParams['font.sans-serif'] = ['SimHei']\n", "import seaborn; seaborn.set_theme()\n"):
        result = sandbox.run(f"import matplotlib.pyplot as plt\n{style}plt.title('中'); plt.show()")
        assert 1 == len(pictures(result))
        assert "no font" not in result.stderr


def test_a_font_that_is_not_there_is_named_once_a_run(sandbox: fh.Sandbox) -> None:
    """Matplotlib looks fonts up anew for each piece of text, and says each time which one it lacks."""
    code = "with plt.rc_context({'font.family': 'Nowhere'}): plt.plot([1, 2]); plt.title('x'); plt.show()"  # not in the next test's
    first, second = sandbox.run(code), sandbox.run(code)

    assert [1, 1] == [len(pictures(result)) for result in (first, second)]
    assert [1, 1] == [result.stderr.count("'Nowhere' not found") for result in (first, second)]


def test_failures_in_libraries_are_told_by_the_programs_lines(sandbox: fh.Sandbox) -> None:
    """A KeyError of pandas is a few lines: where the program asked, and where it was raised."""
    result = sandbox.run("frame = pd.DataFrame({'a': [1]})\n\nframe['nope']")

    assert result.error is not None
    assert ("KeyError", 3) == (result.error.name, result.error.line)
    assert "frame['nope']" in result.error.traceback
    assert "frames of libraries" in result.error.traceback
    assert len(result.error.traceback.splitlines()) < 25


@pytest.mark.parametrize("module", ["tqdm", "tqdm.auto", "tqdm.notebook"])
def test_a_progress_bar_is_one_line(sandbox: fh.Sandbox, module: str) -> None:
    """What tqdm wrote over and over is its last state, also where a program takes the bar of notebooks."""
    result = sandbox.run(f"from {module} import tqdm\nimport time\nfor _ in tqdm(range(40)): time.sleep(0.01)")

    assert "100%" in result.stderr
    assert 1 == len(result.stderr.splitlines())
