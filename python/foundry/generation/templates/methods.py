"""Methods and attributes that a template can reach: those listed here and no others."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Undefined

from foundry.generation.templates import text as texts
from foundry.generation.templates.budget import Budget
from foundry.generation.templates.operators import braces, join, repeated
from foundry.generation.templates.text import TemplateText, own_spans, part
from foundry.generation.templates.values import (
    ABSENT,
    Function,
    Loop,
    Macro,
    Method,
    Namespace,
    equal,
    items_of,
    key,
    kind,
    new_list,
    short,
)

_MOST_STRIPPED = 1000  # each is looked for at each character
_WORD = re.compile(r"\S+")
_LINE_END = re.compile("\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


def recased(budget: Budget, text: str, how: Callable[[str], str]) -> str:
    """`how(text)`, a change of case."""
    budget.text(3 * len(text), len(own_spans(text)))  # '\u0390'.upper() is three characters
    return texts.recased(text, how(text))


def stripped(
    budget: Budget, text: str, characters: Any = None, *, left: bool = True, right: bool = True
) -> str:
    """`text` without `characters` at its ends."""
    if characters is not None:
        if len(_text(characters)) > _MOST_STRIPPED:
            raise ValueError(f"unsupported strip of more than {_MOST_STRIPPED} characters")
        budget.step(len(text) * len(characters) >> 10)
    budget.text(len(text), len(own_spans(text)))
    return texts.stripped(text, characters, left=left, right=right)


def replaced(budget: Budget, text: str, old: Any, new: Any, count: Any = -1) -> str:
    """`text.replace(old, new, count)`; what is put in keeps who wrote it."""
    old, new = _text(old), _text(new)
    limit = -1 if count is None else _integer(count)
    budget.read(len(text))
    found = text.count(old)
    if limit >= 0:
        found = min(found, limit)
    if not (own_spans(text) or own_spans(new)):
        budget.text(len(text) + found * (len(new) - len(old)))
        return text.replace(old, new, limit)
    budget.elements(2 * found + 1)
    budget.text(len(text), found)
    pieces: list[str] = []
    position = 0
    if old:
        for start in texts.positions(text, old, limit):
            pieces += (part(text, position, start), new)
            position = start + len(old)
    else:
        for index in range(found):
            pieces += (new, part(text, index, min(index + 1, len(text))))
        position = min(found, len(text))
    budget.step(found * (1 + len(own_spans(text))))
    pieces.append(part(text, position, len(text)))
    return join(budget, pieces)


def split(budget: Budget, text: str, sep: Any = None, maxsplit: Any = -1) -> list[str]:
    """`text.split(sep, maxsplit)`."""
    limit = _integer(maxsplit)
    budget.read(len(text))
    if sep is None:
        return _split_words(budget, text, limit)
    sep = _text(sep)
    if not sep:
        raise ValueError("empty separator")
    found = text.count(sep)
    _pay_pieces(budget, text, found + 1 if limit < 0 else min(found, limit) + 1)
    pieces: list[str] = []
    position = 0
    for start in texts.positions(text, sep, limit):
        pieces.append(part(text, position, start))
        position = start + len(sep)
    return [*pieces, part(text, position, len(text))]


def _split_words(budget: Budget, text: str, limit: int) -> list[str]:
    pieces: list[str] = []
    for word in _WORD.finditer(text):
        _pay_pieces(budget, text, 1, len(word.group()) if limit < 0 else len(text))
        if len(pieces) == limit:
            rest = part(text, word.start(), len(text))
            return [*pieces, texts.stripped(rest, None, left=False)]
        pieces.append(part(text, word.start(), word.end()))
    return pieces


def _rsplit(budget: Budget, text: str, sep: Any = None, maxsplit: Any = -1) -> list[str]:
    limit = _integer(maxsplit)
    pieces = split(budget, text, sep)
    if limit < 0 or len(pieces) <= limit + 1:
        return pieces
    # The first pieces belong together: everything before the last `limit` separators.
    tail = pieces[len(pieces) - limit :]
    if sep is not None:
        stop = len(text) - sum(map(len, tail)) - limit * len(sep)
        return [part(text, 0, stop), *tail]
    starts = [word.start() for word in _WORD.finditer(text)]
    head = part(text, 0, starts[len(starts) - limit]) if limit else text
    return [texts.stripped(head, None, left=False), *tail]


def _splitlines(budget: Budget, text: str, keepends: Any = False) -> list[str]:
    pieces: list[str] = []
    position = 0
    for end in _LINE_END.finditer(text):
        _pay_pieces(budget, text, 1, end.end() - position)
        pieces.append(part(text, position, end.end() if keepends else end.start()))
        position = end.end()
    budget.text(len(text))
    return pieces if position == len(text) else [*pieces, part(text, position, len(text))]


def _pay_pieces(budget: Budget, text: str, count: int, length: int | None = None) -> None:
    budget.elements(3 * count)
    budget.step(count * len(own_spans(text)))
    budget.text(len(text) if length is None else length, len(own_spans(text)))


def _partition(budget: Budget, text: str, sep: Any, *, last: bool = False) -> tuple[str, str, str]:
    sep = _text(sep)
    if not sep:
        raise ValueError("empty separator")
    _pay_pieces(budget, text, 3)
    start = text.rfind(sep) if last else text.find(sep)
    if start < 0:
        return ("", "", text) if last else (text, "", "")
    stop = start + len(sep)
    return part(text, 0, start), part(text, start, stop), part(text, stop, len(text))


def _removed(budget: Budget, text: str, affix: Any, *, prefix: bool) -> str:
    affix = _text(affix)
    budget.text(len(text), len(own_spans(text)))
    if not affix or not (text.startswith(affix) if prefix else text.endswith(affix)):
        return text
    return part(text, len(affix), len(text)) if prefix else part(text, 0, len(text) - len(affix))


def justified(budget: Budget, text: str, width: Any, fill: Any, left: bool, right: bool) -> str:
    """`text` padded to `width` on the `left`, on the `right`, or on both sides."""
    fill = _text(fill)
    if len(fill) != 1:
        raise TypeError("the fill character must be exactly one character long")
    pad = max(_integer(width) - len(text), 0)
    # Where both: CPython puts the odd one on the left of an odd width.
    before = (pad // 2 + (pad & _integer(width) & 1)) if right else pad
    if not left:
        before = 0
    sides = (repeated(budget, fill, before), text, repeated(budget, fill, pad - before))
    return join(budget, sides)


def _zfill(budget: Budget, text: str, width: Any) -> str:
    budget.text(max(_integer(width), len(text)))
    return text.zfill(_integer(width))


def _asks(name: str) -> Callable[..., bool]:
    def ask(budget: Budget, text: str) -> bool:
        budget.read(len(text))
        return bool(getattr(str, name)(text))

    return ask


def _finds(name: str) -> Callable[..., int]:
    def find(budget: Budget, text: str, sub: Any, *bounds: Any) -> int:
        budget.read(len(text) + len(_text(sub)))
        return int(getattr(str, name)(text, sub, *(_bound(bound) for bound in bounds)))

    return find


def _affixed(name: str) -> Callable[..., bool]:
    def ask(budget: Budget, text: str, affix: Any, *bounds: Any) -> bool:
        for one in affix if isinstance(affix, tuple) else (affix,):
            budget.read(len(_text(one)))
        budget.read(len(text) if bounds else 0)
        return bool(getattr(str, name)(text, affix, *(_bound(bound) for bound in bounds)))

    return ask


def _format(budget: Budget, text: str, /, *positional: Any, **named: Any) -> str:
    return braces(budget, text, positional, named)


def _join(budget: Budget, text: str, values: Any) -> str:
    parts = items_of(budget, values)
    for value in parts:
        _text(value)
    return join(budget, parts, text)


_STR: Mapping[str, Callable[..., Any]] = {
    "capitalize": lambda budget, text: recased(budget, text, str.capitalize),
    "casefold": lambda budget, text: recased(budget, text, str.casefold),
    "center": lambda budget, text, width, fillchar=" ": justified(
        budget, text, width, fillchar, True, True
    ),
    "count": _finds("count"),
    "endswith": _affixed("endswith"),
    "find": _finds("find"),
    "format": _format,
    "index": _finds("index"),
    "join": _join,
    "ljust": lambda budget, text, width, fillchar=" ": justified(
        budget, text, width, fillchar, False, True
    ),
    "lower": lambda budget, text: recased(budget, text, str.lower),
    "lstrip": lambda budget, text, chars=None: stripped(budget, text, chars, right=False),
    "partition": _partition,
    "removeprefix": lambda budget, text, prefix: _removed(budget, text, prefix, prefix=True),
    "removesuffix": lambda budget, text, suffix: _removed(budget, text, suffix, prefix=False),
    "replace": replaced,
    "rfind": _finds("rfind"),
    "rindex": _finds("rindex"),
    "rjust": lambda budget, text, width, fillchar=" ": justified(
        budget, text, width, fillchar, True, False
    ),
    "rpartition": lambda budget, text, sep: _partition(budget, text, sep, last=True),
    "rsplit": _rsplit,
    "rstrip": lambda budget, text, chars=None: stripped(budget, text, chars, left=False),
    "split": split,
    "splitlines": _splitlines,
    "startswith": _affixed("startswith"),
    "strip": stripped,
    "swapcase": lambda budget, text: recased(budget, text, str.swapcase),
    "title": lambda budget, text: recased(budget, text, str.title),
    "upper": lambda budget, text: recased(budget, text, str.upper),
    "zfill": _zfill,
    **{
        name: _asks(name)
        for name in (
            *("isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier"),
            *("islower", "isnumeric", "isprintable", "isspace", "istitle", "isupper"),
        )
    },
}


def items(budget: Budget, value: dict[Any, Any]) -> list[tuple[Any, Any]]:
    """`value.items()`."""
    budget.elements(2 * len(value))
    return list(value.items())


def _get(budget: Budget, value: dict[Any, Any], name: Any, default: Any = None) -> Any:
    return value.get(key(budget, name), default)


_DICT: Mapping[str, Callable[..., Any]] = {
    "copy": lambda budget, value: dict(items(budget, value)),
    "get": _get,
    "items": items,
    "keys": new_list,
    "values": lambda budget, value: [item for _, item in items(budget, value)],
}


def _count(budget: Budget, value: Any, item: Any) -> int:
    return sum(equal(budget, item, other) for other in value)


def _index(budget: Budget, value: Any, item: Any) -> int:
    for position, other in enumerate(value):
        if equal(budget, item, other):
            return position
    raise ValueError(f"the {kind(item)} is not in the list")


_LIST: Mapping[str, Callable[..., Any]] = {
    "copy": new_list,
    "count": _count,
    "index": _index,
}


def attribute(budget: Budget, value: Any, name: str) -> Any:
    """`value.name`: a method or attribute, then the item of a dict."""
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()
    found = _method(value, name)
    if found is ABSENT and isinstance(value, dict) and name in value:
        return value[name]
    return _missing(value, name) if found is ABSENT else found


def item(budget: Budget, value: Any, name: Any) -> Any:
    """`value[name]`: an item, then a method or attribute."""
    if isinstance(value, Undefined):
        value._fail_with_undefined_error()
    if isinstance(value, dict):
        if (isinstance(name, str | int | float) or name is None) and key(budget, name) in value:
            return value[name]
    elif isinstance(value, str | list | tuple | range) and isinstance(name, int):
        if not -len(value) <= name < len(value):
            return Undefined(obj=value, name=str(name))
        if isinstance(value, str):
            position = name % len(value)
            budget.text(1, len(own_spans(value)))
            return part(value, position, position + 1)
        return value[name]
    found = _method(value, name) if isinstance(name, str) else ABSENT
    return _missing(value, name) if found is ABSENT else found


def _missing(value: Any, name: Any) -> Undefined:
    if not (name is None or isinstance(name, str | int | float)):
        return Undefined(f"'{kind(value)}' object has no element {short(name)}")
    if isinstance(name, str) and hasattr(type(value), name):
        what = f"access to attribute {name!r} of '{kind(value)}' object is unsafe"
        return Undefined(f"{what}; supported: {', '.join(_methods(value)) or 'none'}")
    return Undefined(obj=value, name=name)  # type: ignore[arg-type]


def _method(value: Any, name: str) -> Any:
    if isinstance(value, Namespace):
        return value.attributes.get(name, ABSENT)
    if isinstance(value, Loop):
        return value.attribute(name)
    if isinstance(value, Macro) and name == "name":
        return TemplateText(value.name)
    methods = _methods(value)
    return Method(name, methods[name], value) if name in methods else ABSENT


def _methods(value: Any) -> Mapping[str, Callable[..., Any]]:
    if isinstance(value, str):
        return _STR
    if isinstance(value, dict):
        return _DICT
    return _LIST if isinstance(value, list | tuple) else {}


def call(budget: Budget, callee: Any, positional: list[Any], named: dict[str, Any]) -> Any:
    """Calls a method or function."""
    if isinstance(callee, Undefined):
        callee._fail_with_undefined_error()
    if isinstance(callee, Method):
        return callee.call(budget, callee.owner, *positional, **named)
    if isinstance(callee, Function):
        return callee.call(budget, *positional, **named)
    raise TypeError(f"a {kind(callee)} cannot be called")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a str, not a {kind(value)}")
    return value


def _integer(value: Any) -> int:
    if not isinstance(value, int):
        raise TypeError(f"expected an int, not a {kind(value)}")
    return value


def _bound(value: Any) -> int | None:
    return None if value is None else _integer(value)
