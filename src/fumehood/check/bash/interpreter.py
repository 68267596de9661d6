"""Reads a bash program statement by statement: what it would do, whichever way its branches go."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, ClassVar

from fumehood.check.bash import dispatch, expand, redirects
from fumehood.check.bash.arithmetic import evaluate
from fumehood.check.bash.conditions import condition
from fumehood.check.bash.forkbomb import endless, multiplies
from fumehood.check.bash.output import DONE, Output, lines
from fumehood.check.bash.parser import Parser
from fumehood.check.bash.patterns import matches
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
    Parameter,
    Pipeline,
    ShellSyntaxError,
    Statement,
    Substitution,
    Test,
    While,
    Word,
)
from fumehood.check.bash.values import HOLE, is_known, plain, settled, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fumehood.check.bash.notes import Notes
    from fumehood.check.bash.shell import Shell

_MAX_ROUNDS = 200
_MAX_ALL_ROUNDS = 1000
_MAX_CHOICES = 8
_MAX_CALL_DEPTH = 6
_MAX_CALLS = 40


@dataclass(slots=True)
class _Calls:
    """How often a function was entered, and how deep."""

    number: int = 0
    depth: int = 0


class Interpreter:
    """Runs statements abstractly over one `shell`; needs go to `notes`."""

    def __init__(self, shell: Shell, notes: Notes) -> None:
        """Begin with a state; `read` starts one, nested code brings its own."""
        self.shell = shell
        self.notes = notes
        self.bounded = False  # what follows in the pipeline takes a part and leaves: what feeds it ends then
        self.counted = False  # the next in the pipeline only counts what it is fed
        self._rounds = _MAX_ALL_ROUNDS
        self._reserve = notes.budget.steps * 3 // 4
        self._calls: dict[str, _Calls] = {}

    def run(self, statement: Statement, stdin: str = HOLE) -> Output:
        """Run a statement with `stdin` as its input; answer its output and whether it succeeds."""
        self.notes.budget.step()
        return self._RUNNERS[type(statement)](self, statement, stdin)

    def source(self, text: str, what: str, stdin: str = HOLE) -> Output:
        """Run source that stands in a text of the program; `what` says how it got there."""
        try:
            block = Parser(plain(settled(text)) if is_known(text) else settled(text), self.notes.budget, 1).program()
        except ShellSyntaxError:
            self.notes.need("code.dynamic", None, "unknown", why=what)
            return Output(HOLE)
        with self.notes.inside(what):
            return self.run(block, stdin)

    def apart(self, text: str, what: str, stdin: str = HOLE, positions: Iterable[str] = ()) -> Output:  # noqa: PLR0917 - the shape that its siblings have too
        """Run source as a shell of its own would."""
        with_positions = self.shell.fork()
        with_positions.positions = list(positions)
        return self.within(with_positions, lambda: self.source(text, what, stdin))

    def within(self, shell: Shell, action: Callable[[], Output]) -> Output:
        """Do something with another state in place of this one."""
        before, self.shell = self.shell, shell
        try:
            return action()
        finally:
            self.shell = before

    def program(self, words: list[str], stdin: str) -> Output:
        """Run a program by its words, the first its name."""
        return dispatch.program(self, words, stdin)

    def substitute(self, substitution: Substitution) -> str:
        """Answer the output of `$(…)`, or the path that stands for `<(…)`."""
        output = self.within(self.shell.fork(), lambda: self.run(substitution.body))
        if substitution.kind == "$":
            return output.text.rstrip("\n")
        path = f"/dev/fd/{63 + len(self.shell.files)}"
        self.shell.files[path] = output.text
        return path

    def perhaps(self, action: Callable[[], Output], *, taken: bool | None) -> Output:
        """Do something that is done surely (True), never (False) or perhaps (None); all three are read."""
        if taken:
            return action()
        branch = self.shell.fork()
        output = self.within(branch, action)
        if taken is None:
            self.shell.join([branch])
            return output
        return DONE

    def _later(self, statement: Statement, stdin: str) -> Callable[[], Output]:
        return lambda: self.run(statement, stdin)

    def finish(self) -> None:
        """Read the functions that nothing called, with arguments that nobody knows."""
        for name, body in list(self.shell.functions.items()):
            if name not in self._calls:
                shell = self.shell.fork()
                shell.open_ended, shell.positions = True, []
                self.within(shell, self._later(body, HOLE))

    def call(self, name: str, arguments: list[str], stdin: str) -> Output:
        """Call a function of the program."""
        calls = self._calls.setdefault(name, _Calls())
        if calls.depth >= _MAX_CALL_DEPTH or calls.number >= _MAX_CALLS:
            return Output(HOLE)
        if calls.number and self.notes.budget.steps < self._reserve // 2:
            return Output(HOLE)
        calls.number += 1
        calls.depth += 1
        shell = self.shell
        before = shell.positions, shell.open_ended, shell.local
        shell.positions, shell.open_ended, shell.local = arguments, False, {}
        output = self.run(shell.functions[name], stdin)
        shell.restore(shell.local)
        shell.positions, shell.open_ended, shell.local = before
        shell.flow = ""
        calls.depth -= 1
        return output

    def _block(self, block: Block, stdin: str) -> Output:
        texts: list[str] = []
        status: bool | None = True
        for joiner, statement in block.items:
            if self.shell.flow:
                break
            taken = True if not joiner else None if status is None else status == (joiner == "&&")
            output = self.perhaps(self._later(statement, stdin), taken=taken)
            texts.append(output.text)
            status = status if taken is False else output.status
        return Output("".join(texts), status)

    def _pipeline(self, pipeline: Pipeline, stdin: str) -> Output:
        output = Output(stdin)
        bounded, counted = self.bounded, self.counted
        taking = [place for place, part in enumerate(pipeline.parts) if _takes_a_part(part)]
        for place, part in enumerate(pipeline.parts):
            text = output.text
            self.bounded = bounded or (bool(taking) and place < taking[-1])
            self.counted = any(_counts(later) for later in pipeline.parts[place + 1 : place + 2])
            if len(pipeline.parts) == 1:
                output = self.run(part, text)
            else:
                stage = self.shell.fork()
                stage.input = lines(text)
                output = self.within(stage, self._later(part, text))
        self.bounded, self.counted = bounded, counted
        negated = None if output.status is None else not output.status
        return Output(output.text, negated if pipeline.negated else output.status)

    def _group(self, group: Group, stdin: str) -> Output:
        def body(given: str) -> Output:
            if group.subshell:
                return self.within(self.shell.fork(), lambda: self.run(group.body, given))
            return self.run(group.body, given)

        return redirects.applied(self, group.redirects, stdin, body)

    def _if(self, statement: If, stdin: str) -> Output:
        texts: list[str] = []
        decided = False
        before = self.shell
        branches: list[Shell] = []
        for test, body in statement.branches:
            status = self.run(test, stdin).status
            branch = before.fork()
            output = self.within(branch, self._later(body, stdin))
            if status is not False and not decided:
                decided = status is True
                branches = [branch] if decided and not branches else [*branches, branch]
                texts.append(output.text)
        if statement.otherwise is not None:
            branch = before.fork()
            output = self.within(branch, lambda: self.run(statement.otherwise or Block(()), stdin))
            if not decided:
                texts.append(output.text)
                branches.append(branch)
                decided = len(branches) == 1
        before.join(branches, surely=decided and len(branches) == 1)
        return Output(_one_of(texts), None)

    def _for(self, statement: For, stdin: str) -> Output:
        if statement.words is None:
            items = self.shell.elements("@")
        else:
            items = [field for word in statement.words for field in expand.fields(word, self)]
        texts: list[str] = []
        for item in items:
            if texts and not self._round():
                break
            self.shell.set(statement.name, item, self.notes.line)
            texts.append(self.run(statement.body, stdin).text)
            if self._leaves_loop():
                break
        return Output("".join(texts), None)

    def _round(self) -> bool:
        """Pay for one more round of a loop; say no where what is left of the budget is for the rest of the program."""
        self._rounds -= 1
        return self._rounds >= 0 and self.notes.budget.steps > self._reserve

    def _leaves_loop(self) -> bool:
        flow = self.shell.flow
        if flow in {"break", "continue"}:
            self.shell.flow = ""
        return flow in {"break", "return"}

    def _counted(self, statement: CountedFor, stdin: str) -> Output:
        self._note_endless(statement)
        self._evaluate(statement.start)
        return self._rounds_of(
            lambda: _truth(self._evaluate(statement.test)) if statement.test.strip() else True,
            lambda: self.run(statement.body, stdin).text,
            lambda: self._evaluate(statement.step),
        )

    def _while(self, statement: While, stdin: str) -> Output:
        def test() -> bool | None:
            status = self.run(statement.condition, stdin).status
            return status if status is None or not statement.until else not status

        self._note_endless(statement)
        return self._rounds_of(test, lambda: self.run(statement.body, stdin).text, lambda: "")

    def _note_endless(self, statement: While | CountedFor) -> None:
        if endless(statement):
            self.notes.need("resource.exhaust", "the machine", why="a loop without end that never waits")

    def _rounds_of(self, test: Callable[[], bool | None], body: Callable[[], str], step: Callable[[], str]) -> Output:
        """Go round a loop: as long as its condition is known to hold, else twice, and once even when it never holds."""
        texts: list[str] = []
        for number in range(_MAX_ROUNDS):
            holds = test()
            if number and (holds is False or not self._round() or (holds is None and number > 1)):
                break
            if holds is False:
                self.perhaps(lambda: Output(body()), taken=False)
                break
            texts.append(body())
            if self._leaves_loop():
                break
            step()
        return Output("".join(texts), None)

    def _evaluate(self, text: str) -> str:
        line = self.notes.line
        shell = self.shell
        return evaluate(expand.source_text(text, self), shell.get, lambda name, value: shell.set(name, value, line))

    def _case(self, statement: Case, stdin: str) -> Output:
        subject = expand.text(statement.subject, self)
        texts: list[str] = []
        branches: list[Shell] = []
        decided = False
        for patterns, body in statement.items:
            found = [expand.pattern(word, self) for word in patterns]
            sure = is_known(subject) and any(is_known(one) and matches(settled(subject), settled(one)) for one in found)
            branch = self.shell.fork()
            output = self.within(branch, self._later(body, stdin))
            if not decided and (sure or not is_known(subject)):
                branches.append(branch)
                texts.append(output.text)
                decided = sure
        self.shell.join(branches, surely=decided and len(branches) == 1)
        return Output(_one_of(texts), None)

    def _function(self, statement: Function, _stdin: str) -> Output:
        if multiplies(statement):
            self.notes.need("resource.exhaust", "processes", why=f"{statement.name} starts itself again and again")
        self.shell.functions[statement.name] = statement.body
        return DONE

    def _test(self, statement: Test, _stdin: str) -> Output:
        return Output("", condition([expand.pattern(word, self) for word in statement.words], patterns=True))

    def _arithmetic(self, statement: Arithmetic, _stdin: str) -> Output:
        return Output("", _truth(self._evaluate(statement.text)))

    def _command(self, command: Command, stdin: str) -> Output:
        """Run a command once for each combination of values that its variables may have."""
        self.notes.stand(command.start, command.end)
        several = (
            [name for name in _names(command) if len(self.shell.variables.get(name, ())) > 1]
            if self._ambiguous()
            else []
        )
        if not several:
            return self._once(command, stdin)
        held = {name: self.shell.variables[name] for name in several}
        output = DONE
        for count, values in enumerate(product(*held.values())):
            if count == _MAX_CHOICES:
                break
            self.shell.variables.update({name: (value,) for name, value in zip(held, values, strict=True)})
            output = self._once(command, stdin)
        for name, values in held.items():
            if len(self.shell.variables.get(name, values)) == 1:
                self.shell.variables[name] = values
        return output

    def _ambiguous(self) -> bool:
        return any(len(values) > 1 for values in self.shell.variables.values())

    def _once(self, command: Command, stdin: str) -> Output:
        return redirects.applied(self, command.redirects, stdin, lambda given: dispatch.command(self, command, given))

    _RUNNERS: ClassVar[dict[type, Callable[..., Output]]] = {
        Command: _command,
        Pipeline: _pipeline,
        Block: _block,
        Group: _group,
        If: _if,
        For: _for,
        CountedFor: _counted,
        While: _while,
        Case: _case,
        Function: _function,
        Test: _test,
        Arithmetic: _arithmetic,
    }


def _takes_a_part(statement: Statement) -> bool:
    return _plain_words(statement)[:1] in (["head"], ["dd"], ["read"], ["od"])


def _counts(statement: Statement) -> bool:
    words = _plain_words(statement)
    return words[:1] == ["wc"] or words[:2] in (["grep", "-c"], ["grep", "-q"])


def _plain_words(statement: Statement) -> list[str]:
    """Answer the words of a command as far as they are plain text."""
    found: list[str] = []
    for word in statement.words if isinstance(statement, Command) else ():
        first = word.parts[:1] if isinstance(word, Word) else ()
        if not first or not isinstance(first[0], Literal):
            break
        found.append(first[0].text)
    return found


def _truth(number: str) -> bool | None:
    value = whole(number)
    return None if value is None else value != 0


def _one_of(texts: list[str]) -> str:
    """Answer the output of one of several branches: the first that says anything."""
    return next((text for text in texts if text), "")


def _names(command: Command) -> list[str]:
    words: list[Word] = [redirect.target for redirect in command.redirects]
    for item in (*command.words, *command.assignments):
        if isinstance(item, Assignment):
            words.extend(([item.value] if item.value else []) + [word for _, word in item.items])
        else:
            words.append(item)
    return list(dict.fromkeys(part.name for word in words for part in word.parts if isinstance(part, Parameter)))
