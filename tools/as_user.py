"""Run the tests once more as an ordinary user, in a copy of the project that this user owns. Needs root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LEFT_BEHIND = shutil.ignore_patterns(".git", ".venv", ".venv.lock", ".*_cache", ".hypothesis", "__pycache__")
PEOPLE = range(1000, 60000)
#: What only reads and reckons: neither sandboxes nor environments, nor anything that asks who runs it.
THE_SAME_FOR_ALL = (
    "agent/test_faults.py",
    *(f"check/test_{name}.py" for name in ("bash", "bash_rounds", "budget", "catalogue", "hostile", "javascript")),
    *(
        f"check/test_{name}.py"
        for name in ("powers", "reads_only", "rounds", "sarif", "state", "strangers", "verdicts")
    ),
    *(f"guard/test_{name}.py" for name in ("approvals", "gate", "leaks", "output", "prompt", "schema")),
    "plan",
    "policy",
    "style",
)
#: What programs and libraries come to is the same for whoever runs them; that the jail is, all other tests show. Each
#: half runs one of both.
ROOTS, USERS = "programs", "libraries"
#: That an attack wins without its fence shows that it is one, whoever runs it; root fights all of those battles.
SHOWN_AS_ROOT = "test_the_attack_bites_where_its_fence_is_down"
ROOTS_OWN = (
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "DBUS_SESSION_BUS_ADDRESS",
    "VIRTUAL_ENV",
)


def main() -> int:
    """Answer with what ./test answered there."""
    user = ordinary_user()
    with tempfile.TemporaryDirectory(prefix="fumehood-as-user-") as folder:
        project, home = Path(folder) / "project", Path(folder) / "home"
        shutil.copytree(ROOT, project, symlinks=True, ignore=LEFT_BEHIND)
        home.mkdir()
        give(Path(folder), user)
        print(f"\n══ once more as uid {user}, in {project}", flush=True)
        kept = {name: value for name, value in os.environ.items() if name not in ROOTS_OWN}
        environment = {**kept, "HOME": str(home), "USER": str(user), "LOGNAME": str(user)}
        ignored = [f"--ignore=tests/{name}" for name in (*THE_SAME_FOR_ALL, ROOTS)]
        command = [str(project / "test"), "tests", *ignored, "-k", f"not {SHOWN_AS_ROOT}"]
        done = subprocess.run(
            command, check=False, cwd=project, env=environment, user=user, group=user, extra_groups=()
        )
        return done.returncode


def ordinary_user() -> int:
    """Pick a person's uid where the machine has one; any number serves where it has none."""
    people = [entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid in PEOPLE]
    return min(people, default=PEOPLE.start)


def give(folder: Path, user: int) -> None:
    """Make a folder and all in it the user's own."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user, user, follow_symlinks=False)


if __name__ == "__main__":
    sys.exit(main())
