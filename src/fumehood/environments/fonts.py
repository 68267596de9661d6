"""The list of fonts that matplotlib makes at its first import, made beforehand in a sandbox.

Without it each sandbox would search the machine's fonts again, and try to start fc-list, which `code.spawn = false`
refuses. It depends on the machine and not on the lock alone, so it lies beside the environment and not in it: when
fonts are installed, it is made anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fumehood.environments.store import remove, writing
from fumehood.errors import BuildFailed
from fumehood.policy import Policy
from fumehood.pool import Pool
from fumehood.tiers.jail.waiting import Blocking, complete

if TYPE_CHECKING:
    from fumehood.plan import Environment
    from fumehood.pool import Prepared

_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts")
_NAME = re.compile(r"fontlist-v[\d.]+\.json")
_BUDGET = {"wall": 120.0, "cpu": 120.0}
_CODE = """
import glob, os
import matplotlib.font_manager
path, = glob.glob(os.environ["MPLCONFIGDIR"] + "/fontlist-v*.json")
[os.path.basename(path), open(path).read()]
"""


def needed(site: Path) -> bool:
    """Whether what is installed makes such a list."""
    return (site / "matplotlib" / "font_manager.py").exists()


def place(built: Path) -> Path:
    """Where the list for an environment and this machine's fonts lies."""
    return built.with_name(f"{built.name}.fonts-{_fonts()}")


@lru_cache(maxsize=1)
def _fonts() -> str:
    """Name the fonts that are installed: any that comes or goes changes its folder's time."""
    folders = sorted(path for top in _FOLDERS for path, _folders, _files in os.walk(top))
    told = [(path, Path(path).stat().st_mtime_ns) for path in folders]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def make(environment: Environment, target: Path) -> None:
    """Have matplotlib make its list in a sealed sandbox, and keep it as a folder that is laid into $HOME.

    Raises:
        Unavailable: No sandbox runs here, or matplotlib did not do it.
    """
    name, text = _list(environment)
    fresh = target.with_name(f"{target.name}.part")
    with writing(target.parent):
        remove(fresh)
        folder = fresh / ".matplotlib"
        folder.mkdir(parents=True)
        (folder / name).write_text(text, encoding="utf-8")
        for path in (folder / name, folder, fresh):
            path.chmod(0o555 if path.is_dir() else 0o444)
        remove(target)
        fresh.rename(target)


def _list(environment: Environment) -> tuple[str, str]:
    """The list's file name and its JSON, as code in a sandbox told them: checked, not trusted."""
    pool = Pool(waiting=0)
    try:
        ready = pool.prepare(Policy.default(), "python", replace(environment, home="", imports=(), rehearsal=""))
        told = complete(_ask(pool, ready))
    finally:
        pool.close()
    try:
        name, text = told
        json.loads(text)
    except (TypeError, ValueError):
        name, text = "", ""
    if not _NAME.fullmatch(name):
        told = f"matplotlib of {environment.name} did not make its list of fonts: {told!r:.300}"
        raise BuildFailed(told, remedy="Try other versions of matplotlib and numpy.")
    return name, text


async def _ask(pool: Pool, ready: Prepared) -> Any:
    waiter = Blocking()
    cell = pool.jail.order(ready.plan)
    try:
        await cell.open(waiter)
        cell.begin()
        seen = await cell.run({"code": _CODE, "name": "<fonts>", "language": "python", "displays": 0}, _BUDGET, waiter)
    finally:
        cell.close()
    answer = seen.answer or {}
    return answer.get("value") or answer.get("error") or seen.gone
