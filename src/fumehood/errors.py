"""Every error that fumehood raises. A program's own failure is a `Result`, never one of these.

    Error                               what stopped fumehood from doing its work
    ├── UsageError (ValueError)         an argument, a file or a name is not what was asked for
    │   ├── PolicyError                 a policy says something that has no meaning
    │   ├── MissingFile (FileNotFoundError)   a path named by the caller is not there
    │   └── MissingExtra (ImportError)  an optional part of fumehood is not installed
    ├── Unavailable (OSError)           this machine, as it stands, can't run a sandbox
    │   ├── PolicyUnenforceable         it could, but not with what this policy demands
    │   └── BuildFailed                 an environment could not be built: network, disk, hashes, a broken file
    ├── SandboxError (RuntimeError)     a sandbox can't do what it was asked
    │   ├── SandboxClosed               it was closed, or its machinery is gone
    │   ├── SandboxBusy                 another call is running in it
    │   ├── StillRunning (TimeoutError)  `wait` of a job that goes on
    │   └── StateLost                   a limit ended it; what it held is gone until `reset()`
    ├── ModelFailed (RuntimeError)      a language model gave no usable reply
    ├── LimitExceeded (TimeoutError, MemoryError or OSError where it fits)    `Result.check()` of a run that a limit
    │                                   ended, and `files` where limits.disk is reached
    ├── Refused (PermissionError)       `Result.check()` of a run that was refused or ended for what it did
    └── ProgramFailed (RuntimeError)    `Result.check()` of a run that failed by itself

Each answers `remedy()`: what the reader can do next.
"""

from __future__ import annotations


class Error(Exception):
    """The root of what fumehood raises.

    Args:
        message: What happened and where, one sentence or two.
        remedy: What to do next.
    """

    def __init__(self, message: str, *, remedy: str) -> None:
        """Keep the message for `str()` and the remedy for `remedy()`."""
        super().__init__(message)
        self.message = message
        self._remedy = remedy

    def remedy(self) -> str:
        """Say what to do next."""
        return self._remedy

    def __str__(self) -> str:
        """Answer with the message alone; the remedy is asked for by name."""
        return self.message


class UsageError(Error, ValueError):
    """An argument, a file or a name is not what was asked for."""


class PolicyError(UsageError):
    """A policy has an unknown key, a wrong unit or a value without meaning."""


class MissingFile(UsageError, FileNotFoundError):
    """A path named by the caller is not there."""


class MissingExtra(UsageError, ImportError):
    """An optional part of fumehood is not installed."""


class Unavailable(Error, OSError):
    """This machine, as it stands, can't run a sandbox; nothing ran."""


class PolicyUnenforceable(Unavailable):
    """This machine or tier can't enforce a clause that the policy demands; nothing ran."""


class BuildFailed(Unavailable):
    """An environment could not be built: network, hashes, a broken file. Nothing of it was kept."""


class SandboxError(Error, RuntimeError):
    """A sandbox can't do what it was asked."""


class SandboxClosed(SandboxError):
    """The sandbox was closed, or the machinery under it is gone."""


class SandboxBusy(SandboxError):
    """Another call is running in this sandbox."""


class StillRunning(SandboxError, TimeoutError):
    """A background job had not ended when a caller stopped waiting for it; it goes on."""


class StateLost(SandboxError):
    """A limit or a crash ended the sandbox; variables, imports and files are gone until `reset()`."""


class ModelFailed(Error, RuntimeError):
    """A language model gave no usable reply: its server can't be reached, refuses the request, or sends nonsense."""


class LimitExceeded(Error):
    """A limit ended the run."""


class WallLimitExceeded(LimitExceeded, TimeoutError):
    """The wall or CPU time limit ended the run."""


class MemoryLimitExceeded(LimitExceeded, MemoryError):
    """The memory limit ended the run."""


class DiskLimitExceeded(LimitExceeded, OSError):
    """The sandbox's files are at limits.disk."""


class Refused(Error, PermissionError):
    """The code was refused before it ran, or ended because of what it tried."""


class ProgramFailed(Error, RuntimeError):
    """The program failed by itself: an exception or a non-zero exit."""
