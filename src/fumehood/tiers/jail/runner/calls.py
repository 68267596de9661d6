"""Host functions as plain functions of the program: a call goes to the broker, and its reply is the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from fumehood.tiers.jail.runner.line import Line
    from fumehood.tiers.jail.wire import Message


def stub(line: Line, told: Message) -> Callable[..., Any]:
    """A plain function that makes the call; what its arguments may be the broker says."""
    name, parameters = told["name"], told["parameters"]

    def function(*args: Any, **kwargs: Any) -> Any:
        if len(args) > len(parameters):
            message = f"{name}() takes {len(parameters)} arguments but {len(args)} were given"
            raise TypeError(message)
        arguments = dict(zip(parameters, args, strict=False))
        for key in kwargs:
            if key in arguments:
                message = f"{name}() got multiple values for argument {key!r}"
                raise TypeError(message)
        return line.call(name, arguments | kwargs)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = told["doc"]
    return function
