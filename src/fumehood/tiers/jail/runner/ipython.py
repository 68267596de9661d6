"""`from IPython.display import …`, which generated code writes without asking whether IPython is there.

Where it is installed, its `display` is the screen's; where it is not, there is a module of its name with what shows
things: the classes hold a representation each.
"""

from __future__ import annotations

import builtins
import json
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

NAMES = ("IPython", "IPython.display")


def meet(functions: ModuleType) -> None:
    """`IPython.core.display_functions`, which all of IPython takes them from."""
    for name, function in (("display", display), ("publish_display_data", publish), ("clear_output", clear_output)):
        setattr(functions, name, function)


def display(*objects: object, **options: Any) -> object:
    """Show objects; IPython's options that have no meaning here are taken and ignored."""
    return builtins.display(*objects, **options)  # type: ignore[attr-defined]  # the screen's


def publish(data: dict[str, object], *_: object, **__: object) -> None:
    """Show one bundle as it is."""
    display(data, raw=True)


def clear_output(wait: bool = False) -> None:  # noqa: FBT001, FBT002 -- IPython's signature
    """Keep what was shown: a result has all of it."""


def find(name: str) -> ModuleSpec:
    """The import system's description of our module of that name."""
    return ModuleSpec(name, _Loader(), is_package=name == "IPython")  # type: ignore[arg-type]  # the protocol's


class _Loader:
    """Fills the modules in."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:  # noqa: ARG002 -- the import system's signature
        """As the import system does."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Put in what generated code uses."""
        if module.__name__ == "IPython":
            vars(module).update(get_ipython=lambda: None, __version__="0", version_info=(0, 0, 0))
        else:
            vars(module).update(_CONTENTS)


class Showing:
    """Something with one representation."""

    mime = "text/plain"

    def __init__(self, data: Any = None, url: str | None = None, filename: str | None = None, **_: Any) -> None:
        """Hold the data, or what is in a file."""
        if url is not None or (isinstance(data, str) and data.startswith(("http://", "https://"))):
            message = f"{type(self).__name__} of a URL: there is no network here; give the data itself"
            raise ValueError(message)
        self.data = data
        if filename is not None:
            with open(filename, "rb") as file:
                self.data = file.read()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {self.mime: self.data}

    def __repr__(self) -> str:
        """As IPython's."""
        return f"<IPython.core.display.{type(self).__name__} object>"


class HTML(Showing):
    """HTML."""

    mime = "text/html"


class Markdown(Showing):
    """Markdown."""

    mime = "text/markdown"


class Latex(Showing):
    """LaTeX."""

    mime = "text/latex"


class Math(Latex):
    """A formula in LaTeX."""

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        formula = str(self.data).strip("$")
        return {self.mime: f"$\\displaystyle {formula}$"}


class SVG(Showing):
    """A vector picture."""

    mime = "image/svg+xml"


class JSON(Showing):
    """Plain data."""

    mime = "application/json"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {self.mime: self.data if isinstance(self.data, str) else json.dumps(self.data)}


class Javascript(Showing):
    """A script, kept as text: it is run nowhere."""

    mime = "application/javascript"


class Pretty(Showing):
    """Text."""


class Code(Showing):
    """Source code."""


class Image(Showing):
    """A picture, from bytes or a file."""

    def __init__(self, data: Any = None, url: str | None = None, filename: str | None = None, **options: Any) -> None:
        """Hold the bytes; a text is the name of a file."""
        if isinstance(data, str) and filename is None and not data.startswith(("http://", "https://")):
            data, filename = None, data
        super().__init__(data, url, filename, **options)
        is_jpeg = isinstance(self.data, bytes) and self.data.startswith(b"\xff\xd8")
        self.mime = "image/jpeg" if is_jpeg else "image/png"


_CONTENTS = {
    **{kind.__name__: kind for kind in (HTML, Markdown, Latex, Math, SVG, JSON, Javascript, Pretty, Code, Image)},
    "display": display,
    "update_display": display,
    "publish_display_data": publish,
    "clear_output": clear_output,
}
