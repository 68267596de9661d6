"""One name for each thing: private twins, old spellings and the usual abbreviations."""

from __future__ import annotations

import sys
from functools import cache

from fumehood.check.python.powers.words import words

ALIASES = {
    "posix": "os",
    "nt": "os",
    "posixpath": "os.path",
    "ntpath": "os.path",
    "genericpath": "os.path",
    "__builtin__": "builtins",
    "_io": "io",
    "_pyio": "io",
    "io.open": "builtins.open",
    "io.open_code": "builtins.open",
    "os.fdopen": "os.fdopen",
    "_socket": "socket",
    "_pickle": "pickle",
    "cPickle": "pickle",
    "pickle._loads": "pickle.loads",
    "pickle._load": "pickle.load",
    "_codecs": "codecs",
    "_operator": "operator",
    "_functools": "functools",
    "_collections": "collections",
    "_thread": "_thread",
    "thread": "_thread",
    "_imp": "imp",
    "_weakref": "weakref",
    "_sqlite3": "sqlite3",
    "sqlite3.dbapi2": "sqlite3",
    "_pydatetime": "datetime",
    "_strptime": "datetime",
    "_ctypes": "ctypes",
    "_ssl": "ssl",
    "_json": "json",
    "_struct": "struct",
    "_random": "random",
    "_string": "string",
    "_signal": "signal",
    "urllib2": "urllib.request",
    "httplib": "http.client",
    "commands": "subprocess",
    "popen2": "subprocess",
    "_frozen_importlib": "importlib._bootstrap",
    "_frozen_importlib_external": "importlib._bootstrap_external",
    "importlib._bootstrap._gcd_import": "importlib.import_module",
    "importlib.__import__": "builtins.__import__",
    "importlib._bootstrap.__import__": "builtins.__import__",
    "importlib._gcd_import": "importlib.import_module",
    "binascii.a2b_hex": "binascii.unhexlify",
    "binascii.b2a_hex": "binascii.hexlify",
    "_posixshmem": "_posixshmem",
    "base64.decodestring": "base64.decodebytes",
    "pathlib._local": "pathlib",
    "codeop": "codeop",
    "pathlib.PosixPath": "pathlib.Path",
    "pathlib.WindowsPath": "pathlib.Path",
    "pathlib.PurePosixPath": "pathlib.PurePath",
    "os._Environ": "os.environ",
    "os.environb": "os.environ",
    "os.getenvb": "os.getenv",
    "multiprocess": "multiprocessing",
    "socket.SocketType": "socket.socket",
    "dill._dill": "dill",
    "cloudpickle.cloudpickle": "cloudpickle",
    "pandas.io.parsers.read_csv": "pandas.read_csv",
    "cupy": "numpy",
    "dask.dataframe": "pandas",
    "modin.pandas": "pandas",
    "json.decoder": "json",
    "requests.api": "requests",
    "requests.sessions": "requests",
    "ruamel_yaml": "yaml",
    "ruamel.yaml": "yaml",
    "oyaml": "yaml",
    "sh.bash": "sh.bash",
    "imp.reload": "importlib.reload",
}  # fmt: skip - a table
ABBREVIATIONS = {
    "np": "numpy",
    "pd": "pandas",
    "plt": "matplotlib.pyplot",
    "mpl": "matplotlib",
    "sns": "seaborn",
    "tf": "tensorflow",
    "sp": "scipy",
    "nx": "networkx",
}  # fmt: skip - a table
# Modules that others import for themselves and so carry along: `random._os` is `os`.
CARRIED = words(
    "os sys posix subprocess builtins importlib ctypes shutil pathlib pickle marshal gc inspect socket tempfile runpy pty "
    "glob fnmatch imp pkgutil threading multiprocessing asyncio urllib http sysconfig linecache warnings codecs"
)


@cache
def canonical(path: str) -> str:
    """Answer the name that the tables use for a dotted name."""
    for _ in range(4):
        changed = _once(path)
        if changed == path:
            return path
        path = changed
    return path


def _once(path: str) -> str:
    """Replace the longest known beginning, then what a module carries along of another."""
    parts = path.split(".")
    for end in range(len(parts), 0, -1):
        head = ".".join(parts[:end])
        if head in ALIASES and ALIASES[head] != head:
            return ".".join([ALIASES[head], *parts[end:]])
    for index in range(len(parts) - 1, 0, -1):
        name = parts[index].lstrip("_")
        if name in CARRIED and not _own(parts[:index], parts[index]):
            return ".".join([name, *parts[index + 1 :]])
    return path


# Members that only look like a carried module: a submodule of that name, or a method.
_PARENTS = {
    "subprocess": words("asyncio gevent eventlet anyio trio"),
    "sysconfig": words("distutils setuptools numpy"),
    "urllib": words("urllib3"),
    "http": words("aiohttp gql flask django"),
    "codecs": words("encodings"),
    "asyncio": words("sqlalchemy websockets redis tqdm httpx"),
    "multiprocessing": words("torch pathos joblib dask"),
    "io": words("pandas skimage scipy"),
}  # fmt: skip - a table
_COMMON = words("glob inspect threading http socket asyncio warnings codecs tempfile multiprocessing")


def _own(before: list[str], name: str) -> bool:
    """Tell whether `name` is a member that its module was made for, not another module carried along."""
    top = before[0]
    if (top == name and len(before) == 1) or top in _PARENTS.get(name, ()):
        return True
    return name in _COMMON and (len(before) > 1 or top not in sys.stdlib_module_names)
