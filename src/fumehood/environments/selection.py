"""Which environment a program needs, from the modules that it imports, and what to install for one that is missing."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final

from fumehood.environments.definition import BARE, DATA

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The modules of `data` by the package that brings them; a test holds it against what is installed.
_MODULES: Final = {
    "PIL": "pillow", "bs4": "beautifulsoup4", "cloudpickle": "", "contourpy": "", "cycler": "",
    "dateutil": "python-dateutil", "et_xmlfile": "", "fontTools": "fonttools", "formulaic": "", "interface_meta": "",
    "isympy": "sympy", "jinja2": "", "joblib": "", "kiwisolver": "", "lxml": "", "markupsafe": "", "matplotlib": "",
    "mpl_toolkits": "matplotlib", "mpmath": "", "narwhals": "", "networkx": "",
    "notojp_matplotlib": "notojp-matplotlib", "numpy": "", "openpyxl": "", "packaging": "", "pandas": "", "patsy": "",
    "pyarrow": "", "pylab": "matplotlib", "pyparsing": "", "scipy": "", "seaborn": "", "sklearn": "scikit-learn",
    "soupsieve": "", "statsmodels": "", "sympy": "", "tabulate": "", "threadpoolctl": "", "tqdm": "",
    "typing_extensions": "", "tzdata": "", "wrapt": "",
}  # fmt: skip
#: Packages whose name differs from what is imported, outside `data`: those that models use most.
_OTHERS: Final = {
    "Bio": "biopython", "Crypto": "pycryptodome", "Levenshtein": "levenshtein", "OpenSSL": "pyopenssl",
    "attr": "attrs", "community": "python-louvain", "cv2": "opencv-python-headless", "docx": "python-docx",
    "dotenv": "python-dotenv", "faiss": "faiss-cpu", "fitz": "pymupdf", "git": "gitpython", "igraph": "python-igraph",
    "jose": "python-jose", "jwt": "pyjwt", "magic": "python-magic", "markdown": "markdown", "osgeo": "gdal",
    "pptx": "python-pptx", "psycopg2": "psycopg2-binary", "rdkit": "rdkit", "serial": "pyserial",
    "skimage": "scikit-image", "slugify": "python-slugify", "sentence_transformers": "sentence-transformers",
    "umap": "umap-learn", "xlsxwriter": "xlsxwriter", "yaml": "pyyaml", "zmq": "pyzmq",
}  # fmt: skip
_MISSING = re.compile(r"No module named '([\w.]{1,200})'")


def needed(imports: Iterable[str]) -> str:
    """`data` if a module that only it has is among these, else `bare`."""
    return DATA if any(_top(name) in _MODULES for name in imports) else BARE


def package(module: str) -> str:
    """The package that most likely brings a module."""
    top = _top(module)
    return _MODULES.get(top) or _OTHERS.get(top) or top.replace("_", "-").lower()


def remedy(message: str, environment: str) -> str:
    """What to do about an import that failed, from Python's own words; "" if it says nothing of a missing module."""
    found = _MISSING.search(message)
    if found is None:
        return ""
    module = _top(found[1])
    if module in _MODULES and environment == BARE:
        told = f"{package(module)} is part of the environment `data`: run it with --env data (env='data')."
        return f"{told} A sandbox that was begun without it has to be reset first."
    holder = found[1].rpartition(".")[0]
    if holder:  # Python imports it first, and names that where it is missing
        return (
            f"{holder} is there and has no {found[1]}: check the name; another version or another package may have it."
        )
    if module in sys.stdlib_module_names:
        return f"{module} is part of Python, but not of the Python that sandboxes run here: install it on this machine."
    base = f"--from {environment} " if environment != BARE else ""
    command = f"fumehood env create NAME {base}{package(module)}"
    return f"If {package(module)} is what you want and trust, install it: `{command}`, then run with --env NAME."


def _top(module: str) -> str:
    return module.partition(".")[0]
