"""The attributes that lead out of a program's own objects: to frames, globals, subclasses, code."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Final

from fumehood.check.python.powers.words import words

if TYPE_CHECKING:
    from fumehood.check.python.machine import Machine, Node

ATTRIBUTES: Final = words("""
__subclasses__ __globals__ __builtins__ __closure__ __func_globals__ func_globals func_code f_globals f_builtins
f_locals f_back
gi_frame cr_frame ag_frame gi_yieldfrom tb_frame tb_next __getattribute__ __reduce_ex__ __subclasshook__
__self_class__ __thisclass__
f_trace ag_code gi_code cr_code co_consts co_code __objclass__ _module cell_contents __import__ __loader__ load_module
""") - {"__getattribute__", "__reduce_ex__", "__subclasshook__", "tb_next", "_module", "gi_code", "cr_code", "ag_code",
                 "__closure__", "cell_contents", "load_module", "co_code", "co_consts", "__self_class__", "__thisclass__",
                 "__objclass__", "f_back", "tb_frame", "gi_yieldfrom", "__import__", "__loader__"}  # fmt: skip
# Reached alone these are harmless (a traceback's line, a caller's name); a second step on from them is not.
STEPS: Final = words("f_back tb_frame gi_frame cr_frame ag_frame")
CODE_EDITS: Final = frozenset(
    {"__code__", "__globals__", "__closure__", "__builtins__", "__defaults__", "__kwdefaults__", "__class__"}
)
HARMLESS_FIELDS: Final = frozenset(
    {"__class__.__name__", "__name__", "__doc__", "__class__", "__module__", "__qualname__", "__dict__"}
)


def inspect_template(machine: Machine, template: str, node: Node) -> None:
    """Note replacement fields that walk into an object's internals: `"{0.__class__.__init__.__globals__}"`."""
    if "__" not in template or "{" not in template:
        return
    try:
        fields = [field for _, field, _, _ in string.Formatter().parse(template) if field]
    except ValueError:
        return
    for field in fields:
        path = field.partition(".")[2]
        if "__" in field and path not in HARMLESS_FIELDS and ("." in field or "[" in field):
            machine.need("escape.introspection", node, value=field)


def inspect_attribute(machine: Machine, name: str, node: Node) -> None:
    """Note an attribute that leads out."""
    if name in ATTRIBUTES:
        machine.need("escape.introspection", node, value=name)
