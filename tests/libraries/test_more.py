"""Libraries that no shipped environment has show their things too: plotly, altair, polars, and IPython where it is there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from fumehood.environments import creation
from fumehood.environments.store import Store, remove
from tests import unread as fh

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.jail, pytest.mark.slow]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[fh.Sandbox]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("share")))
        creation.create(
            "more", ["plotly", "altair", "polars", "ipython"], base=None, imports=(), listener=lambda _: None
        )
        with fh.Sandbox(env="more") as sandbox:
            yield sandbox
        remove(Store().folder)  # pytest can't: what was built is read-only


def kinds(result: fh.Result) -> list[dict[str, Any]]:
    """The representations of each thing displayed."""
    assert result.error is None, result.error
    things: dict[int, dict[str, Any]] = {}
    for each in result.displays:
        things.setdefault(each.item, {})[each.mime] = each.data
    return list(things.values())


def test_plotly_is_data_that_a_front_end_draws(sandbox: fh.Sandbox) -> None:
    """A figure, by `show()` and as the value, is its JSON; nothing opens a browser."""
    result = sandbox.run(
        "import plotly.graph_objects as go\nfigure = go.Figure(go.Bar(x=['a', 'b'], y=[1, 2]))\nfigure.show()\nfigure"
    )

    for thing in (shown := kinds(result)):
        assert "bar" == json.loads(thing["application/vnd.plotly.v1+json"])["data"][0]["type"]
    assert 2 == len(shown)


def test_altair_is_data_that_a_front_end_draws(sandbox: fh.Sandbox) -> None:
    """A chart is its specification in Vega-Lite, with the version in the type."""
    result = sandbox.run("import altair as alt\nalt.Chart(alt.Data(values=[{'a': 1}])).mark_bar().encode(x='a:Q')")

    (thing,) = kinds(result)
    (specification,) = [
        json.loads(data) for mime, data in thing.items() if mime.startswith("application/vnd.vegalite.v")
    ]
    assert "bar" == specification["mark"]["type"]


def test_polars_is_text_and_html(sandbox: fh.Sandbox) -> None:
    """A table is shown with its first and last rows."""
    (thing,) = kinds(sandbox.run("import polars as pl\npl.DataFrame({'n': range(100_000)})"))

    assert {"text/plain", "text/html"} == thing.keys()
    assert "shape: (100_000, 1)" in thing["text/plain"]
    assert len(thing["text/html"]) < 10_000


def test_what_ipython_displays_is_displayed(sandbox: fh.Sandbox) -> None:
    """IPython's own `display` and classes show where IPython is installed, and it is not taken for a running shell."""
    result = sandbox.run(
        "import IPython\nfrom IPython.display import HTML, Markdown, clear_output, display\n"
        "display(HTML('<b>x</b>')); display({'text/latex': '$x$'}, raw=True); clear_output()\n"
        "print(IPython.get_ipython())\nMarkdown('*m*')"
    )

    assert ["<b>x</b>", "$x$", "*m*"] == [
        data for thing in kinds(result) for mime, data in thing.items() if mime != "text/plain"
    ]
    assert "None\n" == result.stdout
