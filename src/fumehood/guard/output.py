"""The filter behind each run: what the policy's `[output]` says is done to everything that leaves the sandbox."""

from __future__ import annotations

import os
from collections import Counter
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from fumehood.execution import Control, Display
from fumehood.guard.redact import Redactor
from fumehood.guard.terminal import incomplete, is_plain, strip, unfold

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fumehood.execution import Status, Words
    from fumehood.guard.inert import Inert
    from fumehood.plan import Slice
    from fumehood.policy import Policy

__all__ = ["Filter", "Piecewise", "secret_values"]

_HTML: Final = frozenset({"text/html", "application/xhtml+xml"})
_SVG: Final = "image/svg+xml"
_MARKDOWN: Final = frozenset({"text/markdown", "text/x-markdown"})
#: Types that show something without running anything; text of other types is not passed on while `inert_html` holds.
_SHOWN: Final = ("image/png", "image/jpeg", "image/gif", "image/webp", "text/plain", "text/latex", "text/csv")
_MOST_HELD: Final = 64 * 1024
_MOST_MARKED_UP: Final = 4 * 1024 * 1024
_CLAUSES: Final = {
    "redact_secrets": "secrets and keys of known forms redacted",
    "inert_html": "HTML, SVG and Markdown made inert",
    "strip_terminal_escapes": "terminal escapes taken out",
}


class Filtered(NamedTuple):
    """A text, and what was changed in it, how often."""

    text: str
    changes: Counter[str]


class Filter:
    """What is done to results and answers: by the plan's output slice, the allowed hosts, and the known secrets."""

    def __init__(self, settings: Slice, policy: Policy, secrets: Mapping[str, str] | None = None) -> None:
        """Take the slice `output` of a plan."""
        on = {name: bool(settings[name].value) for name in _CLAUSES}
        self.redactor = Redactor(secrets) if on["redact_secrets"] else None
        self._hosts = policy.network.allow if on["inert_html"] else None
        self.strips = on["strip_terminal_escapes"]
        self.control = _control(tuple(on.values()), tuple(settings[name].why for name in _CLAUSES))

    @cached_property
    def _inert(self) -> Inert | None:
        if self._hosts is None:
            return None
        from fumehood.guard.inert import Inert  # noqa: PLC0415 -- only where marked-up text leaves

        return Inert(self._hosts)

    def text(self, text: str) -> Filtered:
        """Plain text: output, an error, a value's `repr`."""
        changes: Counter[str] = Counter()
        if self._passes(text):
            return Filtered(text, changes)
        if self.strips and (stripped := unfold(strip(text))) != text:
            text = stripped
            changes["terminal escapes"] += 1
        if self.redactor is not None:
            text, found = self.redactor.redact(text)
            changes.update({f"redacted: {name}": count for name, count in found.items()})
        return Filtered(text, changes)

    def _passes(self, text: str) -> bool:
        """Whether nothing in a text is to be changed, as in most."""
        plain = not self.strips or ("\r" not in text and is_plain(text))
        return plain and (self.redactor is None or self.redactor.passes(text))

    def value(self, value: Any) -> tuple[Any, Counter[str]]:
        """A value that is data: only secrets are taken out of its texts; its other characters are its own."""
        changes: Counter[str] = Counter()
        return (value if self.redactor is None else self._redacted(value, changes)), changes

    def _redacted(self, value: Any, changes: Counter[str]) -> Any:
        if isinstance(value, str):
            assert self.redactor is not None  # noqa: S101 -- asked only then
            text, found = self.redactor.redact(value)
            changes.update({f"redacted: {name}": count for name, count in found.items()})
            return text
        if isinstance(value, dict):
            entries = cast("dict[str, Any]", value)
            return {self._redacted(key, changes): self._redacted(each, changes) for key, each in entries.items()}
        if isinstance(value, list):
            return [self._redacted(each, changes) for each in cast("list[object]", value)]
        return value

    def answer(self, text: str) -> Filtered:
        """A model's answer, which is Markdown: it was written by whoever wrote what the model read."""
        text, changes = self.text(text)
        if self._inert is not None and (inert := self._inert.markdown(text)) != text:
            text = inert
            changes["links and pictures"] += 1
        return Filtered(text, changes)

    def display(self, shown: Display) -> tuple[Display | None, Counter[str]]:
        """One representation of a display; None where its type could run something or is too large to be read."""
        if shown.mime.startswith("image/") and shown.mime != _SVG:
            known = self._inert is None or shown.mime in _SHOWN
            return (
                (shown._replace(inert=shown.mime in _SHOWN), Counter()) if known else (None, Counter({"left out": 1}))
            )
        text, changes = self.text(shown.data)
        if self._inert is not None:
            inert = self._made_inert(shown.mime, text)
            if inert is None:
                return None, changes + Counter({"left out": 1})
            if inert != text:
                changes["made inert"] += 1
            text = inert
        size = len(text.encode("utf-8", "surrogatepass"))
        return shown._replace(data=text, size=size, inert=self._inert is not None), changes

    def _made_inert(self, mime: str, text: str) -> str | None:
        assert self._inert is not None  # noqa: S101 -- asked only then
        if mime in _SHOWN or mime.endswith("json"):
            return text
        if len(text) > _MOST_MARKED_UP:
            return None
        if mime in _HTML:
            return self._inert.html(text)
        if mime == _SVG:
            return self._inert.svg(text)
        return self._inert.markdown(text) if mime in _MARKDOWN else None

    def words(self, words: Words) -> tuple[Words, dict[str, dict[str, int]]]:
        """Filter all that a program said. Returns what is left, and what was changed in which."""
        said: dict[str, Counter[str]] = {}
        kept: dict[str, Any] = {}
        for name in ("stdout", "stderr", "value_text"):
            if (text := getattr(words, name)) and not self._passes(text):
                kept[name], said[name] = self.text(text)
        value: Any = words.value
        if isinstance(value, str | list | dict):
            kept["value"], said["value"] = self.value(value)
        if words.error is not None:
            told = [self.text(each) for each in (words.error.name, words.error.message, words.error.traceback)]
            texts = [each.text for each in told]
            kept["error"] = words.error._replace(name=texts[0], message=texts[1], traceback=texts[2])
            said["error"] = sum((each.changes for each in told), Counter[str]())
        if words.displays:
            shown = [self.display(each) for each in words.displays]
            kept["displays"] = tuple(display for display, _ in shown if display is not None)
            said["displays"] = sum((changes for _, changes in shown), Counter[str]())
        if not kept:
            return words, {}
        return words._replace(**kept), {name: dict(each) for name, each in said.items() if each}

    def listener(self, hear: Callable[[str], None]) -> Piecewise:
        """Filter output as it comes."""
        return Piecewise(self, hear)


