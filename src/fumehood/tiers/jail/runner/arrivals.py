"""What is done to a library when it is first imported, so that it shows its things here as it does in a notebook."""

from __future__ import annotations

import builtins
import os
import sys
from importlib.machinery import ModuleSpec, PathFinder
from typing import TYPE_CHECKING, Any

from fumehood.tiers.jail.runner import figures, ipython
from fumehood.tiers.jail.runner.remark import remark

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType


def _meet_altair(altair: ModuleType) -> None:
    altair.renderers.enable("mimetype")


def _meet_plotly(renderers: ModuleType) -> None:
    def show(figure: object, *_: object, **__: object) -> None:
        builtins.display(figure)  # type: ignore[attr-defined]  # the screen's

    renderers.show = show  # type: ignore[attr-defined]


def _meet_threadpools(threadpoolctl: ModuleType) -> None:
    """It would read /proc/self/maps, which is closed with the rest of /proc; scikit-learn asks it at every fit."""
    controller = threadpoolctl.ThreadpoolController
    controller._find_libraries_with_linux = controller._find_libraries_with_dl_iterate_phdr  # noqa: SLF001 -- no other way in


def _meet_bars(notebook: ModuleType) -> None:
    """Its widgets have no page here: the bar is the one of a terminal."""
    bars = sys.modules["tqdm.std"]
    notebook.tqdm = notebook.tqdm_notebook = bars.tqdm  # type: ignore[attr-defined]
    notebook.trange = notebook.tnrange = bars.trange  # type: ignore[attr-defined]


_MEETINGS: dict[str, Callable[[ModuleType], None]] = {
    "matplotlib.pyplot": figures.meet_pyplot,
    "matplotlib.figure": figures.meet_figure,
    "matplotlib.font_manager": figures.meet_fonts,
    "matplotlib._text_helpers": figures.meet_glyphs,
    "matplotlib._mathtext": figures.meet_formulas,
    "IPython.core.display_functions": ipython.meet,
    "altair": _meet_altair,
    "plotly.io._renderers": _meet_plotly,
    "threadpoolctl": _meet_threadpools,
    "tqdm.notebook": _meet_bars,
}


def watch() -> None:
    """From here on meet libraries as they are imported; those that are there already, now."""
    figures.prepare()
    os.environ.setdefault("PLOTLY_RENDERER", "plotly_mimetype")
    sys.meta_path.insert(0, _Watch())
    for name in _MEETINGS.keys() & sys.modules.keys():
        _meet(sys.modules[name])


def _meet(module: ModuleType) -> None:
    try:
        _MEETINGS[module.__name__](module)
    except Exception as error:  # noqa: BLE001 -- another version of the library, or something else of its name
        remark(f"{module.__name__} is not as expected ({type(error).__name__}: {error}): it may not show its things.")


class _Watch:
    """A finder that finds by the ordinary one, and has a module met once it is loaded."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The import system's question."""
        if name in _MEETINGS:
            spec = PathFinder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = _Greeting(spec.loader)  # type: ignore[assignment]
            return spec
        return ipython.find(name) if name in ipython.NAMES and PathFinder.find_spec(name, path) is None else None


class _Greeting:
    """A loader that loads by another, and is gone once the module is there."""

    def __init__(self, loader: Any) -> None:
        """Load by this one."""
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        """All the rest is the other's."""
        return getattr(self._loader, name)

    def exec_module(self, module: ModuleType) -> None:
        """Load, and meet."""
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        _meet(module)
