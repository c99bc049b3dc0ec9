"""Jinja's filters, those that chat templates use; each pays by the size of what it makes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from jinja2 import Undefined

from foundry.generation.templates import methods, operators, predicates, values
from foundry.generation.templates.budget import Budget
from foundry.generation.templates.methods import item as subscript
from foundry.generation.templates.text import TemplateText
from foundry.generation.templates.values import (
    OneShot,
    items_of,
    kind,
    new_list,
    short,
    text_of,
    walk,
)

_MOST_INDENT = 16
_MOST_DIGITS = 400  # int() takes time by the square of its digits
_WORD = re.compile(r"\w+")
_TITLE = re.compile(r"([-\s({\[<]+)")


def _soft(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of str as a filter: other values are printed first."""
    return lambda budget, value, /, *positional, **named: method(
        budget, text_of(budget, value), *positional, **named
    )


def _replace(budget: Budget, value: Any, old: Any, new: Any, count: Any = None) -> str:
    text = text_of(budget, value)
    return methods.replaced(budget, text, text_of(budget, old), text_of(budget, new), count)


def _default(budget: Budget, value: Any, default_value: Any = "", boolean: Any = False) -> Any:
    missing = isinstance(value, Undefined) or (boolean and not value)
    return default_value if missing else value


def _getter(budget: Budget, attribute: Any) -> Callable[[Any], Any]:
    """Reads the attribute, a path with dots or an index."""
    path: list[Any] = [attribute]
    if attribute is None:
        path = []
    elif isinstance(attribute, str):
        path = [int(x) if x.isdecimal() and len(x) < 10 else x for x in attribute.split(".")]
    budget.elements(len(path))

    def read(value: Any) -> Any:
        for name in path:
            budget.step()
            value = subscript(budget, value, name)
        return value

    return read


def _join(budget: Budget, value: Any, d: Any = "", attribute: Any = None) -> str:
    read = _getter(budget, attribute)
    parts = [text_of(budget, read(item)) for item in new_list(budget, value)]
    return operators.join(budget, parts, text_of(budget, d))


def _to_json(
    budget: Budget,
    value: Any,
    ensure_ascii: Any = False,
    indent: Any = None,
    separators: Any = None,
    sort_keys: Any = False,
) -> str:
    """Plain JSON, with the keywords that transformers takes; Jinja's own escapes for HTML."""
    if isinstance(indent, str):
        indent = len(indent) if indent.isspace() else _MOST_INDENT + 1
    if indent is not None and not (isinstance(indent, int) and 0 <= indent <= _MOST_INDENT):
        raise ValueError(f"unsupported indent of tojson; supported: 0 to {_MOST_INDENT} spaces")
    if separators is not None:
        separators = tuple(items_of(budget, separators)[:3])
        if len(separators) != 2 or not all(isinstance(x, str) and len(x) <= 8 for x in separators):
            raise ValueError("unsupported separators of tojson; supported: two short texts")
    size = walk(budget, value)
    deepest = (indent or 1) * 64
    budget.text(size if indent is None else min(size * deepest, size + _lines(value) * deepest))
    return json.dumps(
        value,
        ensure_ascii=bool(ensure_ascii),
        indent=indent,
        separators=separators,
        sort_keys=bool(sort_keys),
    )


def _lines(value: Any) -> int:
    """Lines of indented JSON; the value was walked before."""
    if isinstance(value, dict):
        return 2 + sum(_lines(item) for item in value.values())
    return 2 + sum(map(_lines, value)) if isinstance(value, list | tuple) else 1


def _first(budget: Budget, value: Any) -> Any:
    if isinstance(value, OneShot):
        budget.read(len(value.items))
        return value.items.pop(0) if value.items else _no_item("first")
    if isinstance(value, str | list | tuple | range):
        return subscript(budget, value, 0) if value else _no_item("first")
    found = items_of(budget, value)
    return found[0] if found else _no_item("first")


def _last(budget: Budget, value: Any) -> Any:
    if isinstance(value, OneShot):
        raise TypeError("a generator has no last item; use `| list | last`")
    if isinstance(value, str | list | tuple | range):
        return subscript(budget, value, -1) if value else _no_item("last")
    found = items_of(budget, value)
    return found[-1] if found else _no_item("last")


