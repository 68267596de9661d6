"""Probes: what a program can do to the one who has it run, tried from inside each peer and seen from outside.

Only the ordinary ways are tried: a call of the standard library, or one of pandas where that is allowed. What fails here is
not shown to be safe, no escape is attempted; what succeeds is open to every program.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[[str], dict[str, Any]]

VARIABLE = "FUMEHOOD_PEERS_CANARY"
_FOLDER = ".fumehood-peers-"
#: What a program may have done, in the order in which it is tried: a sandbox may not outlive the last.
FACTS = {
    "process": "its processor time is that of the caller's own process",
    "home": "it read a file in the caller's home",
    "write": "it wrote a file there",
    "network": "it reached a listener on the caller's 127.0.0.1",
    "variables": "it read an environment variable of the caller's",
    "programs": "it started `/bin/sh`",
    "state": "it found a name that the program before it had left",
    "memory": "it took 3 GiB of memory",
}
#: Nothing that a refusal quotes of these programs looks like their success.
_SUM, _BYTES = "42345", str((3 << 30) + 1)
_BUSY_S = 0.05
_PAGE = b"HTTP/1.0 200 OK\r\nContent-Type: text/csv\r\n\r\na,b\n1,2\n"


class Way(NamedTuple):
    """One try: which snippet's driver is asked, for which fact, by what means, with which programs."""

    snippet: str
    fact: str
    means: str
    programs: tuple[str, ...]


_CONNECT = """
import socket
line = socket.create_connection(("127.0.0.1", {port}), 2)
line.sendall({nonce!r}.encode())
line.close()
"""
_START = """
import subprocess
print(subprocess.run(["/bin/sh", "-c", "echo $((40000+2345))"], capture_output=True, text=True).stdout)
"""
_FETCH = "import pandas as pd\npd.read_csv('http://127.0.0.1:{port}/{nonce}')"
WAYS = (
    Way("trivial", "process", "processor time", ("sum(range(30_000_000))",)),
    Way("trivial", "home", "open", ("print(open({secret!r}).read())",)),
    Way("pandas", "home", "pandas.read_csv", ("import pandas as pd\nprint(pd.read_csv({secret!r}).columns[0])",)),
    Way("trivial", "write", "open", ("file = open({target!r}, 'w')\nfile.write('here')\nfile.close()",)),
    Way("pandas", "write", "DataFrame.to_csv", ("import pandas as pd\npd.DataFrame({{'a': [1]}}).to_csv({target!r})",)),
    Way("trivial", "network", "socket", (_CONNECT,)),
    Way("pandas", "network", "pandas.read_csv", (_FETCH,)),
    Way("trivial", "variables", "os.environ", ("import os\nprint(os.environ.get({variable!r}))",)),
    Way("trivial", "programs", "subprocess", (_START,)),
    Way("trivial", "state", "a name", ("kept = 40000", "print(kept + 2345)")),
    Way("trivial", "memory", "bytes", ("print(len(b'x' * (3 << 30)) + 1)",)),
)


class Bait:
    """A file in the home, a variable, a listener on 127.0.0.1: laid out on entering, taken in on leaving."""

    def __enter__(self) -> Self:
        """Lay it out."""
        self.token = f"canary-{secrets.token_hex(16)}"
        self.folder = Path(tempfile.mkdtemp(prefix=_FOLDER, dir=Path.home()))
        (self.folder / "secret").write_text(self.token, encoding="utf-8")
        os.environ[VARIABLE] = self.token
        self._heard: list[str] = []
        self._door = socket.create_server(("127.0.0.1", 0))
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take it in."""
        self._door.shutdown(socket.SHUT_RDWR)
        self._listener.join()
        self._door.close()
        del os.environ[VARIABLE]
        shutil.rmtree(self.folder)

    def facts(self, ask: dict[str, Ask]) -> dict[str, dict[str, Any]]:
        """What holds for a peer, by all ways that its drivers, one for each snippet, can be asked for; and by which, or why not."""
        found: dict[str, dict[str, Any]] = {}
        for way in WAYS:
            if way.snippet not in ask or found.get(way.fact, {}).get("holds"):
                continue
            holds, said = self._try(way, ask[way.snippet])
            refusals = [*found.get(way.fact, {}).get("refusals", []), f"{way.means}: {said}"]
            found[way.fact] = {"holds": True, "by": way.means} if holds else {"holds": False, "refusals": refusals}
        return found

    def _try(self, way: Way, ask: Ask) -> tuple[bool, str]:
        nonce = secrets.token_hex(8)
        target = self.folder / nonce
        told: dict[str, Any] = {}
        for program in way.programs:
            told = ask(
                program.format(
                    secret=str(self.folder / "secret"), target=str(target), nonce=nonce, variable=VARIABLE,
                    port=self._door.getsockname()[1],
                )
            )  # fmt: skip
        seen = {
            "process": told["processor"] > _BUSY_S,
            "home": self.token in told["output"],
            "write": target.exists(),
            "network": any(nonce in heard for heard in self._heard),
            "variables": self.token in told["output"],
            "programs": _SUM in told["output"],
            "state": _SUM in told["output"],
            "memory": _BYTES in told["output"],
        }
        return seen[way.fact], plain(told["error"] or told["output"])

    def _listen(self) -> None:
        with suppress(OSError):  # the door was closed: nobody comes any more
            while True:
                guest, _ = self._door.accept()
                with guest, suppress(OSError):
                    guest.settimeout(2)
                    self._heard.append(guest.recv(4096).decode(errors="replace"))
                    guest.sendall(_PAGE)


def plain(said: str) -> str:
    """The last line of what a peer said, short and without the caller's folders."""
    lines = re.sub(rf"{re.escape(str(Path.home()))}(/{_FOLDER}\w+)?", "~", said).strip().splitlines()
    return lines[-1].strip()[:120] if lines else "nothing came of it"
