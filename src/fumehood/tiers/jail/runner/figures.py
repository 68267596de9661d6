"""matplotlib without a display: figures are shown as pictures, and text in them takes what fonts there are."""

from __future__ import annotations

import builtins
import glob
import io
import os
import sys
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from fumehood.tiers.jail.runner.remark import remark

if TYPE_CHECKING:
    from collections.abc import Iterator
    from logging import LogRecord
    from types import ModuleType

#: Fonts for what matplotlib's own lacks, the first of each script that is there: Chinese, Japanese, Korean, symbols.
#: Colour fonts are not among them: matplotlib can't draw those.
_FALLBACKS = (
    ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "WenQuanYi Zen Hei", "SimHei",
     "WenQuanYi Micro Hei", "Microsoft YaHei", "PingFang SC", "Droid Sans Fallback", "AR PL UMing CN"),
    ("Noto Sans CJK JP", "Noto Sans JP", "Source Han Sans JP", "IPAexGothic", "IPAGothic", "TakaoGothic", "VL Gothic"),
    ("Noto Sans CJK KR", "Noto Sans KR", "Source Han Sans KR", "NanumGothic", "Baekmuk Gulim", "UnDotum"),
    ("Noto Sans Arabic", "Noto Naskh Arabic"), ("Noto Sans Hebrew",), ("Noto Sans Thai", "Loma"),
    ("Noto Sans Devanagari", "Lohit Devanagari"),
    ("Noto Emoji", "Symbola", "Noto Sans Symbols", "Noto Sans Symbols2", "Unifont"),
)  # fmt: skip
_MOST_CHARACTERS = 30
#: Before it come the scripts and most signs of formulas, for which matplotlib has fonts.
_BEYOND = 0x590

#: What was shown, and is not shown again unless it changed since.
_shown: WeakSet[Any] = WeakSet()
#: Files of fonts to fall back to, by how many fonts there were.
_found: dict[int, list[str]] = {}
#: Characters that no font had since the last remark.
_missing: dict[str, None] = {}
#: What was said of fonts since then.
_said: set[str] = set()


def prepare() -> None:
    """Before matplotlib is imported: have it look for no window system."""
    os.environ.setdefault("MPLBACKEND", "agg")


def is_figure(value: object) -> bool:
    """Whether this is a figure of matplotlib, which has no representation of its own outside a notebook."""
    figure = sys.modules.get("matplotlib.figure")
    return figure is not None and isinstance(value, figure.Figure)


def picture(figure: Any) -> dict[Any, object]:
    """Draw it; what of it can't be drawn raises as `savefig` would."""
    out = io.BytesIO()
    figure.savefig(out, format="png", bbox_inches="tight")
    figure.stale = False
    _shown.add(figure)
    return {"image/png": out.getvalue()}


def show_open() -> None:
    """Show what is open and not shown yet, and close it, as a notebook does at the end of a cell."""
    held = sys.modules.get("matplotlib._pylab_helpers")
    if held is None or not held.Gcf.figs:
        return
    figures = [manager.canvas.figure for manager in held.Gcf.get_all_fig_managers()]
    try:
        for figure in figures:
            is_empty = not (figure.axes or figure.lines or figure.texts)
            if not is_empty and (figure.stale or figure not in _shown):
                builtins.display(figure)  # type: ignore[attr-defined]  # the screen's
    finally:
        held.Gcf.destroy_all()


def tell_missing() -> None:
    """One remark about all characters that no font had."""
    _said.clear()
    if _missing:
        characters = "".join(list(_missing)[:_MOST_CHARACTERS])
        more = f" and {len(_missing) - _MOST_CHARACTERS} more" if len(_missing) > _MOST_CHARACTERS else ""
        _missing.clear()
        remark(
            f"no font here has {characters!r}{more}: the plot shows boxes there. Write it in other characters, "
            "or use an environment with a package of fonts that have them."
        )


def meet_pyplot(pyplot: ModuleType) -> None:
    """`plt.show()` shows, whatever the backend."""

    def show(*_: object, **__: object) -> None:
        show_open()

    pyplot.show = show  # type: ignore[attr-defined]


def meet_figure(figure: ModuleType) -> None:
    """`figure.show()` shows."""

    def show(self: object, warn: object = None) -> None:  # noqa: ARG001 -- matplotlib's signature
        builtins.display(self)  # type: ignore[attr-defined]  # the screen's

    figure.Figure.show = show


def meet_fonts(font_manager: ModuleType) -> None:
    """Whatever fonts a figure asks for, glyphs that they lack come from those that are there."""
    manager = font_manager.FontManager
    find = manager._find_fonts_by_props  # noqa: SLF001 -- the one place that all look-ups pass
    for file in _packaged():
        font_manager.fontManager.addfont(file)
    font_manager._log.addFilter(_is_new)  # noqa: SLF001 -- its own logger

    def find_and_fall_back(self: Any, prop: object, fontext: str = "ttf", *rest: Any, **named: Any) -> list[str]:
        paths: list[str] = find(self, prop, fontext, *rest, **named)
        if fontext != "ttf":
            return paths
        return [*paths, *(path for path in _fallbacks(self.ttflist) if path not in paths)]

    manager._find_fonts_by_props = find_and_fall_back  # noqa: SLF001 -- as above


def _is_new(record: LogRecord) -> bool:
    """Whether a run hears this for the first time: a look-up says what it lacks, and each text is one or more."""
    told = record.getMessage()
    is_new = told not in _said
    _said.add(told)
    return is_new


def _fallbacks(fonts: list[Any]) -> list[str]:
    """Of the fonts that are there, the files of those for what matplotlib's own lacks."""
    if len(fonts) not in _found:  # a program may have added one
        files = {entry.name: entry.fname for entry in reversed(fonts)}
        first = (next((files[name] for name in names if name in files), "") for names in _FALLBACKS)
        _found[len(fonts)] = [path for path in first if path]
    return _found[len(fonts)]


def _packaged() -> Iterator[str]:
    """The fonts of installed packages that have fonts in their name, or a folder of that name."""
    for place in map(glob.escape, sys.path):
        for kind in ("ttf", "otf", "ttc"):
            for pattern in (f"*font*/**/*.{kind}", f"*/fonts/*.{kind}"):
                yield from glob.iglob(f"{place}/{pattern}", recursive=True)


def meet_glyphs(text_helpers: ModuleType) -> None:
    """Collect what matplotlib would warn of glyph by glyph."""

    def warn_on_missing_glyph(codepoint: int, _: object = "") -> None:
        _missing[chr(codepoint)] = None

    text_helpers.warn_on_missing_glyph = warn_on_missing_glyph  # type: ignore[attr-defined]


def meet_formulas(mathtext: ModuleType) -> None:
    """Text around a formula takes the same fonts; matplotlib would draw one sign for all that its own fonts lack."""
    fonts, manager = mathtext.UnicodeFonts, mathtext.mpl.font_manager.fontManager
    find = fonts._get_glyph  # noqa: SLF001 -- the one place that all look-ups pass

    def find_and_fall_back(self: Any, *asked: Any) -> Any:
        sign: str = asked[-1]
        code = ord(sign) if len(sign) == 1 else 0
        if code < _BEYOND or self._get_font("rm").get_char_index(code):
            return find(self, *asked)
        for path in _fallbacks(manager.ttflist):
            font = self._get_font(path)
            if font.get_char_index(code):
                return font, code, False
        _missing[sign] = None
        return self._get_font("rm"), code, False

    fonts._get_glyph = find_and_fall_back  # noqa: SLF001 -- as above