def _no_item(which: str) -> Undefined:
    return Undefined(f"No {which} item, sequence was empty.")


def _reverse(budget: Budget, value: Any) -> Any:
    if isinstance(value, str):
        return operators.sliced(budget, value, None, None, -1)
    return OneShot(new_list(budget, value)[::-1])


def _items(budget: Budget, value: Any) -> OneShot:
    if isinstance(value, Undefined):
        return OneShot([])
    if not isinstance(value, dict):
        raise TypeError(f"can only get the items of a dict, not of a {kind(value)}")
    return OneShot(list(methods.items(budget, value)))


def _map(budget: Budget, value: Any, /, *positional: Any, **named: Any) -> OneShot:
    if not value:
        return OneShot([])
    if not positional and "attribute" in named:
        default = named.get("default")
        read = _getter(budget, named["attribute"])
        found = [read(item) for item in new_list(budget, value)]
        return OneShot(
            [default if isinstance(x, Undefined) and default is not None else x for x in found]
        )
    if not positional:
        raise TypeError("map requires a filter argument")
    name, *rest = positional
    return OneShot([apply(budget, name, item, *rest, **named) for item in new_list(budget, value)])


def _picks(keep: bool, by_attribute: bool) -> Callable[..., OneShot]:
    def pick(budget: Budget, value: Any, /, *positional: Any, **named: Any) -> OneShot:
        if not value:
            return OneShot([])
        rest = list(positional)
        if by_attribute and not rest:
            raise TypeError("missing the attribute's name")
        read = _getter(budget, rest.pop(0) if by_attribute else None)

        def passes(item: Any) -> bool:
            asked = read(item)
            if not rest:
                return bool(asked)
            return predicates.is_true(budget, rest[0], asked, *rest[1:], **named)

        return OneShot([item for item in new_list(budget, value) if passes(item) == keep])

    return pick


def _sort_key(budget: Budget, value: Any, case_sensitive: Any, attribute: Any) -> Any:
    value = _getter(budget, attribute)(value)
    if isinstance(value, str):
        budget.text(3 * len(value))  # a copy, and later comparisons
        return str(value) if case_sensitive else value.lower()
    if isinstance(value, int | float):
        return value
    raise TypeError(f"unsupported sort of a {kind(value)}; supported: str, numbers")


def _sorted(
    budget: Budget, items: Sequence[Any], read: Callable[[Any], Any], reverse: Any
) -> list[Any]:
    keys = [read(item) for item in items]
    longest = max((len(key) for key in keys if isinstance(key, str)), default=0)
    budget.elements(2 * len(keys))
    budget.step(len(keys) * len(keys).bit_length() * (1 + (longest >> 6)))
    order = sorted(range(len(keys)), key=keys.__getitem__, reverse=bool(reverse))
    return [items[index] for index in order]


def _sort(
    budget: Budget,
    value: Any,
    reverse: Any = False,
    case_sensitive: Any = False,
    attribute: Any = None,
) -> list[Any]:
    paths = attribute.split(",") if isinstance(attribute, str) else [attribute]
    found = new_list(budget, value)
    for path in reversed(paths):  # a stable sort by the last attribute first
        read = partial(_sort_key, budget, case_sensitive=case_sensitive, attribute=path)
        found = _sorted(budget, found, read, reverse)
    return found


def _dictsort(
    budget: Budget, value: Any, case_sensitive: Any = False, by: Any = "key", reverse: Any = False
) -> list[Any]:
    if by not in ("key", "value"):
        raise ValueError('You can only sort by either "key" or "value"')
    if not isinstance(value, dict):
        raise TypeError(f"dictsort sorts a dict, not a {kind(value)}")
    read = partial(
        _sort_key, budget, case_sensitive=case_sensitive, attribute=0 if by == "key" else 1
    )
    return _sorted(budget, methods.items(budget, value), read, reverse)


def _unique(budget: Budget, value: Any, case_sensitive: Any = False, attribute: Any = None) -> Any:
    seen: dict[Any, Any] = {}
    read = _getter(budget, attribute)
    for item in items_of(budget, value):
        mark = read(item)
        if isinstance(mark, str) and not case_sensitive:
            mark = methods.recased(budget, mark, str.lower)
        budget.elements(1)
        seen.setdefault(values.key(budget, mark), item)
    return OneShot(list(seen.values()))


