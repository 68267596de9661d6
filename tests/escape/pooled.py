"""Attacks where an environment lies at hand: on its packages, by its native code, on siblings of its zygote.

Their sandboxes come from those that the pool made ahead. What is tried in an empty environment is tried here again.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fumehood.environments.store import Store
from tests.escape import caller, files, kernel, network, siblings
from tests.escape.attack import Attack, learns, reaches, says

if TYPE_CHECKING:
    from tests.escape.attack import Seen
    from tests.escape.ground import Ground

_OPEN: Final = ("landlock", "net", "seccomp")
_PACKAGE: Final = "site = '/opt/environment/site/'\npath = site + 'canary_package/__init__.py'\n"
_CHANCE: Final = (
    "import numpy as np, random, ssl, tempfile, uuid\n"
    "drawn = [random.random(), random.Random().random(), np.random.rand(), np.random.randint(1 << 62), np.random.default_rng().random(),\n"
    " np.random.RandomState().rand(), next(tempfile._get_candidate_names()), uuid.uuid1(), uuid.getnode(), uuid.uuid4(),\n"
    " ssl.RAND_bytes(8).hex(), os.urandom(8).hex()]\nprint(*drawn, sep='\\n')"
)
#: Everything that a program can leave in its own interpreter, one letter box in each.
_POISON: Final = """
import builtins, json, matplotlib, numpy, pandas, warnings
places = builtins, json, numpy, numpy.linalg, pandas, pandas.DataFrame, matplotlib, sys, os
"""
_LEAVE: Final = (
    _POISON
    + """
for place in places: place.canary = 1
sys.modules['canary'], os.environ['CANARY'], kept_here = json, '1', 1
pandas.options.display.max_rows = matplotlib.rcParams['figure.dpi'] = 77
numpy.seterr(all='raise'); sys.path.append('/canary'); sys.setrecursionlimit(777)
sys.meta_path.append('canary'); warnings.filters.append('canary')
signal.signal(signal.SIGUSR1, signal.SIG_IGN); os.umask(0o77)
"""
)
_LOOK: Final = (
    _POISON
    + """
