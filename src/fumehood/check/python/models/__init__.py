"""What calling particular functions gives, beyond the tables: one module a subject, registered by importing it."""

from __future__ import annotations

from fumehood.check.python.models import (
    code,
    containers,
    databases,
    files,
    functional,
    objects,
    paths,
    serial,
    system,
    wires,
)

__all__ = ["code", "containers", "databases", "files", "functional", "objects", "paths", "serial", "system", "wires"]
