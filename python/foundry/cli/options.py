"""What options are made of: groups that commands share, and the errors of a wrong command line."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Annotated, Any, ParamSpec, TypeVar

import typer

from foundry.cli import terminal
from foundry.errors import ArgumentError

Make = Callable[[dict[str, Any]], Any]
"""Takes its own options out of a command's, and makes one value of them."""


class WrongUsage(ArgumentError):
    """A command line that does not fit together; exit status 2."""

    exit_code = 2

    def format_message(self) -> str:
        """As the parser's own errors have it."""
        return str(self)


P = ParamSpec("P")
T = TypeVar("T")


def command_of(group: typer.Typer) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Makes commands of a group, whose exceptions are ours: typer has its own idea of some."""

    def command(body: Callable[P, None]) -> Callable[P, None]:
        @wraps(body)
        def run_body(*args: P.args, **kwargs: P.kwargs) -> None:
            with terminal.session():
                body(*args, **kwargs)

        group.command()(run_body)
        return run_body

    return command


def option(
    name: str,
    kind: Any,
    default: Any,
    *names: str,
    help: str,
    group: str | None = None,
    **more: Any,
) -> inspect.Parameter:
    """An option by these names, for the parameter `name`."""
    described = typer.Option(*names, help=help, rich_help_panel=group, **more)
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[kind, described],
    )


def stands_for(
    name: str, options: Sequence[inspect.Parameter], make: Make
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A command's parameter `name` becomes `options` on the command line."""

    def decorate(body: Callable[..., None]) -> Callable[..., None]:
        def run(**given: Any) -> None:
            value = make(given)
            body(**{name: value}, **given)

        own = list(inspect.signature(body, eval_str=True).parameters.values())
        place = next(i for i, parameter in enumerate(own) if parameter.name == name)
        own[place : place + 1] = options
        own.sort(key=lambda parameter: parameter.kind)  # arguments first, as Python has them
        run.__name__, run.__doc__ = body.__name__, body.__doc__
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in own}
        run.__signature__ = inspect.Signature(own)  # type: ignore[attr-defined]
        return run

    return decorate


def one_of(what: str, ways: str, *values: T | None) -> T:
    """The one of `values` that is given; `ways` are how. `WrongUsage` for none and for several."""
    given = [value for value in values if value is not None]
    if len(given) == 1:
        return given[0]
    raise WrongUsage(f"{what} is {'given twice' if given else 'missing'}; give {ways}")
