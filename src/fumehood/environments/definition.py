"""What an environment is made from: the packages that were asked for, the lock that pins them, what a zygote does."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Any, Final, cast

AUTO, BARE, DATA = "auto", "bare", "data"
#: What a user may call an environment; a file has its name.
NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_SHIPPED = Path(__file__).parent / "shipped"
_BUILDS: Final = "# builds allowed\n"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==\S+", re.MULTILINE)

#: What nearly every data program touches. Importing all of `data` beforehand would triple what each sandbox costs.
_DATA_IMPORTS: Final = ("numpy", "pandas", "matplotlib.pyplot")
#: What a data program does first, so that no sandbox pays for the first time. The next to be handed out do `burn_in`
#: once more, so that their pages are their own by then; drawing a plot there, too, would cost each 20 MB. The fonts go
#: at once, since matplotlib has every process that is forked drop those that it finds, page after page.
_DATA_REHEARSAL: Final = """
import io
import matplotlib.font_manager
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
frame = pd.read_csv(io.StringIO("a,b,c\\n" + "".join(f"{n % 3},{n / 7},2024-01-{n % 28 + 1:02}\\n" for n in range(60))))
frame["c"] = pd.to_datetime(frame["c"])
frame.groupby("a")["b"].agg(["mean", "sum"]).reset_index().merge(frame, on="a").describe()
frame.set_index("c").resample("W")["b"].mean()
str(frame), frame.to_html(max_rows=5), repr(np.linalg.lstsq(np.eye(3), np.ones(3), rcond=None)[0])
figure, axes = plt.subplots()
axes.plot(frame["a"], frame["b"], label="b")
axes.legend()
figure.savefig(io.BytesIO(), format="png")
plt.close(figure)
matplotlib.font_manager._get_font.cache_clear()

def burn_in():
    table = pd.read_csv(io.StringIO("a,b,c\\nx,1,0.5\\ny,2,1.5\\nx,3,2.5\\n"))
    made = pd.DataFrame({"a": ["x", "y", "x"], "b": [1.0, 2.0, 3.0], "c": [1, 2, 3]})
    made["d"] = made["b"] * 2
    made[made["c"] > 1].sort_values("b")
    made.groupby("a")["b"].sum().to_dict(), made.groupby("c")["b"].mean(), table.groupby("a")["c"].mean().to_dict()
    str(made), np.arange(9.0).mean()
"""


@dataclass(frozen=True, slots=True)
class Definition:
    """An environment before it is built.

    `packages` are the requirements as they were asked for, `lock` the requirements file with hashes that they were
    resolved to, `imports` and `rehearsal` what a zygote does before sandboxes are forked from it. With `builds`,
    packages without wheels are built by their own code, outside a sandbox.
    """

    name: str
    packages: tuple[str, ...]
    lock: str
    imports: tuple[str, ...] = ()
    rehearsal: str = ""
    builds: bool = False

    @property
    def key(self) -> str:
        """Return the hash that names what is built from it: lock, interpreter, whether builds are allowed."""
        return _key(interpreter(), f"{_BUILDS}{self.lock}" if self.builds else self.lock)

    @property
    def pinned(self) -> int:
        """Return how many packages the lock names, whatever the platform."""
        return len(set(_PIN.findall(self.lock)))

    def dump(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def load(cls, text: str) -> Definition:
        """Return what `dump` wrote.

        Raises:
            ValueError: It is something else.
        """
        told: Any = json.loads(text)
        kinds: dict[str, type] = dict.fromkeys((each.name for each in fields(cls)), str)
        kinds |= {"packages": list, "imports": list, "builds": bool}
        data: dict[str, Any] = {"builds": False}
        data |= cast("dict[str, Any]", told) if isinstance(told, dict) else {}
        if {name: type(value) for name, value in data.items()} != kinds:
            message = "it is not what fumehood writes"
            raise ValueError(message)
        lists: dict[str, Any] = {name: tuple(map(str, data[name])) for name in ("packages", "imports")}
        return cls(**data | lists)


@lru_cache(maxsize=8)
def _key(made_for: str, lock: str) -> str:
    return hashlib.sha256(f"{made_for}\n{lock}".encode()).hexdigest()


@lru_cache(maxsize=1)
def interpreter() -> str:
    """Name the interpreter that sandboxes run: an environment serves one version of it on one kind of machine."""
    version = ".".join(map(str, sys.version_info[:3]))
    return f"{sys.implementation.name} {version} {EXTENSION_SUFFIXES[0]}"


def python() -> str:
    """Return the path of that interpreter: the one under this process, without a virtual environment."""
    return os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)


@lru_cache(maxsize=1)
def data() -> Definition:
    """Return the shipped environment for data programs."""
    lines = (_SHIPPED / "data.in").read_text(encoding="utf-8").splitlines()
    packages = tuple(line.partition("#")[0].strip() for line in lines if line.partition("#")[0].strip())
    lock = (_SHIPPED / "data.txt").read_text(encoding="utf-8")
    return Definition(DATA, packages, lock, _DATA_IMPORTS, _DATA_REHEARSAL)
