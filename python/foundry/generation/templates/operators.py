"""Operators of expressions, and texts made by a format."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any

from jinja2 import Undefined

from foundry.errors import ChatTemplateError
from foundry.generation.templates.budget import Budget
from foundry.generation.templates.parser import MAX_INTEGER_BITS
from foundry.generation.templates.text import (
    Markup,
    TemplateText,
    concatenate,
    own_spans,
    part,
)
from foundry.generation.templates.values import contains, equal, kind, text_of

# A width or precision has three digits at most.
_SPECIFICATION = re.compile(r"(.?[<>=^])?[-+ ]?#?0?\d{0,3}[,_]?(\.\d{1,3})?[bcdeEfFgGnosxX%]?")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&#39;", '"': "&#34;"}
_ESCAPED = re.compile("[&<>'\"]")
_PERCENT = re.compile(r"%(?:\(([^()]*)\))?([-+ #0]*\d{0,3}(?:\.\d{0,3})?)([sdifFeEgGxXr%])?")


def join(budget: Budget, parts: Sequence[str], separator: str = "") -> str:
    """The texts one after another, with `separator` between them."""
    gaps = max(len(parts) - 1, 0)
    budget.text(
        sum(map(len, parts)) + gaps * len(separator),
        sum(len(own_spans(part)) for part in parts) + gaps * len(own_spans(separator)),
    )
    if not separator:
        return concatenate(parts)
    budget.elements(2 * len(parts))
    spaced = [separator] * (2 * len(parts) - 1 if parts else 0)
    spaced[::2] = parts
    return concatenate(spaced)


def markup(text: str) -> Markup:
    return Markup(text, own_spans(text))


def escaped(budget: Budget, text: str) -> Markup:
    """`text` with HTML's entities, unless it has them."""
    if isinstance(text, Markup):
        return text
    budget.read(len(text))
    pieces: list[str] = []
    position = 0
    for found in _ESCAPED.finditer(text):
        pieces += part(text, position, found.start()), TemplateText(_ENTITIES[found[0]])
        position = found.end()
        budget.step(1 + len(own_spans(text)))
    return markup(join(budget, [*pieces, part(text, position, len(text))]))


def repeated(budget: Budget, value: Any, count: int) -> Any:
    """`value * count` for a text or a list."""
    count = max(count, 0)
    if isinstance(value, str):
        spans = own_spans(value)
        budget.text(len(value) * count, len(spans) * count)
        return concatenate([value] * count) if spans else str(value) * count
    budget.elements(len(value) * count)
    return value * count


def sliced(budget: Budget, value: Any, start: Any, stop: Any, step: Any) -> Any:
    """`value[start:stop:step]`."""
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()
    bounds = slice(start, stop, step)
    whole = all(bound is None or isinstance(bound, int) for bound in (start, stop, step))
    if not whole or not isinstance(value, str | list | tuple | range):
        return Undefined(obj=value, name="slice")
    first, last, stride = bounds.indices(len(value))
    count = len(range(first, last, stride))
    if isinstance(value, str):
        budget.text(count, len(own_spans(value)))
        if stride == 1:
            return part(value, first, max(first, last))
        whole = own_spans(value) == ((0, len(value)),)
        taken = str.__getitem__(value, bounds)
        return TemplateText(taken) if whole and taken else taken
    budget.elements(0 if isinstance(value, range) else count)
    return value[bounds]


def binary(budget: Budget, operator: str, left: Any, right: Any) -> Any:
    """One of Jinja's arithmetic operators."""
    for value in (left, right):
        if isinstance(value, Undefined):
            value._fail_with_undefined_error()
    if _is_number(left) and _is_number(right):
        return _arithmetic(operator, left, right)
    if operator == "+":
        if isinstance(left, str) and isinstance(right, str):
            if isinstance(left, Markup) or isinstance(right, Markup):
                return markup(join(budget, (escaped(budget, left), escaped(budget, right))))
            return join(budget, (left, right))
        both_lists = isinstance(left, list) and isinstance(right, list)
        if both_lists or (isinstance(left, tuple) and isinstance(right, tuple)):
            budget.elements(len(left) + len(right))
            return left + right
    if operator == "*":
        if isinstance(left, str | list | tuple) and isinstance(right, int):
            return repeated(budget, left, right)
        if isinstance(right, str | list | tuple) and isinstance(left, int):
            return repeated(budget, right, left)
    if operator == "%" and isinstance(left, str):
        return percent(budget, left, right)
    raise TypeError(f"unsupported operands of {operator}: {kind(left)} and {kind(right)}")


def negative(value: Any) -> Any:
    """`-value`."""
    return checked(-_number(value))


def positive(value: Any) -> Any:
    """`+value`."""
    return +_number(value)


