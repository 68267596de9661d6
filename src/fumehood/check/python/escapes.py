"""The attributes that lead out of a program's own objects: to frames, globals, subclasses, code."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Final

from fumehood.check.python.powers.words import words

if TYPE_CHECKING:
    from fumehood.check.python.machine import Machine, Node

# Names that serve no other end. A caller's name (`f_back.f_code.co_name`) or a traceback's line stays harmless.
ATTRIBUTES: Final = words(
    "__subclasses__ __globals__ __builtins__ __func_globals__ func_globals func_code f_globals f_builtins f_locals "
    "f_trace gi_frame cr_frame ag_frame"
)
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