def _groupby(
    budget: Budget, value: Any, attribute: Any, default: Any = None, case_sensitive: Any = False
) -> list[Any]:
    read = _getter(budget, attribute)
    groups: dict[Any, tuple[Any, list[Any]]] = {}
    for item in items_of(budget, value):
        name = read(item)
        if isinstance(name, Undefined) and default is not None:
            name = default
        mark = name
        if isinstance(name, str) and not case_sensitive:
            mark = methods.recased(budget, name, str.lower)
        budget.elements(4)
        groups.setdefault(values.key(budget, mark), (name, []))[1].append(item)
    marks = _sorted(budget, list(groups), lambda mark: _sort_key(budget, mark, True, None), False)
    return [groups[mark] for mark in marks]


def _extreme(sign: int) -> Callable[..., Any]:
    def find(budget: Budget, value: Any, case_sensitive: Any = False, attribute: Any = None) -> Any:
        found = items_of(budget, value)
        if not found:
            return Undefined("No aggregated item, sequence was empty.")
        read = partial(_sort_key, budget, case_sensitive=case_sensitive, attribute=attribute)
        return (min if sign < 0 else max)(found, key=read)

    return find


def _sum(budget: Budget, value: Any, attribute: Any = None, start: Any = 0) -> Any:
    read = _getter(budget, attribute)
    for item in items_of(budget, value):
        start = operators.binary(budget, "+", start, read(item))
    return start


def _batch(budget: Budget, value: Any, linecount: int, fill_with: Any = None) -> OneShot:
    found = new_list(budget, value)
    if not isinstance(linecount, int) or linecount < 1:
        raise ValueError("batch takes a positive number")
    rows = [found[start : start + linecount] for start in range(0, len(found), linecount)]
    if rows and fill_with is not None:
        missing = linecount - len(rows[-1])
        budget.elements(missing)
        rows[-1] += [fill_with] * missing
    budget.elements(len(found) + len(rows))
    return OneShot(rows)


def _slice(budget: Budget, value: Any, slices: int, fill_with: Any = None) -> OneShot:
    found = new_list(budget, value)
    if not isinstance(slices, int) or slices < 1:
        raise ValueError("slice takes a positive number")
    budget.elements(len(found) + 2 * slices)
    each, longer = divmod(len(found), slices)
    rows: list[Any] = []
    position = 0
    for row in range(slices):
        size = each + (row < longer)
        rows.append(list(found[position : position + size]))
        position += size
        if fill_with is not None and row >= longer:
            rows[-1].append(fill_with)
    return OneShot(rows)


def _int(budget: Budget, value: Any, default: Any = 0, base: Any = 10) -> Any:
    try:
        if isinstance(value, str):
            if len(value) > _MOST_DIGITS:
                return default
            try:
                return operators.checked(int(value, base))
            except ValueError:
                return operators.checked(int(float(value)))
        return operators.checked(int(value))
    except (TypeError, ValueError, OverflowError):
        return default


def _float(budget: Budget, value: Any, default: Any = 0.0) -> Any:
    try:
        return default if isinstance(value, str) and len(value) > _MOST_DIGITS else float(value)
    except (TypeError, ValueError, OverflowError):
        return default


def _round(budget: Budget, value: Any, precision: Any = 0, method: Any = "common") -> Any:
    value = operators.positive(value)
    if not isinstance(precision, int) or abs(precision) > 300:
        raise ValueError("round takes a precision of -300 to 300")
    if method == "common":
        return round(value, precision)
    if method not in ("ceil", "floor"):
        raise ValueError("method must be common, ceil or floor")
    scale = 10.0**precision
    whole = value * scale
    floor = whole // 1
    return (floor + (method == "ceil" and floor != whole)) / scale


def _indent(
    budget: Budget, value: Any, width: Any = 4, first: Any = False, blank: Any = False
) -> str:
    text = text_of(budget, value)
    space = width
    if not isinstance(width, str):
        space = operators.repeated(budget, TemplateText(" "), int(width))
    newline = TemplateText("\n")
    text = operators.join(budget, (text, newline))  # Jinja's splitlines() keeps an empty last line
    lines = methods.attribute(budget, text, "splitlines").call(budget, text)
    budget.elements(len(lines))
    rest = [
        line if not line and not blank else operators.join(budget, (space, line))
        for line in lines[1:]
    ]
    result = operators.join(budget, [*lines[:1], *rest], newline)
    return operators.join(budget, (space, result)) if first else result


