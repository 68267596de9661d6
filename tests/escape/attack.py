"""What an attack is: data. The tables of the other files hold them, `battery.py` runs them, `test_escape.py` judges."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fumehood.execution import Result
    from tests.escape.ground import Ground

WON: Final = "WON"
"""What the code inside prints where its own word is the honest judge: it has nothing to gain by saying less."""


@dataclass(frozen=True)
class Seen:
    """What came of an attack, as the caller sees it.

    `neighbour` is the result of the other sandbox, if there was one, and `lives` whether that still answers; `after` is
    what came of the run that followed in the same one; `out` is where the caller asked for its outputs. Meanwhile the
    caller's own process grew by `grown_kb` at its peak, and has `opened` more descriptors.
    """

    result: Result
    seconds: float
    out: Path
    neighbour: Result | None = None
    lives: bool = True
    after: Result | None = None
    grown_kb: int = 0
    opened: int = 0

    @property
    def text(self) -> str:
        """Everything that the code inside said."""
        error = self.result.error
        return "\n".join(
            [self.result.stdout, self.result.stderr, self.result.value_text, error.traceback if error else ""]
        )


@dataclass(frozen=True)
class Attack:
    """One attempt to get out, or to learn, change or outlast what the sandbox's code must not.

    Args:
        name: Unique; begins with the family.
        tries: What it tries, in one sentence, and why that could work.
        code: Runs inside, after the prelude of `inside.py`. `@word@` stands for what the ground planted.
        won: Whether it got what it tried for, judged outside.
        then: Code that runs afterwards in the same sandbox; `Seen.after` has what came of it.
        again: How often an empty run follows, until it has won: for races that one run seldom wins.
        weak: The fences that are taken down for the run that proves it bites, as in `fences.py`.
        policy: What the policy changes of the default, as `Policy.but` takes it.
        env: What is installed: "bare", "data", or "given": a package that everybody may write to on the host. Where
            anything is, the sandboxes come from those that the pool made ahead, forked from one zygote.
        grant: What the policy changes in the weakened run besides; a grant alone may be the proof.
        neighbour: Code that runs in another sandbox before.
        beside: Whether that other sandbox still lives while the attack runs.
        root: Whether the weakened run needs real root, because an ordinary user's own namespaces hold by themselves.
        breaks: Whether an error of fumehood's own, or a result that is no strict JSON, is what it tries for.
        machine: The one machine it can run on.
        afterwards: Whether to judge when the sandbox is closed.
        known: Why it wins today, where it does; `docs/limitations.md` says so too.
        weaker: Why it wins where no cgroup can be had.
        unproved: Why no fence can be taken down for it, where none can.
    """

    name: str
    tries: str
    code: str
    won: Callable[[Ground, Seen], bool]
    weak: tuple[str, ...] = ()
    policy: dict[str, Any] = field(default_factory=dict[str, Any])
    env: str = "bare"
    grant: dict[str, Any] = field(default_factory=dict[str, Any])
    then: str = ""
    again: int = 0
    neighbour: str = ""
    beside: bool = False
    root: bool = False
    breaks: bool = False
    machine: str = ""
    afterwards: bool = False
    known: str = ""
    weaker: str = ""
    unproved: str = ""


def says(_: Ground, seen: Seen) -> bool:
    """It printed that it won."""
    return WON in seen.result.stdout


def learns(*canaries: str) -> Callable[[Ground, Seen], bool]:
    """A planted secret came out in what it said."""
    return lambda ground, seen: any(ground.words[name] in seen.text for name in canaries)


def reaches(listener: str) -> Callable[[Ground, Seen], bool]:
    """A listener of the host heard of it."""
    return lambda ground, _: ground.heard(listener)


def unrecorded(what: str) -> Callable[[Ground, Seen], bool]:
    """The kernel took the call, instead of asking the warden, who refuses and records it."""
    return lambda _, seen: seen.result.outcome == "completed" and all(what != each.what for each in seen.result.denials)


def unlimited(*kinds: str) -> Callable[[Ground, Seen], bool]:
    """It was not ended or held by one of these limits."""
    return lambda _, seen: seen.result.limit is None or seen.result.limit.kind not in kinds
