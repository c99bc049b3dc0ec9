"""Jinja's tests: what `is` asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Undefined

from foundry.generation.templates.budget import Budget
from foundry.generation.templates.operators import binary, compare
from foundry.generation.templates.text import Markup
from foundry.generation.templates.values import Function, Macro, Method, OneShot, short

_ITERABLE = (str, list, tuple, dict, range, OneShot, Undefined)


def _compares(operator: str) -> Callable[..., bool]:
    return lambda budget, left, right: compare(budget, operator, left, right)


def _divides(budget: Budget, value: Any, number: Any) -> bool:
    return bool(binary(budget, "%", value, number) == 0)


def _cased(name: str) -> Callable[..., bool]:
    def ask(budget: Budget, value: Any) -> bool:
        text = value if isinstance(value, str) else str(value) if _is_scalar(value) else ""
        budget.read(len(text))
        return bool(getattr(str, name)(text))

    return ask


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float)


_COMPARISONS = {
    "eq": ("eq", "equalto", "=="),
    "ne": ("ne", "!="),
    "gt": ("gt", "greaterthan", ">"),
    "gteq": ("ge", ">="),
    "lt": ("lt", "lessthan", "<"),
    "lteq": ("le", "<="),
}

TESTS: Mapping[str, Callable[..., bool]] = {
    "boolean": lambda budget, value: isinstance(value, bool),
    "callable": lambda budget, value: isinstance(value, Function | Macro | Method),
    "defined": lambda budget, value: not isinstance(value, Undefined),
    "divisibleby": _divides,
    "escaped": lambda budget, value: isinstance(value, Markup),
    "even": lambda budget, value: _divides(budget, value, 2),
    "false": lambda budget, value: value is False,
    "float": lambda budget, value: isinstance(value, float),
    "in": lambda budget, value, container: compare(budget, "in", value, container),
    "integer": lambda budget, value: isinstance(value, int) and not isinstance(value, bool),
    "iterable": lambda budget, value: isinstance(value, _ITERABLE),
    "lower": _cased("islower"),
    "mapping": lambda budget, value: isinstance(value, dict),
    "none": lambda budget, value: value is None,
    "number": lambda budget, value: isinstance(value, int | float),
    "odd": lambda budget, value: not _divides(budget, value, 2),
    "sameas": lambda budget, value, other: value is other,
    "sequence": lambda budget, value: isinstance(
        value, str | list | tuple | dict | range | Undefined
    ),
    "string": lambda budget, value: isinstance(value, str),
    "true": lambda budget, value: value is True,
    "undefined": lambda budget, value: isinstance(value, Undefined),
    "upper": _cased("isupper"),
    **{name: _compares(operator) for operator, names in _COMPARISONS.items() for name in names},
}


def is_true(budget: Budget, name: str, value: Any, /, *positional: Any, **named: Any) -> bool:
    """Whether `value is name(...)`. `TypeError` for a test that is not there."""
    test = TESTS.get(name) if isinstance(name, str) else None
    if test is None:
        raise TypeError(f"unsupported test {short(name)}; supported: {', '.join(sorted(TESTS))}")
    return test(budget, value, *positional, **named)
