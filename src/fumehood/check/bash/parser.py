"""From words to statements: the grammar of bash."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from fumehood.check.bash.scanner import METACHARACTERS, Scanner
from fumehood.check.bash.syntax import (
    Arithmetic,
    Assignment,
    Block,
    Case,
    Command,
    CountedFor,
    For,
    Function,
    Group,
    If,
    Literal,
    Pipeline,
    Redirect,
    Statement,
    Test,
    While,
    Word,
)
from fumehood.check.budget import MAX_DEPTH, Exhausted

if TYPE_CHECKING:
    from collections.abc import Callable

_KEYWORD = re.compile(
    r"(?:if|then|elif|else|fi|for|select|while|until|do|done|case|esac|function|time|coproc|\[\[|[{}!])(?=[\s;&|<>()]|$)",
)
_FUNCTION = re.compile(r"([^\s;&|<>()'\"$`\\={}]+)[ \t]*\([ \t]*\)")
_FUNCTION_NAME = re.compile(r"[^\s;&|<>(){}]+")
_REDIRECT = re.compile(r"(\d+|\{\w+\})?(<<<|<<-|<<|<>|<&|>>|>&|>\||&>>|&>|<(?!\()|>(?!\())")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\[)?")
_EQUALS = re.compile(r"(\+?)=")
_ITEM = re.compile(r"\[([^\]\n]*)\]\+?=")
_DECLARATIONS = frozenset({"declare", "typeset", "local", "export", "readonly", "alias", "let", "eval"})
_TEST_OPERATOR = re.compile(r"&&|\|\||[()<>]")
_CLOSING = frozenset({"then", "elif", "else", "fi", "do", "done", "esac", "}"})
_BLANKS = frozenset(" \t\n")


class Parser(Scanner):
    """Reads a whole program; `nested` code is read by the same rules."""

    def program(self) -> Block:
        """Read all of the source.

        Raises:
            ShellSyntaxError: It is no bash program.
            Exhausted: The budget is spent.
        """
        block = self.block()
        if self.position < len(self.source):
            raise self.fail(f"unexpected {self.source[self.position : self.position + 10]!r}")
        return block

    def nested(self, source: str, base: int) -> Block:
        """Read statements from a piece of text of its own, such as what backticks hold."""
        if self.depth > MAX_DEPTH // 2:
            raise Exhausted
        return Parser(source, self.budget, self.depth + 1, base).program()

    def block_until(self, closer: str) -> Block:
        """Read statements up to and including `closer`."""
        block = self.block()
        if not self.take(closer):
            raise self.fail(f"no closing {closer}")
        return block

    def block(self) -> Block:
        """Read statements up to what closes them, which is left standing."""
        items: list[tuple[str, Statement]] = []
        background: set[int] = set()
        joiner = ""
        while not self._at_end_of_block():
            items.append((joiner, self.pipeline()))
            self.skip_blanks()
            joiner = "&&" if self.take("&&") else "||" if self.take("||") else ""
            if not joiner and not self.peek(";;") and not self.take(";") and self.take("&"):
                background.add(len(items) - 1)
        return Block(tuple(items), frozenset(background))

    def _at_end_of_block(self) -> bool:
        self.skip_lines()
        if self.position >= len(self.source) or self.source[self.position] == ")":
            return True
        return self.peek(";;") or self.peek(";&") or self.keyword() in _CLOSING

    def skip_lines(self) -> None:
        """Step over blanks, comments and ends of lines, reading here-documents as they come."""
        self.skip_blanks()
        while self.take("\n") or self.take("\r"):
            self.read_documents()
            self.skip_blanks()

    def keyword(self) -> str:
        """Answer the reserved word that stands here, or nothing."""
        match = _KEYWORD.match(self.source, self.position)
        return match[0] if match else ""

    def expect(self, keyword: str) -> None:
        """Step over a reserved word.

        Raises:
            ShellSyntaxError: It does not stand here.
        """
        self.skip_lines()
        if self.keyword() != keyword:
            raise self.fail(f"expected {keyword}")
        self.position += len(keyword)

    def pipeline(self) -> Statement:
        """Read statements joined by `|`."""
        self.skip_blanks()
        negated = False
        while self.keyword() in {"!", "time"}:
            negated ^= self.keyword() == "!"
            self.position += len(self.keyword())
            self.skip_blanks()
            self.take("-p")
            self.skip_blanks()
        parts = [self.statement()]
        self.skip_blanks()
        while not self.peek("||") and (self.take("|&") or self.take("|")):
            self.skip_lines()
            parts.append(self.statement())
            self.skip_blanks()
        return parts[0] if len(parts) == 1 and not negated else Pipeline(tuple(parts), negated)

    def statement(self) -> Statement:
        """Read one statement, with the redirections of a compound one."""
        self.budget.step()
        self.depth += 1
        if self.depth > MAX_DEPTH // 2:
            raise Exhausted
        start = self.position
        compound = self._compound()
        self.depth -= 1
        if compound is None:
            return self.command()
        redirects: list[Redirect] = []
        self.skip_blanks()
        while self._redirect(redirects):
            self.skip_blanks()
        if self.position == start:
            raise self.fail("unexpected end")
        return Group(compound, tuple(redirects)) if redirects else compound

    def _compound(self) -> Statement | None:
        if self.peek("(("):
            return self._arithmetic()
        if self.take("("):
            return Group(self.block_until(")"), (), subshell=True)
        keyword = self.keyword()
        if keyword in _CLOSING:
            raise self.fail(f"unexpected {keyword}")
        if reader := self._READERS.get(keyword):
            self.position += len(keyword)
            return reader(self)
        if match := _FUNCTION.match(self.source, self.position):
            self.position = match.end()
            return self._definition(match[1])
        return None

    def _arithmetic(self) -> Statement:
        start = self.position
        self.position += 1
        body = self._matching("(", ")")
        if self.take(")"):
            return Arithmetic(body)
        self.position = start + 1
        return Group(self.block_until(")"), (), subshell=True)

    def _definition(self, name: str) -> Function:
        self.skip_lines()
        return Function(name, self.statement())

    def _function(self) -> Function:
        self.skip_blanks()
        match = _FUNCTION_NAME.match(self.source, self.position)
        if match is None:
            raise self.fail("a function needs a name")
        self.position = match.end()
        self.skip_blanks()
        if self.take("("):
            self.skip_blanks()
            self.take(")")
        return self._definition(match[0])

    def _group(self) -> Group:
        block = self.block()
        self.expect("}")
        return Group(block)

    def _coproc(self) -> Group:
        self.skip_blanks()
        return Group(self.statement(), (), subshell=True)

    def _if(self) -> If:
        branches: list[tuple[Block, Block]] = []
        otherwise: Block | None = None
        while True:
            condition = self.block()
            self.expect("then")
            branches.append((condition, self.block()))
            if self.keyword() == "elif":
                self.position += len("elif")
                continue
            if self.keyword() == "else":
                self.position += len("else")
                otherwise = self.block()
            self.expect("fi")
            return If(tuple(branches), otherwise)

    def _body(self) -> Block:
        self.skip_blanks()
        self.take(";")
        self.skip_lines()
        opener, closer = ("{", "}") if self.keyword() == "{" else ("do", "done")
        self.expect(opener)
        block = self.block()
        self.expect(closer)
        return block

    def _while(self, *, until: bool = False) -> While:
        condition = self.block()
        return While(condition, self._body(), until)

    def _until_loop(self) -> While:
        return self._while(until=True)

    def _for(self) -> Statement:
        self.skip_blanks()
        if self.peek("(("):
            self.position += 1
            head = self._matching("(", ")").split(";")
            self.take(")")
            start, test, step = (*head, "", "", "")[:3]
            return CountedFor(start, test, step, self._body())
        name = self.word()
        self.skip_lines()
        words: list[Word] | None = None
        if self.take("in"):
            words = []
            self.skip_blanks()
            while (word := self.word()) is not None:
                words.append(word)
                self.skip_blanks()
        return For(_plain(name), None if words is None else tuple(words), self._body())

    def _case(self) -> Case:
        self.skip_blanks()
        subject = self.word()
        self.skip_lines()
        if subject is None or not self.take("in"):
            raise self.fail("expected in")
        items: list[tuple[tuple[Word, ...], Block]] = []
        self.skip_lines()
        while self.keyword() != "esac":
            items.append((self._patterns(), self.block()))
            if not (self.take(";;&") or self.take(";;") or self.take(";&")):
                break
            self.skip_lines()
        self.expect("esac")
        return Case(subject, tuple(items))

    def _patterns(self) -> tuple[Word, ...]:
        self.take("(")
        patterns: list[Word] = []
        self.skip_blanks()
        while (word := self.word()) is not None:
            patterns.append(word)
            self.skip_blanks()
            self.take("|")
            self.skip_blanks()
        if not self.take(")"):
            raise self.fail("expected )")
        return tuple(patterns)

    def _test(self) -> Test:
        words: list[Word] = []
        stop = METACHARACTERS
        self.skip_lines()
        while not self._closes_test():
            if stop is METACHARACTERS and (match := _TEST_OPERATOR.match(self.source, self.position)):
                self.position = match.end()
                words.append(Word((Literal(match[0]),), match.start() + self.base, match.end() + self.base))
            elif word := self.word(stop):
                words.append(word)
                stop = _BLANKS if _plain(word) == "=~" else METACHARACTERS
            else:
                raise self.fail("no closing ]]")
            self.skip_lines()
        self.position += 2
        return Test(tuple(words))

    def _closes_test(self) -> bool:
        return self.peek("]]")

    def command(self) -> Command:
        """Read a simple command."""
        start = self.position
        assignments: list[Assignment] = []
        words: list[Word | Assignment] = []
        redirects: list[Redirect] = []
        declares = False
        while True:
            self.skip_blanks()
            if self._redirect(redirects):
                continue
            assignment = self._assignment() if declares or not words else None
            if assignment is not None and words:
                words.append(assignment)
                continue
            if assignment is not None:
                assignments.append(assignment)
                continue
            word = self.word()
            if word is None:
                break
            declares = declares or (not words and _plain(word) in _DECLARATIONS)
            words.append(word)
        if self.position == start:
            raise self.fail(f"unexpected {self.source[start : start + 10]!r}")
        return Command(tuple(assignments), tuple(words), tuple(redirects), self.base + start, self.base + self.position)

    def _redirect(self, redirects: list[Redirect]) -> bool:
        match = _REDIRECT.match(self.source, self.position)
        if match is None:
            return False
        self.position = match.end()
        self.skip_blanks()
        word = self.word()
        if word is None:
            raise self.fail("a redirection needs a target")
        redirect = Redirect(match[2], word, match[1] or "")
        if match[2] in {"<<", "<<-"}:
            literal = any(isinstance(part, Literal) and part.quoted for part in word.parts)
            self.pending.append((redirect, _plain(word), literal))
        redirects.append(redirect)
        return True

    def _assignment(self) -> Assignment | None:
        start = self.position
        match = _ASSIGNMENT.match(self.source, start)
        if match is None:
            return None
        self.position = match.end(1)
        index = self._matching("[", "]") if match[2] else None
        equals = _EQUALS.match(self.source, self.position)
        if equals is None:
            self.position = start
            return None
        self.position = equals.end()
        append = bool(equals[1])
        if index is None and self.take("("):
            return Assignment(match[1], None, None, self._items(), append)
        word = self.word() or Word((), self.base + start, self.base + self.position)
        return Assignment(match[1], index, word, (), append)

    def _items(self) -> tuple[tuple[str | None, Word], ...]:
        items: list[tuple[str | None, Word]] = []
        self.skip_lines()
        while not self.take(")"):
            match = _ITEM.match(self.source, self.position)
            self.position = match.end() if match else self.position
            word = self.word() or Word((), self.base + self.position, self.base + self.position)
            if not word.parts and match is None:
                raise self.fail("no closing )")
            items.append((match[1] if match else None, word))
            self.skip_lines()
        return tuple(items)

    _READERS: ClassVar[dict[str, Callable[[Parser], Statement]]] = {
        "{": _group,
        "if": _if,
        "for": _for,
        "select": _for,
        "while": _while,
        "until": _until_loop,
        "case": _case,
        "function": _function,
        "coproc": _coproc,
        "[[": _test,
    }


def _plain(word: Word | None) -> str:
    """Answer the literal characters of a word."""
    return "".join(part.text for part in word.parts if isinstance(part, Literal)) if word else ""
