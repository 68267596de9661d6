"""From characters to words: quoting, expansions and here-documents, as bash reads them."""

from __future__ import annotations

import re

from fumehood.check.bash.escapes import ansi_c
from fumehood.check.bash.syntax import (
    Block,
    Literal,
    Parameter,
    Part,
    Redirect,
    ShellSyntaxError,
    Substitution,
    Sum,
    Word,
)
from fumehood.check.budget import MAX_DEPTH, Budget, Exhausted

METACHARACTERS = frozenset(" \t\n;&|<>()")
_PLAIN = re.compile(r"[^\s;&|<>()\\'\"$`?*+@!]+")
_IN_QUOTES = re.compile(r'[^"\\$`]+')
_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*|[0-9]|[@*#?$!_-]")
_BRACED_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*|[0-9]+|[@*#?$!_-]")
_OPERATOR = re.compile(r":?[-=+?]|:|##?|%%?|//?[#%]?|\^\^?|,,?|@")
_PREFIX = re.compile(r"(?:#(?=[\w@*#?$!-])|!)(?!\})")
_BLANK = re.compile(r"(?:[ \t]|\\\n)+")


class Scanner:
    """Reads words from `source` at `position`; the statements are its subclass's."""

    def __init__(self, source: str, budget: Budget, depth: int = 0, base: int = 0) -> None:  # noqa: PLR0917 - the shape that its siblings have too
        """Stand at the beginning. `base` is added to offsets, for code cut out of a longer source."""
        self.source = source
        self.position = 0
        self.budget = budget
        self.depth: int = depth
        self.base = base
        self.pending: list[tuple[Redirect, str, bool]] = []

    def block_until(self, closer: str) -> Block:
        """Read statements up to and including `closer`."""
        raise NotImplementedError

    def nested(self, source: str, base: int) -> Block:
        """Read statements from a piece of text of its own."""
        raise NotImplementedError

    def fail(self, message: str) -> ShellSyntaxError:
        """Make the error for where we stand."""
        return ShellSyntaxError(message, self.base + self.position)

    def peek(self, text: str) -> bool:
        """Say whether `text` stands here."""
        return self.source.startswith(text, self.position)

    def take(self, text: str) -> bool:
        """Step over `text` if it stands here."""
        if self.source.startswith(text, self.position):
            self.position += len(text)
            return True
        return False

    def skip_blanks(self) -> None:
        """Step over blanks, continued lines and a comment."""
        if match := _BLANK.match(self.source, self.position):
            self.position = match.end()
        if self.peek("#"):
            end = self.source.find("\n", self.position)
            self.position = len(self.source) if end < 0 else end

    def word(self, stop: frozenset[str] = METACHARACTERS) -> Word | None:
        """Read a word, or None where none begins. `stop` are the characters that end it."""
        self.budget.step()
        start = self.position
        parts: list[Part] = []
        while self.position < len(self.source):
            if self._process_substitution(parts):
                continue
            if self.source[self.position] in stop:
                break
            self._part(parts)
        if self.position == start:
            return None
        return Word(tuple(parts), self.base + start, self.base + self.position)

    def _process_substitution(self, parts: list[Part]) -> bool:
        if not (self.peek("<(") or self.peek(">(")):
            return False
        kind = self.source[self.position]
        self.position += 2
        parts.append(Substitution(self._deeper(")"), kind))
        return True

    def _part(self, parts: list[Part]) -> None:
        self.budget.step()
        if match := _PLAIN.match(self.source, self.position):
            self.position = match.end()
            parts.append(Literal(match[0]))
            return
        character = self.source[self.position]
        if character == "\\":
            self._escape(parts)
        elif character == "'":
            parts.append(Literal(self._until("'", self.position + 1), quoted=True))
        elif character == '"':
            self.position += 1
            self.quoted(parts, '"')
        elif character in "$`":
            self._dollar(parts, quoted=False)
        else:
            self._pattern(parts)

    def _escape(self, parts: list[Part]) -> None:
        following = self.source[self.position + 1 : self.position + 2]
        self.position += 2
        if following != "\n":
            parts.append(Literal(following or "\\", quoted=True))

    def _pattern(self, parts: list[Part]) -> None:
        """Take one character, or with it the parenthesis of an extended pattern such as `@(a|b)`."""
        start = self.position
        self.position += 1
        if self.source[start] in "?*+@!" and self.peek("("):
            self._matching("(", ")")
        parts.append(Literal(self.source[start : self.position]))

    def _until(self, closer: str, start: int) -> str:
        end = self.source.find(closer, start)
        if end < 0:
            raise self.fail(f"no closing {closer}")
        self.position = end + len(closer)
        return self.source[start:end]

    def _matching(self, opener: str, closer: str) -> str:
        """Step over balanced brackets from the opener that stands here; answer what is between."""
        start = self.position
        depth = 0
        while self.position < len(self.source):
            self.budget.step()
            character = self.source[self.position]
            if character == "\\":
                self.position += 1
            elif character == "'":
                self._until("'", self.position + 1)
                continue
            depth += (character == opener) - (character == closer)
            self.position += 1
            if depth == 0:
                return self.source[start + 1 : self.position - 1]
        raise self.fail(f"no closing {closer}")

    def quoted(self, parts: list[Part], closer: str) -> None:
        """Read what stands between double quotes, or to the end of the source where `closer` is empty."""
        parts.append(Literal("", quoted=True))
        while self.position < len(self.source):
            self.budget.step()
            if closer and self.take(closer):
                return
            if match := _IN_QUOTES.match(self.source, self.position):
                self.position = match.end()
                parts.append(Literal(match[0], quoted=True))
            elif self.source[self.position] == "\\":
                self._quoted_escape(parts)
            elif self.source[self.position] in "$`":
                self._dollar(parts, quoted=True)
            else:
                parts.append(Literal(self.source[self.position], quoted=True))
                self.position += 1
        if closer:
            raise self.fail("no closing quote")

    def _quoted_escape(self, parts: list[Part]) -> None:
        following = self.source[self.position + 1 : self.position + 2]
        self.position += 2
        if following != "\n":
            parts.append(Literal(following if following and following in '"\\$`' else "\\" + following, quoted=True))

    def _dollar(self, parts: list[Part], *, quoted: bool) -> None:
        if self.peek("`"):
            parts.append(Substitution(self._backticks(quoted=quoted), "$", quoted))
        elif self.peek("$(("):
            parts.append(self._sum_or_substitution(quoted=quoted))
        elif self.take("$("):
            parts.append(Substitution(self._deeper(")"), "$", quoted))
        elif self.take("${"):
            parts.append(self._braced(quoted=quoted))
        elif self.take("$["):
            parts.append(Sum(self._until("]", self.position), quoted))
        elif not quoted and self.take("$'"):
            parts.append(Literal(self._ansi_c(), quoted=True))
        elif not quoted and self.take('$"'):
            self.quoted(parts, '"')
        else:
            self._simple(parts, quoted=quoted)

    def _simple(self, parts: list[Part], *, quoted: bool) -> None:
        match = _NAME.match(self.source, self.position + 1)
        if match is None:
            parts.append(Literal("$", quoted=quoted))
            self.position += 1
            return
        self.position = match.end()
        parts.append(Parameter(match[0], quoted=quoted))

    def _ansi_c(self) -> str:
        start = self.position
        while self.position < len(self.source) and self.source[self.position] != "'":
            self.position += 2 if self.source[self.position] == "\\" else 1
        if self.position >= len(self.source):
            raise self.fail("no closing '")
        self.position += 1
        return ansi_c(self.source[start : self.position - 1])

    def _backticks(self, *, quoted: bool) -> Block:
        start = self.position = self.position + 1
        while self.position < len(self.source) and self.source[self.position] != "`":
            self.position += 2 if self.source[self.position] == "\\" else 1
        if self.position >= len(self.source):
            raise self.fail("no closing `")
        body = self.source[start : self.position]
        self.position += 1
        escaped = r'\\([\\`$"])' if quoted else r"\\([\\`$])"
        return self.nested(re.sub(escaped, r"\1", body), self.base + start)

    def _sum_or_substitution(self, *, quoted: bool) -> Part:
        """Read `$((…))`; when its brackets don't close together it was a substitution that begins with a subshell."""
        start = self.position
        self.position += 2
        body = self._matching("(", ")")
        if self.take(")"):
            return Sum(body, quoted)
        self.position = start + 2
        return Substitution(self._deeper(")"), "$", quoted)

    def _deeper(self, closer: str) -> Block:
        self.depth += 1
        if self.depth > MAX_DEPTH // 2:
            raise Exhausted
        block = self.block_until(closer)
        self.depth -= 1
        return block

    def _braced(self, *, quoted: bool) -> Parameter:
        prefix = ""
        if match := _PREFIX.match(self.source, self.position):
            prefix = match[0]
            self.position = match.end()
        match = _BRACED_NAME.match(self.source, self.position)
        if match is None:
            raise self.fail("bad substitution")
        name = match[0]
        self.position = match.end()
        index = self._matching("[", "]") if self.peek("[") else None
        operator = ""
        if match := _OPERATOR.match(self.source, self.position):
            operator = match[0]
            self.position = match.end()
        operand = self._operand(quoted=quoted and operator[:1] not in set("#%/"))
        return Parameter(name, index, prefix, operator, operand, quoted)

    def _operand(self, *, quoted: bool) -> str:
        """Step to the brace that closes a `${`, over quotes and expansions within; answer what lies before it."""
        start = self.position
        while not self.take("}"):
            self.budget.step()
            character = self.source[self.position : self.position + 1]
            if character == "\\":
                self.position += 2
            elif character == "'" and not quoted:
                self._until("'", self.position + 1)
            elif character == '"':
                self.position += 1
                self.quoted([], '"')
            elif character in {"$", "`"}:
                self._dollar([], quoted=quoted)
            elif character:
                self.position += 1
            else:
                raise self.fail("no closing }")
        return self.source[start : self.position - 1]

    def read_documents(self) -> None:
        """Read the bodies of the here-documents that the line just ended has opened."""
        for redirect, delimiter, literal in self.pending:
            start = self.position
            body = self._document(delimiter, strip=redirect.operator == "<<-")
            parts: list[Part] = []
            if literal:
                parts.append(Literal(body, quoted=True))
            else:
                inner = type(self)(body, self.budget, self.depth, self.base + start)
                inner.quoted(parts, "")
            redirect.target = Word(tuple(parts), self.base + start, self.base + self.position)
        self.pending.clear()

    def _document(self, delimiter: str, *, strip: bool) -> str:
        lines: list[str] = []
        while self.position < len(self.source):
            self.budget.step()
            end = self.source.find("\n", self.position)
            end = len(self.source) if end < 0 else end
            line = self.source[self.position : end]
            self.position = min(end + 1, len(self.source))
            line = line.lstrip("\t") if strip else line
            if line == delimiter:
                break
            lines.append(line + "\n")
        return "".join(lines)
