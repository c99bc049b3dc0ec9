"""What a template's values are, and what can be asked of any of them.

Values are None, bool, int, float, str, list, tuple, dict and range of Python, Jinja's undefined,
and the classes here. Whatever walks a value pays by its size as a tree: a list that holds another
one twice counts it twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from jinja2 import Undefined, nodes

from foundry.errors import ChatTemplateError
from foundry.generation.templates import text as texts
from foundry.generation.templates.budget import MAX_NESTING, Budget
from foundry.generation.templates.text import TemplateText

ABSENT = object()
"""In the place of a value, None among them, that is not there."""

_WRITTEN = 10  # characters that repr() and JSON write for one, at most: \U0001f600


class Scope:
    """Names of one block; a name that is not here is looked up in the block around it."""

    __slots__ = ("names", "parent")

    def __init__(self, parent: Scope | None, names: dict[str, Any] | None = None) -> None:
        self.parent = parent
        self.names = {} if names is None else names

    def find(self, name: str) -> Any:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return Undefined(name=name)


@dataclass(eq=False, repr=False)
class Namespace:
    """`namespace()`: attributes that a block may set for the blocks around it."""

    attributes: dict[str, Any]


@dataclass(eq=False, repr=False)
class OneShot:
    """What Jinja has as a generator: true, without a length, and empty once it was read."""

    items: list[Any]


@dataclass(eq=False, repr=False)
class Macro:
    """A `macro`, or the block of a `call`, with the scope in which it was defined."""

    name: str
    node: nodes.Macro | nodes.CallBlock
    scope: Scope


@dataclass(eq=False, repr=False)
class Function:
    """What a template calls by name: takes the budget first."""

    name: str
    call: Callable[..., Any]


@dataclass(eq=False, repr=False)
class Method:
    """A method, bound to its value: takes the budget and the value first."""

    name: str
    call: Callable[..., Any]
    owner: Any


@dataclass(eq=False, repr=False)
class Loop:
    """The variable `loop`."""

    items: Sequence[Any]
    depth: int
    again: Callable[[Any], str] | None
    """Runs the loop's block over other items, where it is `recursive`."""
    index0: int = -1
    changed: list[Any] = field(default_factory=list)

    def attribute(self, name: str) -> Any:
        index, length = self.index0, len(self.items)
        match name:
            case "index0":
                return index
            case "index":
                return index + 1
            case "revindex0":
                return length - index - 1
            case "revindex":
                return length - index
            case "first":
                return index == 0
            case "last":
                return index == length - 1
            case "length":
                return length
            case "depth":
                return self.depth
            case "depth0":
                return self.depth - 1
            case "previtem" if index > 0:
                return self.items[index - 1]
            case "nextitem" if index < length - 1:
                return self.items[index + 1]
            case "cycle":
                return Function("cycle", self._cycle)
            case "changed":
                return Function("changed", self._changed)
        return Undefined(obj=self, name=name)

    def _cycle(self, budget: Budget, *values: Any) -> Any:
        if not values:
            raise TypeError("no items for cycling given")
        return values[self.index0 % len(values)]

    def _changed(self, budget: Budget, *values: Any) -> bool:
        same = bool(self.changed) and equal(budget, self.changed[0], values)
        self.changed = [values]
        return not same


def kind(value: Any) -> str:
    """The type's name for messages."""
    if isinstance(value, Undefined):
        return "undefined"
    return "str" if isinstance(value, str) else type(value).__name__.lower()


def short(value: Any) -> str:
    """A name for messages, whatever is given for one."""
    return f"{value[:80]!r}" if isinstance(value, str) else f"of type {kind(value)}"


