"""Every module of the standard library, and the packages known to be harmless: what is not here is unknown.

A module is wholly one power, listed by member elsewhere in this folder, or harmless. A test holds this against
`sys.stdlib_module_names`, so that a new Python's new modules are judged before they are trusted.
"""

from __future__ import annotations

from fumehood.check.python.powers.words import words

LISTED = words("""
__future__ __main__ _aix_support _bootsubprocess _codecs _collections _collections_abc _ctypes _functools _imp _io
_operator
_osx_support _pickle _posixshmem _posixsubprocess _pyio _signal _socket _sqlite3 _ssl _thread _tkinter _winapi _weakref
aifc antigravity argparse ast asynchat asyncio asyncore atexit builtins bz2 cProfile code codecs codeop compileall
concurrent
configparser contextlib copyreg ctypes curses dbm distutils doctest ensurepip faulthandler fcntl filecmp fileinput
ftplib
functools gc genericpath getpass gettext glob grp gzip hashlib http idlelib imaplib imghdr imp importlib inspect io json
lib2to3 linecache locale logging lzma mailbox mailcap marshal mimetypes mmap modulefinder multiprocessing netrc nis
nntplib nt
ntpath opcode operator os ossaudiodev pathlib pdb pickle pickletools pipes pkgutil platform plistlib poplib posix
posixpath
profile pstats pty pwd py_compile pyclbr pydoc pydoc_data readline resource rlcompleter runpy sched select selectors
shelve
shutil signal site smtpd smtplib sndhdr socket socketserver spwd sqlite3 ssl string subprocess sunau symtable sys
sysconfig syslog tabnanny tarfile telnetlib tempfile termios threading timeit tkinter tokenize trace traceback
tracemalloc tty
turtle turtledemo types typing unittest urllib uuid venv warnings wave weakref webbrowser winreg wsgiref xml xmlrpc
zipapp
zipfile zipimport zoneinfo _msi msilib msvcrt bdb cgi cgitb test _crypt crypt _frozen_importlib
_frozen_importlib_external
_interpreters _interpchannels _interpqueues _xxsubinterpreters _xxinterpchannels _pyrepl _remote_debugging profiling
_colorize
_ios_support _android_support _apple_support
""")
HARMLESS_STDLIB = words("""
_abc _ast _asyncio _bisect _blake2 _bz2 _codecs_cn _codecs_hk _codecs_iso2022 _codecs_jp _codecs_kr _codecs_tw
_compat_pickle
_compression _contextvars _csv _curses _curses_panel _datetime _dbm _decimal _elementtree _gdbm _hashlib _heapq _json
_locale
_lsprof _lzma _markupbase _md5 _multibytecodec _multiprocessing _opcode _overlapped _py_abc _pydecimal _pydatetime
_queue _random _scproxy _sha1 _sha2 _sha256 _sha3 _sha512 _sitebuiltins _sre _stat _statistics _string _strptime
_struct _symtable
_threading_local _tokenize _tracemalloc _typing _uuid _warnings _weakrefset _zoneinfo _zstd _hmac _opcode_metadata
_sysconfig _suggestions _types
_py_warnings abc array audioop base64 binascii bisect calendar chunk cmath cmd collections colorsys contextvars copy
csv dataclasses datetime decimal difflib dis email encodings enum errno fnmatch fractions getopt graphlib heapq hmac
html
ipaddress itertools keyword math nturl2path numbers optparse pprint queue quopri random re reprlib secrets shlex
sre_compile
sre_constants sre_parse stat statistics stringprep struct textwrap this time token tomllib unicodedata uu xdrlib zlib
_testcapi annotationlib compression winsound pyexpat _wmi _lsprof
""")
HARMLESS_PACKAGES = words("""
numpy pandas matplotlib scipy sklearn seaborn statsmodels sympy networkx skimage PIL cv2 torch torchvision torchaudio
tensorflow keras
jax jaxlib flax xgboost lightgbm catboost nltk spacy gensim transformers tokenizers polars pyarrow dask numba cython
plotly bokeh altair
holoviews hvplot folium geopandas shapely pyproj fiona rasterio xarray openpyxl xlrd xlsxwriter docx pptx pypdf PyPDF2
pdfplumber fitz
reportlab bs4 lxml html5lib jinja2 markdown yaml toml tomli ujson orjson simplejson msgpack attr attrs pydantic
dateutil pytz tzdata
tzlocal pendulum arrow tqdm rich click typer colorama termcolor tabulate prettytable regex chardet charset_normalizer
unidecode
ftfy faker mpmath gmpy2 pulp cvxpy ortools pyomo deap simpy hypothesis pytest nose mock imageio tifffile wordcloud
textblob
emoji more_itertools toolz cytoolz sortedcontainers bidict networkit igraph graphviz pydot community h5py tables zarr
netCDF4 patsy
prophet pmdarima lifelines shap lime eli5 umap hdbscan imblearn mlxtend yellowbrick optuna hyperopt ray joblib
cloudpickle dill
cryptography Crypto nacl passlib bcrypt typing_extensions six future past setuptools pkg_resources wheel packaging
IPython ipywidgets
traitlets pylab mpl_toolkits mplfinance sqlalchemy sqlmodel peewee duckdb pysqlite3 nbformat jsonschema parse
pyparsing ply lark
tiktoken sentence_transformers datasets evaluate accelerate peft einops timm librosa soundfile pydub mido music21
control astropy
pygments qrcode barcode scooby anyio trio sniffio psutil humanize inflect fuzzywuzzy rapidfuzz thefuzz jellyfish
Levenshtein
pywt numexpr bottleneck pyvista vtk trimesh cartopy pvlib metpy pygame pyglet fire docopt loguru structlog
""")


def known(module: str) -> bool:
    """Tell whether the tables have judged a top-level module."""
    return module in LISTED or module in HARMLESS_STDLIB or module in HARMLESS_PACKAGES


TABLE: dict[tuple[str, str], str] = {}
