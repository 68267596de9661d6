"""The representations of one object, by MIME type, from the methods by which objects show themselves in notebooks."""

from __future__ import annotations

import sys
from typing import Any, cast

from fumehood.tiers.jail.runner import figures
from fumehood.tiers.jail.runner.remark import remark
from fumehood.tiers.jail.runner.value import name

_METHODS = {
    "_repr_html_": "text/html",
    "_repr_markdown_": "text/markdown",
    "_repr_latex_": "text/latex",
    "_repr_json_": "application/json",
    "_repr_svg_": "image/svg+xml",
    "_repr_png_": "image/png",
    "_repr_jpeg_": "image/jpeg",
    "_repr_pdf_": "application/pdf",
    "_repr_javascript_": "application/javascript",
}
_EVERYTHING = {"include": None, "exclude": None}
#: Of these there is nothing to ask.
_PLAIN: frozenset[object] = frozenset({  # pyright: ignore[reportUnknownArgumentType] -- of anything
    int, float, str, bool, type(None), list, dict, tuple, set, frozenset, bytes, bytearray, complex, range, type,
    type(len), type(lambda: None), type(sys),
})  # fmt: skip


def of(value: object) -> dict[Any, object]:
    """All representations but the plain text that everything has. The object is asked, so it may do anything."""
    kind = type(value)
    if kind in _PLAIN:
        return {}
    if figures.is_figure(value):
        return figures.picture(value)
    told = _ask(value, "_repr_mimebundle_")
    found = dict(cast("dict[Any, object]", told)) if isinstance(told, dict) else {}
    for method, mime in _METHODS.items():
        if mime in found or (mime == "image/jpeg" and "image/png" in found):  # the same picture once more
            continue
        told = _ask(value, method)
        if told is not None:
            found[mime] = told
    return found


def _ask(value: object, method: str) -> object:
    """What the object answers; None where its class has no such representation, or fails to make it."""
    if getattr(type(value), method, None) is None:
        return None
    try:
        told = getattr(value, method)(**(_EVERYTHING if method == "_repr_mimebundle_" else {}))
    except NotImplementedError:
        return None
    except Exception as error:  # noqa: BLE001 -- it has others, and the program's result stands
        remark(f"{name(value)}.{method} raised {name(error)}: {_message(error)}")
        return None
    if isinstance(told, tuple):  # with metadata behind it
        return next(iter(cast("tuple[object, ...]", told)), None)
    return told


def _message(error: Exception) -> str:
    try:
        return str(error)[:500]
    except Exception:  # noqa: BLE001 -- it raises when it is asked, too
        return "<no message>"
