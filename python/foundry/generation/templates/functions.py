"""The functions that a template finds by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, NoReturn

from foundry.errors import ChatTemplateError
from foundry.generation.templates.budget import Budget
from foundry.generation.templates.text import TemplateText
from foundry.generation.templates.values import (
    Function,
    Method,
    Namespace,
    items_of,
    key,
    kind,
    text_of,
)

_MOST_RANGE = 100_000  # as Jinja's own sandbox


def _range(budget: Budget, *bounds: Any) -> range:
    numbers = range(*bounds)
    count = max(0, (numbers.stop - numbers.start + numbers.step - 1) // numbers.step)
    if count > _MOST_RANGE:
        raise ChatTemplateError(
            f"chat template: range of {count} numbers, the limit is {_MOST_RANGE}"
        )
    return numbers


def _dict(budget: Budget, pairs: Any = None, /, **named: Any) -> dict[Any, Any]:
    result: dict[Any, Any] = {}
    if isinstance(pairs, dict):
        budget.elements(2 * len(pairs))
        result = dict(pairs)
    elif pairs is not None:
        for pair in items_of(budget, pairs):
            name, value = items_of(budget, pair)
            budget.elements(2)
            result[key(budget, name)] = value
    budget.elements(2 * len(named))
    return result | named


def _namespace(budget: Budget, pairs: Any = None, /, **named: Any) -> Namespace:
    return Namespace(_dict(budget, pairs, **named))


def _cycler(budget: Budget, /, *values: Any) -> Namespace:
    """Jinja's `cycler`: `next()`, `reset()` and `current`."""
    if not values:
        raise TypeError("at least one item has to be provided")
    position = 0
    space = Namespace({"current": values[0]})

    def move(budget: Budget, cycler: Namespace, *, first: bool = False) -> Any:
        nonlocal position
        current = cycler.attributes["current"]
        position = 0 if first else (position + 1) % len(values)
        cycler.attributes["current"] = values[position]
        return current

    space.attributes["next"] = Method("next", move, space)
    space.attributes["reset"] = Method("reset", partial(move, first=True), space)
    return space


def _joiner(budget: Budget, sep: Any = ", ") -> Function:
    """Jinja's `joiner`: nothing the first time, then the separator."""
    used = False

    def separator(budget: Budget) -> Any:
        nonlocal used
        used, before = True, used
        return sep if before else ""

    return Function("joiner", separator)


def _raise_exception(budget: Budget, message: Any) -> NoReturn:
    raise ChatTemplateError(
        f"the chat template refuses these messages: {text_of(budget, message)[:1000]}"
    )


def _strftime_now(budget: Budget, format: Any) -> str:
    if not isinstance(format, str):
        raise TypeError(f"strftime_now takes a str, not a {kind(format)}")
    if len(format) > 256 or re.search(r"%[^a-zA-Z%]*\d", format):  # glibc takes a field width
        raise ChatTemplateError(f"strftime_now: pattern {format[:40]!r} is too long or has a width")
    return TemplateText(datetime.now().strftime(format))


_CALLS: Mapping[str, Callable[..., Any]] = {
    "cycler": _cycler,
    "dict": _dict,
    "joiner": _joiner,
    "namespace": _namespace,
    "raise_exception": _raise_exception,
    "range": _range,
    "strftime_now": _strftime_now,
}
FUNCTIONS: Mapping[str, Function] = {name: Function(name, call) for name, call in _CALLS.items()}