def walk(budget: Budget, value: Any, depth: int = 0) -> int:
    """Pays for the value as a tree; the most characters that it is written with."""
    if isinstance(value, str):
        budget.read(_WRITTEN * len(value))
        return _WRITTEN * len(value) + 2
    budget.step()
    if isinstance(value, int):
        return value.bit_length() // 3 + 8
    if not isinstance(value, list | tuple | dict):
        return 96  # a float, a range, or a class's name with an address
    if depth == MAX_NESTING:
        raise ChatTemplateError(f"chat template nests values deeper than {MAX_NESTING} levels")
    size = 2
    for item in value:
        size += walk(budget, item, depth + 1) + 4
        if isinstance(value, dict):
            size += walk(budget, value[item], depth + 1)
    return size


def text_of(budget: Budget, value: Any) -> str:
    """What `{{ value }}` prints."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool | int | float):
        return TemplateText(str(value))
    if isinstance(value, Undefined):
        return ""
    if isinstance(value, list | tuple | dict):
        budget.text(walk(budget, value))
        return repr(value)
    if isinstance(value, range):
        return repr(value)
    raise TypeError(f"unsupported print of a {kind(value)}")


def equal(budget: Budget, left: Any, right: Any, depth: int = 0) -> bool:
    """`==`, paid by what is compared."""
    budget.step()
    if isinstance(left, str) and isinstance(right, str):
        budget.read(min(len(left), len(right)))
        return left == right
    for sequence in (list, tuple):
        if isinstance(left, sequence) and isinstance(right, sequence):
            _check_nesting(depth)
            return len(left) == len(right) and all(
                equal(budget, one, other, depth + 1) for one, other in zip(left, right, strict=True)
            )
    if isinstance(left, dict) and isinstance(right, dict):
        _check_nesting(depth)
        return len(left) == len(right) and all(
            key in right and equal(budget, value, right[key], depth + 1)
            for key, value in left.items()
        )
    if isinstance(left, list | tuple | dict) or isinstance(right, list | tuple | dict):
        return False
    return bool(left == right)


def _check_nesting(depth: int) -> None:
    if depth == MAX_NESTING:
        raise ChatTemplateError(f"chat template compares deeper than {MAX_NESTING} levels")


def key(budget: Budget, value: Any) -> Any:
    """`value` as a key of a dict: only what has no parts, so that its hash is cheap."""
    if isinstance(value, str):
        budget.read(len(value))
        return value
    if value is None or isinstance(value, bool | int | float):
        return value
    raise TypeError(f"unsupported key of type {kind(value)}; supported: str, number, None")


def length(budget: Budget, value: Any) -> int:
    """`value | length`."""
    if isinstance(value, str | list | tuple | dict | range):
        return len(value)
    if isinstance(value, Undefined):
        return 0
    raise TypeError(f"a {kind(value)} has no length")


def items_of(budget: Budget, value: Any) -> Sequence[Any]:
    """What a loop over `value` sees; lists are not copied, since no template changes one."""
    if isinstance(value, OneShot):
        items, value.items = value.items, []
        budget.step(len(items))
        return items
    if isinstance(value, list | tuple | range):
        budget.step(len(value))
        return value
    if isinstance(value, Undefined):
        return []
    if isinstance(value, str):
        budget.elements(3 * len(value))
        own = texts.own_spans(value)
        if not own:
            return list(value)
        if own == ((0, len(value)),):
            return [TemplateText(character) for character in value]
        budget.step(len(value) * len(own))
        return [texts.part(value, index, index + 1) for index in range(len(value))]
    if isinstance(value, dict):
        budget.elements(len(value))
        return list(value)
    raise TypeError(f"a {kind(value)} is not iterable")


def new_list(budget: Budget, value: Any) -> list[Any]:
    """A list of its own of what `value` holds."""
    items = items_of(budget, value)
    budget.elements(len(items))
    return list(items)


def contains(budget: Budget, container: Any, item: Any) -> bool:
    """`item in container`."""
    if isinstance(container, str):
        if not isinstance(item, str):
            raise TypeError(f"'in <string>' requires a string, not a {kind(item)}")
        budget.read(len(container) + len(item))
        return item in container
    if isinstance(container, dict):
        return key(budget, item) in container
    if isinstance(container, range):
        return isinstance(item, int) and item in container
    return any(equal(budget, item, other) for other in items_of(budget, container))