def compare(budget: Budget, operator: str, left: Any, right: Any) -> bool:
    """One of Jinja's comparisons, by the name that its syntax tree has."""
    match operator:
        case "eq":
            return equal(budget, left, right)
        case "ne":
            return not equal(budget, left, right)
        case "in":
            return contains(budget, right, left)
        case "notin":
            return not contains(budget, right, left)
    budget.step()
    for value in (left, right):
        if isinstance(value, Undefined):
            value._fail_with_undefined_error()
    if isinstance(left, str) and isinstance(right, str):
        budget.read(min(len(left), len(right)))
    elif not (_is_number(left) and _is_number(right)):
        raise TypeError(f"unsupported comparison of {kind(left)} and {kind(right)}")
    match operator:
        case "lt":
            return bool(left < right)
        case "lteq":
            return bool(left <= right)
        case "gt":
            return bool(left > right)
    return bool(left >= right)


def percent(budget: Budget, pattern: str, values: Any) -> str:
    """`pattern % values`, for the conversions that templates use."""
    budget.elements(len(values) if isinstance(values, tuple) else 1)
    arguments: list[Any] = list(reversed(values)) if isinstance(values, tuple) else [values]
    pieces: list[str] = []
    position = 0
    for found in _PERCENT.finditer(pattern):
        name, form, conversion = found.groups()
        budget.text(1000)
        if conversion is None:
            raise TypeError(
                f"unsupported format {found.group()[:40]!r}; supported: %s, %d, %f and their kind, "
                "a width of three digits at most"
            )
        pieces.append(part(pattern, position, found.start()))
        position = found.end()
        if conversion == "%":
            pieces.append(TemplateText("%"))
            continue
        if name is None:
            if not arguments:
                raise TypeError("not enough arguments for format string")
            value = arguments.pop()
        else:
            value = values[name] if isinstance(values, Mapping) else Undefined(name=name)
        if conversion in "sr":
            value = text_of(budget, value)
            budget.text(12 * len(value))
        if conversion == "s" and not form:
            pieces.append(value)
        else:
            pieces.append(f"%{form}{conversion}" % (value,))
    pieces.append(part(pattern, position, len(pattern)))
    return join(budget, pieces)


def braces(
    budget: Budget, pattern: str, positional: Sequence[Any], named: Mapping[str, Any]
) -> str:
    """`pattern.format(...)`, with fields that are names or numbers."""
    pieces: list[str] = []
    whole = own_spans(pattern) == ((0, len(pattern)),)
    counter = 0
    budget.read(len(pattern))
    for literal, name, form, conversion in Formatter().parse(str(pattern)):
        budget.text(len(literal) + 1000)
        pieces.append(TemplateText(literal) if whole and literal else literal)
        if name is None:
            continue
        if name == "":
            name, counter = str(counter), counter + 1
        if name.isdecimal() and len(name) < 10:
            value = positional[int(name)]
        elif name in named:
            value = named[name]
        else:
            raise ValueError(f"unsupported field {name[:40]!r} of a format")
        if conversion or (form and not _SPECIFICATION.fullmatch(form)):
            raise ValueError(f"unsupported format {(conversion or form)!r:.40}; width under 1000")
        if not _is_number(value) or isinstance(value, bool):
            value = text_of(budget, value)
            budget.text(len(value) + 1000)
        pieces.append(format(value, form) if form else text_of(budget, value))
    return join(budget, pieces)


def checked(value: Any) -> Any:
    """A number within its limits."""
    if isinstance(value, int) and value.bit_length() > MAX_INTEGER_BITS:
        raise ChatTemplateError(
            f"chat template computes a number of {value.bit_length()} bits, the limit is "
            f"{MAX_INTEGER_BITS}"
        )
    if not isinstance(value, int | float):
        raise ArithmeticError(f"a {kind(value)} is no result of arithmetic here")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _number(value: Any) -> Any:
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()
    if not _is_number(value):
        raise TypeError(f"unsupported operand of type {kind(value)}; supported: numbers")
    return value


def _arithmetic(operator: str, left: Any, right: Any) -> Any:
    left, right = checked(left), checked(right)
    match operator:
        case "+":
            return checked(left + right)
        case "-":
            return checked(left - right)
        case "*":
            return checked(left * right)
        case "/":
            return left / right
        case "//":
            return left // right
        case "%":
            return left % right
    if isinstance(left, int) and isinstance(right, int) and abs(left) > 1 and right > 0:
        bits = left.bit_length() * right
        if bits > 2 * MAX_INTEGER_BITS:
            raise ChatTemplateError(
                f"chat template computes a number of {bits} bits, the limit is {MAX_INTEGER_BITS}"
            )
    return checked(left**right)