def _truncate(
    budget: Budget,
    value: Any,
    length: Any = 255,
    killwords: Any = False,
    end: Any = "...",
    leeway: Any = 5,
) -> str:
    text, end = text_of(budget, value), text_of(budget, end)
    if length < len(end) or leeway < 0:
        raise ValueError("truncate takes a length of at least that of its end, and a leeway")
    if len(text) <= length + leeway:
        return text
    cut = operators.sliced(budget, text, 0, length - len(end), None)
    if not killwords:
        space = cut.rfind(" ")
        cut = operators.sliced(budget, cut, 0, space, None) if space >= 0 else cut
    return operators.join(budget, (cut, end))


def _title(budget: Budget, value: Any) -> str:
    text = text_of(budget, value)
    budget.elements(len(text))
    return methods.recased(
        budget,
        text,
        lambda text: "".join(x[:1].upper() + x[1:].lower() for x in _TITLE.split(text) if x),
    )


def _wordcount(budget: Budget, value: Any) -> int:
    text = text_of(budget, value)
    budget.step(1 + len(text))
    return sum(1 for _ in _WORD.finditer(text))


def _escape(budget: Budget, value: Any) -> str:
    return operators.escaped(budget, text_of(budget, value))


def _safe(budget: Budget, value: Any) -> str:
    return operators.markup(text_of(budget, value))


def _format(budget: Budget, value: Any, /, *positional: Any, **named: Any) -> str:
    if positional and named:
        raise TypeError("can't handle positional and keyword arguments at the same time")
    return operators.percent(budget, text_of(budget, value), named or positional)


def _center(budget: Budget, value: Any, width: Any = 80) -> str:
    return methods.justified(budget, text_of(budget, value), width, TemplateText(" "), True, True)


def _attr(budget: Budget, value: Any, name: Any) -> Any:
    found = methods.attribute(budget, value, text_of(budget, name))
    return Undefined(obj=value, name=name) if isinstance(value, dict) else found


def _length(budget: Budget, value: Any) -> int:
    return values.length(budget, value)


FILTERS: Mapping[str, Callable[..., Any]] = {
    "abs": lambda budget, value: abs(operators.positive(value)),
    "attr": _attr,
    "batch": _batch,
    "capitalize": _soft(lambda budget, text: methods.recased(budget, text, str.capitalize)),
    "center": _center,
    "count": _length,
    "d": _default,
    "default": _default,
    "dictsort": _dictsort,
    "e": _escape,
    "escape": _escape,
    "first": _first,
    "float": _float,
    "format": _format,
    "groupby": _groupby,
    "indent": _indent,
    "int": _int,
    "items": _items,
    "join": _join,
    "last": _last,
    "length": _length,
    "list": new_list,
    "lower": _soft(lambda budget, text: methods.recased(budget, text, str.lower)),
    "map": _map,
    "max": _extreme(1),
    "min": _extreme(-1),
    "reject": _picks(False, False),
    "rejectattr": _picks(False, True),
    "replace": _replace,
    "reverse": _reverse,
    "round": _round,
    "safe": _safe,
    "select": _picks(True, False),
    "selectattr": _picks(True, True),
    "slice": _slice,
    "sort": _sort,
    "string": text_of,
    "sum": _sum,
    "title": _title,
    "tojson": _to_json,
    "trim": _soft(methods.stripped),
    "truncate": _truncate,
    "unique": _unique,
    "upper": _soft(lambda budget, text: methods.recased(budget, text, str.upper)),
    "wordcount": _wordcount,
}


def apply(budget: Budget, name: str, value: Any, /, *positional: Any, **named: Any) -> Any:
    """`value | name(...)`. `TypeError` for a filter that is not there."""
    budget.step()
    found = FILTERS.get(name) if isinstance(name, str) else None
    if found is None:
        raise TypeError(
            f"unsupported filter {short(name)}; supported: {', '.join(sorted(FILTERS))}"
        )
    return found(budget, value, *positional, **named)