class Piecewise:
    """Output in pieces: what may be the beginning of an escape or of a secret is held until it is decided."""

    def __init__(self, by: Filter, hear: Callable[[str], None]) -> None:
        """Pass what is filtered on to `hear`."""
        self._filter = by
        self._hear = hear
        self._raw = self._plain = self._before = ""

    def __call__(self, piece: str) -> None:
        """Take the next piece."""
        plain = self._plain + self._stripped(self._raw + piece)
        redactor = self._filter.redactor
        if redactor is None:
            self._tell(plain, clean=True)
            return
        end, clean = redactor.decided(plain)
        end = _decided(plain, end)
        self._plain = plain[end:]
        self._tell(plain[:end], clean=clean)

    def _stripped(self, raw: str) -> str:
        self._raw = ""
        if not self._filter.strips or is_plain(raw):
            return raw
        end = _decided(raw, incomplete(raw))
        self._raw = raw[end:]
        return strip(raw[:end])

    def end(self) -> None:
        """The output is at its end: what was held is decided now."""
        rest = self._plain + (strip(self._raw) if self._filter.strips else self._raw)
        self._raw = self._plain = ""
        self._tell(rest, clean=self._filter.redactor is None)

    def _tell(self, text: str, *, clean: bool) -> None:
        redactor = self._filter.redactor
        if redactor is not None and not clean:  # within a word no key begins: what was told before says if this is one
            text = redactor.redact(text, within=self._before.isascii() and self._before.isalnum()).text
        if text:
            self._before = text[-1]
            self._hear(text)


def _decided(text: str, end: int) -> int:
    """Not more is held than bounded: whoever prints that much after a key's beginning prints no key."""
    return end if len(text) - end <= _MOST_HELD else len(text)


@lru_cache(maxsize=64)
def _control(on: tuple[bool, ...], whys: tuple[str, ...]) -> Control:
    how = "; ".join(says if is_on else f"not {says}" for says, is_on in zip(_CLAUSES.values(), on, strict=True))
    status: Status = "enforced" if all(on) else "weaker" if any(on) else "absent"
    return Control("filter", status, how, "; ".join(whys))


def secret_values(policy: Policy) -> dict[str, str]:
    """The values of the policy's secrets that can be had now, by name, so that they are known where they show up."""
    found: dict[str, str] = {}
    for name, secret in policy.secrets.items():
        kind, _, place = secret.source.partition(":")
        value = os.environ.get(place) if kind == "env" else _content(Path(place))
        if value:
            found[name] = value
    return found


def _content(path: Path) -> str | None:
    """What the file of a secret holds; a missing one is told where the secret is used."""
    return path.read_text(encoding="utf-8", errors="replace").strip() if path.is_file() else None
