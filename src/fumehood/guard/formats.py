"""The forms that keys of well-known services have. Only forms that nothing else has: no rule by entropy."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

__all__ = ["FORMATS", "OPENERS", "Format", "begins_in", "openers_in"]


class Format(NamedTuple):
    """One form: what it is, how each key of it begins, the whole of it, after a group `before` that is none of it.

    A search takes steps in proportion to the text, whatever that is: who writes it must not hold up who reads it.
    """

    name: str
    openers: tuple[str, ...]
    regex: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """The whole of it; compiled where a text has one of the openers, which few have."""
        return _compiled(self.regex)

    def replaced_in(self, text: str) -> tuple[str, int]:
        """A text with its name in place of each key, and of how many."""
        before = r"\g<before>" if "before" in self.pattern.groupindex else ""
        return self.pattern.subn(f"{before}[redacted: {self.name}]", text)


@cache
def _compiled(regex: str) -> re.Pattern[str]:
    return re.compile(regex)


def _format(name: str, openers: str, regex: str) -> Format:
    return Format(name, tuple(openers.split()), r"(?<![A-Za-z0-9])" + regex)


FORMATS: Final = (
    Format(
        "private key",
        ("-----BEGIN",),
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        r"(?s:.{0,65536}?)"  # up to the next one, if it has no end: to look for one behind each would take too long
        r"(?:(-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        r"|(?=-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----))|\Z)",
    ),
    _format("Anthropic key", "sk-ant-", r"sk-ant-[A-Za-z0-9_-]{16,}"),
    _format("OpenAI key", "sk-proj- sk-svcacct- sk-admin-", r"sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{16,}"),
    _format("OpenRouter key", "sk-or-", r"sk-or-(?:v1-)?[A-Za-z0-9]{32,}"),
    _format("API key", "sk-", r"sk-[A-Za-z0-9]{32,}"),
    _format("AWS key", "AKIA ASIA ABIA ACCA", r"A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _format("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{36,}"),
    _format("GitHub token", "github_pat_", r"github_pat_[A-Za-z0-9_]{22,}"),
    _format("GitLab token", "glpat-", r"glpat-[A-Za-z0-9_-]{20,}"),
    _format("Slack token", "xox", r"xox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,}"),
    _format("Slack token", "xapp-", r"xapp-[0-9]-[A-Za-z0-9-]{10,}"),
    _format("Google key", "AIza", r"AIza[A-Za-z0-9_-]{35}"),
    _format("Google token", "ya29.", r"ya29\.[A-Za-z0-9_-]{20,}"),
    _format("Stripe key", "sk_live_ sk_test_ rk_live_ rk_test_", r"[sr]k_(?:live|test)_[A-Za-z0-9]{16,}"),
    _format("npm token", "npm_", r"npm_[A-Za-z0-9]{36,}"),
    _format("package index token", "pypi-", r"pypi-[A-Za-z0-9_-]{60,}"),
    _format("Hugging Face token", "hf_", r"hf_[A-Za-z0-9]{30,}"),
    _format("SendGrid key", "SG.", r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    _format("DigitalOcean token", "dop_v1_ doo_v1_", r"do[op]_v1_[a-f0-9]{64}"),
    _format("Databricks token", "dapi", r"dapi[a-f0-9]{32}(?![A-Za-z0-9])"),
    _format("age key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[A-Z0-9]{50,}"),
    _format("Azure storage key", "AccountKey=", r"AccountKey=[A-Za-z0-9+/]{60,}={0,2}"),
    Format(
        "JSON Web Token",
        ("eyJ",),
        # From the beginning of a word, once: its first `eyJ` has all behind it that a later one has.
        # An atomic group, not `*+`: behind that Python 3.11.2 finds nothing where the repeated part looks ahead.
        r"(?<![A-Za-z0-9_-])(?P<before>(?>(?:(?!(?<![A-Za-z0-9])eyJ)[A-Za-z0-9_-])*))"
        r"eyJ[A-Za-z0-9_-]{10,}+\.eyJ[A-Za-z0-9_-]{10,}+\.[A-Za-z0-9_-]{10,}",
    ),
)
"""The most specific first: a key is named by the first that fits."""

OPENERS: Final = tuple(dict.fromkeys(opener for each in FORMATS for opener in each.openers))


def _by_first(characters: str) -> dict[str, list[str]]:
    """Openers by the first of these characters that they have, or by none."""
    found: dict[str, list[str]] = {}
    for opener in OPENERS:
        found.setdefault(next((each for each in characters if each in opener), ""), []).append(opener)
    return found


#: Text without the character that openers have in common is not searched for each: most text has few.
_GATES: Final = _by_first("_-.=")
#: A search of long text starts at a character that is rare, and looks around it.
_ANCHORS: Final = _by_first("_-AyGpo")
_SHORTEST, _LONG = min(map(len, OPENERS)), 2048


def openers_in(text: str) -> frozenset[str]:
    """Which openers stand in a text."""
    found: set[str] = set()
    for gate, openers in _GATES.items():
        if gate in text:
            found.update(each for each in openers if each in text)
    return frozenset(found)


def begins_in(text: str) -> bool:
    """Whether an opener stands in a text where a key can begin; of a short text, whether one stands there at all."""
    if len(text) < _LONG:
        return len(text) >= _SHORTEST and any(
            gate in text and any(map(text.__contains__, openers)) for gate, openers in _GATES.items()
        )
    return any(anchor in text and _around(anchor).search(text) is not None for anchor in _ANCHORS)


@cache
def _around(anchor: str) -> re.Pattern[str]:
    """All that has this anchor: it is found fast, and what stands before it turns most of its places away."""
    parts = [opener.rpartition(anchor) if anchor in "_-" else opener.partition(anchor) for opener in _ANCHORS[anchor]]
    least = min(len(left) for left, _, _ in parts)
    first = "|".join(dict.fromkeys(re.escape(left[len(left) - least :]) for left, _, _ in parts))
    rest = "|".join(_sides(left, anchor, right) for left, _, right in parts)
    return re.compile(f"{anchor}(?<=(?:{first}){anchor})(?:{rest})")


def _sides(left: str, anchor: str, right: str) -> str:
    before = f"(?<={re.escape(left + anchor)})" if left else ""
    within = "" if left.startswith("-") else f"(?<![A-Za-z0-9]{re.escape(left + anchor + right)})"
    return before + re.escape(right) + within