found = [place for place in places if hasattr(place, 'canary')]
found += [name for name in ('canary', 'kept_here') if name in sys.modules or name in globals()]
told = pandas.options.display.max_rows, matplotlib.rcParams['figure.dpi'], numpy.geterr()['over'], sys.getrecursionlimit()
found += [each for each in told if each in (77, 777, 'raise')]
found += [each for each in (*sys.path, *sys.meta_path, *warnings.filters, *os.environ) if 'canary' in str(each).lower()]
if signal.getsignal(signal.SIGUSR1) == signal.SIG_IGN or os.umask(0) == 0o77: found.append('process')
if found: won(found)
"""
)
_CACHES: Final = (
    "import matplotlib, multiprocessing.shared_memory, numpy\n"
    "places = [matplotlib.get_configdir(), matplotlib.get_cachedir(), os.path.expanduser('~/.cache'), numpy.__path__[0] + '/__pycache__',\n"
    "          '/opt/environment/home', '/opt/environment/home/.matplotlib', '/dev/shm']\n"
)
_NATIVE: Final = "import numpy as np, pandas as pd, pyarrow as pa, pyarrow.csv, pyarrow.fs\n"


def _package_changed(ground: Ground, _: Seen) -> bool:
    return ground.is_package_changed()


def _same_draw(_: Ground, seen: Seen) -> bool:
    """At least one of what was drawn by chance was drawn by both."""
    ours, theirs = (result.stdout.splitlines() for result in (seen.result, seen.neighbour) if result is not None)
    return any(one == other for one, other in zip(ours, theirs, strict=True))


def _names_store(_: Ground, seen: Seen) -> bool:
    """It said where the environment lies on the host."""
    return str(Store().folder) in seen.text


def _shared(_: Ground, seen: Seen) -> bool:
    """Something of its memory is neither its own nor a file, and may be written."""
    return any(line.split()[1] == "rw-s" for line in seen.result.stdout.splitlines() if line.count(" ") > 3)


def _there_is_changed(ground: Ground, seen: Seen) -> bool:
    return says(ground, seen) or Path(ground.folder, "writable/there.txt").read_bytes() != b"before"


PACKAGES: Final = (
    Attack("packages-write", "Change a package's file, or lay others beside it, for whoever imports it next.",
           _PACKAGE + "for mode in ('a', 'r+', 'w'):\n f = attempt(open, path, mode)\n if f: f.write('harm'); f.close()\n"
           "attempt(os.truncate, path, 0)\nattempt(os.mkdir, site + 'canary_package/__pycache__')\n"
           "for name in ('sitecustomize.py', 'numpy.py', 'x.pth'): attempt(open, site + name, 'w')\n"
           "attempt(os.symlink, '/tmp', site + 'tmp'); attempt(os.rename, path, site + 'gone.py')",
           _package_changed, ("landlock", "read-only packages"), env="given"),
    Attack("packages-mapped", "The same through memory that is mapped from the file and shared.",
           _PACKAGE + "import mmap\nfor flags in (os.O_RDWR, os.O_RDONLY):\n d = attempt(os.open, path, flags)\n"
           " m = attempt(mmap.mmap, d, 6, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE) if d else None\n if m: m.write(b'harm!!')",
           _package_changed, ("landlock", "read-only packages"), env="given"),
    Attack("packages-mode", "As the owner that it may be mapped to: change its mode and times, and hang attributes on it.",
           _PACKAGE + "attempt(os.chmod, path, 0o4777)\nattempt(os.utime, path, (0, 0))\nattempt(os.setxattr, path, 'user.canary', b'x')\n"
           "print(call('fchmodat2', -100, path.encode(), 0o777, 0))",
           _package_changed, ("privileges", "read-only packages"), env="given"),
    Attack("packages-remount", "Make the mount of the packages writable, or mount something over it.",
           _PACKAGE + "print(call('mount', 0, site[:-1].encode(), 0, 32 | 4096, 0))\n"
           "print(call('mount_setattr', -100, site.encode(), 0, struct.pack('QQQQ', 0, 1, 0, 0), 32))\n"
           "f = attempt(open, path, 'w')\nif f: f.write('harm'); f.close()\n"
           "if call('mount', b'x', site[:-1].encode(), b'tmpfs', 0, 0) == 0: won()",
           lambda ground, seen: says(ground, seen) or _package_changed(ground, seen), ("landlock", "privileges", "seccomp"), env="given"),
    Attack("packages-others", "What lies beside the packages on the host: their lock, other environments, the store's locks.",
           "for name in ('about.json', 'lock.txt', '..', '../built', '../names'):\n"
           " for base in ('/opt/environment', '/opt/environment/site/..', '/proc/self/cwd/../opt/environment'):\n"
           "  found = f'{base}/{name}'\n  names = set(attempt(os.listdir, found) or ())\n"
           "  if os.path.isfile(found) or names & {'built', 'names', 'about.json'}: won(found)",
           says, env="data", unproved="only the packages' own folder is mounted: there is nothing beside it to be opened"),
    Attack("packages-place", "Where they lie on the host, which names its user.",
           "print(attempt(slurp, '/proc/self/mountinfo'))\nimport numpy, pandas\n"
           "print(numpy.__file__, pandas.DataFrame.groupby.__code__.co_filename, sys.path, dict(os.environ))",
           _names_store, ("landlock",), env="data"),
)  # fmt: skip

NATIVE: Final = (
    Attack("native-read", "A file of the host, read by the packages' native code.",
           _NATIVE + "p = '@secret@'\nfor read in (lambda: bytes(np.fromfile(p, np.uint8)), lambda: bytes(np.memmap(p, np.uint8, 'r')),\n"
           " lambda: pa.memory_map(p).read(), lambda: pa.OSFile(p).read(), lambda: pa.csv.read_csv(p).column_names,\n"
           " lambda: pa.fs.LocalFileSystem().open_input_file(p).read(), lambda: list(pd.read_csv(p))): print(attempt(read))",
           learns("file"), env="data", grant={"files.read": ["@folder@"]}),
    Attack("native-entity", "The same by an entity of an XML document, which libxml2 opens.",
           "from lxml import etree\ntext = b'<!DOCTYPE x [<!ENTITY e SYSTEM \"file://@secret@\">]><x>&e;</x>'\n"
           "parser = etree.XMLParser(resolve_entities=True, load_dtd=True, no_network=False)\nprint(attempt(lambda: etree.fromstring(text, parser).text))",
           learns("file"), env="data", grant={"files.read": ["@folder@"]}),
    Attack("native-write", "Files that are not its own, written past Python's open: a package's, and the host's.",
           _NATIVE + "for p in (np.__file__, '@folder@/writable/there.txt'):\n"
           " for write in (lambda: np.memmap(p, np.uint8, 'r+'), lambda: pa.memory_map(p, 'r+'), lambda: pa.OSFile(p, 'wb'),\n"
           "  lambda: pa.fs.LocalFileSystem().open_append_stream(p), lambda: np.ones(9).tofile(p) or True):\n  if attempt(write) is not None: won(p)",
           _there_is_changed, env="data", grant={"files.write": ["@folder@/writable"]}),
    Attack("native-address", "A table by its address on the network.",
           "import pandas as pd\nattempt(pd.read_csv, 'http://127.0.0.1:@tcp@/x', storage_options={})", reaches("tcp"), _OPEN, env="data"),
    Attack("native-store", "An object store, by the client that Arrow brings and threads of its own.",
           "from pyarrow import fs\ns = fs.S3FileSystem(endpoint_override='127.0.0.1:@tcp@', scheme='http', anonymous=True, region='x',\n"
           " connect_timeout=1, request_timeout=1, retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=1))\nattempt(s.get_file_info, 'b/k')",
           reaches("tcp"), _OPEN, env="data"),
    Attack("native-memory", "Four times the memory, where the packages' own is shared.",
           "import numpy as np\nfor _ in range(64): kept.append(np.ones(2 << 20)); time.sleep(0.01)\nwon()", says,
           ("limit memory",), policy={"limits.memory": 256 << 20}, env="data"),
    Attack("native-descriptors", "Files that packages opened before the fork, and left open.",
           "open_ = [d for d in range(4, 1024) if attempt(os.fstat, d)]\nif open_: won(open_)", says, ("descriptors",), env="data"),
)  # fmt: skip

SIBLINGS: Final = (
    Attack("sibling-draws", "Draw what another sandbox of the same zygote draws: of numpy, random, uuid, OpenSSL, tempfile.",
           _CHANCE, _same_draw, ("renewed chance",), neighbour=_CHANCE, env="data"),
    Attack("sibling-poison-left", "Modules, settings and signals that the sandbox before it changed.",
           _LOOK, says, ("never handed out again",), neighbour=_LEAVE, env="data"),
    Attack("sibling-poison", "The same of one that lives beside it.", _LOOK, says, neighbour=_LEAVE, beside=True, env="data",
           unproved="memory is each process's own after a fork: no setting shares it"),
    Attack("sibling-caches", "Caches that packages write for whoever comes next: matplotlib's, bytecode, named shared memory.",
           _CACHES + "for place in places:\n if os.path.lexists(place + '/canary'): won(place)", says, ("own files",),
           neighbour=_CACHES + "for place in places: attempt(os.makedirs, place, exist_ok=True); attempt(open, place + '/canary', 'w')",
           env="data", beside=True),
    Attack("sibling-memory", "Memory that its zygote shares with all that are forked from it.",
           "print(slurp('/proc/self/maps'))", _shared, ("no shared memory",), policy={"code.spawn": True}, env="data"),
)  # fmt: skip

_FAMILIES: Final = ("files-", "network-", "process-", "sibling-", "caller-", "residue-")
#: These play games with what comes home or with data that was given, or with what is the same for every root.
_ELSEWHERE: Final = (
    "files-data", "files-out", "files-mount-table", "files-kernel", "files-device", "caller-keyring", "sibling-host-name",
)  # fmt: skip


def _again(attack: Attack) -> bool:
    """Whether what is installed, or that it was made ahead, could make a difference to it."""
    given = "data-given" in attack.code or attack.policy or attack.machine
    return attack.name.startswith(_FAMILIES) and not attack.name.startswith(_ELSEWHERE) and not given


AGAIN: Final = tuple(
    replace(attack, name=f"data-{attack.name}", env="data")
    for attack in (*files.ATTACKS, *kernel.ATTACKS, *network.ATTACKS, *siblings.ATTACKS, *caller.ATTACKS)
    if _again(attack)
)
ATTACKS: Final = (*PACKAGES, *NATIVE, *SIBLINGS, *AGAIN)
