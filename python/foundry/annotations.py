"""What the arguments of a kernel are annotated with, and annotations as Python resolves them."""

from __future__ import annotations

import builtins
import inspect
import sys
import types
import typing
from collections import ChainMap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NoReturn, TypeVar

from foundry._foundry import Access, ArgumentError, ArgumentTypeError, DType, DTypeError, Error
from foundry.call_errors import shown


@dataclass(frozen=True)
class Annotation:
    """What `In[f16]` and its like evaluate to."""

    kind: type[Argument]
    dtype: Any  # a DType, or the TypeVar that a template says it for
    optional: bool = False

    def __or__(self, other: object) -> Annotation:
        """`In[f16] | None`: a tensor that may be left out; the body asks `has_<name>`."""
        if other is not None or self.kind.access is None:
            raise ArgumentError(
                f"{self!r} | {_said(other)}: only a tensor may be optional, with None"
            )
        return Annotation(self.kind, self.dtype, optional=True)

    __ror__ = __or__

    def __call__(self, *args: object, **kwargs: object) -> NoReturn:  # typing.Optional asks for one
        raise ArgumentTypeError(f"{self!r} is an annotation of a kernel's argument")

    def __repr__(self) -> str:
        return f"{self.kind.__name__}[{self.dtype}]{' | None' if self.optional else ''}"


def _said(value: object) -> str:
    return "None" if value is None else shown(value)


class Argument:
    """Base of the annotations; subscripted with a dtype, never instantiated."""

    access: ClassVar[Access | None] = None

    def __new__(cls, *args: object, **kwargs: object) -> NoReturn:
        raise ArgumentTypeError(f"{cls.__name__} is an annotation: {cls.__name__}[foundry.f32]")

    def __class_getitem__(cls, dtype: Any) -> Annotation:
        if not isinstance(dtype, DType | TypeVar):
            raise DTypeError(
                f"{cls.__name__}[...] takes a dtype such as foundry.f16, not {shown(dtype)}"
            )
        return Annotation(cls, dtype)


Element = TypeVar("Element")  # what a type checker reads; subscripts evaluate to an Annotation


class In(Argument, Generic[Element]):
    """A tensor that the kernel reads: `In[f16]`."""

    access = Access.read


class Out(Argument, Generic[Element]):
    """A tensor that the kernel writes: `Out[f16]`."""

    access = Access.write


class InOut(Argument, Generic[Element]):
    """A tensor that the kernel reads and writes: `InOut[f16]`."""

    access = Access.read_write


class ThreadgroupMemory(Argument, Generic[Element]):
    """Threadgroup memory; its value in a call is a number of elements."""


class Constant(Argument, Generic[Element]):
    """A value that is compiled into the kernel, `constant T name [[function_constant(i)]]`: one
    kernel for each value that is called with."""


Annotated = Callable[..., Any] | type[Any]


def resolved(owner: Annotated, where: str) -> dict[str, Any]:
    """A function's or a class's own annotations as values, without those of `typing.ClassVar`.

    Text (`from __future__ import annotations`) is evaluated where the definition stands: in its
    closure, the enclosing functions that are running, its module. ArgumentError names what it
    cannot resolve.
    """
    try:
        annotations = inspect.get_annotations(owner)
    except NameError as error:  # Python 3.14 evaluates them when they are asked for
        raise ArgumentError(f"{where}: an annotation cannot be resolved: {error}") from error
    scope: Any = None
    values = {}
    for name, value in annotations.items():
        while isinstance(value, str):  # text within text is a forward reference
            if scope is None:
                scope = _scope(owner)
            value = _evaluated(value, scope, f"{where}: the annotation of '{name}', {value!r},")
        if ClassVar in (value, typing.get_origin(value)):
            continue
        values[name] = _without_union(value)
    return values


def _evaluated(text: str, scope: Any, where: str) -> Any:
    try:
        return eval(text, {"__builtins__": builtins}, scope)
    except Error:
        raise
    except Exception as error:
        raise ArgumentError(f"{where} cannot be resolved: {error}") from error


def _without_union(value: Any) -> Any:
    """`typing.Optional[In[f16]]` as `In[f16] | None`."""
    if typing.get_origin(value) in (typing.Union, types.UnionType):
        members = [member for member in typing.get_args(value) if member is not type(None)]
        if len(members) == 1 and isinstance(members[0], Annotation):
            return members[0] | None
    return value


def _scope(owner: Annotated) -> ChainMap[str, Any]:
    """The names that the definition sees, innermost first."""
    maps: list[Any] = []
    if isinstance(owner, type):
        maps.append(dict(vars(owner)))
        module = sys.modules.get(owner.__module__)
        module_names = vars(module) if module is not None else {}
    else:
        closure = inspect.unwrap(owner).__closure__ or ()
        cells = zip(owner.__code__.co_freevars, closure, strict=True)
        maps.append({name: cell.cell_contents for name, cell in cells if _is_set(cell)})
        module_names = owner.__globals__
    # The enclosing scopes by name, innermost first: of "outer.<locals>.Class.method" Class, outer.
    enclosing = [part for part in owner.__qualname__.split(".")[:-1] if part != "<locals>"]
    frame = inspect.currentframe()
    while frame is not None and enclosing:
        if frame.f_globals is module_names and frame.f_code.co_name == enclosing[-1]:
            maps.append(dict(frame.f_locals))
            enclosing.pop()
        frame = frame.f_back
    return ChainMap(*maps, module_names, vars(builtins))


def _is_set(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True
