"""What a name stands for: the program's own, a builtin, or a module that an earlier cell is likely to have imported."""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING, Final

from fumehood.check.python.powers.names import ABBREVIATIONS
from fumehood.check.python.powers.words import words
from fumehood.check.python.values import UNKNOWN, Const, Ref, Value, unknown

if TYPE_CHECKING:
    from fumehood.check.python.machine import Machine

BUILTINS: Final = frozenset(dir(builtins)) | {
    "get_ipython",
    "__shell__",
    "__magic__",
    "display",
    "unicode",
    "raw_input",
    "execfile",
    "unichr",
    "xrange",
    "reduce",
}
_SHARED: dict[str, Value] = {name: Ref(f"builtins.{name}") for name in BUILTINS}
_SHARED.update(
    {
        "__name__": Const("__main__"),
        "__file__": unknown(frozenset({"file"})),
        "__builtins__": Ref("builtins"),
        "__loader__": Ref("builtins.__loader__"),
        "__spec__": Ref("builtins.__spec__"),
        "__doc__": UNKNOWN,
        "__debug__": Const(value=True),
    }
)  # fmt: skip - a table


def find(machine: Machine, name: str) -> Value:
    """Answer what `name` stands for where the machine is."""
    found = machine.scope.find(name)
    if found is not None:
        return found
    shared = _SHARED.get(name)
    if shared is not None:
        return shared
    star = machine.scope.module().names.get("*")
    if isinstance(star, Ref):
        return Ref(f"{star.path}.{name}")
    guess = ABBREVIATIONS.get(name, name)
    if guess != name or name in GUESSED:
        return Ref(guess)
    return UNKNOWN


# Packages that act, named without an import: a fragment of a program, or a cell whose imports stand elsewhere.
GUESSED: Final = words("""
requests httpx urllib2 paramiko psutil aiohttp urllib3 boto3 openai anthropic os sys subprocess socket shutil ctypes
importlib builtins
pickle marshal base64 zlib codecs pathlib urllib ftplib smtplib telnetlib pty posix pandas numpy matplotlib seaborn
""")


def callee(machine: Machine, node: ast.AST) -> Value:
    """Evaluate what is about to be called or looked into: naming it on the way is no use of it yet."""
    if isinstance(node, ast.Name):
        machine.budget.step()
        return find(machine, node.id)
    if isinstance(node, ast.Attribute):
        machine.budget.step()
        return machine.attribute(callee(machine, node.value), node.attr, node)
    return machine.eval(node)
